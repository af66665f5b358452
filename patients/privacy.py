"""What this room holds about a person: declared field by field, exported, and erased or kept with a reason.

What stays after an erasure: the bare row of the patient that kept reports point at, and the consent decisions, which
prove that the clinic acted on a consent. Both hold opaque ids, codes and times only.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.privacy import Category, ErasureStep, ExportFile, FieldRule, OnErasure, RoomPrivacy
from accounts.selectors import events_about, membership_names
from patients import access_words, selectors
from patients.models import ComingOfAge, Consent, Intake, Patient, PatientAccess, Photo, PhotoSession, Upload
from patients.services.storage import delete_after_commit

_IDENTITY = FieldRule(Category.IDENTITY, OnErasure.ERASE)
_HEALTH = FieldRule(Category.HEALTH, OnErasure.ERASE)
_IMAGE = FieldRule(Category.IMAGE, OnErasure.ERASE)
_GONE = FieldRule(Category.LINK, OnErasure.ERASE)
_LINK = FieldRule(Category.LINK, OnErasure.KEEP)
_REFERENCE = FieldRule(Category.REFERENCE, OnErasure.KEEP)
_CONSENT = FieldRule(
    Category.CONSENT,
    OnErasure.KEEP,
    "Proof that the clinic acted on a consent (GDPR Art. 7(1), 17(3)(e)): opaque ids, the wording and the time only.",
)

_FIELDS: Final[Mapping[str, FieldRule]] = {
    **{
        f"Patient.{name}": _IDENTITY
        for name in (
            "given_name", "family_name", "birth_date", "sex", "phone", "name_index", "family_name_index",
            "record_index", "phone_index", "legal_hold_reason",
        )
    },
    **{
        f"Patient.{name}": _LINK
        for name in ("id", "clinic", "key_id", "record_number", "is_minor_record", "created_at", "erased_at")
    },
    "ComingOfAge.due_date": _IDENTITY,
    **{
        f"ComingOfAge.{name}": _GONE
        for name in (
            "id", "patient", "announced_at", "reached_at", "token_digest", "attempts", "invited_at", "invited_by",
            "expires_at", "taken_over_at",
        )
    },
    **{f"PatientAccess.{name}": _LINK for name in ("id", "user", "patient", "relation", "created_at", "ended_at")},
    **{
        f"ConsentText.{name}": _REFERENCE
        for name in ("id", "clinic", "purpose", "version", "title", "body", "published_at", "published_by")
    },
    **{
        f"Consent.{name}": _CONSENT
        for name in ("id", "patient", "text", "purpose", "decision", "number", "decided_by", "decided_at")
    },
    **{f"Intake.{name}": _HEALTH for name in ("answers", "red_flags")},
    **{f"Intake.{name}": _GONE for name in ("id", "patient", "version", "submitted_at", "submitted_by")},
    **{
        f"PhotoSession.{name}": _HEALTH
        for name in ("checklist", "urgent", "urgency", "severity_rank", "shown_rank", "retake_views")
    },
    **{
        f"PhotoSession.{name}": _GONE
        for name in (
            "id", "patient", "status", "intake", "intake_confirmed_at", "ai_consented", "created_at", "submitted_at",
            "closed_at", "clinic", "measuring", "occasion", "for_dermatologist",
        )
    },
    "PhotoSession.take_twice": _GONE,
    **{
        f"Photo.{name}": _IMAGE
        for name in ("file_name", "thumbnail_name", "sha256", "capture", "quality", "quality_passed", "px_per_mm")
    },
    **{
        f"Photo.{name}": _GONE
        for name in (
            "id", "session", "view", "site", "media_type", "width_px", "height_px", "size_bytes", "created_at",
            "removed_at", "repeat_of",
        )
    },
    **{f"PrintedCard.{name}": _HEALTH for name in ("ruler_mm", "checked_at")},
    **{f"PrintedCard.{name}": _GONE for name in ("id", "patient", "checked_by")},
    **{f"Upload.{name}": _IMAGE for name in ("parts",)},
    **{
        f"Upload.{name}": _GONE
        for name in (
            "id", "session", "view", "site", "length_bytes", "offset_bytes", "claimed_type", "claimed_extension",
            "status", "photo", "reason_code", "created_at", "expires_at",
        )
    },
}  # fmt: skip

_EXTENSIONS: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


def export(patient_id: UUID) -> Iterator[ExportFile]:
    """The record in plain JSON, and every original photo."""
    patient = Patient.objects.select_related("clinic").get(pk=patient_id)
    yield _json("patient.json", _("Personal details"), partial(_patient_document, patient))
    yield _json("consents.json", _("Consent decisions with the wording they were about"), partial(_consents, patient))
    yield _json("intake.json", _("Answers about health, every version"), partial(_intakes, patient))
    yield _json("sessions.json", _("Photo sessions and their checklists"), partial(_sessions, patient))
    yield _json("access-log.json", _("Who looked at the record"), partial(_access_log, patient))
    for photo in _photos(patient_id):
        day = patient.clinic.day_of(photo.created_at).isoformat()
        yield ExportFile(
            path=f"originals/{day}-{photo.view}-{photo.pk.hex[:8]}.{_EXTENSIONS[photo.media_type]}",
            media_type=photo.media_type,
            open=partial(_open, photo),
            description=_("Photo as it was kept: upright, without metadata"),
        )


def plan_erasure(patient_id: UUID) -> Sequence[ErasureStep]:
    """What would go and what would stay, in words and counts. Changes nothing."""
    return (
        ErasureStep(_("Name, birth date, telephone and search entries"), 1, OnErasure.ERASE),
        ErasureStep(_("Access of people to the record"), len(selectors.users_of(patient_id)), OnErasure.ERASE),
        ErasureStep(_("Answers about health"), Intake.objects.filter(patient_id=patient_id).count(), OnErasure.ERASE),
        ErasureStep(_("Photo sessions"), PhotoSession.objects.filter(patient_id=patient_id).count(), OnErasure.ERASE),
        ErasureStep(_("Photos with their thumbnails"), _photos(patient_id).count(), OnErasure.ERASE),
        ErasureStep(_("Unfinished uploads"), _uploads(patient_id).count(), OnErasure.ERASE),
        ErasureStep(
            _("Consent decisions"),
            Consent.objects.filter(patient_id=patient_id).count(),
            OnErasure.KEEP,
            _CONSENT.reason,
        ),
    )


def erase(patient_id: UUID, now: datetime) -> None:
    """Delete photos, uploads, sessions and answers, and their files once the transaction has committed.

    The patient's own row is left to ``patients.services.tombstone_patient``, which the executor calls last.
    """
    names = [part for upload in _uploads(patient_id) for part in upload.parts]
    for photo in _photos(patient_id):
        names += [photo.file_name, photo.thumbnail_name]
    _uploads(patient_id).delete()
    _photos(patient_id).delete()
    PhotoSession.objects.filter(patient_id=patient_id).delete()
    Intake.objects.filter(patient_id=patient_id).delete()
    ComingOfAge.objects.filter(patient_id=patient_id).delete()
    delete_after_commit(names)


def _photos(patient_id: UUID) -> Any:
    return Photo.objects.filter(session__patient_id=patient_id).select_related("session", "session__patient")


def _uploads(patient_id: UUID) -> Any:
    return Upload.objects.filter(session__patient_id=patient_id)


def _open(photo: Photo) -> BinaryIO:
    return cast(BinaryIO, selectors.open_photo(photo))


def _json(path: str, description: str, make: Callable[[], Any]) -> ExportFile:
    def opened() -> BinaryIO:
        return io.BytesIO(json.dumps(make(), indent=2, ensure_ascii=False).encode())

    return ExportFile(path=path, media_type="application/json", open=opened, description=description)


def _patient_document(patient: Patient) -> dict[str, Any]:
    held_by = PatientAccess.objects.filter(patient=patient, ended_at=None).select_related("user")
    return {
        "clinic": patient.clinic.name,
        "record_number": patient.record_number,
        "given_name": patient.given_name,
        "family_name": patient.family_name,
        "birth_date": patient.birth_date.isoformat() if patient.birth_date else None,
        "sex": patient.sex,
        "phone": patient.phone,
        "registered_at": patient.created_at.isoformat(),
        "registered_by_guardian": patient.is_minor_record,
        "came_of_age": _came_of_age(patient),
        "calibration_card": [
            {"ruler_mm": card.ruler_mm, "checked_at": card.checked_at.isoformat()}
            for card in patient.cards.order_by("checked_at")
        ],
        "held_by": [{"email": row.user.email, "relation": row.relation} for row in held_by],
    }


def _came_of_age(patient: Patient) -> dict[str, str | None] | None:
    row = ComingOfAge.objects.filter(patient=patient).select_related("patient").first()
    if row is None:
        return None
    steps = ("announced_at", "reached_at", "invited_at", "taken_over_at")
    said = {name: at.isoformat() if (at := getattr(row, name)) else None for name in steps}
    return {"due_date": row.due_date.isoformat(), **said}


def _consents(patient: Patient) -> list[dict[str, Any]]:
    rows = Consent.objects.filter(patient=patient).select_related("text").order_by("decided_at", "number")
    return [
        {
            "receipt": str(row.pk),
            "purpose": row.purpose,
            "decision": row.decision,
            "decided_at": row.decided_at.isoformat(),
            "version": row.text.version,
            "title": row.text.title,
            "text": row.text.body,
        }
        for row in rows
    ]


def _intakes(patient: Patient) -> list[dict[str, Any]]:
    rows = Intake.objects.filter(patient=patient).select_related("patient").order_by("version")
    return [
        {
            "version": row.version,
            "submitted_at": row.submitted_at.isoformat(),
            "answers": row.answers,
            "red_flags": row.red_flags,
        }
        for row in rows
    ]


def _sessions(patient: Patient) -> list[dict[str, Any]]:
    rows = PhotoSession.objects.filter(patient=patient).select_related("patient").order_by("created_at")
    return [
        {
            "id": str(row.pk),
            "status": row.status,
            "created_at": row.created_at.isoformat(),
            "submitted_at": row.submitted_at.isoformat() if row.submitted_at else None,
            "checklist": row.checklist,
            "measured_by_models": row.ai_consented,
            "photos": [_photo_entry(photo) for photo in _photos(patient.pk).filter(session=row)],
        }
        for row in rows
    ]


def _photo_entry(photo: Photo) -> dict[str, Any]:
    return {
        "id": str(photo.pk),
        "view": photo.view,
        "site": photo.site,
        "take": photo.take,
        "width_px": photo.width_px,
        "height_px": photo.height_px,
        "camera": photo.capture,
        "quality_passed": photo.quality_passed,
        "added_at": photo.created_at.isoformat(),
        "replaced_at": photo.removed_at.isoformat() if photo.removed_at else None,
    }


def _access_log(patient: Patient) -> list[dict[str, Any]]:
    events = list(events_about(patient.pk))
    names = membership_names(event.actor_id for event in events if event.actor_id)
    return [
        {
            "at": event.at.isoformat(),
            "who": _who(event.actor_id, names),
            "role": event.actor_role,
            "what": access_words.sentence(event.action, event.detail),
            "action": event.action,
        }
        for event in events
    ]


def _who(actor_id: UUID | None, names: Mapping[UUID, Iterable[str]]) -> str:
    if actor_id is None:
        return _("The portal")
    return next(iter(names.get(actor_id, ())), _("A person who holds this record"))


PRIVACY = RoomPrivacy(room="patients", fields=_FIELDS, export=export, plan_erasure=plan_erasure, erase=erase)
