"""What this room holds about a person: what goes into the archive, what an erasure deletes, and what the law keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.privacy import Category, ErasureStep, FieldRule, OnErasure, RoomPrivacy
from patients.services.storage import delete_after_commit
from reports.archive import export_files
from reports.models import Amendment, ErasureRequest, ExportRequest, ProgressDocument, Report, ReportImage
from reports.querysets import ExportRequestQuerySet
from vault import files
from vault.reseal import reseal_file, reseal_row

FOLDER: Final = "kept"
RETENTION: Final = (
    "Signed medical records must be kept by law (in Germany ten years, BGB § 630f). They are sealed under the clinic's "
    "record key and shown to nobody in the portal."
)

_LINK = FieldRule(Category.LINK, OnErasure.KEEP)
_GONE = FieldRule(Category.LINK, OnErasure.ERASE)
_KEPT = FieldRule(Category.HEALTH, OnErasure.RESEAL, RETENTION)
_KEPT_IMAGE = FieldRule(Category.IMAGE, OnErasure.RESEAL, RETENTION)
_EVIDENCE = FieldRule(Category.LINK, OnErasure.KEEP, "Proof that the request was answered in time; opaque ids only.")

_FIELDS: Final[dict[str, FieldRule]] = {
    "Report.content": _KEPT,
    **{
        f"Report.{name}": _LINK
        for name in (
            "id", "clinic", "patient", "session", "review", "content_hash", "signed_by", "signed_at",
            "verification_code", "supersedes", "pdf_name", "pdf_sha256", "pdf_attempts", "pdf_failure", "pdf_signer",
            "pdf_certificate", "pdf_profile", "pdf_signed_at", "kept_under_clinic_key",
        )
    },
    **{f"ReportResource.{name}": _LINK for name in ("id", "report", "kind", "position")},
    **{f"ReportImage.{name}": _KEPT_IMAGE for name in ("view", "kind", "file_name", "sha256")},
    **{f"ReportImage.{name}": _LINK for name in ("id", "report", "media_type", "width_px", "height_px", "position")},
    **{f"Amendment.{name}": _GONE for name in ("id", "review", "report", "opened_at")},
    "Amendment.reason": FieldRule(Category.HEALTH, OnErasure.ERASE),
    **{
        f"ProgressDocument.{name}": _GONE
        for name in (
            "id", "patient", "kind", "content_hash", "requested_by", "requested_at", "pdf_sha256", "attempts",
            "failure_code", "made_at",
        )
    },
    "ProgressDocument.content": FieldRule(Category.HEALTH, OnErasure.ERASE),
    "ProgressDocument.pdf_name": FieldRule(Category.HEALTH, OnErasure.ERASE),
    **{
        f"ExportRequest.{name}": _GONE
        for name in (
            "id", "patient", "requested_by", "status", "file_name", "size_bytes", "sha256", "attempts", "holder",
            "lease_until", "requested_at", "ready_at", "expires_at",
        )
    },
    **{
        f"ErasureRequest.{name}": _EVIDENCE
        for name in (
            "id", "clinic", "patient", "requested_by", "status", "requested_at", "due_at", "decided_at", "decided_by",
            "decision_reason", "dry_run", "certificate", "certificate_hash", "certificate_code", "key_destroyed_at",
        )
    },
}  # fmt: skip


def plan_erasure(patient_id: UUID) -> Sequence[ErasureStep]:
    """What would be kept under the clinic's key, and what deleted."""
    reports = Report.objects.filter(patient_id=patient_id)
    pictures = ReportImage.objects.filter(report__patient_id=patient_id)
    retention = _(
        "Signed medical records must be kept by law (in Germany ten years, BGB § 630f). They are sealed under the "
        "clinic’s record key and shown to nobody in the portal."
    )
    steps = [
        ErasureStep(_("Signed reports with their PDF"), reports.count(), OnErasure.RESEAL, retention),
        ErasureStep(_("Pictures inside signed reports"), pictures.count(), OnErasure.RESEAL, retention),
        ErasureStep(
            _("Delta reports and summaries made on request"),
            ProgressDocument.objects.filter(patient_id=patient_id).count(),
            OnErasure.ERASE,
        ),
        ErasureStep(_("Archives made for the patient"), _exports(patient_id).count(), OnErasure.ERASE),
        ErasureStep(
            _("Requests for erasure and their certificate"),
            ErasureRequest.objects.filter(patient_id=patient_id).count(),
            OnErasure.KEEP,
            _("Proof that the request was answered in time; opaque ids only."),
        ),
    ]
    return [step for step in steps if step.count]


def erase(patient_id: UUID, now: datetime) -> None:
    """Keep the signed reports under the clinic's record key, delete the rest."""
    keep_reports(patient_id)


def keep_reports(patient_id: UUID) -> list[str]:
    """Re-seal every signed report; returns the names of the new files, for the caller to delete if it rolls back.

    Inside the caller's transaction, while the patient's key still lives. The old files go after the commit.
    """
    made: list[str] = []
    try:
        for report in Report.objects.filter(patient_id=patient_id).select_related("clinic", "patient"):
            _keep(report, made)
    except BaseException:
        for name in made:
            files.delete_file(name)
        raise
    Amendment.objects.filter(report__patient_id=patient_id).delete()
    documents = ProgressDocument.objects.filter(patient_id=patient_id)
    delete_after_commit([name for name in documents.values_list("pdf_name", flat=True) if name])
    documents.delete()
    exports = _exports(patient_id)
    delete_after_commit([name for name in exports.values_list("file_name", flat=True) if name])
    exports.delete()
    return made


def _keep(report: Report, made: list[str]) -> None:
    if report.kept_under_clinic_key:
        return
    old_key, new_key = report.patient.key_id, report.clinic.record_key_id
    changes: dict[str, object] = {"kept_under_clinic_key": True}
    old = []
    for image in report.images.all():
        old.append(image.file_name)
        moved = reseal_file(name=image.file_name, key_id=old_key, to_key_id=new_key, folder=FOLDER)
        made.append(moved.name)
        image.file_name = moved.name
        image.save(update_fields=["file_name"])
    if report.pdf_name:
        old.append(report.pdf_name)
        moved = reseal_file(name=report.pdf_name, key_id=old_key, to_key_id=new_key, folder=FOLDER)
        made.append(moved.name)
        changes["pdf_name"] = moved.name
    reseal_row(report, **changes)
    delete_after_commit(old)


def _exports(patient_id: UUID) -> ExportRequestQuerySet:
    rows: ExportRequestQuerySet = ExportRequest.objects.filter(patient_id=patient_id)
    return rows


PRIVACY = RoomPrivacy(room="reports", fields=_FIELDS, export=export_files, plan_erasure=plan_erasure, erase=erase)
