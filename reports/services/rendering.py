"""The PDF of a signed report: rendered from the frozen content, sealed, attached once."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import segno
from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils import translation

from accounts import audit
from accounts.background import enqueue
from reports import document
from reports.content import ReportContent, content_hash, from_dict
from reports.models import Report
from vault import files

FOLDER: Final = "reports"
MAX_ATTEMPTS: Final = 5
LATE: Final = timedelta(minutes=2)
MAX_PICTURE_BYTES: Final = 20 * 1024 * 1024
STYLE_PATH: Final = Path(__file__).resolve().parents[2] / "static" / "reports" / "document.css"


class ContentAltered(Exception):
    """The stored content no longer has the hash that was signed. Nothing is rendered from it."""


def render_report(*, report_id: UUID, now: datetime) -> bool:
    """Render and attach the PDF unless it is there or was tried too often. Returns whether it was attached now.

    Safe to call twice at once: only one attaches, the other deletes its copy.
    """
    counted = Report.objects.filter(pk=report_id, pdf_name="", pdf_attempts__lt=MAX_ATTEMPTS, patient__erased_at=None)
    if not counted.update(pdf_attempts=F("pdf_attempts") + 1):
        return False
    report = Report.objects.select_related("clinic", "patient").get(pk=report_id)
    data = pdf_of(report)
    sealed = files.seal_file(key_id=report.sealing_key_id, source=io.BytesIO(data), folder=FOLDER)
    if not _attach(report, sealed, now=now):
        files.delete_file(sealed.name)
        return False
    return True


def pdf_of(report: Report) -> bytes:
    """The PDF of a report, always the same bytes for the same content. Raises ContentAltered."""
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
        html = document.page_html(shown, document.Verification(url, f"{pdf.SCHEME}qr", report.content_hash))
    return pdf.render(html, parts=parts, style=STYLE_PATH.read_text(encoding="utf-8"), identifier=report.content_hash)


def frozen_content(report: Report) -> ReportContent:
    """The content as signed. Raises ContentAltered when it does not have the signed hash."""
    content = from_dict(report.content)
    if content_hash(content) != report.content_hash:
        raise ContentAltered(str(report.pk))
    return content


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


def _attach(report: Report, sealed: files.SealedFile, *, now: datetime) -> bool:
    changed = Report.objects.filter(pk=report.pk, pdf_name="").update(
        pdf_name=sealed.name, pdf_sha256=sealed.sha256_plain
    )
    if changed:
        audit.record(
            action="report.rendered",
            now=now,
            clinic_id=report.clinic_id,
            patient_id=report.patient_id,
            subject_kind="report",
            subject_id=report.pk,
            detail={"pdf_sha256": sealed.sha256_plain},
        )
    return bool(changed)
