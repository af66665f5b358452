"""Who holds a case: claim, hand back, lease, and a correction of what was signed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, NotAllowed
from accounts.roles import Permission
from accounts.workflow import next_state
from patients.models import PhotoSession
from reviews.decisions import done_analysis
from reviews.models import Review, ReviewStatus
from reviews.services.carry_over import carry_work, work_to_carry
from reviews.services.escalations import waiting_state
from reviews.services.handovers import answer_by_claim
from reviews.services.holding import (
    LEASE,
    apply,
    held_review,
    locked_review,
    locked_session,
    locked_session_of,
    record_event,
)
from reviews.services.reads import demand_reading
from reviews.services.shown_ranks import refresh_shown
from reviews.visibility import findings_hidden
from reviews.workflow import TRANSITIONS, Action, State


@transaction.atomic
def claim_review(*, actor: Actor, session_id: UUID, now: datetime) -> Review:
    """Take a waiting case. A second click by its holder finds the same review; a lapsed lease frees the case first.

    The work of a reviewer who handed it back is the starting point. Raises DomainError ``already_claimed`` while
    somebody else holds it, ``handed_over`` while it waits for another colleague, ``not_waiting`` when it is not in the
    queue.
    """
    actor.check(Permission.CLAIM_REVIEW)
    session = locked_session(actor, session_id)
    current = _open_review(session)
    if current is not None:
        if current.reviewer_id == actor.membership_id:
            return held_review(actor, current.pk, now)
        if current.lease_until > now:
            raise _already_claimed(current)
        apply(locked_review(actor, current.pk), Action.LEASE_LAPSED, actor=None, now=now)
    if session.status != PhotoSession.Status.SUBMITTED:
        raise DomainError("not_waiting", _("This case is not waiting for a review any more."))
    answer_by_claim(actor=actor, session=session, now=now)
    review = _create(actor, session, now, state=waiting_state(session))
    demand_reading(review, now)
    refresh_shown(session)
    previous = work_to_carry(review)
    if previous is not None and not findings_hidden(actor, session):
        carry_work(source=previous, target=review)
    return review


@transaction.atomic
def open_correction(*, actor: Actor, source: Review, now: datetime) -> Review:
    """A new review of a signed case, starting from everything that was signed. Used when a report is corrected."""
    actor.check(Permission.CLAIM_REVIEW)
    session = locked_session(actor, source.session_id)
    if _open_review(session) is not None:
        raise DomainError("already_claimed", _("A correction of this case is already being written."))
    review = _create(actor, session, now)
    carry_work(source=source, target=review)
    return review


@transaction.atomic
def release_review(
    *, actor: Actor, review_id: UUID, now: datetime, note: str = "", for_dermatologist: bool = False
) -> Review:
    """Hand a case back to the queue. The work stays for the next reviewer, with a note."""
    actor.check(Permission.CLAIM_REVIEW)
    locked_session_of(actor, review_id)
    review = held_review(actor, review_id, now)
    review.handover_note = note.strip()
    review.for_dermatologist = for_dermatologist
    apply(review, Action.HAND_BACK, actor=actor, now=now, detail={"for_dermatologist": for_dermatologist})
    return review


@transaction.atomic
def renew_lease(*, actor: Actor, review_id: UUID, now: datetime) -> Review:
    """Keep the case for another half hour: the page asks while it is being worked on."""
    actor.check(Permission.CLAIM_REVIEW)
    return held_review(actor, review_id, now)


def _open_review(session: PhotoSession) -> Review | None:
    rows = Review.objects.filter(session=session, status__in=ReviewStatus.open_states())
    review: Review | None = rows.select_related("reviewer").first()
    return review


def _create(actor: Actor, session: PhotoSession, now: datetime, *, state: State = State.WAITING) -> Review:
    """Insert the review; the unique constraint has the last word when two arrive at once."""
    if actor.membership_id is None:
        raise NotAllowed(_("Only staff of the clinic review cases."))
    transition = next_state(TRANSITIONS, state, Action.CLAIM)
    if state is State.ESCALATED and not actor.can(Permission.CLAIM_ESCALATED):
        raise NotAllowed(_("This case was escalated: a dermatologist takes it."), code="needs_dermatologist")
    try:
        with transaction.atomic():
            review = Review.objects.create(
                session=session,
                clinic_id=session.patient.clinic_id,
                reviewer_id=actor.membership_id,
                analysis=done_analysis(session),
                status=transition.target.value,
                claimed_at=now,
                lease_until=now + LEASE,
            )
    except IntegrityError:
        raise _already_claimed(_open_review(session)) from None
    record_event(review, Action.CLAIM, before=state.value, actor=actor, now=now)
    audit.record(
        action=transition.audit,
        now=now,
        actor=actor,
        clinic_id=review.clinic_id,
        patient_id=session.patient_id,
        subject_kind="review",
        subject_id=review.pk,
    )
    return review


def _already_claimed(review: Review | None) -> DomainError:
    if review is None:
        return DomainError("already_claimed", _("A colleague claimed this case a moment ago."))
    until = timezone.localtime(review.lease_until).strftime("%H:%M")
    return DomainError(
        "already_claimed",
        _("%(name)s is reviewing this case. It is held until %(until)s.")
        % {"name": review.reviewer.display_name, "until": until},
    )
