"""The demo's people: a clinic, its staff, and patients with drawn photographs, made through the portal's own services.

Everything here goes the way a person's data goes (registration, consent, intake, upload, submission), so that the demo
shows nothing the portal cannot do.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import Clinic, User
from accounts.requests import resolve_actor
from accounts.roles import Role
from accounts.services import add_staff, create_clinic
from analysis.services import submit_session
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
from patients.models import PatientAccess, Purpose, Sex
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
from vision.render import HairColour, SkinTone, draw_head, jpeg_with_exif
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


def ensure_demo() -> Demo:
    """Make the demo's clinic and people once; later starts find them."""
    clinic = Clinic.objects.filter(name=CLINIC).first() or _make_clinic(timezone.now())
    people = [DemoPerson(role.value, email) for email, role, _name, _title in STAFF]
    people += [DemoPerson("patient", drawn.email) for drawn in PATIENTS]
    return Demo(tuple(people), clinic.join_code)


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
        _make_case(clinic, drawn, now)
    return clinic


def _user(email: str) -> User:
    user = User.objects.create_user(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _make_case(clinic: Clinic, drawn: DrawnPatient, now: datetime) -> None:
    user = _user(drawn.email)
    patient = register_patient(
        user=user, clinic=clinic, details=drawn.details, relation=PatientAccess.Relation.SELF, now=now
    )
    actor = resolve_actor(user)
    decisions = {purpose: purpose not in drawn.refuses for purpose in Purpose}
    record_consents(actor=actor, patient_id=patient.pk, decisions=decisions, now=now)
    save_intake(actor=actor, patient_id=patient.pk, answers=drawn.answers, now=now)
    session = start_session(actor=actor, patient_id=patient.pk, now=now)
    done: Sequence[ChecklistItem] = list(ChecklistItem)
    save_checklist(actor=actor, session_id=session.pk, done=done, wash=WashInterval.TODAY, now=now)
    confirm_intake(actor=actor, session_id=session.pk, now=now)
    for view in drawn.views:
        add_photo(
            actor=actor,
            session_id=session.pk,
            view=view,
            site="",
            upload=io.BytesIO(_drawing(drawn, view)),
            claimed_type="image/jpeg",
            claimed_extension="jpg",
            now=now,
        )
    submit_session(actor=actor, session_id=session.pk, now=now)


def _drawing(drawn: DrawnPatient, view: View) -> bytes:
    picture = draw_head(
        view,
        seed=drawn.seed,
        thinning=drawn.thinning,
        bald=drawn.bald,
        parting=drawn.parting,
        hair_colour=drawn.hair,
        skin_tone=drawn.skin,
    )
    return jpeg_with_exif(picture.image)
