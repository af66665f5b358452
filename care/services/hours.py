"""What consultations are booked from: a clinic's kinds and limits, and the hours of each clinician."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.decorators import CLINICIANS
from accounts.errors import Invalid, NotAllowed, NotFound
from accounts.models import Membership
from accounts.roles import Permission
from accounts.selectors import staff_of
from care import selectors, video
from care.models import CareSettings, ConsultationKind, HoursException, Schedule, WeeklyHours
from care.models.booking import Mode
from care.slots import Hours


@dataclass(frozen=True, slots=True)
class KindDetails:
    """A kind of consultation as an administrator describes it."""

    name: str
    minutes: int
    mode: Mode
    by_patients: bool
    offered_by: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """How time is given out: steps, buffer, lead and horizon."""

    step_minutes: int
    buffer_minutes: int
    lead_hours: int
    horizon_days: int


@transaction.atomic
def save_settings(
    *, actor: Actor, video_template: str, change_until_hours: int, reminder_hours: Iterable[int], now: datetime
) -> CareSettings:
    """The clinic's limits, reminders and video address. Raises NotAllowed, Invalid."""
    actor.check(Permission.MANAGE_CONSULTATIONS)
    template = video_template.strip()
    if template and not video.is_template(template):
        raise Invalid("not_a_template", _("Give an https address with {room} in it, once, or leave it empty."))
    hours = sorted({int(hour) for hour in reminder_hours}, reverse=True)
    if len(hours) > 5 or any(not 1 <= hour <= 336 for hour in hours):
        raise Invalid("not_hours", _("Give at most five reminders, between 1 and 336 hours before."))
    row, _created = CareSettings.objects.update_or_create(
        clinic_id=actor.own_clinic_id,
        defaults={
            "video_template": template,
            "change_until_hours": change_until_hours,
            "reminder_hours": hours,
        },
    )
    _note(actor, "care_settings.saved", "clinic", actor.own_clinic_id, now)
    return row


@transaction.atomic
def save_kind(*, actor: Actor, details: KindDetails, now: datetime, kind_id: UUID | None = None) -> ConsultationKind:
    """A new kind, or a changed one. What was booked keeps its old kind. Raises NotAllowed, NotFound, Invalid."""
    actor.check(Permission.MANAGE_CONSULTATIONS)
    if not details.name.strip() or not 5 <= details.minutes <= 240:
        raise Invalid("not_a_kind", _("Give a name and a length between 5 and 240 minutes."))
    colleagues = {row.pk: row for row in staff_of(actor.own_clinic_id, CLINICIANS)}
    if not set(details.offered_by) <= set(colleagues):
        raise Invalid("not_a_colleague", _("Choose clinicians of your clinic."))
    if kind_id is not None:
        retire_kind(actor=actor, kind_id=kind_id, now=now)
    kind = ConsultationKind.objects.create(
        clinic_id=actor.own_clinic_id,
        name=details.name.strip()[:80],
        minutes=details.minutes,
        mode=details.mode.value,
        by_patients=details.by_patients,
        created_at=now,
    )
    kind.offered_by.set([colleagues[membership_id] for membership_id in details.offered_by])
    for membership_id in details.offered_by:
        Schedule.objects.get_or_create(membership=colleagues[membership_id])
    _note(actor, "consultation_kind.saved", "consultation_kind", kind.pk, now)
    return kind


@transaction.atomic
def retire_kind(*, actor: Actor, kind_id: UUID, now: datetime) -> None:
    """Offer a kind no longer. Raises NotAllowed, NotFound."""
    actor.check(Permission.MANAGE_CONSULTATIONS)
    rows = ConsultationKind.objects.filter(pk=kind_id, clinic_id=actor.own_clinic_id, retired_at=None)
    if not rows.update(retired_at=now):
        raise NotFound
    _note(actor, "consultation_kind.retired", "consultation_kind", kind_id, now)


@transaction.atomic
def save_hours(
    *, actor: Actor, membership_id: UUID, grid: Grid, week: Mapping[int, Sequence[Hours]], now: datetime
) -> Schedule:
    """A clinician's week and how it is given out. What is booked stays booked. Raises NotAllowed, NotFound, Invalid."""
    member = member_for(actor, membership_id)
    for hours in week.values():
        ordered = sorted(hours, key=lambda one: one.starts)
        overlap = any(a.ends > b.starts for a, b in pairwise(ordered))
        if overlap or any(one.starts >= one.ends for one in ordered):
            raise Invalid("not_hours", _("Hours end after they begin and do not overlap."))
    if not 5 <= grid.step_minutes <= 240 or grid.buffer_minutes > 120 or not 1 <= grid.horizon_days <= 365:
        raise Invalid("not_hours", _("Steps are 5 to 240 minutes, pauses up to 120, and booking up to 365 days ahead."))
    schedule, _created = Schedule.objects.update_or_create(
        membership=member,
        defaults={
            "step_minutes": grid.step_minutes,
            "buffer_minutes": grid.buffer_minutes,
            "lead_hours": grid.lead_hours,
            "horizon_days": grid.horizon_days,
        },
    )
    WeeklyHours.objects.filter(schedule=schedule).delete()
    WeeklyHours.objects.bulk_create(
        WeeklyHours(schedule=schedule, weekday=weekday, starts=one.starts, ends=one.ends)
        for weekday, hours in week.items()
        for one in hours
    )
    _note(actor, "hours.saved", "membership", member.pk, now)
    return schedule


@transaction.atomic
def add_exception(
    *,
    actor: Actor,
    membership_id: UUID | None,
    first_date: date,
    last_date: date,
    hours: Hours | None,
    note: str,
    now: datetime,
) -> HoursException:
    """Days off (``hours`` None) or with other hours; ``membership_id`` None closes or opens the whole clinic."""
    schedule = None
    if membership_id is None:
        actor.check(Permission.MANAGE_CONSULTATIONS)
        if hours is not None:
            raise Invalid("not_hours", _("The whole clinic can be closed; other hours belong to one clinician."))
    else:
        schedule, _created = Schedule.objects.get_or_create(membership=member_for(actor, membership_id))
    if last_date < first_date or (last_date - first_date).days > 366:
        raise Invalid("not_days", _("The last day comes after the first, within a year."))
    if hours is not None and hours.starts >= hours.ends:
        raise Invalid("not_hours", _("Hours end after they begin and do not overlap."))
    row = HoursException.objects.create(
        clinic_id=actor.own_clinic_id,
        schedule=schedule,
        first_date=first_date,
        last_date=last_date,
        starts=hours.starts if hours else None,
        ends=hours.ends if hours else None,
        note=note.strip()[:80],
    )
    _note(actor, "hours.exception_added", "hours_exception", row.pk, now)
    return row


@transaction.atomic
def remove_exception(*, actor: Actor, exception_id: UUID, now: datetime) -> None:
    """The week holds again on these days. Raises NotAllowed, NotFound."""
    row = HoursException.objects.filter(pk=exception_id, clinic_id=actor.own_clinic_id).first()
    if row is None:
        raise NotFound
    if row.schedule_id is None:
        actor.check(Permission.MANAGE_CONSULTATIONS)
    else:
        member_for(actor, row.schedule_id)
    row.delete()
    _note(actor, "hours.exception_removed", "hours_exception", exception_id, now)


def member_for(actor: Actor, membership_id: UUID) -> Membership:
    """A clinician whose hours this person may set: their own, or any of an administrator's clinic."""
    if not actor.can(Permission.MANAGE_CONSULTATIONS):
        actor.check(Permission.SET_OWN_HOURS)
    member = selectors.clinician(actor.own_clinic_id, membership_id)
    if member.pk != actor.membership_id and not actor.can(Permission.MANAGE_CONSULTATIONS):
        raise NotAllowed(_("Everybody sets their own hours; an administrator can set all."))
    return member


def own_membership(actor: Actor) -> UUID:
    """The membership through which a member of staff acts; NotAllowed for a patient."""
    if actor.membership_id is None:
        raise NotAllowed(_("This is for a clinic's staff."))
    return actor.membership_id


def parse_hours(text: str) -> list[Hours]:
    """``"9:00-12:30, 14-17"`` as hours; an empty text is a free day. Raises ValueError."""
    found = []
    for part in text.replace("–", "-").replace(";", ",").split(","):
        if part.strip():
            starts, separator, ends = part.partition("-")
            if not separator:
                raise ValueError(part)
            found.append(Hours(_clock(starts), _clock(ends)))
    return found


def _clock(text: str) -> time:
    hour, _colon, minute = text.strip().replace(".", ":").partition(":")
    return time(int(hour), int(minute or 0))


def _note(actor: Actor, action: str, kind: str, subject_id: UUID, now: datetime) -> None:
    audit.record(action=action, now=now, actor=actor, subject_kind=kind, subject_id=subject_id)
