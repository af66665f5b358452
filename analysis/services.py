"""The acts of this room: submit a session, claim an analysis, keep the lease, record or fail, sweep.

django-q2 delivers at least once and never counts a worker that died; so the ``Analysis`` row is the truth
(:mod:`analysis.leases`), and all rows of a result are written in one transaction by who still holds the lease.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Min, Q

from accounts import audit, webhooks
from accounts.actors import Actor
from accounts.roles import Permission
from analysis import ranking
from analysis.findings import draft_findings, split_takes
from analysis.leases import Claim, Work
from analysis.models import Analysis, DerivedImage, Finding, PhotoResult
from analysis.releases import current_pipeline
from analysis.results import SessionResult
from analysis.selectors import AnalysisState, analysis_state, derived_for, visible_findings
from patients.models import Photo, PhotoSession
from patients.selectors import session_for
from patients.services.locks import locked_session
from patients.services.reading import listed_recently, note_read
from patients.services.sessions import mark_submitted

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
        ANALYSES.cancel(Analysis.objects.filter(session=session).exclude(pk=analysis.pk), now)
        ranking.refresh(session.pk)
        ANALYSES.send(analysis.pk)
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


def _rank_again(analysis_id: UUID) -> None:
    ranking.refresh(Analysis.objects.values_list("session_id", flat=True).get(pk=analysis_id))


ANALYSES: Final = Work(
    name="analysis",
    model=Analysis,
    task="analysis.tasks.run_analysis",
    patient="session__patient",
    fresh={"photos_done": 0},
    ended=_rank_again,
)


def claim(*, analysis_id: UUID, now: datetime) -> Claim | None:
    """Take the analysis if nobody holds it; None when there is nothing (more) to do, or consent was withdrawn."""
    return ANALYSES.claim(analysis_id, now)


def heartbeat(*, claim: Claim, photos_done: int, now: datetime) -> bool:
    """Renew the lease and show progress. False: the lease is lost or the analysis cancelled; stop computing."""
    return ANALYSES.heartbeat(claim, now, photos_done=photos_done)


@transaction.atomic
def record_result(*, claim: Claim, result: SessionResult, now: datetime) -> bool:
    """Write the whole result while still the holder, with consent still given. False: nothing was written."""
    analysis = ANALYSES.locked(claim, now, "session__patient", "pipeline")
    if analysis is None:
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
    ANALYSES.finish(analysis, now)
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


def record_failure(*, claim: Claim, code: str, now: datetime, final: bool = False) -> None:
    """Give the analysis back after an error: queued again, or parked as failed when it was the last attempt."""
    ANALYSES.fail(claim, code, now, final=final)


def give_back(*, claim: Claim, now: datetime) -> bool:
    """Queue a claimed analysis again because its worker is asked to stop; this is no attempt."""
    return ANALYSES.give_back(claim, now)


def sweep(*, now: datetime) -> int:
    """Requeue what a dead worker left behind, park what failed too often, and deliver lost tasks again.

    Returns how many rows were touched. Runs every minute; safe to run twice at once.
    """
    return ANALYSES.sweep(now) + ranking.refresh_unranked()


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
