"""What this room holds about a person: declared field by field, exported, and erased.

Notes that the team wrote among themselves are the clinic's own working record: they are shown on no page of the
patient's and are not part of the archive that the patient makes, which says how many there are and that the clinic
answers for them (GDPR Art. 15 goes to the clinic). An erasure deletes them with everything else here: what must be kept
by law stands in the signed report.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.privacy import Category, ErasureStep, ExportFile, FieldRule, OnErasure, RoomPrivacy
from care.models import Attachment, CapturePlan, Consultation, Message, MessageDraft, ReminderChoice, Thread
from care.services.attachments import file_names
from patients.services.storage import delete_after_commit
from vault import files

_HEALTH = FieldRule(Category.HEALTH, OnErasure.ERASE)
_IMAGE = FieldRule(Category.IMAGE, OnErasure.ERASE)
_GONE = FieldRule(Category.LINK, OnErasure.ERASE)
_REFERENCE = FieldRule(Category.REFERENCE, OnErasure.KEEP)
_STAFF = FieldRule(Category.ACCOUNT, OnErasure.KEEP, "Staff data: hours and calendar address, not about a patient.")

_FIELDS: Final[Mapping[str, FieldRule]] = {
    **{f"Thread.{name}": _HEALTH for name in ("subject", "urgent")},
    **{
        f"Thread.{name}": _GONE
        for name in (
            "id", "clinic", "patient", "status", "assigned_to", "last_number", "public_number", "waiting_since",
            "last_message_at", "created_at", "closed_at",
        )
    },
    **{f"Message.{name}": _HEALTH for name in ("body", "red_flags")},
    **{
        f"Message.{name}": _GONE
        for name in (
            "id", "thread", "number", "sender", "membership", "internal", "session", "report", "send_key", "sent_at",
        )
    },
    **{f"Attachment.{name}": _IMAGE for name in ("title", "file_name", "thumbnail_name")},
    **{f"Attachment.{name}": _GONE for name in ("id", "message", "position", "media_type", "size_bytes")},
    **{f"ThreadReader.{name}": _GONE for name in ("id", "thread", "user", "last_read_number", "read_at")},
    **{f"MessageDraft.{name}": _HEALTH for name in ("subject", "body")},
    **{f"MessageDraft.{name}": _GONE for name in ("id", "user", "patient", "thread", "saved_at")},
    **{
        f"CannedReply.{name}": _REFERENCE
        for name in ("id", "clinic", "title", "body", "created_by", "created_at", "retired_at")
    },
    **{
        f"CareSettings.{name}": _REFERENCE
        for name in (
            "clinic", "video_template", "change_until_hours", "reminder_hours", "capture_rhythm", "capture_days",
            "patients_start_plans",
        )
    },
    **{
        f"ConsultationKind.{name}": _REFERENCE
        for name in ("id", "clinic", "name", "minutes", "mode", "by_patients", "offered_by", "created_at", "retired_at")
    },
    **{
        f"Schedule.{name}": _STAFF
        for name in ("membership", "step_minutes", "buffer_minutes", "lead_hours", "horizon_days")
    },
    **{f"WeeklyHours.{name}": _STAFF for name in ("id", "schedule", "weekday", "starts", "ends")},
    **{
        f"HoursException.{name}": _STAFF
        for name in ("id", "clinic", "schedule", "first_date", "last_date", "starts", "ends", "note")
    },
    **{f"Consultation.{name}": _HEALTH for name in ("room", "reason")},
    **{
        f"Consultation.{name}": _GONE
        for name in (
            "id", "clinic", "patient", "kind", "membership", "mode", "status", "starts_at", "ends_at", "blocked_until",
            "sequence", "booked_by", "send_key", "booked_at", "scheduled_at", "ended_at", "cancelled_by_staff",
        )
    },
    **{
        f"CapturePlan.{name}": _GONE
        for name in (
            "id", "clinic", "patient", "status", "starts_on", "days", "started_by", "report", "remind_from",
            "created_at", "closed_at",
        )
    },
    **{
        f"PlanStretch.{name}": _GONE
        for name in ("id", "plan", "number", "first_date", "rhythm", "by_staff", "created_at")
    },
    **{f"ReminderChoice.{name}": _GONE for name in ("id", "user", "patient", "wanted", "changed_at")},
    **{
        f"GuideVersion.{name}": _REFERENCE
        for name in ("id", "clinic", "page", "number", "content", "addition", "digest", "approved_by", "approved_at")
    },
    **{f"GuideAddition.{name}": _REFERENCE for name in ("id", "clinic", "page", "text", "saved_by", "saved_at")},
    **{f"CalendarFeed.{name}": _STAFF for name in ("id", "membership", "token_digest", "created_at", "revoked_at")},
}  # fmt: skip

_EXTENSIONS: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf"}


def export(patient_id: UUID) -> Iterator[ExportFile]:
    """Conversations and consultations in plain JSON, and every file that was attached; no note of the team."""
    yield _json("messages.json", _("Messages with the care team"), partial(_threads, patient_id))
    yield _json("consultations.json", _("Consultations"), partial(_consultations, patient_id))
    yield _json("photo-plans.json", _("Plans of photographs"), partial(_plans, patient_id))
    for attachment in _attachments(patient_id).filter(message__internal=False):
        yield ExportFile(
            path=_path(attachment),
            media_type=attachment.media_type,
            open=partial(_open, attachment),
            description=_("File attached to a message"),
        )


def plan_erasure(patient_id: UUID) -> Sequence[ErasureStep]:
    """What would go, in words and counts. Changes nothing."""
    messages = Message.objects.filter(thread__patient_id=patient_id)
    return (
        ErasureStep(_("Messages with the care team"), messages.filter(internal=False).count(), OnErasure.ERASE),
        ErasureStep(_("Notes of the care team"), messages.filter(internal=True).count(), OnErasure.ERASE),
        ErasureStep(_("Files attached to messages"), _attachments(patient_id).count(), OnErasure.ERASE),
        ErasureStep(
            _("Drafts of messages"), MessageDraft.objects.filter(patient_id=patient_id).count(), OnErasure.ERASE
        ),
        ErasureStep(_("Consultations"), Consultation.objects.filter(patient_id=patient_id).count(), OnErasure.ERASE),
        ErasureStep(
            _("Plans of photographs"), CapturePlan.objects.filter(patient_id=patient_id).count(), OnErasure.ERASE
        ),
    )


def erase(patient_id: UUID, now: datetime) -> None:
    """Delete threads, drafts and consultations, and the files once the transaction has committed."""
    names = file_names(patient_id)
    MessageDraft.objects.filter(patient_id=patient_id).delete()
    Thread.objects.filter(patient_id=patient_id).delete()
    Consultation.objects.filter(patient_id=patient_id).delete()
    CapturePlan.objects.filter(patient_id=patient_id).delete()
    ReminderChoice.objects.filter(patient_id=patient_id).delete()
    delete_after_commit(names)


def _attachments(patient_id: UUID) -> Any:
    rows = Attachment.objects.filter(message__thread__patient_id=patient_id)
    return rows.select_related("message__thread__patient__clinic").order_by("message__sent_at", "position")


def _path(attachment: Attachment) -> str:
    day = attachment.message.thread.patient.clinic.day_of(attachment.message.sent_at).isoformat()
    ending = _EXTENSIONS.get(attachment.media_type, "bin")
    return f"messages/{day}-{attachment.pk.hex[:8]}.{ending}"


def _open(attachment: Attachment) -> BinaryIO:
    return cast(BinaryIO, files.open_file(key_id=attachment.sealing_key_id, name=attachment.file_name))


def _json(path: str, description: str, make: Callable[[], Any]) -> ExportFile:
    def opened() -> BinaryIO:
        return io.BytesIO(json.dumps(make(), indent=2, ensure_ascii=False).encode())

    return ExportFile(path=path, media_type="application/json", open=opened, description=description)


def _threads(patient_id: UUID) -> list[dict[str, Any]]:
    rows = Thread.objects.filter(patient_id=patient_id).select_related("patient").order_by("created_at")
    return [
        {
            "subject": row.subject,
            "status": row.status,
            "created_at": row.created_at.isoformat(),
            "messages": [_message(message) for message in _public(row)],
            "internal_notes": {
                "count": row.messages.filter(internal=True).count(),
                "where": _("Working notes of the clinic. Ask the clinic to see them."),
            },
        }
        for row in rows
    ]


def _public(thread: Thread) -> Any:
    rows = thread.messages.filter(internal=False).select_related("membership", "thread__patient")
    return rows.prefetch_related("attachments__message__thread__patient__clinic").order_by("number")


def _message(message: Message) -> dict[str, Any]:
    return {
        "from": message.membership.display_name if message.membership else _("Patient or guardian"),
        "sent_at": message.sent_at.isoformat(),
        "text": message.body,
        "about_session": str(message.session_id) if message.session_id else None,
        "about_report": str(message.report_id) if message.report_id else None,
        "files": [{"name": item.title, "path": _path(item)} for item in message.attachments.all()],
    }


def _consultations(patient_id: UUID) -> list[dict[str, Any]]:
    rows = Consultation.objects.filter(patient_id=patient_id).select_related("patient", "kind", "membership")
    return [
        {
            "kind": row.kind.name,
            "mode": row.mode,
            "with": row.membership.display_name,
            "starts_at": row.starts_at.isoformat(),
            "ends_at": row.ends_at.isoformat(),
            "status": row.status,
            "booked_at": row.booked_at.isoformat(),
            "reason": row.reason,
        }
        for row in rows.order_by("starts_at")
    ]


def _plans(patient_id: UUID) -> list[dict[str, Any]]:
    rows = CapturePlan.objects.filter(patient_id=patient_id).select_related("started_by").prefetch_related("stretches")
    return [
        {
            "starts_on": row.starts_on.isoformat(),
            "days": row.days,
            "status": row.status,
            "started_by": row.started_by.display_name if row.started_by else _("Patient or guardian"),
            "changes": [
                {"from": stretch.first_date.isoformat(), "rhythm": stretch.rhythm or "paused"}
                for stretch in sorted(row.stretches.all(), key=lambda one: one.number)
            ],
        }
        for row in rows.order_by("created_at")
    ]


PRIVACY = RoomPrivacy(room="care", fields=_FIELDS, export=export, plan_erasure=plan_erasure, erase=erase)
