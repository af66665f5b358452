"""Signed reports, exports and erasures: what leaves the building, and what is destroyed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Clinic, Membership, User
from patients.models import Patient, PhotoSession
from reports.querysets import (
    ErasureRequestQuerySet,
    ExportRequestQuerySet,
    ProgressDocumentQuerySet,
    ReportQuerySet,
    ReportResourceQuerySet,
)
from reviews.models import Review
from vault.fields import SealedJSONField, SealedTextField

if TYPE_CHECKING:
    from uuid import UUID


class Report(models.Model):
    """A signed report: content frozen and hashed at signing. A correction is a new report that supersedes.

    After erasure a report that must be kept is sealed under the clinic's record key: ``kept_under_clinic_key``.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="reports")
    session = models.ForeignKey(PhotoSession, null=True, on_delete=models.SET_NULL, related_name="reports")
    review = models.OneToOneField(Review, null=True, on_delete=models.SET_NULL, related_name="report")
    content = SealedJSONField()  # reports.content.ReportContent
    content_hash = models.CharField(max_length=64)  # sha256 of the canonical JSON
    signed_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    verification_code = models.CharField(max_length=40, unique=True)  # 128 bits, base32 in groups
    supersedes = models.OneToOneField("self", null=True, on_delete=models.SET_NULL, related_name="superseded_by")
    pdf_name = models.CharField(max_length=200, blank=True)  # attached once by the renderer
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    pdf_attempts = models.PositiveSmallIntegerField(default=0)
    pdf_failure = models.CharField(max_length=40, blank=True)  # why the last attempt failed: a code
    pdf_signer = models.CharField(max_length=200, blank=True)  # the subject of the certificate that signed the PDF
    pdf_certificate = models.CharField(max_length=64, blank=True)  # its SHA-256 fingerprint
    pdf_profile = models.CharField(max_length=20, blank=True)  # the PAdES baseline that the signature reaches
    pdf_signed_at = models.DateTimeField(null=True, blank=True)
    kept_under_clinic_key = models.BooleanField(default=False)

    objects = ReportQuerySet.as_manager()

    @property
    def sealing_key_id(self) -> UUID:
        return self.clinic.record_key_id if self.kept_under_clinic_key else self.patient.key_id


class Amendment(models.Model):
    """That a review was opened to correct a signed report, and why. Signing it supersedes that report."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.OneToOneField(Review, on_delete=models.CASCADE, related_name="amendment")
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="amendments")
    reason = SealedTextField()  # as it stands in the new report
    opened_at = models.DateTimeField()

    @property
    def sealing_key_id(self) -> UUID:
        return self.report.sealing_key_id


class ReportImage(models.Model):
    """A picture frozen with a report (photo or accepted overlay), as the patient may see it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="images")
    view = models.CharField(max_length=20)
    kind = models.CharField(max_length=20)  # "photo" or vision.types.ImageKind
    file_name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]


class ReportResource(models.Model):
    """Which report a FHIR resource came from: what a report became is found by its id without opening every report."""

    class Kind(models.TextChoices):
        OBSERVATION = "Observation"
        CARE_PLAN = "CarePlan"
        PROVENANCE = "Provenance"

    id = models.UUIDField(primary_key=True, editable=False)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="resources")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    position = models.PositiveSmallIntegerField(default=0)

    objects = ReportResourceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["kind", "report", "position"])]


class ProgressDocument(models.Model):
    """A delta report or a summary as PDF, made on request from signed reports: content frozen, rendered by a worker.

    The same content asked for again is the same row. It is deleted some time after it was made; the signed reports that
    it was made from stay.
    """

    class Kind(models.TextChoices):
        DELTA = "delta", "Changes between two visits"
        SUMMARY = "summary", "Summary of a period"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="progress_documents")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    content = SealedJSONField()  # reports.progress.content.ProgressContent
    content_hash = models.CharField(max_length=64)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    pdf_name = models.CharField(max_length=200, blank=True)  # attached once by the renderer
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    failure_code = models.CharField(max_length=40, blank=True)
    made_at = models.DateTimeField(null=True, blank=True)

    objects = ProgressDocumentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "kind", "content_hash"], name="one_progress_document_per_content"
            )
        ]

    @property
    def sealing_key_id(self) -> UUID:
        return self.patient.key_id


class ExportRequest(models.Model):
    """A patient's request for all their data: an archive sealed in the vault, fetched through an expiring link."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Being prepared"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="exports")
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    file_name = models.CharField(max_length=200, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    holder = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    requested_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = ExportRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient"], condition=Q(status="queued"), name="one_export_in_preparation"),
        ]


class ErasureRequest(models.Model):
    """A request to erase a person: dry run, decision with a deadline, execution, certificate (G4)."""

    class Status(models.TextChoices):
        REQUESTED = "requested", "Waiting for the administrator"
        WITHDRAWN = "withdrawn", "Withdrawn by the patient"
        REFUSED = "refused", "Refused"
        EXECUTED = "executed", "Carried out"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="erasure_requests")
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    requested_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()  # one month (GDPR Art. 12(3))
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(Membership, null=True, on_delete=models.SET_NULL, related_name="+")
    decision_reason = models.CharField(max_length=300, blank=True)
    dry_run = models.JSONField(null=True)  # the steps as the administrator confirmed them: words, counts, reasons
    certificate = models.JSONField(null=True)  # opaque ids, counts, hashes, times
    certificate_hash = models.CharField(max_length=64, blank=True)
    certificate_code = models.CharField(max_length=40, blank=True)  # 128 bits; checked on the public page
    key_destroyed_at = models.DateTimeField(null=True, blank=True)  # after the commit; the sweep makes good a crash

    objects = ErasureRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(status="requested"), name="one_open_erasure_request"
            ),
            models.UniqueConstraint(
                fields=["certificate_code"], condition=~Q(certificate_code=""), name="one_certificate_per_code"
            ),
        ]
