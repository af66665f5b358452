"""What surrounds a plan: its versions, a clinic's templates, and after the signature what is still to be done and what
the patient says about side effects."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Clinic, Membership, User
from patients.models import Patient
from reviews.desk_querysets import ClinicQuerySet, PatientRowQuerySet, PlanVersionQuerySet
from vault.fields import SealedJSONField, SealedTextField

if TYPE_CHECKING:
    from uuid import UUID


class PlanVersion(models.Model):
    """The plan as it stood after a change, with who made it. What one person types in one go is one version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plan = models.ForeignKey("reviews.Plan", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    change = models.CharField(max_length=30)  # the audited action: "plan.saved", "plan.item_added" ...
    entry_code = models.CharField(max_length=60, blank=True)
    changed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    content = SealedJSONField()  # reviews.plan_versions.snapshot
    began_at = models.DateTimeField(default=timezone.now)
    at = models.DateTimeField(default=timezone.now)

    objects = PlanVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="one_plan_version_per_number")]

    @property
    def sealing_key_id(self) -> UUID:
        return self.plan.review.session.patient.key_id


class PlanTemplate(models.Model):
    """A plan that a clinic uses again: treatments with dose and words, advice and the time to the follow-up.

    Sealed under the clinic's record key: it comes from a patient's plan and may be edited by hand.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    content = SealedJSONField()  # reviews.plan_templates.Template as a dict
    created_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    objects = ClinicQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["clinic", "name"], name="one_plan_template_per_name")]

    @property
    def sealing_key_id(self) -> UUID:
        return self.clinic.record_key_id


class FollowUpTask(models.Model):
    """Something that a signed plan, or a patient's answer, asks somebody to do by a day."""

    class Kind(models.TextChoices):
        FOLLOW_UP = "follow_up", "Follow-up visit or photographs"
        MONITORING = "monitoring", "Monitoring"
        SIDE_EFFECTS = "side_effects", "Side-effect check"
        URGENT_ANSWER = "urgent_answer", "Urgent answer of the patient"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="follow_up_tasks")
    review = models.ForeignKey("reviews.Review", on_delete=models.CASCADE, related_name="follow_up_tasks")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    entry = models.ForeignKey("reviews.FormularyEntry", null=True, on_delete=models.PROTECT, related_name="+")
    due_date = models.DateField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    postponed = models.PositiveSmallIntegerField(default=0)  # how often
    note = SealedTextField(blank=True, default="")  # the clinician's, with the last act
    reminded_for = models.DateField(null=True, blank=True)  # the due date that the patient was reminded of
    staff_reminded_for = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(Membership, null=True, on_delete=models.PROTECT, related_name="+")

    objects = PatientRowQuerySet.as_manager()

    class Meta:
        ordering = ["due_date", "created_at"]
        indexes = [
            models.Index(fields=["clinic", "due_date"], condition=Q(status="open"), name="open_follow_up_tasks"),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.patient.key_id


class SideEffectReport(models.Model):
    """What a patient answered at home about the treatments of a signed plan."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="side_effect_reports")
    review = models.ForeignKey("reviews.Review", on_delete=models.CASCADE, related_name="side_effect_reports")
    answers = SealedJSONField()  # {question code: answer value}, and "words"
    red = models.BooleanField(default=False)  # an answer asks for help soon
    submitted_at = models.DateTimeField(default=timezone.now)
    submitted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(Membership, null=True, on_delete=models.PROTECT, related_name="+")

    objects = PatientRowQuerySet.as_manager()

    class Meta:
        ordering = ["-submitted_at"]

    @property
    def sealing_key_id(self) -> UUID:
        return self.patient.key_id
