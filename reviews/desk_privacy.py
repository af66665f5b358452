"""What the desk, plan versions and the time after a signature hold about a person (part of the room's rules)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.privacy import Category, ErasureStep, ExportFile, FieldRule, OnErasure
from reviews.models import FollowUpTask, SideEffectReport

_LINK: Final = FieldRule(Category.LINK, OnErasure.ERASE)
_HEALTH: Final = FieldRule(Category.HEALTH, OnErasure.ERASE)
_REFERENCE: Final = FieldRule(Category.REFERENCE, OnErasure.KEEP)

_ROWS: Final[Mapping[str, tuple[tuple[str, ...], FieldRule]]] = {
    "Handover": (
        ("id", "clinic", "session", "review", "from_member", "to_member", "status", "offered_at", "until",
         "answered_at"),
        _LINK,
    ),
    "SavedView": (("id", "clinic", "owner", "name", "query", "shared", "created_at"), _REFERENCE),
    "PlanVersion": (("id", "plan", "number", "change", "entry_code", "changed_by", "began_at", "at"), _LINK),
    "PlanTemplate": (
        ("id", "clinic", "name", "content", "created_by", "created_at", "changed_by", "changed_at"), _REFERENCE
    ),
    "FollowUpTask": (
        ("id", "clinic", "patient", "review", "kind", "entry", "due_date", "status", "postponed", "reminded_for",
         "staff_reminded_for", "created_at", "closed_at", "closed_by"),
        _LINK,
    ),
    "SideEffectReport": (("id", "patient", "review", "submitted_at", "submitted_by", "seen_at", "seen_by"), _LINK),
}  # fmt: skip

_SEALED: Final[Mapping[str, tuple[str, ...]]] = {
    "PlanVersion": ("content",),
    "FollowUpTask": ("note",),
    "SideEffectReport": ("answers", "red"),
}

FIELDS: Final[Mapping[str, FieldRule]] = {
    **{f"{model}.{name}": rule for model, (names, rule) in _ROWS.items() for name in names},
    **{f"{model}.{name}": _HEALTH for model, names in _SEALED.items() for name in names},
}


def export(patient_id: UUID) -> Iterator[ExportFile]:
    """What the patient answered about side effects, and what was to be done by when."""
    reports = SideEffectReport.objects.filter(patient_id=patient_id).select_related("patient").order_by("submitted_at")
    for report in reports:
        answers = {"submitted_at": report.submitted_at, "answers": report.answers}
        yield _file(
            f"reviews/side-effects-{report.submitted_at:%Y-%m-%d}-{report.pk}.json",
            answers,
            _("Your answers about side effects"),
        )
    tasks = list(FollowUpTask.objects.filter(patient_id=patient_id).select_related("entry"))
    if tasks:
        rows = [
            {
                "what": task.kind,
                "treatment": task.entry.name if task.entry else None,
                "due": task.due_date,
                "status": task.status,
                "closed_at": task.closed_at,
            }
            for task in tasks
        ]
        yield _file("reviews/follow-up.json", rows, _("What was agreed to be done after your reports"))


def plan_erasure(patient_id: UUID) -> Sequence[ErasureStep]:
    """What :func:`erase` will delete."""
    tasks = FollowUpTask.objects.filter(patient_id=patient_id).count()
    reports = SideEffectReport.objects.filter(patient_id=patient_id).count()
    steps = [
        ErasureStep(_("Follow-up tasks"), tasks, OnErasure.ERASE),
        ErasureStep(_("Answers about side effects"), reports, OnErasure.ERASE),
    ]
    return [step for step in steps if step.count]


def erase(patient_id: UUID, now: datetime) -> None:
    """Delete tasks and answers; versions and handovers go with the reviews that they hang on."""
    FollowUpTask.objects.filter(patient_id=patient_id).delete()
    SideEffectReport.objects.filter(patient_id=patient_id).delete()


def _file(path: str, content: object, description: str) -> ExportFile:
    data = json.dumps(content, indent=2, ensure_ascii=False, default=str).encode()
    return ExportFile(path=path, media_type="application/json", open=lambda: io.BytesIO(data), description=description)
