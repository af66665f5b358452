"""The PDF of a signed report: rendered from the frozen content, signed by the clinic, sealed, attached once.

A PDF without a signature that holds is never attached. What keeps it back is kept with the report, tried again by the
sweep, and told to the clinic's staff when it was tried too often.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import segno
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import audit, notify
from accounts.actors import Actor
from accounts.background import enqueue
from accounts.errors import DomainError, NotFound
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from reports import certificates, document, fhir
from reports.certificates import Certificate, SigningFailed
from reports.content import ReportContent, from_dict, hash_of
from reports.models import Report
from vault import files

if TYPE_CHECKING:
    from reports.pdf import AttachedFile
    from reports.signature import SignedPdf

FOLDER: Final = "reports"
MAX_ATTEMPTS: Final = 5
LATE: Final = timedelta(minutes=2)
MAX_PICTURE_BYTES: Final = 20 * 1024 * 1024
STYLE_PATH: Final = Path(__file__).resolve().parents[2] / "static" / "reports" / "document.css"


FHIR_NAME: Final = "report-fhir-bundle.json"
HASHES_NAME: Final = "report-image-hashes.json"


class ContentAltered(Exception):
    """The stored content no longer has the hash that was signed. Nothing is rendered from it."""


_FAILURES: Final[Mapping[type[Exception], str]] = {ContentAltered: "content_altered"}


def render_report(*, report_id: UUID, now: datetime) -> bool:
    """Render and attach the PDF unless it is there or was tried too often. Returns whether it was attached now.

    Safe to call twice at once: only one attaches, the other deletes its copy.
    """
    counted = Report.objects.filter(pk=report_id, pdf_name="", pdf_attempts__lt=MAX_ATTEMPTS, patient__erased_at=None)
    if not counted.update(pdf_attempts=F("pdf_attempts") + 1):
        return False
    report = Report.objects.select_related("clinic", "patient", "signed_by").get(pk=report_id)
    try:
        signed, certificate = _signed_pdf(report, now=now)
    except Exception as error:
        _note_failure(report, error, now=now)
        raise
    sealed = files.seal_file(key_id=report.sealing_key_id, source=io.BytesIO(signed.data), folder=FOLDER)
    if not _attach(report, sealed, certificate, signed.profile, now=now):
        files.delete_file(sealed.name)
        return False
    return True


def _signed_pdf(report: Report, *, now: datetime) -> tuple[SignedPdf, Certificate]:
    """The PDF with the clinic's signature. Raises ContentAltered and SigningFailed."""
    from reports import signature  # as the layout engine: for workers

    certificate = certificates.for_clinic(report.clinic_id, report.clinic.name)
    certificate.check_valid(now)
    signed = signature.sign(
        pdf_of(report, certificate),
        certificate,
        name=report.clinic.name,
        reason=f"Issued by the clinic after a clinician reviewed and signed it. Code {report.verification_code}",
        evidence=signature.evidence_of_settings(certificate),
    )
    return signed, certificate


def pdf_of(report: Report, certificate: Certificate) -> bytes:
    """The PDF before its signature: the same bytes for the same content and certificate. Raises ContentAltered."""
    from reports import pdf  # only a worker renders: a web process need not load the layout engine

    content = frozen_content(report)
    parts = {
        str(image.pk): pdf.Part(
            image.media_type,
            files.read_all(key_id=report.sealing_key_id, name=image.file_name, limit=MAX_PICTURE_BYTES),
        )
        for image in report.images.all()
    }
    url = verification_url(report.verification_code)
    parts["qr"] = pdf.Part("image/png", qr_png(url))
    with translation.override(content.language):
        shown = document.present(content, lambda picture: f"{pdf.SCHEME}{picture.id}")
        seal = document.Seal(certificate.subject, certificate.fingerprint, certificate.is_demo)
        html = document.page_html(shown, document.Verification(url, f"{pdf.SCHEME}qr", report.content_hash, seal))
        words = document.seal_words(seal)
    return pdf.render(
        html,
        parts=parts,
        style=STYLE_PATH.read_text(encoding="utf-8"),
        identifier=report.content_hash,
        paper=content.clinic.paper,
        attached=_attached(report, content),
        signature_words=words,
    )


def _attached(report: Report, content: ReportContent) -> tuple[AttachedFile, ...]:
    """What a machine reads from the PDF: the report as FHIR, and the hashes of its pictures and content."""
    from reports.pdf import AttachedFile

    about = fhir.PatientFacts(
        id=str(report.patient_id),
        record_number=content.patient.record_number,
        given_name=content.patient.given_name,
        family_name=content.patient.family_name,
        birth_date=content.patient.birth_date,
        sex=content.patient.sex,
        clinic=content.clinic.name,
    )
    facts = fhir.ReportFacts(content=content, content_hash=report.content_hash)
    record = fhir.bundle(patient=about, consents=(), pictures=(), reports=(facts,), now=report.signed_at)
    hashes = {
        "report": str(report.pk),
        "verification_code": report.verification_code,
        "content_sha256": report.content_hash,
        "images": [
            {"id": picture.id, "photo": picture.photo_id, "view": picture.view, "kind": picture.kind,
             "sha256": picture.sha256, "width_px": picture.width_px, "height_px": picture.height_px}
            for picture in content.pictures
        ],
    }  # fmt: skip
    listed = json.dumps(hashes, indent=2).encode()
    at = report.signed_at
    return (
        AttachedFile(FHIR_NAME, "application/fhir+json", record, "This report as FHIR R4", "Data", at),
        AttachedFile(HASHES_NAME, "application/json", listed, "SHA-256 of the pictures", "Supplement", at),
    )


def frozen_content(report: Report) -> ReportContent:
    """The content as signed. Raises ContentAltered when it does not have the signed hash."""
    if hash_of(report.content) != report.content_hash:
        raise ContentAltered(str(report.pk))
    return from_dict(report.content)


def verification_url(code: str) -> str:
    """The public address that checks a code."""
    return str(settings.PORTAL_ORIGIN) + reverse("reports:verify_code", args=[code])


def qr_png(url: str) -> bytes:
    """A QR code, level M, eight pixels a module."""
    target = io.BytesIO()
    segno.make(url, error="m", micro=False).save(target, kind="png", scale=8, border=1)
    return target.getvalue()


def sweep_unrendered(*, now: datetime) -> int:
    """Ask again for PDFs whose task was lost. Returns how many."""
    waiting = Report.objects.filter(
        pdf_name="", pdf_attempts__lt=MAX_ATTEMPTS, signed_at__lt=now - LATE, patient__erased_at=None
    )
    ids = list(waiting.values_list("pk", flat=True)[:50])
    for report_id in ids:
        enqueue("reports.tasks.render_report", report_id)
    return len(ids)


@transaction.atomic
def retry_pdf(*, actor: Actor, report_id: UUID, now: datetime) -> None:
    """An administrator has put the cause right: try the PDF again, as often as the first time.

    Raises NotFound elsewhere, and DomainError ``not_waiting`` while it is still tried by itself or is there.
    """
    actor.check(Permission.MANAGE_CLINIC)
    own = Report.objects.filter(pk=report_id, clinic_id=actor.own_clinic_id)
    if not own.exists():
        raise NotFound
    if not own.filter(pdf_name="", pdf_attempts__gte=MAX_ATTEMPTS).update(pdf_attempts=0, pdf_failure=""):
        raise DomainError("not_waiting", _("This report has its PDF, or it is being made. Reload the page."))
    audit.record(action="report.pdf_retried", now=now, actor=actor, subject_kind="report", subject_id=report_id)
    enqueue("reports.tasks.render_report", report_id)


def _note_failure(report: Report, error: Exception, *, now: datetime) -> None:
    """Keep why; when it was the last attempt, tell those who can help."""
    code = error.code if isinstance(error, SigningFailed) else _FAILURES.get(type(error), "rendering_failed")
    Report.objects.filter(pk=report.pk, pdf_name="").update(pdf_failure=code)
    if report.pdf_attempts < MAX_ATTEMPTS:
        return
    with transaction.atomic():
        audit.record(
            action="report.not_issued",
            now=now,
            clinic_id=report.clinic_id,
            patient_id=report.patient_id,
            subject_kind="report",
            subject_id=report.pk,
            detail={"code": code},
        )
        notify.notify(
            recipients=[row.user_id for row in staff_of(report.clinic_id, (Role.ADMINISTRATOR,))],
            kind=notify.Kind.REPORT_NOT_ISSUED,
            clinic_id=report.clinic_id,
            path=reverse("reports:signing"),
            dedupe_key=f"not-issued:{report.pk}:{code}",
            now=now,
        )


def _attach(report: Report, sealed: files.SealedFile, certificate: Certificate, profile: str, *, now: datetime) -> bool:
    changed = Report.objects.filter(pk=report.pk, pdf_name="").update(
        pdf_name=sealed.name,
        pdf_sha256=sealed.sha256_plain,
        pdf_failure="",
        pdf_signer=certificate.subject[:200],
        pdf_certificate=certificate.fingerprint,
        pdf_profile=profile,
        pdf_signed_at=now,
    )
    if changed:
        audit.record(
            action="report.rendered",
            now=now,
            clinic_id=report.clinic_id,
            patient_id=report.patient_id,
            subject_kind="report",
            subject_id=report.pk,
            detail={"pdf_sha256": sealed.sha256_plain, "certificate": certificate.fingerprint, "profile": profile},
        )
    return bool(changed)
