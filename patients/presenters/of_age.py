"""Whose record passes on at 18, as the clinic's list shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from patients.models import ComingOfAge
from patients.selectors import patient_label


@dataclass(frozen=True, slots=True)
class OfAgeLine:
    """One record."""

    patient_id: UUID
    patient: str
    due_date: date
    days: int  # until the birthday; 0 and less: it has come
    reached: bool
    invited_at: datetime | None  # of the open invitation
    invited_by: str
    expires_at: datetime | None


def of_age_lines(rows: Iterable[ComingOfAge], today: date, now: datetime) -> list[OfAgeLine]:
    """The list, in the order of ``rows``."""
    return [of_age_line(row, today, now) for row in rows]


def of_age_line(row: ComingOfAge, today: date, now: datetime) -> OfAgeLine:
    """One record; an invitation that ran out counts as none."""
    is_open = bool(row.token_digest) and row.expires_at is not None and row.expires_at > now
    return OfAgeLine(
        patient_id=row.patient_id,
        patient=patient_label(row.patient),
        due_date=row.due_date,
        days=(row.due_date - today).days,
        reached=row.reached_at is not None,
        invited_at=row.invited_at if is_open else None,
        invited_by=row.invited_by.display_name if is_open and row.invited_by else "",
        expires_at=row.expires_at if is_open else None,
    )


def take_over_link(token: str) -> str:
    """The whole address of an invitation."""
    path = reverse("patients:take_over", args=[token])
    return f"{settings.PORTAL_ORIGIN}{path}"
