"""Frozen view data of this room's pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEvent
from accounts.selectors import membership_names


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One event as an administrator reads it. ``who`` is a staff name, or the role and id of somebody else."""

    at: datetime
    who: str
    who_id: UUID | None
    role: str
    action: str
    patient: str  # the id as text, "" when the event is not about a patient
    subject: str
    detail: Mapping[str, Any]
    sequence: int | None


def audit_rows(events: Iterable[AuditEvent]) -> list[AuditRow]:
    """Events with staff names looked up in one query."""
    events = list(events)
    names = membership_names(event.actor_id for event in events if event.actor_id)
    rows = []
    for event in events:
        known = names.get(event.actor_id) if event.actor_id else None
        nameless = str(event.actor_id)[:8] if event.actor_id else str(_("the portal"))
        who = known[0] if known else nameless
        rows.append(
            AuditRow(
                at=event.at,
                who=who,
                who_id=event.actor_id,
                role=event.actor_role,
                action=event.action,
                patient=str(event.patient_id or ""),
                subject=f"{event.subject_kind} {event.subject_id[:8]}".strip(),
                detail=event.detail,
                sequence=event.sequence,
            )
        )
    return rows
