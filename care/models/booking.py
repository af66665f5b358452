"""Consultations, and the hours, kinds and limits that they are booked from."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Clinic, Membership, User
from care.querysets import ConsultationQuerySet
from patients.models import Patient
from vault.fields import SealedTextField

if TYPE_CHECKING:
    from uuid import UUID


def reminder_hours() -> list[int]:
    """A day and an hour before."""
    return [24, 1]


class Mode(models.TextChoices):
    IN_PERSON = "in_person", "In the clinic"
    VIDEO = "video", "By video"


class CareSettings(models.Model):
    """What a clinic has decided about its consultations."""

    clinic = models.OneToOneField(Clinic, primary_key=True, on_delete=models.CASCADE, related_name="care_settings")
    video_template = models.CharField(max_length=200, blank=True)  # https address with {room}; empty: no video
    change_until_hours = models.PositiveSmallIntegerField(default=24)  # patients move and cancel until then
    reminder_hours = models.JSONField(default=reminder_hours)  # hours before the start, each one e-mail
    # Plans of photographs (care.rhythm): what a new one begins with, and whether patients begin one themselves.
    capture_rhythm = models.CharField(max_length=12, default="weekly")
    capture_days = models.PositiveSmallIntegerField(default=90)
    patients_start_plans = models.BooleanField(default=False)


class ConsultationKind(models.Model):
    """A kind of consultation that a clinic offers. Changed by a new row, so that a booking keeps what was booked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="consultation_kinds")
    name = models.CharField(max_length=80)
    minutes = models.PositiveSmallIntegerField()
    mode = models.CharField(max_length=10, choices=Mode.choices)
    by_patients = models.BooleanField(default=True)  # patients may book it themselves
    offered_by = models.ManyToManyField(Membership, related_name="consultation_kinds")
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)


class Schedule(models.Model):
    """How a clinician's time is given out. Its row is the lock under which their time is booked."""

    membership = models.OneToOneField(
        Membership, primary_key=True, on_delete=models.CASCADE, related_name="care_schedule"
    )
    step_minutes = models.PositiveSmallIntegerField(default=15)  # slots begin at these steps
    buffer_minutes = models.PositiveSmallIntegerField(default=5)  # kept free after each consultation
    lead_hours = models.PositiveSmallIntegerField(default=12)  # patients book at least so long before
    horizon_days = models.PositiveSmallIntegerField(default=60)


class WeeklyHours(models.Model):
    """Hours of one weekday, on the wall clock of the clinic's time zone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField()  # 0: Monday
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(starts__lt=F("ends")), name="hours_end_after_they_start"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="a_week_has_seven_days"),
        ]


class HoursException(models.Model):
    """Days on which the week does not hold: closed, or other hours. ``schedule`` None: for the whole clinic."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="+")
    schedule = models.ForeignKey(Schedule, null=True, on_delete=models.CASCADE, related_name="exceptions")
    first_date = models.DateField()
    last_date = models.DateField()
    starts = models.TimeField(null=True, blank=True)  # None: closed
    ends = models.TimeField(null=True, blank=True)
    note = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(first_date__lte=F("last_date")), name="an_exception_ends_after_it_begins"
            ),
        ]


class Consultation(models.Model):
    """A consultation that was booked. Moved, it keeps its row and counts up ``sequence``."""

    class Status(models.TextChoices):
        BOOKED = "booked", "Booked"
        CANCELLED = "cancelled", "Cancelled"
        MISSED = "missed", "Missed"
        HELD = "held", "Took place"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="consultations")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="consultations")
    kind = models.ForeignKey(ConsultationKind, on_delete=models.PROTECT, related_name="consultations")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="consultations")
    mode = models.CharField(max_length=10, choices=Mode.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.BOOKED)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    blocked_until = models.DateTimeField()  # the end and the buffer after it
    sequence = models.PositiveIntegerField(default=0)  # of the calendar entry
    room = SealedTextField()  # unguessable part of the video address
    booked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    send_key = models.UUIDField()
    booked_at = models.DateTimeField(default=timezone.now)
    scheduled_at = models.DateTimeField(default=timezone.now)  # when the present time was chosen
    ended_at = models.DateTimeField(null=True, blank=True)  # cancelled, or marked missed or held
    cancelled_by_staff = models.BooleanField(default=False)
    reason = SealedTextField(blank=True, default="")  # why it was cancelled

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["booked_by", "send_key"], name="one_consultation_per_sending"),
            models.UniqueConstraint(
                fields=["membership", "starts_at"],
                condition=Q(status="booked"),
                name="one_booking_per_clinician_and_time",
            ),
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="a_consultation_ends_after_it_starts"),
        ]
        indexes = [
            models.Index(fields=["membership", "status", "starts_at"], name="care_consultation_agenda"),
            models.Index(fields=["status", "starts_at"], name="care_consultation_due"),
            models.Index(fields=["patient", "-starts_at"], name="care_consultation_patient"),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.patient.key_id


class CalendarFeed(models.Model):
    """A clinician's private calendar address; only a digest of its token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="calendar_feeds")
    token_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)
