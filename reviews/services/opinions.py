"""Second opinions: a question to a colleague, and the answer in writing. The case stays with who asked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, notify
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.models import Membership
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from accounts.workflow import next_state
from patients.models import Photo, Purpose
from patients.selectors import has_consent, photos_of
from reviews.decisions import looked_at, photos_in_order
from reviews.grade import Grade
from reviews.models import Opinion, Review
from reviews.second_reads import opinions_about
from reviews.services.holding import apply, held_review, locked_review, record_event
from reviews.services.looks import check_all_opened, note_look
from reviews.services.readings import photo_on_stage
from reviews.visibility import check_findings_open
from reviews.workflow import TRANSITIONS, Action, State


@transaction.atomic
def ask_opinion(*, actor: Actor, review_id: UUID, question: str, asked_of: UUID | None, now: datetime) -> Opinion:
    """Ask a named colleague (a membership) or, with ``asked_of`` None, any dermatologist of the clinic.

    The colleague is told that there is a question, not which. Raises Invalid ``question_needed``,
    ``unknown_colleague``, ``nobody_to_ask``, ``already_asked``; DomainError ``no_consent`` when the patient did not
    agree to a second opinion, ``grade_first``.
    """
    actor.check(Permission.REVIEW_FINDINGS)
    review = held_review(actor, review_id, now, states=(State.CLAIMED,))
    check_findings_open(actor, review)
    if not question.strip():
        raise Invalid("question_needed", _("Write what you want to know."))
    if not has_consent(review.session.patient_id, Purpose.SHARING):
        raise DomainError("no_consent", _("The patient did not agree to a second opinion inside the clinic."))
    if any(opinion.is_open for opinion in opinions_about(review.session)):
        raise Invalid("already_asked", _("A question about this case is open. Wait for the answer, or take it back."))
    asked = _asked(actor, review, asked_of)
    opinion = Opinion.objects.create(
        session=review.session,
        clinic_id=review.clinic_id,
        asked_by_id=review.reviewer_id,
        asked_of_id=asked_of,
        question=question.strip(),
        asked_at=now,
    )
    apply(review, Action.ASK_OPINION, actor=actor, now=now, detail={"opinion": str(opinion.pk)})
    notify.notify(
        recipients=[member.user_id for member in asked],
        kind=notify.Kind.OPINION_ASKED,
        clinic_id=review.clinic_id,
        path=reverse("reviews:opinion", args=[opinion.pk]),
        dedupe_key=f"opinion:{opinion.pk}",
        now=now,
    )
    return opinion


@transaction.atomic
def read_opinion(*, actor: Actor, opinion_id: UUID, now: datetime) -> Opinion:
    """The question, for whom it was asked, without pictures; audited."""
    opinion = _readable(actor, opinion_id)
    _audit_look(opinion, actor, "opinion.read", [], now)
    return opinion


@transaction.atomic
def show_opinion(*, actor: Actor, opinion_id: UUID, photo_id: UUID | None, now: datetime) -> Opinion:
    """The same with one photograph on the stage (the first, if none is named) and all beside it as thumbnails.

    Audited with the photographs shown; the one on the stage counts as opened.
    """
    opinion = _readable(actor, opinion_id)
    note_look(opinion.session, actor, photo_on_stage(photos_in_order(opinion.session), photo_id), now)
    _audit_look(opinion, actor, "opinion.read", photos_of(opinion.session), now)
    return opinion


@transaction.atomic
def look_closer_for_opinion(*, actor: Actor, opinion_id: UUID, photo_id: UUID, now: datetime) -> Opinion:
    """Bring another photograph of the case to the stage of whom was asked: it counts as opened, the look is audited.

    Raises as :func:`read_opinion`; NotFound for a photograph that is not one of the case.
    """
    opinion = _readable(actor, opinion_id)
    photos = looked_at(opinion.session, photo_id)
    note_look(opinion.session, actor, photos[0], now)
    _audit_look(opinion, actor, "opinion.photo_read", photos, now)
    return opinion


@transaction.atomic
def give_opinion(*, actor: Actor, opinion_id: UUID, answer: str, grade: Grade, now: datetime) -> Opinion:
    """Answer in writing, with a grade. The case stays where it is; who asked is told and decides.

    Raises Invalid ``answer_needed``, ``photos_unopened`` until every photograph was on the stage of whom was asked,
    DomainError ``opinion_closed``, ``no_consent``.
    """
    actor.check(Permission.GIVE_OPINION)
    opinion = _locked(actor, opinion_id)
    _check_asked(actor, opinion)
    if not opinion.is_open:
        raise DomainError("opinion_closed", _("This question was answered or taken back."))
    if not has_consent(opinion.session.patient_id, Purpose.SHARING):
        raise DomainError("no_consent", _("The patient no longer agrees to a second opinion inside the clinic."))
    if not answer.strip():
        raise Invalid("answer_needed", _("Write your opinion."))
    check_all_opened(opinion.session, actor)
    opinion.answer, opinion.grade = answer.strip(), grade.to_dict()
    opinion.answered_by_id, opinion.answered_at = actor.membership_id, now
    opinion.save()
    _note(opinion, Action.GIVE_OPINION, actor, now)
    notify.notify(
        recipients=[opinion.asked_by.user_id],
        kind=notify.Kind.OPINION_GIVEN,
        clinic_id=opinion.clinic_id,
        path=reverse("reviews:queue"),
        dedupe_key=f"opinion_given:{opinion.pk}",
        now=now,
    )
    return opinion


@transaction.atomic
def withdraw_opinion(*, actor: Actor, opinion_id: UUID, now: datetime) -> Opinion:
    """Take an open question back: the case can be decided without it. For whoever holds the case."""
    actor.check(Permission.REVIEW_FINDINGS)
    opinion = _locked(actor, opinion_id)
    review = _newest_review(opinion)
    if review is None:
        raise NotFound
    review = held_review(actor, review.pk, now, states=(State.CLAIMED,))
    if not opinion.is_open:
        raise DomainError("opinion_closed", _("This question was answered or taken back."))
    opinion.withdrawn_at = now
    opinion.save(update_fields=["withdrawn_at"])
    apply(review, Action.WITHDRAW_OPINION, actor=actor, now=now, detail={"opinion": str(opinion.pk)})
    return opinion


def _asked(actor: Actor, review: Review, asked_of: UUID | None) -> list[Membership]:
    roles = (Role.DERMATOLOGIST,) if asked_of is None else (Role.DERMATOLOGIST, Role.TRICHOLOGIST)
    colleagues = [row for row in staff_of(review.clinic_id, roles) if row.pk != actor.membership_id]
    if asked_of is not None:
        colleagues = [row for row in colleagues if row.pk == asked_of]
        if not colleagues:
            raise Invalid("unknown_colleague", _("Choose a clinician of this clinic."))
    if not colleagues:
        raise Invalid("nobody_to_ask", _("There is no other dermatologist in this clinic."))
    return colleagues


def _check_asked(actor: Actor, opinion: Opinion) -> None:
    """Who was asked, or who answered, may read the question; others are told that it is not theirs."""
    named = opinion.asked_of_id == actor.membership_id
    anybody = opinion.asked_of_id is None and actor.role is Role.DERMATOLOGIST
    answered = opinion.answered_by_id == actor.membership_id
    if opinion.asked_by_id == actor.membership_id or not (named or anybody or answered):
        raise NotAllowed(_("This question was asked of somebody else."))


def _readable(actor: Actor, opinion_id: UUID) -> Opinion:
    actor.check(Permission.GIVE_OPINION)
    opinion = _opinion(actor, opinion_id)
    _check_asked(actor, opinion)
    return opinion


def _audit_look(opinion: Opinion, actor: Actor, action: str, photos: list[Photo], now: datetime) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        patient_id=opinion.session.patient_id,
        subject_kind="opinion",
        subject_id=opinion.pk,
        detail={"photos": [str(photo.pk) for photo in photos]},
    )


def _note(opinion: Opinion, action: Action, actor: Actor, now: datetime) -> None:
    """Into the history of the review that the case is in now, and into the audit."""
    review = _newest_review(opinion)
    if review is not None and (State(review.status), action) in TRANSITIONS:
        apply(locked_review(actor, review.pk), action, actor=actor, now=now, detail={"opinion": str(opinion.pk)})
        return
    if review is not None:
        record_event(review, action, before=review.status, actor=actor, now=now)
    audit.record(
        action=next_state(TRANSITIONS, State.CLAIMED, action).audit,
        now=now,
        actor=actor,
        clinic_id=opinion.clinic_id,
        patient_id=opinion.session.patient_id,
        subject_kind="opinion",
        subject_id=opinion.pk,
    )


def _newest_review(opinion: Opinion) -> Review | None:
    rows = Review.objects.filter(session_id=opinion.session_id).select_related("session__patient")
    review: Review | None = rows.order_by("-claimed_at").first()
    return review


def _opinion(actor: Actor, opinion_id: UUID) -> Opinion:
    rows = Opinion.objects.visible_to(actor).select_related("session__patient__clinic", "asked_by", "session__intake")
    opinion: Opinion | None = rows.filter(pk=opinion_id).first()
    if opinion is None:
        raise NotFound
    return opinion


def _locked(actor: Actor, opinion_id: UUID) -> Opinion:
    rows = Opinion.objects.visible_to(actor).select_for_update(of=("self",))
    opinion: Opinion | None = rows.select_related("session__patient", "asked_by").filter(pk=opinion_id).first()
    if opinion is None:
        raise NotFound
    return opinion
