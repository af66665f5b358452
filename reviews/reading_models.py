"""Grades, second opinions and escalations: who judged a case besides the one who signs it, and what was demanded."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Clinic, Membership
from patients.models import Photo, PhotoSession
from reviews.policy import Demand, ReadingRules
from reviews.querysets import CaseReadingQuerySet, OpinionQuerySet
from reviews.workflow import ReadState
from vault.fields import SealedJSONField, SealedTextField

if TYPE_CHECKING:
    from uuid import UUID


def sampling_seed() -> str:
    """Where a clinic's samples start (64 bits)."""
    return secrets.token_hex(8)


class ReadingPolicy(models.Model):
    """What a clinic demands of its readers (``reviews.policy``); a change holds from the next claim."""

    clinic = models.OneToOneField(Clinic, primary_key=True, on_delete=models.CASCADE, related_name="reading_policy")
    blind_first = models.CharField(max_length=10, choices=[(d.value, d.value) for d in Demand], default=Demand.OFF)
    blind_percent = models.PositiveSmallIntegerField(default=20)  # of submitted cases, when a sample is read blind
    double_read = models.CharField(max_length=10, choices=[(d.value, d.value) for d in Demand], default=Demand.OFF)
    double_percent = models.PositiveSmallIntegerField(default=10)
    severity_points = models.PositiveSmallIntegerField(default=2)  # two readers may differ by this much
    share_points = models.PositiveSmallIntegerField(default=20)  # percentage points of affected scalp
    seed = models.CharField(max_length=32, default=sampling_seed)  # a sample can be drawn again
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(Membership, null=True, on_delete=models.PROTECT, related_name="+")
    # The worklist's order follows a change batch by batch (reviews.services.shown_ranks): how far it is.
    applying = models.BooleanField(default=False)
    applied_to = models.UUIDField(null=True, blank=True)  # the last session that follows it, in the order of their ids
    cases_done = models.PositiveIntegerField(default=0)
    cases_total = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(blind_percent__lte=100, double_percent__lte=100, share_points__lte=100),
                name="reading_policy_percents",
            ),
        ]

    @classmethod
    def rules_of(cls, clinic_id: UUID | None) -> ReadingRules:
        """The rules in force; everything is off until an administrator has said otherwise."""
        row = cls.objects.filter(clinic_id=clinic_id).first()
        return row.rules if row is not None else ReadingRules()

    @classmethod
    def of_clinic(cls, clinic: Clinic) -> ReadingRules:
        """The same of a clinic that was read with its policy."""
        row: ReadingPolicy | None = getattr(clinic, "reading_policy", None)
        return row.rules if row is not None else ReadingRules()

    @property
    def rules(self) -> ReadingRules:
        """As a value."""
        return ReadingRules(
            blind_first=Demand(self.blind_first),
            blind_percent=self.blind_percent,
            double_read=Demand(self.double_read),
            double_percent=self.double_percent,
            severity_points=self.severity_points,
            share_points=self.share_points,
            seed=self.seed,
        )


class CaseReading(models.Model):
    """The independent reading of one submission of a case: how far it is, and the thresholds that hold for it.

    Locked while a grade is committed, so that two readers cannot both be the second.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(PhotoSession, on_delete=models.CASCADE, related_name="readings")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()  # which submission: a retake is read anew
    status = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in ReadState], default=ReadState.NOT_DEMANDED.value
    )
    severity_points = models.PositiveSmallIntegerField()
    share_points = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    waived_by = models.ForeignKey(Membership, null=True, on_delete=models.PROTECT, related_name="+")
    waived_at = models.DateTimeField(null=True, blank=True)
    waive_reason = SealedTextField(blank=True, default="")

    objects = CaseReadingQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "submitted_at"], name="one_reading_per_submission")]
        indexes = [models.Index(fields=["clinic", "status"])]

    @property
    def sealing_key_id(self) -> UUID:
        return self.session.patient.key_id


class Read(models.Model):
    """One reader's committed grade: appended, never edited. The reader had not seen findings or other grades before."""

    class Role(models.TextChoices):
        INDEPENDENT = "independent", "Independent read"
        ADJUDICATION = "adjudication", "Adjudication"  # between two that differ, with both beside it

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(CaseReading, on_delete=models.CASCADE, related_name="reads")
    reader = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20, choices=Role.choices)
    position = models.PositiveSmallIntegerField()  # 0, 1, 2 ... in the order of commitment
    review = models.ForeignKey(
        "reviews.Review", null=True, on_delete=models.SET_NULL, related_name="reads"
    )  # of a holder
    grade = SealedJSONField()  # reviews.grade.Grade
    details = SealedJSONField(null=True)  # reviews.blind_details.Details; None: committed before they were recorded
    remark = SealedTextField(blank=True, default="")
    consent_id = models.UUIDField(null=True)  # to model improvement, as it stood at the commitment
    consent_version = models.PositiveIntegerField(null=True)
    committed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["case", "reader"], name="nobody_reads_twice"),
            models.UniqueConstraint(fields=["case", "position"], name="one_read_per_position"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Appends; refuses to change a grade that was committed."""
        if not self._state.adding:
            raise TypeError("A committed grade is never edited.")
        super().save(*args, **kwargs)

    @property
    def sealing_key_id(self) -> UUID:
        return self.case.session.patient.key_id


class PhotoLook(models.Model):
    """That an independent reader or an asked colleague had a photograph on the stage: nothing is graded unseen.

    Whoever holds the case has a :class:`reviews.models.FindingOpened` instead.
    """

    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="looks")
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["photo", "member"], name="one_look_per_photo_and_member")]


class ReadMarks(models.Model):
    """Regions that a blind reader has drawn and not committed yet; they become part of the grade, and the row goes."""

    session = models.ForeignKey(PhotoSession, on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    regions = SealedJSONField(default=list)  # reviews.blind_details.DrawnRegion
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "member"], name="one_set_of_marks_per_reader")]

    @property
    def sealing_key_id(self) -> UUID:
        return self.session.patient.key_id


class Opinion(models.Model):
    """A second opinion, asked of a named colleague or of any dermatologist, in writing and without taking the case."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(PhotoSession, on_delete=models.CASCADE, related_name="opinions")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    asked_of = models.ForeignKey(Membership, null=True, on_delete=models.PROTECT, related_name="+")  # None: any
    question = SealedTextField()
    asked_at = models.DateTimeField(default=timezone.now)
    answered_by = models.ForeignKey(Membership, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = SealedTextField(blank=True, default="")
    grade = SealedJSONField(null=True)  # reviews.grade.Grade
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = OpinionQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at"]
        indexes = [models.Index(fields=["clinic", "answered_at", "withdrawn_at"])]

    @property
    def sealing_key_id(self) -> UUID:
        return self.session.patient.key_id

    @property
    def is_open(self) -> bool:
        return self.answered_at is None and self.withdrawn_at is None


class Escalation(models.Model):
    """Why a case was handed up to the dermatologists, and how soon it has to be looked at."""

    class Urgency(models.TextChoices):
        NOW = "now", "Seek care now"
        SOON = "soon", "Soon"

    review = models.OneToOneField(
        "reviews.Review", primary_key=True, on_delete=models.CASCADE, related_name="escalation"
    )
    urgency = models.CharField(max_length=4, choices=Urgency.choices)
    reason = SealedTextField()
    at = models.DateTimeField(default=timezone.now)

    @property
    def sealing_key_id(self) -> UUID:
        return self.review.session.patient.key_id
