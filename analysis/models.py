"""Model releases, analyses and their results. A finding is what a model said; a correction lives in ``reviews``."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

from accounts.models import User
from analysis.comparison_models import Comparison, ComparisonImage
from analysis.querysets import AnalysisQuerySet, DerivedImageQuerySet, FindingQuerySet
from patients.models import Photo, PhotoSession
from vault.fields import SealedJSONField

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["Comparison", "ComparisonImage"]


class ModelRelease(models.Model):
    """One released network, found on disk under ``vision/releases`` and switched on or off by an administrator."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=40)  # segmentation, regions, condition
    name = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)  # sha256 over release.toml
    enabled = models.BooleanField(default=True)
    registered_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="one_row_per_model_release")]


class PipelineRelease(models.Model):
    """One combination of releases. An analysis names the pipeline that made it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)  # sha256 over the sorted release digests and pipeline version
    releases = models.JSONField()  # {"segmentation": "scalp-segmentation-0.1", ...}; absent: switched off
    created_at = models.DateTimeField(default=timezone.now)


class Analysis(models.Model):
    """The measuring of one session by one pipeline: the row is the truth about background work.

    Claim, lease and attempts live here; a delivered task only looks at it. Unique per session, pipeline and inputs.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Measuring"
        DONE = "done", "Measured"
        FAILED = "failed", "Failed"  # parked after the last attempt, or refused at once
        CANCELLED = "cancelled", "Cancelled"  # consent withdrawn, session taken back

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(PhotoSession, on_delete=models.CASCADE, related_name="analyses")
    pipeline = models.ForeignKey(PipelineRelease, on_delete=models.PROTECT, related_name="+")
    input_digest = models.CharField(max_length=64)
    hand_scales = models.JSONField(default=dict)  # photo id: px/mm set by a clinician, in place of the photo's own
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    holder = models.UUIDField(null=True, blank=True)  # the claim that runs it
    lease_until = models.DateTimeField(null=True, blank=True)
    photos_total = models.PositiveSmallIntegerField(default=0)
    photos_done = models.PositiveSmallIntegerField(default=0)
    failure_code = models.CharField(max_length=40, blank=True)
    summary = SealedJSONField(null=True)  # vision.codec of SessionAnalysis
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = AnalysisQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "pipeline", "input_digest"], name="one_analysis_per_inputs"),
        ]
        indexes = [models.Index(fields=["status", "lease_until"])]

    @property
    def sealing_key_id(self) -> UUID:
        return self.session.patient.key_id


class PhotoResult(models.Model):
    """What the pipeline said about one photo. Written once, with all others of its analysis, by the holder."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="photo_results")
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="results")
    result = SealedJSONField()  # vision.codec of PhotoAnalysis, without pictures
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["analysis", "photo"], name="one_result_per_photo")]

    @property
    def sealing_key_id(self) -> UUID:
        return self.photo.session.patient.key_id


class DerivedImage(models.Model):
    """A derived picture (overlay, density, attention, ...), sealed like the photo it came from."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photo_result = models.ForeignKey(PhotoResult, on_delete=models.CASCADE, related_name="images")
    kind = models.CharField(max_length=20)  # vision.types.ImageKind
    file_name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=20)
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()

    objects = DerivedImageQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["photo_result", "kind"], name="one_derived_image_per_kind")]


class Finding(models.Model):
    """One statement of the models that a clinician accepts, corrects or rejects."""

    class Kind(models.TextChoices):
        MEASURE = "measure", "Measure"  # payload: metric, value, low, high, unit | reason
        REGION = "region", "Region"  # payload: kind, box, polygon, score, share_of_scalp, position
        CONDITION = "condition", "Condition"  # payload: shown, probabilities, threshold, abstained_because
        SEVERITY = "severity", "Severity index"  # payload: index, affected_share, parts, missing_views | reason
        SALT = "salt", "SALT estimate"  # payload: score, band, lowest_band, highest_band, parts | reason
        NORWOOD = "norwood", "Norwood stage"  # payload: stage, lowest, highest, probabilities, views | reason

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="findings")
    photo = models.ForeignKey(
        Photo, null=True, on_delete=models.CASCADE, related_name="findings"
    )  # None: the session's
    kind = models.CharField(max_length=10, choices=Kind.choices)
    code = models.CharField(max_length=40)  # metric name, "thinning"/"bald", or condition
    position = models.PositiveSmallIntegerField(default=0)
    payload = SealedJSONField()
    release = models.CharField(max_length=80)  # which release said it

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["analysis", "position"], name="one_finding_per_position")]

    @property
    def sealing_key_id(self) -> UUID:
        return self.analysis.session.patient.key_id
