"""One demo patient with two signed visits a quarter of a year apart, so that the progress pages have something to show.

The drawn crown really changes between the visits. Photographs, consent, review and signature go the way they go in a
clinic; the workers measure and compare, and this waits for them.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Clinic, User
from analysis.models import Analysis, Comparison, Finding
from analysis.services import submit_session
from config.demo_drawings import draw_for_demo
from config.demo_people import (
    CLINIC,
    PASSWORD,
    Demo,
    DemoPerson,
    DrawnPatient,
    actor_of,
    draft_of,
    records_of,
    register_drawn,
    sessions_of,
)
from patients.intake_form import Answers, Course, Duration, LossPattern, Relative, SexAtBirth
from patients.models import PhotoSession, Sex
from patients.selectors import photos_of
from patients.services import PatientDetails, add_photo
from reports.services import release_comparison, sign_and_issue
from reviews.models import FormularyEntry
from reviews.payloads import needs_decision
from reviews.services import add_item, claim_review, decide_finding, decide_review, mark_opened, save_plan
from vision.render import Capture, HairColour, SkinTone
from vision.types import View

PATIENCE_S: Final = 300
DOCTOR: Final = "dermatologist@demo.test"

FOLLOWED: Final = DrawnPatient(
    email="progress@demo.test",
    details=PatientDetails("Pavel", "Muster", date(1985, 9, 8), Sex.MALE),
    answers=Answers(
        sex_at_birth=SexAtBirth.MALE,
        duration=Duration.YEARS_1_TO_5,
        course=Course.GRADUAL,
        pattern=(LossPattern.CROWN,),
        family=(Relative.FATHER,),
        concern="The crown has become thinner.",
    ),
    refuses=(),
    seed=55,
    thinning=0.0,
    bald=0.0,
    parting=0.0,
    hair=HairColour.BROWN,
    skin=SkinTone.MEDIUM,
    views=(View.CROWN, View.OCCIPUT),
)


@dataclass(frozen=True, slots=True)
class DemoVisit:
    """One visit: how long ago, how much is thin, how the photograph was held, and what the plan holds."""

    days_ago: int
    thinning: float
    bald: float
    capture: Capture
    treatments: tuple[str, ...]
    summary: str


VISITS: Final = (
    DemoVisit(
        91,
        0.3,
        0.2,
        Capture(),
        ("minoxidil-5", "nutrition"),
        "Your crown has become thinner. We begin with minoxidil and look again in three months.",
    ),
    DemoVisit(
        1,
        0.3,
        0.12,
        Capture(tilt_up_degrees=2, turn_degrees=3, closer=1.03, light=1.12, seed=7),
        ("minoxidil-5", "sun-protection"),
        "Your crown is fuller than three months ago. Please go on with minoxidil.",
    ),
)


def ensure_followed(demo: Demo) -> Demo:
    """Register this patient in the demo's clinic, once; the demo with them."""
    clinic = Clinic.objects.get(name=CLINIC)
    if not User.objects.filter(email=FOLLOWED.email).exists():
        register_drawn(clinic, FOLLOWED, timezone.now())
    return replace(demo, people=(*demo.people, DemoPerson("patient", FOLLOWED.email)))


def progress_missing() -> bool:
    """Whether a visit of this patient is not signed yet."""
    signed = sessions_of(FOLLOWED).filter(status=PhotoSession.Status.CLOSED).count()
    return records_of(FOLLOWED).exists() and signed < len(VISITS)


def ensure_progress(now: Callable[[], datetime]) -> None:
    """Send and sign what is missing, visit by visit. Ends quietly when no worker measures in time: the next start goes
    on from there."""
    doctor = actor_of(DOCTOR)
    for number, visit in enumerate(VISITS):
        at = now() - timedelta(days=visit.days_ago)
        done = sessions_of(FOLLOWED).exclude(status=PhotoSession.Status.DRAFT).order_by("created_at")
        session = done[number] if done.count() > number else _send(visit, at)
        if session.status == PhotoSession.Status.CLOSED:
            continue
        if not _wait(lambda: Analysis.objects.filter(session=session, status=Analysis.Status.DONE).exists()):  # noqa: B023
            return
        _sign(doctor, session, visit, at + timedelta(minutes=40))
    pairs = Comparison.objects.filter(photo_now__session__in=sessions_of(FOLLOWED))
    _wait(lambda: not pairs.filter(status__in=[Comparison.Status.QUEUED, Comparison.Status.RUNNING]).exists())
    for row in pairs.filter(status=Comparison.Status.DONE, not_comparable="", released_at=None):
        release_comparison(actor=doctor, comparison_id=row.pk, released=True, now=now())


def _send(visit: DemoVisit, at: datetime) -> PhotoSession:
    session = draft_of(FOLLOWED, at)
    holder = actor_of(FOLLOWED.email)
    kept = {photo.view for photo in photos_of(session)}
    for view in FOLLOWED.views:
        if view.value in kept:
            continue
        drawn = draw_for_demo(
            view,
            FOLLOWED.seed,
            visit.thinning,
            visit.bald,
            FOLLOWED.parting,
            FOLLOWED.hair,
            FOLLOWED.skin,
            visit.capture,
        )
        add_photo(
            actor=holder,
            session_id=session.pk,
            view=view,
            site="",
            upload=io.BytesIO(drawn),
            claimed_type="image/jpeg",
            claimed_extension="jpg",
            now=at,
        )
    return submit_session(actor=holder, session_id=session.pk, now=at)


def _sign(doctor: Actor, session: PhotoSession, visit: DemoVisit, at: datetime) -> None:
    """Look at everything, accept it, write the plan and sign it."""
    review = claim_review(actor=doctor, session_id=session.pk, now=at)
    if review.status != "decided":
        for photo in photos_of(session):
            mark_opened(actor=doctor, review_id=review.pk, kind="photo", subject_id=photo.pk, now=at)
        for finding in Finding.objects.filter(analysis=review.analysis).order_by("position"):
            mark_opened(actor=doctor, review_id=review.pk, kind="finding", subject_id=finding.pk, now=at)
            if needs_decision(finding.payload):
                decide_finding(
                    actor=doctor, review_id=review.pk, finding_id=finding.pk, verdict="accepted", now=at
                )  # fmt: skip
        for entry in FormularyEntry.objects.filter(code__in=visit.treatments).order_by("code"):
            add_item(
                actor=doctor, review_id=review.pk, entry_id=entry.pk, now=at, override_reason="Discussed together."
            )
        save_plan(
            actor=doctor,
            review_id=review.pk,
            summary=visit.summary,
            advice="Call us when your scalp itches or flakes.",
            follow_up_date=(at + timedelta(days=90)).date(),
            now=at,
        )
        decide_review(actor=doctor, review_id=review.pk, now=at)
    sign_and_issue(actor=doctor, review_id=review.pk, secret=PASSWORD, now=at)


def _wait(ready: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + PATIENCE_S
    while not ready():
        if time.monotonic() > give_up:
            return False
        connection.close()
        time.sleep(1)
    return True
