"""Free times, consultations and agendas as the pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.decorators import CLINICIANS
from accounts.errors import DomainError
from accounts.models import Clinic, Membership
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from care import selectors, video
from care.models import Consultation, ConsultationKind
from care.models.booking import Mode
from care.services.bookings import check_may_change
from patients.models import Patient
from patients.selectors import patient_label

_STATES = {
    Consultation.Status.BOOKED: "submitted",
    Consultation.Status.CANCELLED: "withdrawn",
    Consultation.Status.MISSED: "overdue",
    Consultation.Status.HELD: "done",
}


@dataclass(frozen=True, slots=True)
class ConsultationRow:
    """One consultation in a list or an agenda."""

    id: UUID
    patient: str
    kind: str
    minutes: int
    who: str
    video: bool
    starts_at: datetime
    ends_at: datetime
    state: str
    state_label: str
    booked: bool


@dataclass(frozen=True, slots=True)
class SlotDay:
    """Free times of one day, in the reader's time zone."""

    day: date
    slots: tuple[selectors.Slot, ...]


@dataclass(frozen=True, slots=True)
class AgendaDay:
    """One day of an agenda."""

    day: date
    today: bool
    rows: tuple[ConsultationRow, ...]


def row(actor: Actor, consultation: Consultation) -> ConsultationRow:
    """One consultation, as this person reads it."""
    status = Consultation.Status(consultation.status)
    words = {
        Consultation.Status.BOOKED: _("Booked"),
        Consultation.Status.CANCELLED: _("Cancelled"),
        Consultation.Status.MISSED: _("Missed"),
        Consultation.Status.HELD: _("Took place"),
    }
    patient = consultation.patient
    return ConsultationRow(
        id=consultation.pk,
        patient=patient.given_name if actor.role is Role.PATIENT else patient_label(patient),
        kind=consultation.kind.name,
        minutes=consultation.kind.minutes,
        who=consultation.membership.display_name,
        video=consultation.mode == Mode.VIDEO,
        starts_at=consultation.starts_at,
        ends_at=consultation.ends_at,
        state=_STATES[status],
        state_label=words[status],
        booked=status is Consultation.Status.BOOKED,
    )


def list_page(actor: Actor, patients: Sequence[Patient], *, zone: str, now: datetime) -> dict[str, Any]:
    """What comes and what was."""
    coming, past = selectors.consultations_of(actor, [patient.pk for patient in patients], now=now)
    return {
        "coming": [row(actor, one) for one in coming],
        "past": [row(actor, one) for one in past],
        "records": list(patients),
        "zone": zone,
        "several": len(patients) > 1,
    }


def booking_page(
    actor: Actor,
    patient: Patient,
    *,
    kinds: Sequence[ConsultationKind],
    kind: ConsultationKind | None,
    member_id: UUID | None,
    week: date | None,
    zone: str,
    now: datetime,
    leaving: Consultation | None = None,
) -> dict[str, Any]:
    """Kinds, then the free times of one week; a week is of the clinic's days."""
    clinic = patient.clinic
    limit_hours = selectors.settings_of(clinic.pk).change_until_hours
    page: dict[str, Any] = {
        "patient": patient,
        "patient_label": patient.given_name if actor.role is Role.PATIENT else patient_label(patient),
        "staff": actor.role is not Role.PATIENT,
        "clinic": clinic,
        "kinds": kinds,
        "kind": kind,
        "zone": zone,
        "other_zone": zone != clinic.time_zone,
        "send_key": uuid4(),
        "change_until_hours": limit_hours,
        "binding_before": now + timedelta(hours=limit_hours) if actor.role is Role.PATIENT else None,
        "leaving": leaving,
    }
    if kind is None:
        return page
    members = list(selectors.offering(kind).select_related("clinic"))
    chosen = [member for member in members if member_id in (None, member.pk)]
    today = now.astimezone(ZoneInfo(clinic.time_zone)).date()
    monday = _monday(max(week or today, today))
    found = selectors.free_slots(
        actor, kind, chosen, first=monday, last=monday + timedelta(days=6), now=now, leaving=leaving
    )
    if not found and week is None:
        monday, found = _first_free_week(actor, kind, chosen, monday, now, leaving)
    booking = f"{reverse('care:book', args=[patient.pk])}?kind={kind.pk}"
    return page | {
        "action": reverse("care:move", args=[leaving.pk]) if leaving else booking,
        "members": members,
        "member_id": member_id,
        "days": _by_day(_one_per_time(found), zone),
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "earlier": monday - timedelta(days=7) if monday > _monday(today) else None,
        "later": monday + timedelta(days=7),
    }


def _first_free_week(
    actor: Actor,
    kind: ConsultationKind,
    members: Sequence[Membership],
    monday: date,
    now: datetime,
    leaving: Consultation | None,
) -> tuple[date, list[selectors.Slot]]:
    """The first week with a free time within three months, else this one."""
    found = selectors.free_slots(
        actor, kind, members, first=monday, last=monday + timedelta(days=90), now=now, leaving=leaving
    )
    if not found:
        return monday, []
    zone = ZoneInfo(members[0].clinic.time_zone)
    first = _monday(found[0].starts_at.astimezone(zone).date())
    return first, [slot for slot in found if slot.starts_at.astimezone(zone).date() < first + timedelta(days=7)]


def _one_per_time(found: Sequence[selectors.Slot]) -> list[selectors.Slot]:
    """Each time once: with anybody means with the first who is free, and the question before booking names them."""
    times: dict[datetime, selectors.Slot] = {}
    for slot in found:
        times.setdefault(slot.starts_at, slot)
    return list(times.values())


def _by_day(found: Sequence[selectors.Slot], zone: str) -> list[SlotDay]:
    days: dict[date, list[selectors.Slot]] = {}
    for slot in found:
        days.setdefault(slot.starts_at.astimezone(ZoneInfo(zone)).date(), []).append(slot)
    return [SlotDay(day, tuple(slots)) for day, slots in sorted(days.items())]


def consultation_page(actor: Actor, consultation: Consultation, *, zone: str, now: datetime) -> dict[str, Any]:
    """One consultation, and what may be done with it now."""
    template = selectors.settings_of(consultation.clinic_id).video_template
    by_video = consultation.mode == Mode.VIDEO
    mine = actor.role is Role.PATIENT or consultation.membership.user_id == actor.user_id
    booked = consultation.status == Consultation.Status.BOOKED
    is_open = video.is_open(consultation.starts_at, consultation.ends_at, now)
    try:
        check_may_change(actor, consultation, now)
        too_late = ""
    except DomainError as refused:
        too_late = refused.message
    return {
        "consultation": consultation,
        "row": row(actor, consultation),
        "clinic": consultation.clinic,
        "zone": zone,
        "other_zone": zone != consultation.clinic.time_zone,
        "staff": actor.role is not Role.PATIENT,
        "by_video": by_video,
        "join": booked and by_video and mine and bool(template) and is_open,
        "opens_at": consultation.starts_at - video.OPENS_BEFORE,
        "booked": booked,
        "may_change": booked and not too_late,
        "too_late": too_late if booked else "",
        "begun": now >= consultation.starts_at,
        "may_run": actor.can(Permission.RUN_CONSULTATIONS),
    }


def agenda_page(
    actor: Actor,
    clinic: Clinic,
    consultations: Sequence[Consultation],
    *,
    first: date,
    days: int,
    member_id: UUID | None,
    now: datetime,
) -> dict[str, Any]:
    """A day or a week of the clinic, on its own wall clock."""
    zone = ZoneInfo(clinic.time_zone)
    today = now.astimezone(zone).date()
    shown = []
    for offset in range(days):
        day = first + timedelta(days=offset)
        rows = [row(actor, one) for one in consultations if one.starts_at.astimezone(zone).date() == day]
        shown.append(AgendaDay(day, day == today, tuple(rows)))
    return {
        "days": shown,
        "week": days > 1,
        "first": first,
        "last": first + timedelta(days=days - 1),
        "earlier": first - timedelta(days=days),
        "later": first + timedelta(days=days),
        "today": today,
        "zone": clinic.time_zone,
        "clinic": clinic,
        "member_id": member_id,
        "colleagues": staff_of(clinic.pk, CLINICIANS),
        "count": len(consultations),
    }


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def first_day(day: date | None, clinic: Clinic, *, week: bool, now: datetime) -> date:
    """The day itself, or the Monday of its week; today when none is given."""
    chosen = day or now.astimezone(ZoneInfo(clinic.time_zone)).date()
    return _monday(chosen) if week else chosen
