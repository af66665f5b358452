"""Handing a case to a named colleague: offered, taken by claiming it, declined, or everybody's again after a while.

While an offer stands, only the colleague and the one who handed the case over may claim it. The row of the session is
locked first, then the review, as in a claim.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, notify
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.models import Membership
from accounts.roles import PERMISSIONS, Permission, Role
from accounts.selectors import staff_of
from patients.models import PhotoSession
from reviews.models import Handover
from reviews.services.holding import apply, held_review, locked_session, locked_session_of
from reviews.workflow import Action

OFFER_STANDS: Final = timedelta(hours=24)
URGENT_OFFER_STANDS: Final = timedelta(hours=1)
"""How long a case waits for the colleague alone. A red flag does not wait for one person's shift."""

Status = Handover.Status


def colleagues(actor: Actor) -> list[Membership]:
    """Who a case can be handed to: everybody else of the clinic who may review."""
    roles = [role for role in Role if role in PERMISSIONS[Permission.CLAIM_REVIEW]]
    return [row for row in staff_of(actor.own_clinic_id, roles) if row.pk != actor.membership_id]


@transaction.atomic
def hand_over(*, actor: Actor, review_id: UUID, to_id: UUID, note: str, now: datetime) -> Handover:
    """Give a case that one holds to a colleague, with a note. The work stays with it; the colleague is told by e-mail
    that a case waits, without content.

    Raises Invalid ``not_a_reviewer`` when the colleague may not review here, DomainError ``already_signed`` for the
    correction of a signed report, and what :func:`held_review` raises.
    """
    actor.check(Permission.CLAIM_REVIEW)
    session = locked_session_of(actor, review_id)
    receiver = next((row for row in colleagues(actor) if row.pk == to_id), None)
    if receiver is None:
        raise Invalid("not_a_reviewer", _("Choose a colleague of your clinic who reviews cases."))
    review = held_review(actor, review_id, now)
    if session.status != PhotoSession.Status.SUBMITTED:
        raise DomainError("already_signed", _("This corrects a signed report: sign it, or hand it back."))
    review.handover_note = note.strip()
    review.for_dermatologist = False
    apply(review, Action.HAND_BACK, actor=actor, now=now, detail={"to": str(receiver.pk)})
    Handover.objects.filter(session=session, status=Status.OFFERED).update(status=Status.LAPSED, answered_at=now)
    offer = Handover.objects.create(
        clinic_id=review.clinic_id,
        session=session,
        review=review,
        from_member_id=review.reviewer_id,
        to_member=receiver,
        offered_at=now,
        until=now + (URGENT_OFFER_STANDS if session.urgent else OFFER_STANDS),
    )
    _audit(offer, actor, "review.handed_over", now)
    notify.notify(
        recipients=[receiver.user_id],
        kind=notify.Kind.CASE_HANDED_OVER,
        clinic_id=review.clinic_id,
        path=reverse("reviews:queue") + "?show=handed",
        dedupe_key=f"handover:{offer.pk}",
        now=now,
    )
    return offer


@transaction.atomic
def decline_handover(*, actor: Actor, session_id: UUID, now: datetime) -> Handover:
    """Put a case that one was handed into the queue, for everybody. The note and the work stay with it.

    Raises NotFound when no case was handed to this person, or the offer stands no more.
    """
    actor.check(Permission.CLAIM_REVIEW)
    locked_session(actor, session_id)
    offer = _standing(session_id, now)
    if offer is None or offer.to_member_id != actor.membership_id:
        raise NotFound
    _answer(offer, Status.DECLINED, now)
    _audit(offer, actor, "review.handover_declined", now)
    notify.notify(
        recipients=[offer.from_member.user_id],
        kind=notify.Kind.HANDOVER_DECLINED,
        clinic_id=offer.clinic_id,
        path=reverse("reviews:queue"),
        dedupe_key=f"handover-declined:{offer.pk}",
        now=now,
    )
    return offer


def answer_by_claim(*, actor: Actor, session: PhotoSession, now: datetime) -> None:
    """What a claim does to an offer, the session's row being locked: its two people may claim, others only after it
    lapsed. Raises DomainError ``handed_over``."""
    offer = Handover.objects.filter(session=session, status=Status.OFFERED).select_related("to_member").first()
    if offer is None:
        return
    if offer.to_member_id == actor.membership_id:
        _answer(offer, Status.TAKEN, now)
    elif offer.from_member_id == actor.membership_id:
        _answer(offer, Status.WITHDRAWN, now)
    elif offer.until <= now:
        _answer(offer, Status.LAPSED, now)
    else:
        until = timezone.localtime(offer.until).strftime("%H:%M")
        raise DomainError(
            "handed_over",
            _("This case was handed to %(name)s. It is everybody's again at %(until)s, or once it is declined.")
            % {"name": offer.to_member.display_name, "until": until},
        )


def _standing(session_id: UUID, now: datetime) -> Handover | None:
    rows = Handover.objects.standing(now).filter(session_id=session_id)
    offer: Handover | None = rows.select_related("from_member", "session").first()
    return offer


def _answer(offer: Handover, status: Handover.Status, now: datetime) -> None:
    offer.status, offer.answered_at = status, now
    offer.save(update_fields=["status", "answered_at"])


def _audit(offer: Handover, actor: Actor, action: str, now: datetime) -> None:
    if actor.membership_id is None:
        raise NotAllowed(_("Only staff of the clinic review cases."))
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=offer.clinic_id,
        patient_id=offer.session.patient_id,
        subject_kind="review",
        subject_id=offer.review_id,
        detail={"from": str(offer.from_member_id), "to": str(offer.to_member_id)},
    )
