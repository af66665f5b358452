"""Handing a case up to the dermatologists, with a reason that everybody sees and how soon it has to be looked at."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import notify
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from patients import services as patient_services
from patients.models import PhotoSession, Urgency
from reviews.models import Escalation, Review
from reviews.second_reads import is_escalated
from reviews.services.holding import apply, held_review, locked_session_of
from reviews.workflow import Action, State


@transaction.atomic
def escalate_case(*, actor: Actor, review_id: UUID, reason: str, urgency: str, now: datetime) -> Review:
    """Give the case to the dermatologists: it goes to the top of the queue, and only they can claim and sign it.

    The work stays with it. Raises Invalid ``reason_needed``, ``unknown_urgency``; DomainError ``already_signed``.
    """
    actor.check(Permission.ESCALATE_CASE)
    session = locked_session_of(actor, review_id)
    review = held_review(actor, review_id, now)
    if review.session.status == PhotoSession.Status.CLOSED:
        raise DomainError("already_signed", _("This corrects a signed report: sign it, or hand it back."))
    if not reason.strip():
        raise Invalid("reason_needed", _("Say why a dermatologist has to look at this case."))
    if urgency not in Escalation.Urgency.values:
        raise Invalid("unknown_urgency", _("Say how soon it has to be looked at."))
    review.for_dermatologist = True
    apply(review, Action.ESCALATE, actor=actor, now=now, detail={"urgency": urgency})
    Escalation.objects.create(review=review, urgency=urgency, reason=reason.strip(), at=now)
    level = Urgency.PRESSING if urgency == Escalation.Urgency.NOW else Urgency.SOON
    patient_services.raise_urgency(session=session, urgency=level)
    notify.notify(
        recipients=[member.user_id for member in staff_of(review.clinic_id, (Role.DERMATOLOGIST,))],
        kind=notify.Kind.CASE_ESCALATED,
        clinic_id=review.clinic_id,
        path=reverse("reviews:queue"),
        dedupe_key=f"escalated:{review.pk}",
        now=now,
    )
    return review


def waiting_state(session: PhotoSession) -> State:
    """Whether a case that nobody holds waits for any clinician, or for a dermatologist."""
    return State.ESCALATED if is_escalated(session) else State.WAITING
