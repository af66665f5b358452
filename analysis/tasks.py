"""What workers call: take an id, claim, compute outside any transaction, record."""

from __future__ import annotations

import logging
from uuid import UUID

from django.utils import timezone

from analysis import services
from analysis.models import Analysis
from vision.types import View

log = logging.getLogger("trichora.worker")


def run_analysis(analysis_id: str) -> str:
    """Measure one session if nobody else does. Returns what happened, for the worker's log."""
    from analysis import runner  # loads the networks' libraries: never in a web process

    claim = services.claim(analysis_id=UUID(analysis_id), now=timezone.now())
    if claim is None:
        return "nothing to do"
    analysis = Analysis.objects.select_related("session__patient", "pipeline").get(pk=claim.analysis_id)

    def on_photo(done: int) -> None:
        if not services.heartbeat(claim=claim, photos_done=done, now=timezone.now()):
            raise runner.LeaseLost

    try:
        result = runner.analyse(
            photos=[
                runner.PhotoInput(photo.pk, photo.file_name, photo.size_bytes, View(photo.view), photo.px_per_mm)
                for photo in services.usable_photos(analysis.session)
            ],
            key_id=analysis.session.patient.key_id,
            releases=analysis.pipeline.releases,
            on_photo=on_photo,
        )
    except runner.LeaseLost:
        return "lease lost"
    except runner.PhotoUnreadable as error:
        services.record_failure(claim=claim, code=error.code, now=timezone.now(), final=True)
        return "photo unreadable"
    except Exception as error:
        services.record_failure(claim=claim, code=type(error).__name__[:40], now=timezone.now())
        log.exception("analysis broke", extra={"analysis_id": analysis_id, "code": type(error).__name__})
        return "failed"
    recorded = False
    try:
        recorded = services.record_result(claim=claim, result=result, now=timezone.now())
    finally:
        if not recorded:
            result.discard()
    return "done" if recorded else "lease lost"


def sweep_analyses(_: str = "") -> int:
    """Every minute: lapsed leases, lost tasks."""
    return services.sweep(now=timezone.now())
