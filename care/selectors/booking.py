"""Kinds, hours, free slots and consultations in an actor's scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.actors import Actor
from accounts.decorators import CLINICIANS
from accounts.errors import NotFound
from accounts.models import Clinic, Membership
from accounts.roles import Permission, Role
from care import slots
from care.models import (
    CalendarFeed,
    CareSettings,
    Consultation,
    ConsultationKind,
    HoursException,
    Schedule,
    WeeklyHours,
)
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class Slot:
    """A free time with one clinician."""

    starts_at: datetime
    membership_id: UUID
    who: str


def settings_of(clinic_id: UUID) -> CareSettings:
    """What the clinic has decided; the defaults where it has not."""
    return CareSettings.objects.filter(clinic_id=clinic_id).first() or CareSettings(clinic_id=clinic_id)


def kinds_of_clinic(actor: Actor) -> list[ConsultationKind]:
    """An administrator's list of what is offered now."""
    actor.check(Permission.MANAGE_CONSULTATIONS)
    rows = ConsultationKind.objects.filter(clinic_id=actor.own_clinic_id, retired_at=None)
    return list(rows.prefetch_related("offered_by").order_by("name", "minutes"))


def kinds_for(actor: Actor, patient: Patient) -> list[ConsultationKind]:
    """What this person may book for the patient, with somebody who offers it."""
    rows = ConsultationKind.objects.filter(clinic_id=patient.clinic_id, retired_at=None)
    if actor.role is Role.PATIENT:
        rows = rows.filter(by_patients=True)
    if not settings_of(patient.clinic_id).video_template:
        rows = rows.exclude(mode="video")
    return [kind for kind in rows.order_by("minutes", "name") if offering(kind).exists()]


def kind_for(actor: Actor, patient: Patient, kind_id: UUID) -> ConsultationKind:
    """One of :func:`kinds_for`; else NotFound."""
    for kind in kinds_for(actor, patient):
        if kind.pk == kind_id:
            return kind
    raise NotFound


def offering(kind: ConsultationKind) -> Any:
    """Active clinicians who offer the kind and have a schedule."""
    return kind.offered_by.filter(ended_at=None, user__is_active=True, care_schedule__isnull=False).order_by(
        "display_name"
    )


def clinician(clinic_id: UUID, membership_id: UUID) -> Membership:
    """An active clinician of the clinic; else NotFound."""
    rows = Membership.objects.active().filter(clinic_id=clinic_id, role__in=[role.value for role in CLINICIANS])
    member: Membership | None = rows.select_related("clinic", "user").filter(pk=membership_id).first()
    if member is None:
        raise NotFound
    return member


def schedule_of(member: Membership) -> tuple[Schedule, list[WeeklyHours]]:
    """The clinician's schedule (an unsaved default when there is none) and the hours of their week."""
    schedule = Schedule.objects.filter(membership=member).first() or Schedule(membership=member)
    return schedule, list(WeeklyHours.objects.filter(schedule_id=member.pk).order_by("weekday", "starts"))


def exceptions_of(clinic_id: UUID, membership_id: UUID | None, since: date) -> list[HoursException]:
    """Days that are not as the week says, from ``since`` on; of the whole clinic when no clinician is named."""
    rows = HoursException.objects.filter(clinic_id=clinic_id, schedule_id=membership_id, last_date__gte=since)
    return list(rows.order_by("first_date"))


def free_slots(
    actor: Actor,
    kind: ConsultationKind,
    members: Iterable[Membership],
    *,
    first: date,
    last: date,
    now: datetime,
    leaving: Consultation | None = None,
) -> list[Slot]:
    """Free times on the clinic's days from ``first`` to ``last``; the time of ``leaving`` counts as free."""
    found = []
    for member in members:
        rules = _rules(actor, kind, member)
        busy = _busy(member.pk, first, last, rules.zone, leaving)
        for start in slots.free_slots(rules, busy, first=first, last=last, now=now):
            found.append(Slot(start, member.pk, member.display_name))
    return sorted(found, key=lambda slot: (slot.starts_at, slot.who))


def slots_around(
    actor: Actor,
    kind: ConsultationKind,
    member: Membership,
    starts_at: datetime,
    *,
    now: datetime,
    leaving: Consultation | None = None,
) -> set[datetime]:
    """Free starts on the clinic's day of ``starts_at``."""
    day = starts_at.astimezone(ZoneInfo(member.clinic.time_zone)).date()
    found = free_slots(actor, kind, [member], first=day, last=day, now=now, leaving=leaving)
    return {slot.starts_at for slot in found}


def consultation_for(actor: Actor, consultation_id: UUID) -> Consultation:
    """The consultation with everything around it, if this actor may see it; else NotFound."""
    found: Consultation | None = _whole(Consultation.objects.visible_to(actor)).filter(pk=consultation_id).first()
    if found is None:
        raise NotFound
    return found


def consultations_of(actor: Actor, patient_ids: Iterable[UUID], *, now: datetime) -> tuple[list[Consultation], ...]:
    """What comes (soonest first) and what was (newest first, cancelled ones included) for these patients."""
    rows = list(_whole(Consultation.objects.visible_to(actor)).filter(patient_id__in=list(patient_ids)))
    coming = [row for row in rows if row.status == Consultation.Status.BOOKED and row.ends_at > now]
    past = [row for row in rows if row not in coming]
    return sorted(coming, key=lambda row: row.starts_at), sorted(past, key=lambda row: row.starts_at, reverse=True)


def consultations_between(actor: Actor, membership_id: UUID | None, first: date, last: date) -> list[Consultation]:
    """The clinic's consultations on its days from ``first`` to ``last``, cancelled ones left out."""
    zone = ZoneInfo(Clinic.objects.get(pk=actor.own_clinic_id).time_zone)
    start, end = _midnight(first, zone), _midnight(last + timedelta(days=1), zone)
    rows = _whole(Consultation.objects.visible_to(actor)).filter(starts_at__gte=start, starts_at__lt=end)
    rows = rows.exclude(status=Consultation.Status.CANCELLED)
    if membership_id is not None:
        rows = rows.filter(membership_id=membership_id)
    return list(rows.order_by("starts_at", "membership__display_name"))


def consultations_of_member(membership_id: UUID, since: datetime, until: datetime) -> list[Consultation]:
    """A clinician's consultations for their own calendar, cancelled ones and erased patients left out."""
    rows = _whole(Consultation.objects.all()).filter(membership_id=membership_id, patient__erased_at=None)
    rows = rows.filter(starts_at__gte=since, starts_at__lt=until).exclude(status=Consultation.Status.CANCELLED)
    return list(rows.order_by("starts_at"))


def booked_before(actor: Actor, send_key: UUID) -> Consultation | None:
    """The consultation that this form has booked already."""
    found: Consultation | None = (
        _whole(Consultation.objects.all()).filter(booked_by_id=actor.user_id, send_key=send_key).first()
    )
    return found


def booked_until(since: datetime, until: datetime) -> list[Consultation]:
    """Booked consultations that begin in this time."""
    rows = Consultation.objects.filter(status=Consultation.Status.BOOKED, starts_at__gt=since, starts_at__lte=until)
    return list(rows.filter(patient__erased_at=None).select_related("patient"))


def feed_of(actor: Actor) -> CalendarFeed | None:
    """The actor's own working calendar address, without its token."""
    if actor.membership_id is None:
        return None
    return CalendarFeed.objects.filter(membership_id=actor.membership_id, revoked_at=None).first()


def _whole(rows: Any) -> Any:
    return rows.select_related("patient", "patient__clinic", "clinic", "kind", "membership", "membership__user")


def _rules(actor: Actor, kind: ConsultationKind, member: Membership) -> slots.Rules:
    schedule, weekly = schedule_of(member)
    clinic = member.clinic
    rows = HoursException.objects.filter(clinic=clinic)
    exceptions = [row for row in rows if row.schedule_id in (None, member.pk)]
    return slots.Rules(
        zone=ZoneInfo(clinic.time_zone),
        week=[[slots.Hours(h.starts, h.ends) for h in weekly if h.weekday == day] for day in range(7)],
        exceptions=[
            slots.Exceptional(
                row.first_date, row.last_date, slots.Hours(row.starts, row.ends) if row.starts and row.ends else None
            )
            for row in exceptions
        ],
        length=timedelta(minutes=kind.minutes),
        step=timedelta(minutes=schedule.step_minutes),
        buffer=timedelta(minutes=schedule.buffer_minutes),
        lead=timedelta(hours=schedule.lead_hours) if actor.role is Role.PATIENT else timedelta(),
        horizon_days=schedule.horizon_days,
    )


def _busy(
    membership_id: UUID, first: date, last: date, zone: ZoneInfo, leaving: Consultation | None
) -> list[slots.Busy]:
    start, end = _midnight(first, zone) - timedelta(days=1), _midnight(last, zone) + timedelta(days=2)
    rows = Consultation.objects.filter(
        membership_id=membership_id, status=Consultation.Status.BOOKED, blocked_until__gt=start, starts_at__lt=end
    )
    if leaving is not None:
        rows = rows.exclude(pk=leaving.pk)
    return [slots.Busy(*pair) for pair in rows.values_list("starts_at", "blocked_until")]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
