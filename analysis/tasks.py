"""What workers call: take an id, claim, compute outside any transaction, record."""

from __future__ import annotations

import logging
from uuid import UUID

from django.utils import timezone

from accounts.background import Queue, enqueue
from analysis import services
from analysis.keepalive import HeldLease, LeaseLost, Stopping, stopping, through_outage
from analysis.models import Analysis
from analysis.results import SessionResult
from analysis.storage import discard_unrecorded, folder_of
from patients.models import Sex
from vision.types import View

log = logging.getLogger("trichora.worker")


def warm_networks() -> None:
    """Load the networks of the current pipeline: a worker does this before it takes its first analysis."""
    from analysis import runner  # loads the networks' libraries: never in a web process
    from analysis.releases import enabled_releases

    enabled = {task: f"{row.name}-{row.version}" for task, row in enabled_releases().items()}
    if enabled:
        runner.networks_for(tuple(sorted(enabled.items())))


def run_analysis(analysis_id: str) -> str:
    """Measure one session if nobody else does. Returns what happened, for the worker's log."""
    from analysis import runner  # loads the networks' libraries: never in a web process

    if stopping():
        enqueue("analysis.tasks.run_analysis", analysis_id, queue=Queue.GPU)
        return "stopping"
    claim = services.claim(analysis_id=UUID(analysis_id), now=timezone.now())
    if claim is None:
        return "nothing to do"
    try:
        with HeldLease(claim) as lease:
            analysis = Analysis.objects.select_related("session__patient", "pipeline").get(pk=claim.analysis_id)
            result = runner.analyse(
                photos=[
                    runner.PhotoInput(photo.pk, photo.file_name, photo.size_bytes, View(photo.view), photo.px_per_mm)
                    for photo in services.usable_photos(analysis.session)
                ],
                key_id=analysis.session.patient.key_id,
                folder=folder_of(claim.holder),
                releases=analysis.pipeline.releases,
                male=analysis.session.patient.sex == Sex.MALE,
                on_photo=lease.photo_done,
            )
            return _record(claim, result)
    except LeaseLost:
        return "lease lost"
    except Stopping:
        services.give_back(claim=claim, now=timezone.now())
        return "given back"
    except runner.PhotoUnreadable as error:
        _fail(claim, error.code, final=True)
        return "photo unreadable"
    except Exception as error:
        code = type(error).__name__
        _fail(claim, code, final=False)
        log.exception("analysis broke", extra={"analysis_id": analysis_id, "code": code})
        return "failed"


def _record(claim: services.Claim, result: SessionResult) -> str:
    """Write the result, waiting for a database that went away; what is not recorded leaves no pictures behind."""
    recorded = False
    try:
        recorded = through_outage(lambda: services.record_result(claim=claim, result=result, now=timezone.now()))
    finally:
        if not recorded:
            through_outage(lambda: discard_unrecorded(result))
    return "done" if recorded else "lease lost"


def _fail(claim: services.Claim, code: str, *, final: bool) -> None:
    through_outage(lambda: services.record_failure(claim=claim, code=code[:40], now=timezone.now(), final=final))


def sweep_analyses(_: str = "") -> int:
    """Every minute: lapsed leases, lost tasks, and a line in the log when nobody takes what waits."""
    now = timezone.now()
    touched = services.sweep(now=now)
    waiting = services.stalled_since(now=now)
    if waiting is not None:
        log.error(
            "analyses wait and no worker takes them",
            extra={"code": "gpu_workers_stalled", "since": waiting.isoformat(timespec="seconds")},
        )
    return touched
