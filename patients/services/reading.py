"""Reading that leaves a trace (G6): one event per page names the photos it shows, not one per tile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from accounts.selectors import events_about
from patients import selectors
from patients.models import Patient, Photo, PhotoSession
from vault import files

PAGE_LIFE: Final = timedelta(minutes=30)
"""How long the event of a page stands for the pictures that the page then loads."""


class Rendition(StrEnum):
    """Which file of a photo."""

    ORIGINAL = "original"
    THUMBNAIL = "thumbnail"


@dataclass(frozen=True, slots=True)
class PhotoStream:
    """Decrypted bytes on their way; ``size_bytes`` when it is known without reading."""

    chunks: Iterator[bytes]
    media_type: str
    size_bytes: int | None


@transaction.atomic
def read_patient(*, actor: Actor, patient_id: UUID, action: str, now: datetime) -> Patient:
    """The patient, with the event of what is shown: "patient.read" (details), "intake.read", "consent.read"."""
    patient = selectors.patient_for(actor, patient_id)
    note_read(
        actor=actor,
        patient=patient,
        action=action,
        subject_kind="patient",
        subject_id=patient.pk,
        photos=(),
        now=now,
    )
    return patient


@transaction.atomic
def read_session(*, actor: Actor, session_id: UUID, now: datetime) -> PhotoSession:
    """The session, with the event that its photos were shown."""
    session = selectors.session_for(actor, session_id)
    photos = [photo.pk for photo in selectors.photos_of(session)]
    if photos:
        note_read(
            actor=actor,
            patient=session.patient,
            action="session.read",
            subject_kind="session",
            subject_id=session.pk,
            photos=photos,
            now=now,
        )
    return session


@transaction.atomic
def read_access_log(*, actor: Actor, patient_id: UUID, now: datetime) -> Any:
    """The events of a record, newest first; that the log was looked at is an event too."""
    events = selectors.access_events(actor, patient_id)
    patient = selectors.patient_for(actor, patient_id)
    note_read(
        actor=actor,
        patient=patient,
        action="access_log.read",
        subject_kind="patient",
        subject_id=patient.pk,
        photos=(),
        now=now,
    )
    return events


@transaction.atomic
def read_photo(*, actor: Actor, photo_id: UUID, rendition: Rendition, now: datetime) -> PhotoStream:
    """The decrypted picture. A photo opened by itself is an event; one that a page has just listed is covered by it."""
    photo = selectors.photo_for(actor, photo_id)
    if not listed_recently(actor, photo, now):
        note_read(
            actor=actor,
            patient=photo.session.patient,
            action="photo.read",
            subject_kind="photo",
            subject_id=photo.pk,
            photos=[photo.pk],
            now=now,
        )
    if rendition is Rendition.THUMBNAIL:
        chunks = files.iter_chunks(key_id=photo.sealing_key_id, name=photo.thumbnail_name)
        return PhotoStream(chunks, "image/webp", None)
    chunks = files.iter_chunks(key_id=photo.sealing_key_id, name=photo.file_name)
    return PhotoStream(chunks, photo.media_type, photo.size_bytes)


def note_read(
    *,
    actor: Actor,
    patient: Patient,
    action: str,
    subject_kind: str,
    subject_id: UUID,
    photos: Iterable[UUID],
    now: datetime,
) -> None:
    """One event for a page that shows something of a patient; the photos it shows are named by their ids."""
    ids = [str(photo) for photo in photos]
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=patient.clinic_id,
        patient_id=patient.pk,
        subject_kind=subject_kind,
        subject_id=subject_id,
        detail={"photos": ids} if ids else {},
    )


def listed_recently(actor: Actor, photo: Photo, now: datetime) -> bool:
    """Whether this person opened a page that named the photo less than :data:`PAGE_LIFE` ago."""
    recent = events_about(photo.session.patient_id).filter(actor_id=actor.user_id, at__gt=now - PAGE_LIFE)
    details = recent.values_list("detail", flat=True)
    return any(str(photo.pk) in detail.get("photos", ()) for detail in details)
