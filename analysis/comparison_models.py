"""Comparisons of two photographs of one view: background work with its result, as an analysis is."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

from accounts.models import Membership
from analysis.querysets import ComparisonQuerySet
from patients.models import Photo
from vault.fields import SealedJSONField

if TYPE_CHECKING:
    from uuid import UUID


class Comparison(models.Model):
    """What a later photograph of a view shows against an earlier one. The row is the truth about the work.

    ``not_comparable`` is the answer of a finished comparison that says why there is none. A patient sees map and
    figures once a clinician has released them (``released_at``), and only between signed sessions (``reports``).
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Comparing"
        DONE = "done", "Compared"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photo_then = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="+")
    photo_now = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="+")
    pipeline = models.ForeignKey("analysis.PipelineRelease", on_delete=models.PROTECT, related_name="+")
    input_digest = models.CharField(max_length=64)  # a row of other inputs is out of date (analysis.comparing)
    by_hand = SealedJSONField(null=True)  # None or {"then": …, "now": …}: analysis.by_hand, where clinicians had a say
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    holder = models.UUIDField(null=True, blank=True)  # the claim that runs it
    lease_until = models.DateTimeField(null=True, blank=True)
    failure_code = models.CharField(max_length=40, blank=True)
    not_comparable = models.CharField(max_length=40, blank=True)  # vision.registration.ComparisonReason
    result = SealedJSONField(null=True)  # vision.change_codec
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)  # a clinician lets the patient see map and figures
    released_by = models.ForeignKey(Membership, null=True, on_delete=models.PROTECT, related_name="+")

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["photo_then", "photo_now", "pipeline", "input_digest"], name="one_comparison_per_inputs"
            ),
        ]
        indexes = [models.Index(fields=["status", "lease_until"], name="comparison_work")]

    @property
    def sealing_key_id(self) -> UUID:
        return self.photo_now.session.patient.key_id


class ComparisonImage(models.Model):
    """A derived picture of a comparison, sealed: the later photograph laid onto the earlier, the map of change."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="images")
    kind = models.CharField(max_length=20)  # vision.types.ImageKind
    file_name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=20)
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comparison", "kind"], name="one_comparison_image_per_kind")]
