"""Cases that are ready to be signed, signed reports, and people around them; made through the services."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.actors import Actor
from accounts.models import Clinic, Membership
from accounts.roles import Role
from analysis import ranking
from analysis.models import Analysis, Finding, PipelineRelease
from analysis.services import submit_session
from patients.models import Patient, Photo, PhotoSession
from patients.selectors import photos_of
from reports import services
from reports.models import Report
from reviews.formulary.seed import seed
from reviews.models import FormularyEntry, Review
from reviews.reading import Reading
from reviews.services import (
    add_item,
    claim_review,
    decide_finding,
    decide_review,
    mark_opened,
    save_plan,
    save_reading,
)
from reviews.services.findings import Correction
from tests.factories.patients import NOW, PASSWORD, actor_for, holder_actor, make_clinic, make_session, make_staff
from vision.types import View

TRIANGLE = [[0.35, 0.3], [0.65, 0.32], [0.5, 0.6]]
ACCEPTED_SHARE, REJECTED_SHARE, CORRECTED_FROM, CORRECTED_TO = 14.25, 37.75, 71.25, 64.0


@dataclass(frozen=True)
class Case:
    """One case and who is around it."""

    clinic: Clinic
    patient: Patient
    session: PhotoSession
    review: Review
    reviewer: Actor

    @property
    def holder(self) -> Actor:
        return holder_actor(self.patient)


def make_case(
    *,
    clinic: Clinic | None = None,
    patient: Patient | None = None,
    role: Role = Role.DERMATOLOGIST,
    member: Membership | None = None,
    analysed: bool = True,
    reading: Reading | None = None,
    treatment: str = "minoxidil-5",
    now: datetime = NOW,
    **session_options: Any,
) -> Case:
    """A decided case with a plan: the crown's coverage corrected, one region accepted, one rejected, severity accepted.

    ``analysed`` False: no model looked at it. ``treatment`` empty: no item in the plan.
    """
    clinic = clinic or (patient.clinic if patient else make_clinic(now=now))
    options = {"views": (View.CROWN, View.HAIRLINE), **session_options}
    if patient is None:
        from tests.factories.patients import make_patient

        patient = make_patient(clinic, now=now)
    session = make_session(patient, now=now, **options)
    submit_session(actor=holder_actor(patient), session_id=session.pk, now=now)
    Analysis.objects.filter(session=session).delete()
    if analysed:
        add_analysis(session, now=now)
    reviewer = actor_for((member or make_staff(role, clinic, now=now)).user)
    review = claim_review(actor=reviewer, session_id=session.pk, now=now)
    judge(review, reviewer, now=now)
    save_reading(actor=reviewer, review_id=review.pk, reading=reading or Reading(), now=now)
    if treatment:
        seed()
        entry = FormularyEntry.objects.get(code=treatment)
        add_item(actor=reviewer, review_id=review.pk, entry_id=entry.pk, now=now, override_reason="Discussed together.")
    save_plan(
        actor=reviewer,
        review_id=review.pk,
        summary="Your crown is thinner than the back of your head.",
        advice="Stop and call us if your scalp swells.\nTell us if you become pregnant.",
        follow_up_date=(now + timedelta(days=87)).date(),
        now=now,
    )
    decide_review(actor=reviewer, review_id=review.pk, now=now)
    return Case(clinic, Patient.objects.get(pk=patient.pk), session, Review.objects.get(pk=review.pk), reviewer)


def add_analysis(session: PhotoSession, *, condition: str = "unsure", now: datetime = NOW) -> Analysis:
    """A finished analysis with one finding of each kind, two regions on the crown."""
    pipeline, _ = PipelineRelease.objects.get_or_create(
        digest="d" * 64, defaults={"releases": {"scalp_segmentation": "scalp-segmentation-0.1"}}
    )
    analysis = Analysis.objects.create(
        session=session, pipeline=pipeline, input_digest=uuid.uuid4().hex, status=Analysis.Status.DONE, finished_at=now
    )
    crown = next(photo for photo in photos_of(session) if photo.view == View.CROWN)
    measured = {"metric": "coverage_index", "value": CORRECTED_FROM, "low": 66.0, "high": 75.5, "unit": "%"}
    region = {
        "kind": "thinning",
        "box": [0.3, 0.3, 0.7, 0.6],
        "polygon": TRIANGLE,
        "score": 0.9,
        "position": [0.5, 0.4],
    }
    probabilities = {"alopecia": 0.41, "psoriasis": 0.3, "no_finding": 0.29}
    index = {"value": 4.25, "low": 3.5, "high": 5.0, "unit": "index"}
    share = {"value": 22.0, "low": 18.0, "high": 26.0, "unit": "%"}
    rows: list[tuple[str, str, Photo | None, Mapping[str, Any]]] = [
        ("measure", "coverage_index", crown, measured),
        (
            "measure",
            "scalp_visibility",
            crown,
            {"metric": "scalp_visibility", "reason": "quality_failed"},
        ),
        ("region", "thinning", crown, {**region, "share_of_scalp": ACCEPTED_SHARE}),
        ("region", "bald", crown, {**region, "kind": "bald", "share_of_scalp": REJECTED_SHARE}),
        ("condition", condition, None, {"shown": condition, "probabilities": probabilities, "threshold": 0.7}),
        (
            "severity",
            "severity_index",
            None,
            {"index": index, "affected_share": share, "parts": [], "missing_views": ["occiput"]},
        ),
    ]
    for position, (kind, code, photo, payload) in enumerate(rows):
        Finding.objects.create(
            analysis=analysis, photo=photo, kind=kind, code=code, position=position, payload=dict(payload),
            release="scalp-segmentation-0.1",
        )  # fmt: skip
    ranking.refresh(session.pk)
    return analysis


def judge(review: Review, reviewer: Actor, *, now: datetime = NOW) -> None:
    """Open everything; correct the coverage, reject the bald region, accept the rest."""
    for photo in photos_of(review.session):
        mark_opened(actor=reviewer, review_id=review.pk, kind="photo", subject_id=photo.pk, now=now)
    for finding in Finding.objects.filter(analysis__isnull=False, analysis=review.analysis).order_by("position"):
        if "reason" in finding.payload:
            continue
        mark_opened(actor=reviewer, review_id=review.pk, kind="finding", subject_id=finding.pk, now=now)
        verdict, correction = "accepted", None
        if finding.code == "coverage_index":
            verdict, correction = "corrected", Correction(value=CORRECTED_TO)
        elif finding.code == "bald":
            verdict = "rejected"
        decide_finding(
            actor=reviewer, review_id=review.pk, finding_id=finding.pk, verdict=verdict, correction=correction,
            reason="Seen on the photograph." if verdict != "accepted" else "", now=now,
        )  # fmt: skip


def sign(case: Case, *, now: datetime = NOW) -> Report:
    """Sign the case with the reviewer's password."""
    return services.sign_and_issue(actor=case.reviewer, review_id=case.review.pk, secret=PASSWORD, now=now)


def signed_report(*, render: bool = False, now: datetime = NOW, **options: Any) -> tuple[Case, Report]:
    """A signed report; ``render`` attaches its PDF as the worker would."""
    case = make_case(now=now, **options)
    report = sign(case, now=now)
    if render:
        assert services.render_report(report_id=report.pk, now=now)
    return case, Report.objects.select_related("clinic", "patient").get(pk=report.pk)
