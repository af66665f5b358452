"""What workers call: take an id, make one call. ``sweep`` belongs on a schedule of a minute or so."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from reports import services


def render_report(report_id: str) -> None:
    """Render a signed report's PDF unless it is there."""
    services.render_report(report_id=UUID(report_id), now=timezone.now())


def render_progress(document_id: str) -> None:
    """Make the PDF of a delta report or summary unless it is there."""
    services.render_progress(document_id=UUID(document_id), now=timezone.now())


def build_export(export_id: str) -> None:
    """Build a patient's archive unless someone else does or did."""
    services.build_export(export_id=UUID(export_id), now=timezone.now())


def finish_erasure(request_id: str) -> None:
    """Destroy the key of an erasure that was committed."""
    services.finish_erasure(request_id=UUID(request_id), now=timezone.now())


def sweep(_: str = "") -> None:
    """PDFs and exports whose task was lost, archives that expired, keys whose destruction a crash interrupted."""
    now = timezone.now()
    services.sweep_unrendered(now=now)
    services.sweep_progress(now=now)
    services.sweep_exports(now=now)
    services.sweep_erasures(now=now)
