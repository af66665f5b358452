"""A person's records, and who looked at what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.context import ROLE_NAMES
from accounts.models import AuditEvent
from accounts.roles import Role
from accounts.selectors import membership_names
from patients import access_words
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record in a person's list."""

    patient_id: UUID
    name: str
    clinic: str
    record_number: str
    is_own: bool


def record_rows(rows: Iterable[Any]) -> list[RecordRow]:
    """The records that one person holds."""
    return [
        RecordRow(
            patient_id=row.patient_id,
            name=full_name(row.patient),
            clinic=row.patient.clinic.name,
            record_number=row.patient.record_number,
            is_own=row.relation == "self",
        )
        for row in rows
    ]


def full_name(patient: Patient) -> str:
    """The patient's name as the patient's own side reads it."""
    return f"{patient.given_name} {patient.family_name}"


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One event of the access log in plain words."""

    at: datetime
    who: str
    role: str
    what: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class AccessDay:
    """The events of one day, in the clinic's time zone."""

    day: date
    rows: tuple[AccessRow, ...]


def access_days(events: Iterable[AuditEvent], reader: Actor, time_zone: str) -> list[AccessDay]:
    """The log, newest day first. Names of staff are looked up in one query; nobody else is named."""
    events = list(events)
    names = membership_names(event.actor_id for event in events if event.actor_id)
    zone = ZoneInfo(time_zone)
    rows = [_access_row(event, reader, names, zone) for event in events]
    return [AccessDay(day, tuple(group)) for day, group in groupby(rows, key=lambda row: row.at.date())]


def _access_row(event: AuditEvent, reader: Actor, names: dict[UUID, tuple[str, str]], zone: ZoneInfo) -> AccessRow:
    role = str(ROLE_NAMES[Role(event.actor_role)]) if event.actor_role in set(Role) else ""
    if event.actor_id is None:
        who, role = _("The portal"), _("automatic")
    elif event.actor_id == reader.user_id:
        who, role = _("You"), ""
    elif event.actor_id in names:
        who = names[event.actor_id][0]
    else:
        who, role = _("Another person who holds this record"), ""
    return AccessRow(
        at=event.at.astimezone(zone),
        who=who,
        role=role,
        what=access_words.sentence(event.action, event.detail),
        is_own=event.actor_id == reader.user_id,
    )
