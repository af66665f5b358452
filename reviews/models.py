"""Reviews, what clinicians decided about findings, their own reading, the formulary and the plan."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Clinic, Membership
from analysis.models import Analysis, Finding
from patients.models import Photo, PhotoSession
from reviews.aftercare_models import FollowUpTask, PlanTemplate, PlanVersion, SideEffectReport
from reviews.desk_models import Handover, SavedView
from reviews.querysets import PlanQuerySet, ReviewQuerySet
from reviews.reading_models import CaseReading, Escalation, Opinion, PhotoLook, Read, ReadingPolicy, ReadMarks
from vault.fields import SealedJSONField, SealedTextField

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["FollowUpTask", "Handover", "PlanTemplate", "PlanVersion", "SavedView", "SideEffectReport"]
__all__ += ["CaseReading", "Escalation", "Opinion", "PhotoLook", "Read", "ReadMarks", "ReadingPolicy"]


class ReviewStatus(models.TextChoices):
    """States of a review; the table of transitions is ``reviews.workflow``."""

    CLAIMED = "claimed", "Being reviewed"
    RELEASED = "released", "Handed back"  # closed without judgement; the case is free again
    RETAKE_REQUESTED = "retake_requested", "Retake requested"
    DECIDED = "decided", "Ready to sign"  # approved or amended; the plan may be signed
    SIGNED = "signed", "Signed"
    REJECTED = "rejected", "Rejected"
    ESCALATED = "escalated", "Escalated to a dermatologist"  # closed; only a dermatologist claims the case next

    @classmethod
    def handed_on(cls) -> tuple[str, ...]:
        """States that leave the case in the queue, with the work for whoever claims it next."""
        return (cls.RELEASED, cls.ESCALATED)

    @classmethod
    def open_states(cls) -> tuple[str, ...]:
        """States that hold a case: at most one such review per session."""
        return (cls.CLAIMED, cls.DECIDED)


class Review(models.Model):
    """One clinician's judgement of one case. Created by the claim; two open ones cannot exist."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(PhotoSession, on_delete=models.CASCADE, related_name="reviews")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="reviews")
    analysis = models.ForeignKey(Analysis, null=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(max_length=20, choices=ReviewStatus.choices, default=ReviewStatus.CLAIMED)
    outcome = models.CharField(max_length=10, blank=True)  # approved, amended
    claimed_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # R8: the clinician's own reading, independent of AI
    reading = SealedJSONField(default=dict)  # diagnosis_code, differential[], examination, tests, reasoning
    reading_saved_at = models.DateTimeField(null=True, blank=True)
    message_to_patient = SealedTextField(blank=True, default="")  # retake or rejection, as the patient reads it
    # Handing over: what the last holder leaves for the next one, who starts from their work.
    handover_note = SealedTextField(blank=True, default="")
    for_dermatologist = models.BooleanField(default=False)  # handed back because a dermatologist has to sign
    blind_first = models.BooleanField(default=False)  # the policy at the claim: grade before the findings open
    carried_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(status__in=["claimed", "decided"]), name="one_open_review_per_session"
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "status"]),
            models.Index(fields=["reviewer", "status"], name="reviews_of_one"),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.session.patient.key_id


class ReviewEvent(models.Model):
    """The history of a review: appended under the row's lock, never edited."""

    id = models.BigAutoField(primary_key=True)
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="history")
    action = models.CharField(max_length=30)
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20)
    actor_id = models.UUIDField(null=True)
    at = models.DateTimeField(default=timezone.now)


class FindingOpened(models.Model):
    """That the reviewer looked at a photo or a finding: nothing can be signed unseen."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="opened")
    subject_kind = models.CharField(max_length=10)  # "photo" or "finding"
    subject_id = models.UUIDField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "subject_kind", "subject_id"], name="opened_once_per_review"),
        ]


class FindingDecision(models.Model):
    """Accepted, corrected or rejected; a changed mind is a new row, the newest counts. The finding stays as it was.

    Rows are a stack: ``WITHDRAWN`` takes the row before it back. ``corrected`` has the shape of the finding's payload.
    """

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        CORRECTED = "corrected", "Corrected"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Taken back"  # undo: the decision before the last one counts again

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="decisions")
    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="decisions")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    corrected = SealedJSONField(null=True)  # same shape as the finding's payload
    reason = SealedTextField(blank=True, default="")
    cause = models.CharField(max_length=24, blank=True, default="")  # reviews.causes, where one of the list was named
    decided_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()  # 0, 1, 2 ... within this review and finding
    turn = models.PositiveIntegerField(default=0)  # the act of this review it belongs to (reviews.turns); 0: carried
    of_turn = models.PositiveIntegerField(null=True, blank=True)  # the turn that is taken back, or done again
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["review", "finding", "position"], name="one_decision_per_position"),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.review.session.patient.key_id


class OwnRegion(models.Model):
    """One state of a region that the clinician drew because the models missed it. Source: the clinician, no release.

    Rows of one ``region_id`` are a stack, as decisions are: the newest that was not taken back counts, and the region
    is absent when that one says ``REMOVED`` or none is left.
    """

    class Act(models.TextChoices):
        DRAWN = "drawn", "Drawn"
        CHANGED = "changed", "Changed"
        REMOVED = "removed", "Removed"
        WITHDRAWN = "withdrawn", "Taken back"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="own_regions")
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="+")
    region_id = models.UUIDField()
    act = models.CharField(max_length=10, choices=Act.choices)
    payload = SealedJSONField(null=True)  # as a region finding's: kind, box, polygon, share_of_scalp, position
    reason = SealedTextField(blank=True, default="")
    drawn_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()  # 0, 1, 2 ... within this review and region
    turn = models.PositiveIntegerField(default=0)
    of_turn = models.PositiveIntegerField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["review", "region_id", "position"], name="one_region_state_per_position"),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.review.session.patient.key_id


class ManualScale(models.Model):
    """Pixels per millimetre of one photograph, from two points a clinician set at a known distance (C6)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="manual_scales")
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="scales")
    points = SealedJSONField()  # [[x, y], [x, y]] in picture fractions
    length_mm = models.FloatField()
    px_per_mm = models.FloatField()
    set_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["photo"], condition=Q(removed_at=None), name="one_manual_scale_per_photo"),
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.review.session.patient.key_id


class FormularyEntry(models.Model):
    """A treatment that a plan may contain. Seeded from ``reviews.formulary``; a clinic may switch entries off."""

    class Category(models.TextChoices):
        TOPICAL = "topical", "Topical"
        SYSTEMIC = "systemic", "Systemic"
        LASER = "laser", "Laser and light"
        PROCEDURE = "procedure", "Procedure"
        LIFESTYLE = "lifestyle", "Lifestyle"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.SlugField(max_length=60, unique=True)
    category = models.CharField(max_length=10, choices=Category.choices)
    name = models.CharField(max_length=120)
    usual_dose = models.CharField(max_length=200)
    usual_duration = models.CharField(max_length=120)
    evidence_grade = models.CharField(max_length=1)  # A..D, see reviews.formulary
    source = models.CharField(max_length=300)
    indications = models.JSONField(default=list)  # ICD-10 codes of reviews.diagnoses it is used for; empty: any
    prescription = models.BooleanField(default=False)
    contraindications = models.JSONField(default=list)  # rule codes of reviews.contraindications
    monitoring = models.CharField(max_length=300, blank=True)
    patient_text = models.TextField()  # what the patient reads
    active = models.BooleanField(default=True)


class Plan(models.Model):
    """The treatment plan of a review, edited in place until it is signed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.OneToOneField(Review, on_delete=models.CASCADE, related_name="plan")
    summary = SealedTextField(blank=True, default="")  # in words for the patient
    advice = SealedTextField(blank=True, default="")  # lifestyle, warnings
    follow_up_date = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = PlanQuerySet.as_manager()

    @property
    def sealing_key_id(self) -> UUID:
        return self.review.session.patient.key_id


class PlanItem(models.Model):
    """One treatment in a plan, with what the clinician wrote about it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="items")
    entry = models.ForeignKey(FormularyEntry, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    dose = SealedTextField()
    duration = SealedTextField()
    instructions = SealedTextField(blank=True, default="")
    override_reason = SealedTextField(blank=True, default="")  # why in spite of a relative contraindication

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["plan", "entry"], name="one_plan_item_per_entry")]

    @property
    def sealing_key_id(self) -> UUID:
        return self.plan.review.session.patient.key_id
