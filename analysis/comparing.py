"""Comparing two photographs of one view: ask for it, claim it, keep the lease, record or fail, sweep, release.

The manners are those of an analysis: the row is the truth, a claim is a compare-and-set with a lease, computing happens
outside any transaction, and a result is written only by who still holds the lease.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.background import Queue, enqueue
from accounts.errors import DomainError, NotFound
from accounts.roles import Permission
from analysis import blinding
from analysis.models import Comparison, ComparisonImage
from analysis.querysets import ComparisonQuerySet
from analysis.releases import current_pipeline
from analysis.results import PairResult
from analysis.storage import clear_attempt
from patients.models import Photo, Purpose
from patients.selectors import has_consent

log = logging.getLogger("trichora.analysis")
Status = Comparison.Status

METHOD = "1"
"""Raised when the way of comparing changes, so that results of two ways are never mixed."""

LOST_TASK_AFTER = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class PairClaim:
    """The right to compute one comparison until the lease runs out."""

    comparison_id: UUID
    holder: UUID


def ask_for(*, photo_then: Photo, photo_now: Photo, now: datetime) -> Comparison | None:
    """Queue the comparison of two photographs of one view and site; a second call finds the first one's row.

    None where none may be made: without consent to AI analysis, without networks, or when one photograph is gone. A
    comparison that failed is tried once more when somebody asks for it again a day later.
    """
    patient_id = photo_now.session.patient_id
    same = (photo_then.view, photo_then.site) == (photo_now.view, photo_now.site)
    if not same or photo_then.session.patient_id != patient_id or photo_then.removed_at or photo_now.removed_at:
        return None
    allowed = photo_then.session.ai_consented and photo_now.session.ai_consented
    pipeline = current_pipeline(now=now) if allowed and has_consent(patient_id, Purpose.AI_ANALYSIS) else None
    if pipeline is None:
        return None
    row, created = Comparison.objects.get_or_create(
        photo_then=photo_then,
        photo_now=photo_now,
        pipeline=pipeline,
        input_digest=digest_of(photo_then, photo_now),
        defaults={"queued_at": now},
    )
    waits = created or _take_up_again(row, now)
    if waits:
        enqueue("analysis.tasks.run_comparison", row.pk, queue=Queue.GPU)
    return row


def digest_of(photo_then: Photo, photo_now: Photo) -> str:
    """SHA-256 over what a comparison depends on besides the networks."""
    lines = [
        METHOD,
        *(f"{photo.pk}:{photo.sha256}:{photo.view}:{photo.px_per_mm}" for photo in (photo_then, photo_now)),
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def newest_of(pairs: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Comparison]:
    """The newest comparison of each (then, now) pair of photographs. The caller has checked the scope."""
    wanted = set(pairs)
    rows = Comparison.objects.filter(
        photo_then__in={pair[0] for pair in wanted}, photo_now__in={pair[1] for pair in wanted}
    )
    rows = rows.select_related("photo_now__session__patient", "photo_then__session").prefetch_related("images")
    found: dict[tuple[UUID, UUID], Comparison] = {}
    for row in rows.order_by("queued_at", "pk"):
        held = found.get((row.photo_then_id, row.photo_now_id))
        if held is None or row.status == Status.DONE or held.status != Status.DONE:
            found[row.photo_then_id, row.photo_now_id] = row
    return {pair: row for pair, row in found.items() if pair in wanted}


def comparison_for(actor: Actor, comparison_id: UUID) -> Comparison:
    """A comparison in a clinician's scope; NotFound otherwise, and as long as one of its cases is read blind."""
    rows = Comparison.objects.visible_to(actor).select_related("photo_now__session__patient", "photo_then__session")
    row: Comparison | None = rows.filter(pk=comparison_id).first()
    if row is None or blinding.hidden(actor, row.photo_now.session_id):
        raise NotFound
    return row


def image_of(comparison: Comparison, kind: str) -> ComparisonImage:
    """One of its derived pictures; NotFound when it has none of the kind."""
    found = comparison.images.filter(kind=kind).first()
    if found is None:
        raise NotFound
    return found


@transaction.atomic
def release_to_patient(*, actor: Actor, comparison_id: UUID, released: bool, now: datetime) -> Comparison:
    """Let the patient see map and figures of a comparison once its session is signed, or take that back (G8).

    Raises NotFound out of scope, DomainError ``not_compared`` while there is nothing to see.
    """
    actor.check(Permission.REVIEW_FINDINGS)
    comparison_for(actor, comparison_id)
    row: Comparison = Comparison.objects.select_for_update(of=("self",)).get(pk=comparison_id)
    if row.status != Status.DONE or row.not_comparable:
        raise DomainError("not_compared", _("There is no finished comparison to show."))
    if bool(row.released_at) is not released:
        row.released_at, row.released_by_id = (now, actor.membership_id) if released else (None, None)
        row.save(update_fields=["released_at", "released_by"])
        audit.record(
            action="comparison.released" if released else "comparison.withheld",
            now=now,
            actor=actor,
            patient_id=row.photo_now.session.patient_id,
            subject_kind="comparison",
            subject_id=row.pk,
        )
    return row


def claim(*, comparison_id: UUID, now: datetime) -> PairClaim | None:
    """Take the comparison if nobody holds it; None when there is nothing (more) to do, or consent was withdrawn."""
    holder = uuid.uuid4()
    dead = Comparison.objects.filter(pk=comparison_id).values_list("holder", flat=True).first()
    free = Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=now)
    with transaction.atomic():
        changed = (
            Comparison.objects.filter(free, pk=comparison_id, attempts__lt=settings.ANALYSIS_MAX_ATTEMPTS)
            .filter(photo_now__session__patient__erased_at=None)
            .update(
                status=Status.RUNNING,
                holder=holder,
                lease_until=now + timedelta(seconds=settings.ANALYSIS_LEASE_S),
                attempts=F("attempts") + 1,
                started_at=now,
            )
        )
        if not changed:
            return None
        if not _consented(comparison_id):
            cancel(Comparison.objects.filter(pk=comparison_id), now)
            return None
        if dead is not None:
            transaction.on_commit(partial(clear_attempt, dead), robust=True)
    return PairClaim(comparison_id, holder)


def heartbeat(claimed: PairClaim, now: datetime) -> bool:
    """Renew the lease. False: it is lost, or the comparison was cancelled; stop computing."""
    return bool(_held(claimed).update(lease_until=now + timedelta(seconds=settings.ANALYSIS_LEASE_S)))


@transaction.atomic
def record_result(*, claimed: PairClaim, result: PairResult, now: datetime) -> bool:
    """Write the result while still the holder, with consent still given. False: nothing was written."""
    row = _held(claimed).select_for_update(of=("self",)).select_related("photo_now__session__patient").first()
    if row is None:
        return False
    if not _consented(row.pk):
        cancel(Comparison.objects.filter(pk=row.pk), now)
        return False
    ComparisonImage.objects.bulk_create(
        ComparisonImage(
            comparison=row,
            kind=image.kind,
            file_name=image.file_name,
            media_type=image.media_type,
            width_px=image.width_px,
            height_px=image.height_px,
        )
        for image in result.images
    )
    row.result, row.not_comparable = dict(result.json), result.not_comparable
    row.status, row.holder, row.lease_until = Status.DONE, None, None
    row.failure_code, row.finished_at = "", now
    row.save()
    patient = row.photo_now.session.patient
    audit.record(
        action="comparison.done",
        now=now,
        clinic_id=patient.clinic_id,
        patient_id=patient.pk,
        subject_kind="comparison",
        subject_id=row.pk,
        detail={"photos": [str(row.photo_then_id), str(row.photo_now_id)]},
    )
    return True


@transaction.atomic
def record_failure(*, claimed: PairClaim, code: str, now: datetime, final: bool = False) -> None:
    """Give the comparison back after an error: queued again, or parked as failed when it was the last attempt."""
    row = _held(claimed).select_for_update(of=("self",)).first()
    if row is not None:
        _requeue_or_park(row, code=code, now=now, final=final)


@transaction.atomic
def give_back(*, claimed: PairClaim, now: datetime) -> None:
    """Queue a claimed comparison again because its worker is asked to stop; this is no attempt."""
    changed = _held(claimed).update(
        status=Status.QUEUED, holder=None, lease_until=None, attempts=F("attempts") - 1, queued_at=now
    )
    if changed:
        enqueue("analysis.tasks.run_comparison", claimed.comparison_id, queue=Queue.GPU)


def sweep(*, now: datetime) -> int:
    """Requeue what a dead worker left, park what failed too often, deliver lost tasks again. Returns how many rows."""
    touched = 0
    lapsed = Q(status=Status.RUNNING, lease_until__lt=now)
    lost = Q(status=Status.QUEUED, queued_at__lt=now - LOST_TASK_AFTER)
    for pk in list(Comparison.objects.filter(lapsed).values_list("pk", flat=True)):
        with transaction.atomic():
            row = Comparison.objects.select_for_update(of=("self",)).filter(lapsed, pk=pk).first()
            if row is not None:
                if row.holder is not None:
                    transaction.on_commit(partial(clear_attempt, row.holder), robust=True)
                _requeue_or_park(row, code="worker_lost", now=now)
                touched += 1
    for pk in list(Comparison.objects.filter(lost).values_list("pk", flat=True)):
        with transaction.atomic():
            if Comparison.objects.filter(lost, pk=pk).update(queued_at=now):
                enqueue("analysis.tasks.run_comparison", pk, queue=Queue.GPU)
                touched += 1
    return touched


def cancel(rows: ComparisonQuerySet, now: datetime) -> int:
    """Cancel what is not finished yet; the holder notices at its next heartbeat."""
    return rows.filter(status__in=[Status.QUEUED, Status.RUNNING]).update(
        status=Status.CANCELLED, holder=None, lease_until=None, finished_at=now
    )


def _held(claimed: PairClaim) -> ComparisonQuerySet:
    rows: ComparisonQuerySet = Comparison.objects.filter(
        pk=claimed.comparison_id, holder=claimed.holder, status=Status.RUNNING
    )
    return rows


def _consented(comparison_id: UUID) -> bool:
    patient_id = Comparison.objects.values_list("photo_now__session__patient_id", flat=True).get(pk=comparison_id)
    return has_consent(patient_id, Purpose.AI_ANALYSIS)


def _take_up_again(row: Comparison, now: datetime) -> bool:
    ended = Q(status=Status.CANCELLED) | Q(status=Status.FAILED, finished_at__lt=now - timedelta(days=1))
    changed = Comparison.objects.filter(ended, pk=row.pk).update(
        status=Status.QUEUED, attempts=0, failure_code="", finished_at=None, queued_at=now
    )
    if changed:
        row.refresh_from_db(fields=["status", "attempts", "failure_code", "finished_at", "queued_at"])
    return bool(changed)


def _requeue_or_park(row: Comparison, *, code: str, now: datetime, final: bool = False) -> None:
    parked = final or row.attempts >= settings.ANALYSIS_MAX_ATTEMPTS
    row.status = Status.FAILED if parked else Status.QUEUED
    row.failure_code = code[:40]
    row.holder, row.lease_until = None, None
    row.queued_at, row.finished_at = now, now if parked else None
    row.save(update_fields=["status", "failure_code", "holder", "lease_until", "queued_at", "finished_at"])
    log.warning("comparison failed", extra={"comparison_id": str(row.pk), "code": code})
    if not parked:
        enqueue("analysis.tasks.run_comparison", row.pk, queue=Queue.GPU)
