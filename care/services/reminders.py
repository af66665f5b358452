"""Reminders: an e-mail without content, each once, for the time that is booked now."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse

from accounts.notify import Kind, notify
from care import selectors
from care.models import CareSettings, Consultation
from care.models.booking import reminder_hours
from patients.selectors import users_of


def send_reminders(*, now: datetime) -> int:
    """Remind of every booked consultation whose reminder is due. Returns how many consultations were reminded of.

    Only the latest reminder that is due is sent, and none that was due before the time was chosen. The number of the
    calendar entry is part of what makes a reminder one: a moved consultation is reminded of anew.
    """
    hours_by_clinic = dict(CareSettings.objects.values_list("clinic_id", "reminder_hours"))
    longest = max([max(hours, default=0) for hours in hours_by_clinic.values()] + reminder_hours())
    reminded = 0
    for consultation in selectors.booked_until(now, now + timedelta(hours=longest)):
        hours = hours_by_clinic.get(consultation.clinic_id, reminder_hours())
        due = due_reminder(consultation, hours, now)
        if due is not None:
            _remind(consultation, due, now)
            reminded += 1
    return reminded


def due_reminder(consultation: Consultation, hours: list[int], now: datetime) -> int | None:
    """How many hours before the start the newest reminder is that is due now; None when there is none to send."""
    passed = [hour for hour in hours if consultation.starts_at - timedelta(hours=hour) <= now < consultation.starts_at]
    if not passed:
        return None
    newest = min(passed)
    if consultation.starts_at - timedelta(hours=newest) <= consultation.scheduled_at:
        return None
    return newest


def _remind(consultation: Consultation, hour: int, now: datetime) -> None:
    notify(
        recipients=users_of(consultation.patient_id),
        kind=Kind.CONSULTATION_SOON,
        clinic_id=consultation.clinic_id,
        path=reverse("care:consultation", args=[consultation.pk]),
        dedupe_key=f"reminder:{consultation.pk}:{consultation.sequence}:{hour}",
        now=now,
    )
