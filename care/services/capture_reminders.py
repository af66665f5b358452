"""Reminders of photographs: one e-mail without content on the day, one more some days later, then silence.

Each is sent by day on the reader's own wall clock, to those who want it, and never once the photographs have come. The
``dedupe_key`` names plan, day and which of the two, so that a sweep that runs twice mails once; what waits in the
outbox when the photographs come is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from accounts import zones
from accounts.notify import Kind, notify, unsent_keys, withdraw
from care import rhythm, selectors
from care.models import CapturePlan, ReminderChoice
from care.rhythm import Reminder, Standing
from care.services.captures import reminder_prefix
from patients.models import PatientAccess, Purpose
from patients.selectors import has_consent

BATCH: Final = 200
KINDS: Final = {Reminder.FIRST: Kind.CAPTURE_DUE, Reminder.LAST: Kind.CAPTURE_STILL_DUE}


def remind_of_captures(*, now: datetime) -> int:
    """Queue every reminder that is due now. Returns how many e-mails were asked for (again ones included)."""
    asked = 0
    waiting = _waiting()
    rows = CapturePlan.objects.filter(status=CapturePlan.Status.ACTIVE, patient__erased_at=None)
    ids = list(rows.filter(starts_on__lte=now.date() + timedelta(days=1)).values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        plans = CapturePlan.objects.filter(pk__in=ids[start : start + BATCH]).select_related("patient__clinic")
        for plan, standing in _standings(list(plans.prefetch_related("stretches")), now):
            asked += _remind(plan, standing, now) if standing.is_due else _take_back(plan, waiting)
    return asked


def _standings(plans: Sequence[CapturePlan], now: datetime) -> Iterator[tuple[CapturePlan, Standing]]:
    sent = selectors.sent_sessions(plan.patient_id for plan in plans)
    for plan in plans:
        zone = selectors.zone_of_patient(plan.patient)
        captures = selectors.captures_of(sent.get(plan.patient_id, []), zone)
        yield plan, rhythm.standing(selectors.course_of(plan), captures, rhythm.local_day(now, zone))


def _remind(plan: CapturePlan, standing: Standing, now: datetime) -> int:
    asked = 0
    for access in _readers(plan):
        at = now.astimezone(ZoneInfo(zones.zone_of(access.user.time_zone, plan.patient.clinic.time_zone)))
        found = rhythm.due_reminder(replace(standing, today=at.date()), clock=at.time(), not_before=plan.remind_from)
        if found is None or not has_consent(plan.patient_id, Purpose.CARE):
            continue
        step, which = found
        notify(
            recipients=[access.user_id],
            kind=KINDS[which],
            clinic_id=plan.clinic_id,
            path=reverse("care:captures", args=[plan.patient_id]),
            dedupe_key=f"{reminder_prefix(plan.pk)}{step.due.on}:{which.value}",
            now=now,
        )
        asked += 1
    return asked


def _readers(plan: CapturePlan) -> Iterable[PatientAccess]:
    silent = ReminderChoice.objects.filter(patient_id=plan.patient_id, wanted=False).values("user_id")
    rows = PatientAccess.objects.filter(patient_id=plan.patient_id, ended_at=None).exclude(user_id__in=silent)
    return rows.select_related("user")


def _waiting() -> set[UUID]:
    """The plans of which a reminder waits in the outbox."""
    return {UUID(key.split(":")[1]) for key in unsent_keys(KINDS.values())}


def _take_back(plan: CapturePlan, waiting: set[UUID]) -> int:
    if plan.pk in waiting:
        withdraw(dedupe_prefix=reminder_prefix(plan.pk))
    return 0
