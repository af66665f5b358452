"""Reads that leave a trace (one audit event per page, naming the photos shown), and the clinician's own reading."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from accounts.roles import Permission
from patients.models import Photo
from reviews.decisions import done_analysis, looked_at, photos_in_order, second_take
from reviews.models import FindingOpened, Review
from reviews.reading import Reading
from reviews.services.holding import LEASE, held_review, locked_review
from reviews.services.rescaling import go_on_with
from reviews.visibility import check_case_open
from reviews.workflow import OPEN_STATES, State


def read_queue(*, actor: Actor, session_ids: Iterable[UUID], now: datetime) -> None:
    """One event for the page of the worklist that was shown: one row, which needs no transaction around it."""
    actor.check(Permission.READ_CASES)
    sessions = [str(session_id) for session_id in session_ids]
    audit.record(action="queue.read", now=now, actor=actor, subject_kind="queue", detail={"sessions": sessions})


@transaction.atomic
def read_case(*, actor: Actor, review_id: UUID, photo_id: UUID | None, now: datetime) -> Review:
    """Open the review screen: renews the holder's lease, attaches an analysis that has finished since, and notes which
    photograph is on the stage. Thumbnails of all present photographs are shown, so all are named in the audit."""
    actor.check(Permission.READ_CASES)
    review = locked_review(actor, review_id)
    check_case_open(actor, review)
    photos = photos_in_order(review.session)
    _go_on(review, actor, now)
    shown = photo_on_stage(photos, photo_id)
    if shown is not None and holds(review, actor):
        _opened(review, shown, now)
    _audit_read(review, actor, now, "review.read", [*photos, *_again(shown)])
    return review


@transaction.atomic
def read_review(*, actor: Actor, review_id: UUID, now: datetime) -> Review:
    """The case without its pictures, as the API gives it: as :func:`read_case`, but no photograph was looked at."""
    actor.check(Permission.READ_CASES)
    review = locked_review(actor, review_id)
    check_case_open(actor, review)
    _go_on(review, actor, now)
    _audit_read(review, actor, now, "review.read", [])
    return review


@transaction.atomic
def read_photo(*, actor: Actor, review_id: UUID, photo_id: UUID, now: datetime) -> Review:
    """Bring another photograph to the stage: it counts as looked at for the holder, and the look is audited."""
    actor.check(Permission.READ_CASES)
    review = locked_review(actor, review_id)
    check_case_open(actor, review)
    photos = looked_at(review.session, photo_id)
    if holds(review, actor):
        review.lease_until = now + LEASE
        review.save(update_fields=["lease_until"])
        _opened(review, photos[0], now)
    _audit_read(review, actor, now, "review.photo_read", photos)
    return review


@transaction.atomic
def read_plan(*, actor: Actor, review_id: UUID, now: datetime) -> Review:
    """Open the plan: renews the holder's lease; audited."""
    actor.check(Permission.READ_CASES)
    review = locked_review(actor, review_id)
    check_case_open(actor, review)
    if holds(review, actor):
        review.lease_until = now + LEASE
        review.save(update_fields=["lease_until"])
    _audit_read(review, actor, now, "plan.read", [])
    return review


@transaction.atomic
def save_reading(*, actor: Actor, review_id: UUID, reading: Reading, now: datetime) -> Review:
    """Keep the clinician's diagnosis, examination and reasoning (R8), until the case is signed."""
    actor.check(Permission.REVIEW_FINDINGS)
    review = held_review(actor, review_id, now)
    review.reading = reading.to_dict()
    review.reading_saved_at = now
    review.save(update_fields=["reading", "reading_saved_at"])
    audit.record(
        action="review.reading_saved",
        now=now,
        actor=actor,
        patient_id=review.session.patient_id,
        subject_kind="review",
        subject_id=review.pk,
    )
    return review


@transaction.atomic
def take_up_numbers(*, actor: Actor, review_id: UUID, now: datetime) -> Review:
    """Let the holder go on with what was measured since the page was opened: the first numbers of a case, or those made
    with scales set by hand. Decisions on findings that came out the same stay."""
    actor.check(Permission.REVIEW_FINDINGS)
    review = held_review(actor, review_id, now, states=(State.CLAIMED,))
    _go_on(review, actor, now)
    _audit_read(review, actor, now, "review.read", [])
    return review


def _again(photo: Photo | None) -> list[Photo]:
    """The second take, which the stage shows beside the first."""
    again = second_take(photo) if photo is not None else None
    return [] if again is None else [again]


def holds(review: Review, actor: Actor) -> bool:
    """Whether this actor may work on the review now."""
    return State(review.status) in OPEN_STATES and review.reviewer_id == actor.membership_id


def photo_on_stage(photos: list[Photo], photo_id: UUID | None) -> Photo | None:
    """The photograph that was asked for, or the first."""
    return next((photo for photo in photos if photo.pk == photo_id), photos[0] if photos else None)


def _go_on(review: Review, actor: Actor, now: datetime) -> None:
    """Keep the holder's lease, and attach an analysis that has finished since: the first, or one made with scales that
    the clinician set."""
    if not holds(review, actor):
        return
    review.lease_until = now + LEASE
    done = done_analysis(review.session) if review.status == State.CLAIMED.value else None
    if review.analysis_id is None:
        review.analysis = done
    elif done is not None and done.hand_scales and done.pk != review.analysis_id:
        go_on_with(review, done)
    review.save(update_fields=["lease_until", "analysis"])


def _opened(review: Review, photo: Photo, now: datetime) -> None:
    FindingOpened.objects.get_or_create(review=review, subject_kind="photo", subject_id=photo.pk, defaults={"at": now})


def _audit_read(review: Review, actor: Actor, now: datetime, action: str, photos: list[Photo]) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        patient_id=review.session.patient_id,
        subject_kind="review",
        subject_id=review.pk,
        detail={"photos": [str(photo.pk) for photo in photos]},
    )
