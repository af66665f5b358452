"""The plan of a patient's photographs (C7), and who wants to be reminded of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Clinic, Membership, User
from care.querysets import CapturePlanQuerySet
from care.rhythm import LONGEST_PLAN, PLAN_DAYS, SHORTEST_PLAN
from patients.models import Patient
from reports.models import Report


class RhythmChoice(models.TextChoices):
    """As ``care.rhythm.Rhythm``, in words."""

    WEEKLY = "weekly", "Every week"
    FORTNIGHTLY = "fortnightly", "Every two weeks"
    MONTHLY = "monthly", "Every month"


class CapturePlan(models.Model):
    """A patient's plan. When it asks for what is computed by ``care.rhythm`` from its stretches, never stored."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Running"
        PAUSED = "paused", "Paused"
        ENDED = "ended", "Ended"
        COMPLETED = "completed", "Completed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="capture_plans")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="capture_plans")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    starts_on = models.DateField()
    days = models.PositiveSmallIntegerField(default=PLAN_DAYS)
    started_by = models.ForeignKey(Membership, null=True, on_delete=models.PROTECT, related_name="+")  # None: patient
    report = models.ForeignKey(Report, null=True, on_delete=models.SET_NULL, related_name="+")  # it was begun with
    remind_from = models.DateField()  # no reminder before: the day after it was begun or taken up again
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CapturePlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(status__in=["active", "paused"]), name="one_open_capture_plan"
            ),
            models.CheckConstraint(
                condition=Q(days__gte=SHORTEST_PLAN, days__lte=LONGEST_PLAN), name="a_capture_plan_has_a_length"
            ),
        ]
        indexes = [models.Index(fields=["status", "starts_on"], name="care_capture_plan_open")]

    @property
    def is_open(self) -> bool:
        return self.status in (self.Status.ACTIVE, self.Status.PAUSED)


class PlanStretch(models.Model):
    """From a day on the plan has this rhythm; an empty one: it is paused. Appended; of one day the newest counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plan = models.ForeignKey(CapturePlan, on_delete=models.CASCADE, related_name="stretches")
    number = models.PositiveIntegerField()
    first_date = models.DateField()
    rhythm = models.CharField(max_length=12, choices=RhythmChoice.choices, blank=True)
    by_staff = models.BooleanField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="one_number_per_stretch")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Appends; refuses to change what was decided for days that have passed."""
        if not self._state.adding:
            raise TypeError("A stretch of a plan is never edited: append a new one.")
        super().save(*args, **kwargs)


class ReminderChoice(models.Model):
    """One person's wish about reminders of one patient's photographs. Without a row they are sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="reminder_choices")
    wanted = models.BooleanField()
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "patient"], name="one_wish_per_person_and_patient")]
