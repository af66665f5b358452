"""Clinics, people, records, consents and sessions with drawn photographs, made through the portal's own services."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from uuid import UUID

import numpy as np
from allauth.account.models import EmailAddress
from django.test import Client
from PIL import Image

from accounts.actors import Actor
from accounts.models import Clinic, Membership, User
from accounts.requests import resolve_actor
from accounts.roles import Role
from accounts.services import add_staff, create_clinic
from patients import selectors, services
from patients.capture_protocol import ChecklistItem, TrichoscopySite, WashInterval, expected_views
from patients.intake_form import Answers, Course, Duration, LossPattern, Pregnancy, SexAtBirth
from patients.models import Patient, PatientAccess, Photo, PhotoSession, Purpose
from vision.render import draw_head
from vision.types import View

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PASSWORD = "a long enough passphrase"
_numbers = itertools.count(1)


def make_clinic(name: str = "Hair Clinic North", *, now: datetime = NOW) -> Clinic:
    """A clinic with its record key and every default consent text published."""
    clinic = create_clinic(name=name, time_zone="Europe/Berlin", now=now)
    services.publish_default_texts(clinic, now)
    return clinic


def make_user(email: str | None = None, *, password: str = PASSWORD) -> User:
    """A person with a verified e-mail address who can sign in with :data:`PASSWORD`."""
    user = User.objects.create_user(email or f"person{next(_numbers)}@example.org", password)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def make_staff(role: Role, clinic: Clinic, *, display_name: str | None = None, now: datetime = NOW) -> Membership:
    """A member of the clinic's staff; ``actor_for(membership.user)`` acts for them."""
    name = display_name or {
        Role.DERMATOLOGIST: "Dr. Ada Krause",
        Role.TRICHOLOGIST: "Tomas Lind",
        Role.ADMINISTRATOR: "Ines Moreau",
    }.get(role, "Staff")
    return add_staff(user=make_user(), clinic=clinic, role=role, display_name=name, now=now)


def actor_for(user: User) -> Actor:
    """Who a request of this user would act as."""
    return resolve_actor(user)


def make_patient(
    clinic: Clinic | None = None,
    *,
    user: User | None = None,
    given_name: str = "Mira",
    family_name: str = "Sommer",
    birth_date: date = date(1990, 5, 17),
    relation: PatientAccess.Relation = PatientAccess.Relation.SELF,
    now: datetime = NOW,
) -> Patient:
    """A registered patient; :func:`holder_of` gives the person who holds the record."""
    details = services.PatientDetails(given_name, family_name, birth_date, phone="+49 30 1234567")
    return services.register_patient(
        user=user or make_user(), clinic=clinic or make_clinic(now=now), details=details, relation=relation, now=now
    )


def holder_of(patient: Patient) -> User:
    """The user who holds this record."""
    return User.objects.get(pk=selectors.users_of(patient.pk)[0])


def holder_actor(patient: Patient) -> Actor:
    """The actor who holds this record."""
    return actor_for(holder_of(patient))


def signed_in(user: User) -> Client:
    """A browser in which ``user`` is signed in."""
    client = Client()
    client.force_login(user, backend="accounts.standing.PortalBackend")
    return client


def grant_all_consents(patient: Patient, *, without: Iterable[Purpose] = (), now: datetime = NOW) -> None:
    """Decide every purpose open to this patient: granted, but refused for those in ``without``."""
    refused = set(without)
    decisions = {purpose: purpose not in refused for purpose in selectors.purposes_open_to(patient, now.date())}
    services.record_consents(actor=holder_actor(patient), patient_id=patient.pk, decisions=decisions, now=now)


def calm_answers(**changes: object) -> Answers:
    """Answers without any red flag; ``changes`` replaces fields."""
    fields: dict[str, object] = {
        "sex_at_birth": SexAtBirth.FEMALE,
        "duration": Duration.YEARS_1_TO_5,
        "course": Course.GRADUAL,
        "pattern": (LossPattern.PART,),
        "medications": ("Levothyroxine 50 µg",),
        "allergies": ("Penicillin",),
        "pregnancy": Pregnancy.NO,
    }
    return Answers(**{**fields, **changes})  # type: ignore[arg-type]


def save_answers(patient: Patient, answers: Answers | None = None, *, now: datetime = NOW) -> None:
    """Save an intake for the patient."""
    services.save_intake(actor=holder_actor(patient), patient_id=patient.pk, answers=answers or calm_answers(), now=now)


def ready_patient(clinic: Clinic | None = None, *, answers: Answers | None = None, now: datetime = NOW) -> Patient:
    """A patient who has consented to everything and answered the intake."""
    patient = make_patient(clinic, now=now)
    grant_all_consents(patient, now=now)
    save_answers(patient, answers, now=now)
    return patient


def make_session(
    patient: Patient | None = None,
    *,
    views: Sequence[View] | None = None,
    answers: Answers | None = None,
    consent: bool = True,
    without: Iterable[Purpose] = (),
    now: datetime = NOW,
) -> PhotoSession:
    """A draft with checklist, confirmed intake and one drawn photo per view (all overview views by default).

    ``analysis.services.submit_session`` then makes it a case. ``consent`` False: the patient was prepared before.
    """
    patient = patient or make_patient(now=now)
    if consent:
        grant_all_consents(patient, without=without, now=now)
    if answers is not None or selectors.latest_intake(patient.pk) is None:
        save_answers(patient, answers, now=now)
    actor = holder_actor(patient)
    session = services.start_session(actor=actor, patient_id=patient.pk, now=now)
    services.save_checklist(
        actor=actor, session_id=session.pk, done=tuple(ChecklistItem), wash=WashInterval.ONE_DAY, now=now
    )
    services.confirm_intake(actor=actor, session_id=session.pk, now=now)
    for view in expected_views() if views is None else views:
        add_drawn_photo(session, view, now=now)
    return selectors.session_for(actor, session.pk)


def add_drawn_photo(
    session: PhotoSession, view: View = View.CROWN, *, data: bytes | None = None, now: datetime = NOW
) -> Photo:
    """Add a photo that passes the quality gate (or ``data``) through the portal's own service."""
    site = TrichoscopySite.VERTEX.value if view is View.TRICHOSCOPY else ""
    return services.add_photo(
        actor=holder_actor(Patient.objects.get(pk=session.patient_id)),
        session_id=session.pk,
        view=view,
        site=site,
        upload=io.BytesIO(data if data is not None else drawn_jpeg(next(_numbers))),
        claimed_type="image/jpeg",
        claimed_extension="jpg",
        now=now,
    )


def drawn_jpeg(seed: int = 0, *, exif: Image.Exif | None = None) -> bytes:
    """A small JPEG of a drawn head that passes the quality gate; another ``seed`` gives another file of equal looks."""
    note = f"drawn {seed}".encode()
    if exif is None:
        plain = _drawn()
        return plain[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + plain[2:]
    buffer = io.BytesIO()
    Image.fromarray(_head()).save(buffer, "JPEG", quality=90, comment=note, exif=exif)
    return buffer.getvalue()


@cache
def _drawn() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(_head()).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@cache
def _head() -> np.ndarray:
    """The crown of a drawn head, small."""
    return draw_head(View.CROWN, seed=3, thinning=0.2, size=(720, 540)).image


def photo_ids(session: PhotoSession) -> list[UUID]:
    """The present photos of a session."""
    return [photo.pk for photo in selectors.photos_of(session)]
