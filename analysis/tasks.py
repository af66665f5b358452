"""What workers call: take an id, claim, compute outside any transaction, record."""

from __future__ import annotations

import logging
from uuid import UUID

from django.utils import timezone

from accounts.background import Queue, enqueue
from analysis import comparing, services
from analysis.by_hand import by_hand_from_json
from analysis.keepalive import HeldLease, LeaseLost, Stopping, stopping, through_outage
from analysis.leases import Claim
from analysis.models import Analysis, Comparison
from analysis.results import PairResult, SessionResult
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
        with HeldLease(lambda done, now: services.heartbeat(claim=claim, photos_done=done, now=now)) as lease:
            analysis = Analysis.objects.select_related("session__patient__clinic", "pipeline").get(pk=claim.row_id)
            result = runner.analyse(
                photos=[
                    runner.PhotoInput(
                        photo.pk,
                        photo.file_name,
                        photo.size_bytes,
                        View(photo.view),
                        photo.px_per_mm,
                        photo.repeat_of_id,
                    )
                    for photo in services.usable_photos(analysis.session, analysis.hand_scales)
                ],
                key_id=analysis.session.patient.key_id,
                folder=folder_of(claim.holder),
                releases=analysis.pipeline.releases,
                male=analysis.session.patient.sex == Sex.MALE,
                vellus_cutoff_um=float(analysis.session.patient.clinic.vellus_cutoff_um),
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


def _record(claim: Claim, result: SessionResult) -> str:
    """Write the result, waiting for a database that went away; what is not recorded leaves no pictures behind."""
    recorded = False
    try:
        recorded = through_outage(lambda: services.record_result(claim=claim, result=result, now=timezone.now()))
    finally:
        if not recorded:
            through_outage(lambda: discard_unrecorded(result.images()))
    return "done" if recorded else "lease lost"


def _fail(claim: Claim, code: str, *, final: bool) -> None:
    through_outage(lambda: services.record_failure(claim=claim, code=code, now=timezone.now(), final=final))


def run_comparison(comparison_id: str) -> str:
    """Compare two photographs if nobody else does. Returns what happened, for the worker's log."""
    from analysis import pair_runner  # loads the networks' libraries: never in a web process

    if stopping():
        enqueue("analysis.tasks.run_comparison", comparison_id, queue=Queue.GPU)
        return "stopping"
    claimed = comparing.claim(comparison_id=UUID(comparison_id), now=timezone.now())
    if claimed is None:
        return "nothing to do"
    try:
        with HeldLease(lambda _done, now: comparing.heartbeat(claimed, now)) as lease:
            row = Comparison.objects.select_related(
                "photo_then", "photo_now__session__patient__clinic", "pipeline"
            ).get(pk=claimed.row_id)  # fmt: skip
            then, now_taken = (
                pair_runner.PhotoInput(
                    photo.pk,
                    photo.file_name,
                    photo.size_bytes,
                    View(photo.view),
                    photo.px_per_mm,
                    card_light=pair_runner.card_light(photo.capture.get("card")),
                    by_hand=by_hand_from_json((row.by_hand or {}).get(side, {})),
                )
                for side, photo in (("then", row.photo_then), ("now", row.photo_now))
            )
            result = pair_runner.compare_pair(
                then=then,
                now=now_taken,
                key_id=row.sealing_key_id,
                folder=folder_of(claimed.holder),
                releases=row.pipeline.releases,
                vellus_cutoff_um=float(row.photo_now.session.patient.clinic.vellus_cutoff_um),
                on_step=lease.photo_done,
            )
            return _record_pair(claimed, result)
    except LeaseLost:
        return "lease lost"
    except Stopping:
        comparing.give_back(claimed=claimed, now=timezone.now())
        return "given back"
    except pair_runner.PhotoUnreadable as error:
        _fail_pair(claimed, error.code, final=True)
        return "photo unreadable"
    except Exception as error:
        _fail_pair(claimed, type(error).__name__, final=False)
        log.exception("comparison broke", extra={"comparison_id": comparison_id, "code": type(error).__name__})
        return "failed"


def _record_pair(claimed: Claim, result: PairResult) -> str:
    recorded = False
    try:
        recorded = through_outage(
            lambda: comparing.record_result(claimed=claimed, result=result, now=timezone.now())
        )  # fmt: skip
    finally:
        if not recorded:
            through_outage(lambda: discard_unrecorded(result.images))
    return "done" if recorded else "lease lost"


def _fail_pair(claimed: Claim, code: str, *, final: bool) -> None:
    through_outage(
        lambda: comparing.record_failure(claimed=claimed, code=code, now=timezone.now(), final=final)
    )  # fmt: skip


def sweep_analyses(_: str = "") -> int:
    """Every minute: lapsed leases, lost tasks, and a line in the log when nobody takes what waits."""
    now = timezone.now()
    touched = services.sweep(now=now) + comparing.sweep(now=now)
    waiting = services.stalled_since(now=now)
    if waiting is not None:
        log.error(
            "analyses wait and no worker takes them",
            extra={"code": "gpu_workers_stalled", "since": waiting.isoformat(timespec="seconds")},
        )
    return touched
