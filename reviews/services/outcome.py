"""How a review ends: decided, asked for again, rejected, signed; and how a decision is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import notify, webhooks
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotAllowed
from accounts.roles import Permission
from patients import services as patient_services
from patients.capture_protocol import RetakeReason
from patients.models import PhotoSession
from patients.selectors import users_of
from reviews.decisions import is_amended, unseen
from reviews.models import Review
from reviews.second_reads import opinions_about
from reviews.services.follow_up import plan_follow_up
from reviews.services.holding import apply, graded_review, held_review
from reviews.signing import signing_state
from reviews.workflow import Action, State
from vision.types import View


@dataclass(frozen=True, slots=True)
class RetakeWish:
    """One view that is wanted again, and why (a code: the patient reads the advice that belongs to it)."""

    view: View
    reason: RetakeReason


@transaction.atomic
def decide_review(*, actor: Actor, review_id: UUID, now: datetime) -> Review:
    """Approve, or amend when something was corrected or rejected. Then the plan can be signed.

    Raises Invalid ``unseen`` while a photograph was never opened or a finding never decided, ``opinion_open`` while an
    opinion that was asked for is not in; DomainError ``grade_first`` before the grade of a blind read.
    """
    actor.check(Permission.REVIEW_FINDINGS)
    review = graded_review(actor, review_id, now)
    _refuse_unseen(review)
    _refuse_open_question(review)
    changed = is_amended(review)
    review.outcome = "amended" if changed else "approved"
    review.decided_at = now
    apply(review, Action.AMEND if changed else Action.APPROVE, actor=actor, now=now)
    return review


@transaction.atomic
def reopen(*, actor: Actor, review_id: UUID, now: datetime) -> Review:
    """Take the decision back before it is signed."""
    actor.check(Permission.REVIEW_FINDINGS)
    review = held_review(actor, review_id, now, states=(State.DECIDED,))
    review.outcome = ""
    review.decided_at = None
    apply(review, Action.REOPEN, actor=actor, now=now)
    return review


@transaction.atomic
def request_retake(
    *, actor: Actor, review_id: UUID, wishes: Sequence[RetakeWish], message: str, now: datetime
) -> Review:
    """Send the session back for new photographs. The patient sees exactly which views, why, and the message."""
    actor.check(Permission.REQUEST_RETAKE)
    review = held_review(actor, review_id, now, states=(State.CLAIMED,))
    _refuse_signed(review)
    if not wishes:
        raise Invalid("views_needed", _("Choose at least one view that is needed again."))
    review.message_to_patient = message.strip()
    apply(review, Action.REQUEST_RETAKE, actor=actor, now=now, detail={"views": [wish.view.value for wish in wishes]})
    patient_services.reopen_for_retake(
        session=_locked(review),
        views=[{"view": wish.view.value, "reason": wish.reason.value} for wish in wishes],
        now=now,
    )
    _tell_patient(review, notify.Kind.RETAKE_REQUESTED, reverse("patients:capture", args=[review.session_id]), now)
    return review


@transaction.atomic
def reject_case(*, actor: Actor, review_id: UUID, message: str, now: datetime) -> Review:
    """Close the case without a plan. The message is what the patient reads, so it has to be there."""
    actor.check(Permission.REVIEW_FINDINGS)
    review = held_review(actor, review_id, now, states=(State.CLAIMED,))
    _refuse_signed(review)
    if not message.strip():
        raise Invalid("message_needed", _("Write to the patient why there is no plan, and what to do instead."))
    review.message_to_patient = message.strip()
    apply(review, Action.REJECT, actor=actor, now=now)
    patient_services.close_session(session=_locked(review), now=now)
    _tell_patient(review, notify.Kind.CASE_REJECTED, reverse("home"), now)
    return review


def mark_signed(*, review: Review, actor: Actor, now: datetime) -> None:
    """The last step of signing, inside the caller's transaction: ``review`` is locked and its report is made.

    Closes the session. Raises Invalid with the first thing that still stands against a signature, NotAllowed when this
    role may not sign what the case contains, DomainError when somebody else holds it.
    """
    if review.reviewer_id != actor.membership_id:
        raise DomainError("not_holder", _("Only the reviewer who holds this case can sign it."))
    state = signing_state(review, actor)
    if state.blockers:
        first = state.blockers[0]
        raise Invalid(first.code, first.message)
    if not state.role_may_sign:
        raise NotAllowed(state.who_must_sign, code="needs_dermatologist")
    actor.check(Permission.SIGN_MEDICAL_PLAN if state.medical_reasons else Permission.SIGN_COSMETIC_PLAN)
    apply(review, Action.SIGN, actor=actor, now=now)
    plan_follow_up(review=review, actor=actor, now=now)
    session = _locked(review)
    if session.status == PhotoSession.Status.SUBMITTED:
        patient_services.close_session(session=session, now=now)
        patient_services.close_kept(
            patient_id=session.patient_id, sent_before=session.submitted_at or session.created_at, now=now
        )


def _refuse_unseen(review: Review) -> None:
    waiting = unseen(review)
    if waiting.is_empty:
        return
    parts = []
    if count := len(waiting.photos):
        parts.append(
            ngettext("%(n)s photograph was not opened", "%(n)s photographs were not opened", count) % {"n": count}
        )
    if count := len(waiting.findings):
        parts.append(ngettext("%(n)s finding is undecided", "%(n)s findings are undecided", count) % {"n": count})
    elif count := len(waiting.unopened_findings):
        parts.append(ngettext("%(n)s finding was not opened", "%(n)s findings were not opened", count) % {"n": count})
    if count := len(waiting.unexplained):
        parts.append(
            ngettext("%(n)s region you added has no reason", "%(n)s regions you added have no reason", count)
            % {"n": count}
        )
    raise Invalid("unseen", _("Not yet: %(what)s.") % {"what": _(" and ").join(parts)})


def _refuse_open_question(review: Review) -> None:
    if any(opinion.is_open for opinion in opinions_about(review.session)):
        raise Invalid("opinion_open", _("You asked for an opinion. Wait for the answer, or take the question back."))


def _refuse_signed(review: Review) -> None:
    if review.session.status == PhotoSession.Status.CLOSED:
        raise DomainError("already_signed", _("This corrects a signed report: sign it, or hand it back."))


def _locked(review: Review) -> PhotoSession:
    rows = PhotoSession.objects.select_for_update(of=("self",)).select_related("patient__clinic")
    session: PhotoSession = rows.get(pk=review.session_id)
    return session


_EVENTS = {
    notify.Kind.RETAKE_REQUESTED: webhooks.Event.RETAKE_REQUESTED,
    notify.Kind.CASE_REJECTED: webhooks.Event.CASE_REJECTED,
}


def _tell_patient(review: Review, kind: notify.Kind, path: str, now: datetime) -> None:
    webhooks.announce(
        clinic_id=review.clinic_id,
        event=_EVENTS[kind],
        ids={"patient": review.session.patient_id, "session": review.session_id},
        now=now,
    )
    notify.notify(
        recipients=users_of(review.session.patient_id),
        kind=kind,
        clinic_id=review.clinic_id,
        path=path,
        dedupe_key=f"{kind.value}:{review.pk}",
        now=now,
    )
