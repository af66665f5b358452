"""Grades, second opinions and escalations in the patient's archive (part of the room's rules).

They are the clinic's records about the patient. What is finished goes out, once the case it belongs to was signed or
closed with a message: a grade or answer that nobody has weighed yet is no more for a patient than an unsigned number.
Questions that were taken back or wait for an answer, and reads that are still due, stay inside.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.privacy import ExportFile
from reviews.models import CaseReading, Escalation, Opinion, Read, Review, ReviewStatus

CLOSED = (ReviewStatus.SIGNED, ReviewStatus.REJECTED)


def export(patient_id: UUID) -> Iterator[ExportFile]:
    """One JSON file per case with independent grades, opinions or escalations that a closed review stands on."""
    closed = _closed(patient_id)
    rows: dict[UUID, dict[str, Any]] = {}
    for read in _reads(patient_id):
        if _over(closed, read.case.session_id, read.committed_at):
            _case(rows, read.case.session_id)["grades"].append(_read(read))
    for case in CaseReading.objects.filter(session__patient_id=patient_id, waived_at__isnull=False).select_related(
        "session__patient", "waived_by"
    ):
        if case.waived_at is not None and _over(closed, case.session_id, case.waived_at):
            _case(rows, case.session_id)["reads_waived"].append(_waived(case))
    for opinion in _opinions(patient_id):
        if opinion.answered_at is not None and _over(closed, opinion.session_id, opinion.answered_at):
            _case(rows, opinion.session_id)["opinions"].append(_opinion(opinion))
    for escalation in _escalations(patient_id):
        if _over(closed, escalation.review.session_id, escalation.at):
            _case(rows, escalation.review.session_id)["escalations"].append(_escalation(escalation))
    for session_id, content in rows.items():
        data = json.dumps(content, indent=2, ensure_ascii=False, default=str).encode()
        yield ExportFile(
            path=f"reviews/second-reads-{session_id}.json",
            media_type="application/json",
            open=lambda data=data: io.BytesIO(data),  # type: ignore[misc]
            description=_("What other clinicians of the clinic said about a session"),
        )


def _closed(patient_id: UUID) -> dict[UUID, datetime]:
    """When each case was last signed or closed with a message."""
    rows = Review.objects.filter(session__patient_id=patient_id, status__in=CLOSED, closed_at__isnull=False)
    pairs = rows.order_by("closed_at").values_list("session_id", "closed_at")
    return {session_id: at for session_id, at in pairs if at is not None}


def _over(closed: dict[UUID, datetime], session_id: UUID, at: datetime) -> bool:
    """Whether the case was closed after this was said."""
    return session_id in closed and closed[session_id] >= at


def _case(rows: dict[UUID, dict[str, Any]], session_id: UUID) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "session": session_id, "grades": [], "reads_waived": [], "opinions": [], "escalations": [],
    }  # fmt: skip
    return rows.setdefault(session_id, empty)


def _reads(patient_id: UUID) -> Iterator[Read]:
    rows = Read.objects.filter(case__session__patient_id=patient_id)
    yield from rows.select_related("case__session__patient", "reader").order_by("committed_at", "position")


def _opinions(patient_id: UUID) -> Iterator[Opinion]:
    rows = Opinion.objects.filter(session__patient_id=patient_id, withdrawn_at=None, answered_at__isnull=False)
    yield from rows.select_related("session__patient", "asked_by", "answered_by").order_by("answered_at")


def _escalations(patient_id: UUID) -> Iterator[Escalation]:
    rows = Escalation.objects.filter(review__session__patient_id=patient_id)
    yield from rows.select_related("review__session__patient", "review__reviewer").order_by("at")


def _read(read: Read) -> dict[str, Any]:
    return {
        "reader": read.reader.display_name,
        "role": read.role,
        "committed_at": read.committed_at,
        "grade": read.grade,
        "details": read.details or {},
        "remark": read.remark,
    }


def _waived(case: CaseReading) -> dict[str, Any]:
    return {
        "waived_by": case.waived_by.display_name if case.waived_by else "",
        "waived_at": case.waived_at,
        "reason": case.waive_reason,
    }


def _opinion(opinion: Opinion) -> dict[str, Any]:
    return {
        "asked_by": opinion.asked_by.display_name,
        "asked_at": opinion.asked_at,
        "question": opinion.question,
        "answered_by": opinion.answered_by.display_name if opinion.answered_by else "",
        "answered_at": opinion.answered_at,
        "answer": opinion.answer,
        "grade": opinion.grade,
    }


def _escalation(escalation: Escalation) -> dict[str, Any]:
    return {
        "by": escalation.review.reviewer.display_name,
        "at": escalation.at,
        "urgency": escalation.urgency,
        "reason": escalation.reason,
    }
