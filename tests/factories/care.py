"""Conversations, hours and consultations, made through the room's own services."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from datetime import datetime, time

from PIL import Image

from accounts.actors import Actor
from accounts.models import Clinic, Membership
from accounts.roles import Role
from care import services
from care.models import Consultation, ConsultationKind, Message, Thread
from care.models.booking import Mode
from care.services import Upload, Writing
from care.services.hours import Grid, KindDetails
from care.slots import Hours
from patients.models import Patient
from tests.factories.patients import NOW, actor_for, holder_actor, make_staff

WEEK = {day: [Hours(time(9), time(12)), Hours(time(13), time(17))] for day in range(5)}
PDF = b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"


def writing(body: str = "How often do I use it?", **changes) -> Writing:
    """One message with a sending key of its own."""
    return Writing(**{"body": body, "send_key": uuid.uuid4(), **changes})


def ask(patient: Patient, body: str = "How often do I use it?", *, subject="The lotion", now=NOW, **changes) -> Message:
    """A conversation that the patient begins."""
    actor = holder_actor(patient)
    words = writing(body, **changes)
    return services.start_thread(actor=actor, patient_id=patient.pk, subject=subject, writing=words, now=now)


def answer(thread: Thread, actor: Actor, body: str = "Twice a day.", *, now=NOW, **changes) -> Message:
    """One more message."""
    return services.reply(actor=actor, thread_id=thread.pk, writing=writing(body, **changes), now=now)


def picture(name: str = "scalp.jpg", *, form: str = "JPEG") -> Upload:
    """A picture to attach, with a place in its metadata."""
    buffer = io.BytesIO()
    image = Image.effect_noise((640, 480), 80).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "Camera of Mira"
    image.save(buffer, form, exif=exif)
    return Upload(io.BytesIO(buffer.getvalue()), name, f"image/{form.lower()}")


def pdf(data: bytes = PDF, name: str = "letter.pdf") -> Upload:
    return Upload(io.BytesIO(data), name, "application/pdf")


def make_kind(
    clinic: Clinic,
    members: Sequence[Membership],
    *,
    minutes: int = 30,
    mode: Mode = Mode.IN_PERSON,
    by_patients: bool = True,
    now: datetime = NOW,
    grid: Grid | None = None,
) -> ConsultationKind:
    """A kind that these clinicians offer, Monday to Friday 9-12 and 13-17."""
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, clinic, now=now).user)
    details = KindDetails("First consultation", minutes, mode, by_patients, tuple(member.pk for member in members))
    kind = services.save_kind(actor=administrator, details=details, now=now)
    for member in members:
        services.save_hours(
            actor=actor_for(member.user),
            membership_id=member.pk,
            grid=grid or Grid(15, 5, 12, 60),
            week=WEEK,
            now=now,
        )
    return kind


def book_at(
    patient: Patient,
    kind: ConsultationKind,
    member: Membership,
    starts_at: datetime,
    *,
    actor: Actor | None = None,
    now: datetime = NOW,
) -> Consultation:
    """A consultation booked by the patient, or by ``actor``."""
    return services.book(
        actor=actor or holder_actor(patient),
        patient_id=patient.pk,
        kind_id=kind.pk,
        membership_id=member.pk,
        starts_at=starts_at,
        send_key=uuid.uuid4(),
        now=now,
    )
