"""The acts of this room: submit a session, claim an analysis, keep the lease, record or fail, sweep.

django-q2 delivers at least once and never counts a worker that died; so the ``Analysis`` row is the truth. A claim is a
compare-and-set with a lease; computing happens outside any transaction; a result is written only while the writer
still holds the lease, all rows of it in one transaction.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q

from accounts import audit, webhooks
from accounts.actors import Actor
from accounts.background import Queue, enqueue
from accounts.roles import Permission
from analysis import ranking
from analysis.findings import draft_findings, split_takes
from analysis.models import Analysis, DerivedImage, Finding, PhotoResult
from analysis.querysets import AnalysisQuerySet
from analysis.releases import current_pipeline
from analysis.results import SessionResult
from analysis.selectors import AnalysisState, analysis_state, derived_for, visible_findings
from analysis.storage import clear_attempt
from patients.models import Photo, PhotoSession, Purpose
from patients.selectors import has_consent, session_for
from patients.services.locks import locked_session
from patients.services.reading import listed_recently, note_read
from patients.services.sessions import mark_submitted

log = logging.getLogger("trichora.analysis")
Status = Analysis.Status


@transaction.atomic
def submit_session(*, actor: Actor, session_id: UUID, now: datetime, look_now: bool = False) -> PhotoSession:
    """Hand a session to the clinic. It is in the worklist from now on, or kept for the patient's next review unless
    ``look_now``; consented photos are queued for measuring."""
    actor.check(Permission.CAPTURE_SESSION)
    session = locked_session(actor, session_id)
    mark_submitted(session=session, now=now, look_now=look_now)
    audit.record(
        action="session.submitted",
        now=now,
        actor=actor,
        clinic_id=session.patient.clinic_id,
        patient_id=session.patient_id,
        subject_kind="session",
        subject_id=session.pk,
        detail={"ai": session.ai_consented, "urgent": session.urgent, "occasion": str(session.occasion)},
    )
    if session.status == PhotoSession.Status.SUBMITTED:
        webhooks.announce(
            clinic_id=session.patient.clinic_id,
            event=webhooks.Event.CASE_SUBMITTED,
            ids={"patient": session.patient_id, "session": session.pk},
            now=now,
        )
    queue_analysis(session=session, now=now)
    return session


@transaction.atomic
def read_findings(*, actor: Actor, session_id: UUID, now: datetime) -> tuple[AnalysisState, list[Finding]]:
    """Where the measuring stands, and what was found as far as this actor may see it; findings shown are an event."""
    session = session_for(actor, session_id)
    found = analysis_state(session)
    findings = visible_findings(actor, found.analysis_id)
    if findings:
        note_read(
            actor=actor,
            patient=session.patient,
            action="analysis.findings_read",
            subject_kind="session",
            subject_id=session.pk,
            photos=(),
            now=now,
        )
    return found, findings


@transaction.atomic
def read_derived(*, actor: Actor, image_id: UUID, now: datetime) -> DerivedImage:
    """A derived picture for a clinician; an event of its own unless a page has just listed the photo it came from."""
    actor.check(Permission.READ_CASES)
    image = derived_for(actor, image_id)
    photo = image.photo_result.photo
    if not listed_recently(actor, photo, now):
        note_read(
            actor=actor,
            patient=photo.session.patient,
            action="derived.read",
            subject_kind="derived",
            subject_id=image.pk,
            photos=[photo.pk],
            now=now,
        )
    return image


def queue_analysis(
    *, session: PhotoSession, now: datetime, hand_scales: Mapping[UUID, float] | None = None
) -> Analysis | None:
    """Queue the measuring of a submitted session: None without consent, without networks, or without a usable photo.

    The same photos, scales and pipeline are measured once; a second call finds the first one's row. ``hand_scales``:
    px/mm that a clinician has set, in place of the photo's own.
    """
    pipeline = current_pipeline(now=now) if session.ai_consented else None
    scales = {str(photo_id): scale for photo_id, scale in (hand_scales or {}).items()}
    photos = usable_photos(session, scales)
    if pipeline is None or not photos:
        return None
    analysis, created = Analysis.objects.get_or_create(
        session=session,
        pipeline=pipeline,
        input_digest=input_digest(photos),
        defaults={"photos_total": len(photos), "queued_at": now, "hand_scales": scales},
    )
    if created:
        _cancel(Analysis.objects.filter(session=session).exclude(pk=analysis.pk), now)
        ranking.refresh(session.pk)
        enqueue("analysis.tasks.run_analysis", analysis.pk, queue=Queue.GPU)
    return analysis


def usable_photos(session: PhotoSession, hand_scales: Mapping[str, float] | None = None) -> list[Photo]:
    """The photos that may be measured: present, and passed by the quality gate. ``hand_scales`` replace their own."""
    photos = list(Photo.objects.present().filter(session=session, quality_passed=True).order_by("created_at", "pk"))
    for photo in photos:
        photo.px_per_mm = (hand_scales or {}).get(str(photo.pk), photo.px_per_mm)
    return photos


def input_digest(photos: list[Photo]) -> str:
    """SHA-256 over the ids and keyed digests of the photos, in a fixed order."""
    lines = sorted(
        f"{photo.pk}:{photo.sha256}:{photo.view}:{photo.px_per_mm}" + (f":{photo.repeat_of_id}" * (photo.take - 1))
        for photo in photos
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _cancel(rows: AnalysisQuerySet, now: datetime) -> int:
    """Cancel what is not finished yet; the holder notices at its next heartbeat."""
    return rows.filter(status__in=[Status.QUEUED, Status.RUNNING]).update(
        status=Status.CANCELLED, holder=None, lease_until=None, finished_at=now
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to compute one analysis until the lease runs out."""

    analysis_id: UUID
    holder: UUID


def claim(*, analysis_id: UUID, now: datetime) -> Claim | None:
    """Take the analysis if nobody holds it; None when there is nothing (more) to do.

    One ``UPDATE … WHERE`` decides between workers. Consent is looked at again: withdrawn, the analysis is cancelled.
    """
    holder = uuid.uuid4()
    dead = Analysis.objects.filter(pk=analysis_id).values_list("holder", flat=True).first()
    free = Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=now)
    with transaction.atomic():
        changed = (
            Analysis.objects.filter(free, pk=analysis_id, attempts__lt=settings.ANALYSIS_MAX_ATTEMPTS)
            .filter(session__patient__erased_at=None)
            .update(
                status=Status.RUNNING,
                holder=holder,
                lease_until=now + timedelta(seconds=settings.ANALYSIS_LEASE_S),
                attempts=F("attempts") + 1,
                photos_done=0,
                started_at=now,
            )
        )
        if not changed:
            return None
        analysis = Analysis.objects.select_related("session").get(pk=analysis_id)
        if not has_consent(analysis.session.patient_id, Purpose.AI_ANALYSIS):
            _cancel(Analysis.objects.filter(pk=analysis_id), now)
            ranking.refresh(analysis.session_id)
            return None
        if dead is not None:
            transaction.on_commit(partial(clear_attempt, dead), robust=True)
    return Claim(analysis_id, holder)


def heartbeat(*, claim: Claim, photos_done: int, now: datetime) -> bool:
    """Renew the lease and show progress. False: the lease is lost or the analysis cancelled; stop computing."""
    return bool(
        Analysis.objects.filter(pk=claim.analysis_id, holder=claim.holder, status=Status.RUNNING).update(
            lease_until=now + timedelta(seconds=settings.ANALYSIS_LEASE_S), photos_done=photos_done
        )
    )


@transaction.atomic
def record_result(*, claim: Claim, result: SessionResult, now: datetime) -> bool:
    """Write the whole result while still the holder, with consent still given. False: nothing was written."""
    analysis = (
        Analysis.objects.select_for_update(of=("self",))
        .select_related("session__patient", "pipeline")
        .filter(pk=claim.analysis_id, holder=claim.holder, status=Status.RUNNING)
        .first()
    )
    if analysis is None:
        return False
    if not has_consent(analysis.session.patient_id, Purpose.AI_ANALYSIS):
        _cancel(Analysis.objects.filter(pk=analysis.pk), now)
        ranking.refresh(analysis.session_id)
        return False
    photos = {
        photo.pk: photo for photo in Photo.objects.filter(session=analysis.session).select_related("session__patient")
    }
    for output in result.photos:
        row = PhotoResult.objects.create(
            analysis=analysis, photo=photos[output.photo_id], result=dict(output.json), created_at=now
        )
        DerivedImage.objects.bulk_create(
            DerivedImage(
                photo_result=row,
                kind=image.kind,
                file_name=image.file_name,
                media_type=image.media_type,
                width_px=image.width_px,
                height_px=image.height_px,
            )
            for image in output.images
        )
    pairs = [(output.photo_id, output.json) for output in result.photos]
    firsts, repeats = split_takes(pairs, {pk: photo.repeat_of_id for pk, photo in photos.items()})
    drafts = draft_findings(firsts, result.summary, analysis.pipeline.releases, repeats)
    for position, draft in enumerate(drafts):
        Finding.objects.create(
            analysis=analysis,
            photo=photos[draft.photo_id] if draft.photo_id else None,
            kind=draft.kind,
            code=draft.code,
            position=position,
            payload=dict(draft.payload),
            release=draft.release,
        )
    analysis.summary = dict(result.summary)
    analysis.status = Status.DONE
    analysis.holder = None
    analysis.lease_until = None
    analysis.finished_at = now
    analysis.failure_code = ""
    analysis.save()
    ranking.refresh(analysis.session_id)
    audit.record(
        action="analysis.done",
        now=now,
        clinic_id=analysis.session.patient.clinic_id,
        patient_id=analysis.session.patient_id,
        subject_kind="analysis",
        subject_id=analysis.pk,
        detail={"releases": sorted(analysis.pipeline.releases.values()), "photos": [str(p) for p, _ in pairs]},
    )
    return True


@transaction.atomic
def record_failure(*, claim: Claim, code: str, now: datetime, final: bool = False) -> None:
    """Give the analysis back after an error: queued again, or parked as failed when it was the last attempt."""
    analysis = (
        Analysis.objects.select_for_update()
        .filter(pk=claim.analysis_id, holder=claim.holder, status=Status.RUNNING)
        .first()
    )
    if analysis is None:
        return
    _requeue_or_park(analysis, code=code, now=now, final=final)


@transaction.atomic
def give_back(*, claim: Claim, now: datetime) -> bool:
    """Queue a claimed analysis again because its worker is asked to stop; this is no attempt."""
    changed = Analysis.objects.filter(pk=claim.analysis_id, holder=claim.holder, status=Status.RUNNING).update(
        status=Status.QUEUED,
        holder=None,
        lease_until=None,
        attempts=F("attempts") - 1,
        photos_done=0,
        queued_at=now,
    )
    if changed:
        enqueue("analysis.tasks.run_analysis", claim.analysis_id, queue=Queue.GPU)
    return bool(changed)


def _requeue_or_park(analysis: Analysis, *, code: str, now: datetime, final: bool = False) -> None:
    parked = final or analysis.attempts >= settings.ANALYSIS_MAX_ATTEMPTS
    analysis.status = Status.FAILED if parked else Status.QUEUED
    analysis.failure_code = code
    analysis.holder = None
    analysis.lease_until = None
    analysis.queued_at = now
    analysis.finished_at = now if parked else None
    analysis.save(update_fields=["status", "failure_code", "holder", "lease_until", "queued_at", "finished_at"])
    if parked:
        ranking.refresh(analysis.session_id)
    log.warning("analysis failed", extra={"analysis_id": str(analysis.pk), "code": code})
    if not parked:
        enqueue("analysis.tasks.run_analysis", analysis.pk, queue=Queue.GPU)


LOST_TASK_AFTER = timedelta(minutes=3)


def sweep(*, now: datetime) -> int:
    """Requeue what a dead worker left behind, park what failed too often, and deliver lost tasks again.

    Returns how many rows were touched. Runs every minute; safe to run twice at once.
    """
    touched = 0
    lapsed = Analysis.objects.filter(status=Status.RUNNING, lease_until__lt=now).values_list("pk", flat=True)
    for analysis_id in list(lapsed):
        with transaction.atomic():
            row = (
                Analysis.objects.select_for_update()
                .filter(pk=analysis_id, status=Status.RUNNING, lease_until__lt=now)
                .first()
            )
            if row is not None:
                if row.holder is not None:
                    transaction.on_commit(partial(clear_attempt, row.holder), robust=True)
                _requeue_or_park(row, code="worker_lost", now=now)
                touched += 1
    waiting = Analysis.objects.filter(status=Status.QUEUED, queued_at__lt=now - LOST_TASK_AFTER)
    for analysis_id in list(waiting.values_list("pk", flat=True)):
        with transaction.atomic():
            stale = Analysis.objects.filter(
                pk=analysis_id, status=Status.QUEUED, queued_at__lt=now - LOST_TASK_AFTER
            ).update(queued_at=now)
            if stale:
                enqueue("analysis.tasks.run_analysis", analysis_id, queue=Queue.GPU)
                touched += 1
    return touched + ranking.refresh_unranked()


def stalled_since(*, now: datetime) -> datetime | None:
    """When the longest-waiting case was submitted, if analyses wait and no worker has taken one for a while.

    None while work moves: nothing waits longer than ``ANALYSIS_STALLED_S``, or something was taken within that time, or
    a live lease says that a worker computes. Submission counts, because delivering a task again renews ``queued_at``.
    """
    since = now - timedelta(seconds=settings.ANALYSIS_STALLED_S)
    moving = Q(started_at__gte=since) | Q(status=Status.RUNNING, lease_until__gte=now)
    if Analysis.objects.filter(moving).exists():
        return None
    oldest: datetime | None = Analysis.objects.filter(status=Status.QUEUED, session__submitted_at__lt=since).aggregate(
        oldest=Min("session__submitted_at")
    )["oldest"]
    return oldest
