"""A review under its lock: who holds it, in which state, and the one way to move it along."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, NotFound
from accounts.workflow import next_state
from patients import services as patient_services
from patients.models import PhotoSession
from reviews.models import Review, ReviewEvent, ReviewStatus
from reviews.services.shown_ranks import refresh_shown
from reviews.visibility import check_findings_open
from reviews.workflow import OPEN_STATES, TRANSITIONS, Action, State

LEASE = timedelta(minutes=30)
"""How long a case stays with its reviewer without any sign of work."""


def locked_review(actor: Actor, review_id: UUID) -> Review:
    """The review, locked until the transaction ends; NotFound when out of scope."""
    rows = Review.objects.visible_to(actor).select_for_update(of=("self",))
    review: Review | None = rows.select_related("session__patient__clinic", "reviewer").filter(pk=review_id).first()
    if review is None:
        raise NotFound
    return review


def locked_session_of(actor: Actor, review_id: UUID) -> PhotoSession:
    """The case of a review, locked: always before the review itself, in the order of a claim."""
    review = Review.objects.visible_to(actor).filter(pk=review_id).only("session_id").first()
    if review is None:
        raise NotFound
    return locked_session(actor, review.session_id)


def locked_session(actor: Actor, session_id: UUID) -> PhotoSession:
    """A case, locked until the transaction ends; NotFound when out of scope."""
    rows = PhotoSession.objects.visible_to(actor).select_for_update(of=("self",)).select_related("patient__clinic")
    session: PhotoSession | None = rows.filter(pk=session_id).first()
    if session is None:
        raise NotFound
    return session


def held_review(actor: Actor, review_id: UUID, now: datetime, *, states: tuple[State, ...] = OPEN_STATES) -> Review:
    """The locked review, when this actor holds it in one of ``states``; any act renews the lease.

    Raises DomainError ``not_holder`` when somebody else holds it, ``wrong_state`` when it is closed or decided.
    """
    review = locked_review(actor, review_id)
    if State(review.status) in OPEN_STATES and review.reviewer_id != actor.membership_id:
        raise DomainError(
            "not_holder", _("%(name)s is reviewing this case now.") % {"name": review.reviewer.display_name}
        )
    if State(review.status) not in states or review.reviewer_id != actor.membership_id:
        raise DomainError("wrong_state", closed_message(State(review.status)))
    review.lease_until = now + LEASE
    review.save(update_fields=["lease_until"])
    return review


def graded_review(actor: Actor, review_id: UUID, now: datetime) -> Review:
    """A review being worked on whose findings are open to its holder: as :func:`held_review`, and graded if blind.

    Raises DomainError ``grade_first`` besides.
    """
    review = held_review(actor, review_id, now, states=(State.CLAIMED,))
    check_findings_open(actor, review)
    return review


def closed_message(state: State) -> str:
    """What to do when the review does not allow an act any more."""
    match state:
        case State.DECIDED:
            return _("This case is ready to sign. Reopen it to change findings or your reading.")
        case State.RELEASED:
            return _("You no longer hold this case. Claim it again from the queue: your work is kept.")
        case State.SIGNED:
            return _("This case is signed. A correction issues a new report.")
        case State.ESCALATED:
            return _("This case was escalated. A dermatologist takes it from here.")
        case State.RETAKE_REQUESTED | State.REJECTED:
            return _("This review is closed.")
        case State.WAITING | State.CLAIMED:
            return _("This cannot be done now. Reload the page.")


def apply(
    review: Review,
    action: Action,
    *,
    actor: Actor | None,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Make one transition of a locked review: permission, status, history, audit. ``actor`` None: the portal itself.

    Where the case is free again, its row is locked as well: colleagues may know of its findings what the policy says.
    Raises NotAllowed, or DomainError ``wrong_state``.
    """
    before = State(review.status)
    transition = next_state(TRANSITIONS, before, action)
    if transition.permission is not None:
        if actor is None:
            raise DomainError("actor_needed", _("Somebody has to do this."))
        actor.check(transition.permission)
    review.status = transition.target.value
    if transition.target not in OPEN_STATES and transition.target is not before:
        review.closed_at = now
    review.save()
    if review.status in ReviewStatus.handed_on():
        refresh_shown(review.session)
        patient_services.send_to_dermatologists(session=review.session, wanted=review.for_dermatologist)
    record_event(review, action, before=before.value, actor=actor, now=now)
    audit.record(
        action=transition.audit,
        now=now,
        actor=actor,
        clinic_id=review.clinic_id,
        patient_id=review.session.patient_id,
        subject_kind="review",
        subject_id=review.pk,
        detail=detail,
    )


def record_event(review: Review, action: Action, *, before: str, actor: Actor | None, now: datetime) -> None:
    """Append to the review's history."""
    ReviewEvent.objects.create(
        review=review,
        action=action.value,
        from_status=before,
        to_status=review.status,
        actor_id=actor.user_id if actor else None,
        at=now,
    )
