"""Reads that leave a trace: a report, its PDF and its pictures are patient data, and each look is audited."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, NotFound
from accounts.selectors import events_about
from patients.selectors import patient_for
from patients.services.reading import PAGE_LIFE, note_read
from reports.models import Report, ReportImage
from reports.selectors import reports_of
from vault import files


def report_in_scope(actor: Actor, report_id: UUID) -> Report:
    """The report with what its page needs; NotFound out of scope."""
    rows = Report.objects.visible_to(actor).select_related("clinic", "patient", "supersedes", "superseded_by")
    report: Report | None = rows.filter(pk=report_id).distinct().first()
    if report is None:
        raise NotFound
    return report


@transaction.atomic
def list_reports(*, actor: Actor, patient_id: UUID, now: datetime) -> list[Report]:
    """A patient's signed reports, newest first, for whoever may see the patient."""
    patient = patient_for(actor, patient_id)
    note_read(
        actor=actor,
        patient=patient,
        action="report.list_read",
        subject_kind="patient",
        subject_id=patient.pk,
        photos=(),
        now=now,
    )
    return reports_of(patient.pk)


@transaction.atomic
def read_report(*, actor: Actor, report_id: UUID, now: datetime) -> Report:
    """The report for its page. One event names the pictures that the page shows."""
    report = report_in_scope(actor, report_id)
    _note(actor, report, "report.read", now, {"pictures": [str(image.pk) for image in report.images.all()]})
    return report


@transaction.atomic
def read_pdf(*, actor: Actor, report_id: UUID, now: datetime) -> tuple[Report, files.SealedReader]:
    """A reader over the PDF. Raises DomainError ``pdf_not_ready`` while it is being rendered."""
    report = report_in_scope(actor, report_id)
    if not report.pdf_name:
        raise DomainError("pdf_not_ready", _("The PDF is being prepared. Try again in a minute."))
    _note(actor, report, "report.pdf_read", now, {"pdf_sha256": report.pdf_sha256})
    return report, files.open_file(key_id=report.sealing_key_id, name=report.pdf_name)


@transaction.atomic
def read_image(*, actor: Actor, image_id: UUID, now: datetime) -> tuple[ReportImage, files.SealedReader]:
    """One picture of a report. Its page's event stands for it; opened by itself it is an event of its own."""
    image = ReportImage.objects.select_related("report").filter(pk=image_id).first()
    if image is None:
        raise NotFound
    report = report_in_scope(actor, image.report_id)
    events = events_about(report.patient_id).filter(
        actor_id=actor.user_id, action__in=("report.read", "progress.read"), at__gte=now - PAGE_LIFE
    )
    listed = events.values_list("detail", flat=True)
    if not any(str(image.pk) in detail.get("pictures", ()) for detail in listed):
        _note(actor, report, "report.picture_read", now, {"pictures": [str(image.pk)]})
    return image, files.open_file(key_id=report.sealing_key_id, name=image.file_name)


def _note(actor: Actor, report: Report, action: str, now: datetime, detail: dict[str, object]) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=report.clinic_id,
        patient_id=report.patient_id,
        subject_kind="report",
        subject_id=report.pk,
        detail=detail,
    )
