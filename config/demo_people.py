"""The demo's people: a clinic, its staff, and patients with drawn photographs, made through the portal's own services.

Everything here goes the way a person's data goes (registration, consent, intake, upload, submission), so that the demo
shows nothing the portal cannot do.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from multiprocessing import get_context

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Clinic, User
from accounts.requests import resolve_actor
from accounts.roles import Role
from accounts.services import add_staff, create_clinic
from analysis.services import submit_session
from config.demo_care import ensure_care
from config.demo_drawings import draw_for_demo
from patients.capture_protocol import ChecklistItem, WashInterval
from patients.intake_form import (
    Answers,
    Course,
    Duration,
    LossPattern,
    MedicalCondition,
    Pregnancy,
    Relative,
    SexAtBirth,
    Symptom,
)
from patients.models import PatientAccess, PhotoSession, Purpose, Sex
from patients.selectors import photos_of
from patients.services import (
    PatientDetails,
    add_photo,
    confirm_intake,
    publish_default_texts,
    record_consents,
    register_patient,
    save_checklist,
    save_intake,
    start_session,
)
from vision.render import HairColour, SkinTone
from vision.types import View

PASSWORD = "trichora-demo-1"  # noqa: S105 - printed on purpose; the demo holds drawn people only
CLINIC = "Linden Hair and Scalp Clinic (demo)"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Who may sign in, as what."""

    role: str
    email: str


@dataclass(frozen=True, slots=True)
class Demo:
    """What the start page of the demo prints."""

    people: tuple[DemoPerson, ...]
    join_code: str


@dataclass(frozen=True, slots=True)
class DrawnPatient:
    """One patient of the demo: who they are, what they answer, and how their head is drawn."""

    email: str
    details: PatientDetails
    answers: Answers
    refuses: tuple[Purpose, ...]
    seed: int
    thinning: float
    bald: float
    parting: float
    hair: HairColour
    skin: SkinTone
    views: tuple[View, ...]


STAFF = (
    ("dermatologist@demo.test", Role.DERMATOLOGIST, "Dr. Ada Lindgren", "Consultant dermatologist"),
    ("trichologist@demo.test", Role.TRICHOLOGIST, "Noor Haddad", "Certified trichologist"),
    ("administrator@demo.test", Role.ADMINISTRATOR, "Sam Okafor", "Data protection and operations"),
)
FULL_SET = (View.CROWN, View.HAIRLINE, View.TEMPLE_LEFT, View.TEMPLE_RIGHT, View.PART, View.OCCIPUT)

PATIENTS = (
    DrawnPatient(
        email="patient@demo.test",
        details=PatientDetails("Mira", "Sample", date(1988, 4, 2), Sex.FEMALE, "+49 30 0000 000"),
        answers=Answers(
            sex_at_birth=SexAtBirth.FEMALE,
            duration=Duration.YEARS_1_TO_5,
            course=Course.GRADUAL,
            pattern=(LossPattern.PART, LossPattern.DIFFUSE),
            family=(Relative.MOTHER,),
            medications=("Levothyroxine 50 µg",),
            pregnancy=Pregnancy.NO,
            conditions=(MedicalCondition.THYROID,),
            concern="My parting looks wider than two years ago.",
        ),
        refuses=(Purpose.RESEARCH,),
        seed=21,
        thinning=0.35,
        bald=0.0,
        parting=0.6,
        hair=HairColour.BROWN,
        skin=SkinTone.LIGHT,
        views=FULL_SET,
    ),
    DrawnPatient(
        email="patient2@demo.test",
        details=PatientDetails("Jonas", "Example", date(1979, 11, 19), Sex.MALE),
        answers=Answers(
            sex_at_birth=SexAtBirth.MALE,
            duration=Duration.OVER_5_YEARS,
            course=Course.GRADUAL,
            pattern=(LossPattern.CROWN, LossPattern.TEMPLES),
            family=(Relative.FATHER, Relative.MATERNAL_GRANDPARENT),
            symptoms=(Symptom.ITCH, Symptom.PAIN, Symptom.PUS),
            conditions=(MedicalCondition.HYPERTENSION,),
            medications=("Ramipril 5 mg",),
            concern="Sore spots at the back of my head since last month.",
        ),
        refuses=(Purpose.MODEL_IMPROVEMENT, Purpose.RESEARCH),
        seed=34,
        thinning=0.3,
        bald=0.3,
        parting=0.0,
        hair=HairColour.BLACK,
        skin=SkinTone.LIGHT,
        views=(View.CROWN, View.HAIRLINE, View.OCCIPUT),
    ),
)


def ensure_people() -> Demo:
    """Make the demo's clinic and its people once, all or nothing; later starts find them. Takes a second or two."""
    clinic = Clinic.objects.filter(name=CLINIC).first() or _make_clinic(timezone.now())
    people = [DemoPerson(role.value, email) for email, role, _name, _title in STAFF]
    people += [DemoPerson("patient", drawn.email) for drawn in PATIENTS]
    return Demo(tuple(people), clinic.join_code)


def cases_missing() -> list[DrawnPatient]:
    """The drawn patients who have not sent their photographs yet."""
    sent = [drawn for drawn in PATIENTS if sessions_of(drawn).exclude(status=PhotoSession.Status.DRAFT).exists()]
    return [drawn for drawn in PATIENTS if drawn not in sent and records_of(drawn).exists()]


def ensure_cases(now: Callable[[], datetime] = timezone.now) -> None:
    """Draw and send the photographs of whoever has none; what an interrupted start left is taken up again."""
    missing = cases_missing()
    wanted = [(drawn, view) for drawn in missing for view in drawn.views]
    if not wanted:
        return
    processes = max(1, min(4, (os.cpu_count() or 2) - 1, len(wanted)))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = {
            (drawn.email, view): pool.submit(
                draw_for_demo, view, drawn.seed, drawn.thinning, drawn.bald, drawn.parting, drawn.hair, drawn.skin
            )
            for drawn, view in wanted
        }
        for drawn in missing:
            session = draft_of(drawn, now())
            kept = {photo.view for photo in photos_of(session)}
            actor = resolve_actor(User.objects.get(email=drawn.email))
            for view in drawn.views:
                if view.value not in kept:
                    add_photo(
                        actor=actor,
                        session_id=session.pk,
                        view=view,
                        site="",
                        upload=io.BytesIO(futures[drawn.email, view].result()),
                        claimed_type="image/jpeg",
                        claimed_extension="jpg",
                        now=now(),
                    )
            submit_session(actor=actor, session_id=session.pk, now=now())


def records_of(drawn: DrawnPatient) -> QuerySet[PatientAccess]:
    """The drawn patient's record; none once it was erased."""
    return PatientAccess.objects.filter(
        user__email=drawn.email, patient__clinic__name=CLINIC, patient__erased_at=None
    ).select_related("patient")


def sessions_of(drawn: DrawnPatient) -> QuerySet[PhotoSession]:
    """The drawn patient's sessions."""
    found: QuerySet[PhotoSession] = PhotoSession.objects.filter(
        patient__clinic__name=CLINIC, patient__access__user__email=drawn.email
    )
    return found


@transaction.atomic
def _make_clinic(now: datetime) -> Clinic:
    clinic = create_clinic(
        name=CLINIC,
        time_zone="Europe/Berlin",
        address="Lindenstraße 1, 10969 Berlin (invented)",
        phone="+49 30 0000 0000",
        now=now,
    )
    for email, role, name, title in STAFF:
        add_staff(user=_user(email), clinic=clinic, role=role, display_name=name, qualification=title, now=now)
    publish_default_texts(clinic, now)
    for drawn in PATIENTS:
        register_drawn(clinic, drawn, now)
    ensure_care(
        clinic,
        administrator=actor_of("administrator@demo.test"),
        doctor=actor_of("dermatologist@demo.test"),
        patient=records_of(PATIENTS[0]).select_related("patient__clinic").get().patient,
        holder=actor_of(PATIENTS[0].email),
        now=now,
    )
    return clinic


def actor_of(email: str) -> Actor:
    """Who somebody of the demo acts as."""
    return resolve_actor(User.objects.get(email=email))


def _user(email: str) -> User:
    user = User.objects.create_user(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def register_drawn(clinic: Clinic, drawn: DrawnPatient, now: datetime) -> None:
    """Make the account, the record, the consents and the answers of a drawn patient."""
    user = _user(drawn.email)
    patient = register_patient(
        user=user, clinic=clinic, details=drawn.details, relation=PatientAccess.Relation.SELF, now=now
    )
    actor = resolve_actor(user)
    decisions = {purpose: purpose not in drawn.refuses for purpose in Purpose}
    record_consents(actor=actor, patient_id=patient.pk, decisions=decisions, now=now)
    save_intake(actor=actor, patient_id=patient.pk, answers=drawn.answers, now=now)


def draft_of(drawn: DrawnPatient, now: datetime) -> PhotoSession:
    """The draft to be filled: the one an interrupted start left, or a new one, checklist and intake confirmed."""
    actor = resolve_actor(User.objects.get(email=drawn.email))
    session = sessions_of(drawn).filter(status=PhotoSession.Status.DRAFT).first()
    if session is None:
        session = start_session(actor=actor, patient_id=records_of(drawn).get().patient_id, now=now)
    save_checklist(actor=actor, session_id=session.pk, done=list(ChecklistItem), wash=WashInterval.TODAY, now=now)
    confirm_intake(actor=actor, session_id=session.pk, now=now)
    return session
