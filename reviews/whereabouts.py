"""Where a case went after its reviewer let go of it: free to be claimed again, or with somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.roles import Permission
from patients.models import PhotoSession
from reviews.models import Handover, Review, ReviewStatus
from reviews.second_reads import is_escalated


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Who has a case now, in words; ``url`` leads to the review that followed, where there is one."""

    claimable: bool
    words: str = ""
    url: str = ""


def whereabouts(review: Review, actor: Actor, now: datetime) -> Whereabouts:
    """What a claim by this person would find, after a review that let go of its case. The claim has the last word."""
    rows = Review.objects.filter(session_id=review.session_id).exclude(pk=review.pk)
    later = rows.exclude(status=ReviewStatus.RELEASED).filter(claimed_at__gte=review.claimed_at)
    newest = later.select_related("session__patient", "reviewer").order_by("-claimed_at").first()
    if newest is not None and newest.status in ReviewStatus.open_states():
        return _held(newest, actor, now)
    if review.session.status != PhotoSession.Status.SUBMITTED:
        return _closed(newest)
    offer = Handover.objects.standing(now).filter(session_id=review.session_id).select_related("to_member").first()
    if offer is not None and actor.membership_id not in (offer.to_member_id, offer.from_member_id):
        return Whereabouts(False, _("The case was handed to %(name)s.") % {"name": offer.to_member.display_name})
    if is_escalated(review.session) and not actor.can(Permission.CLAIM_ESCALATED):
        return Whereabouts(False, _("This case was escalated: a dermatologist takes it."))
    return Whereabouts(True)


def _held(holding: Review, actor: Actor, now: datetime) -> Whereabouts:
    url = reverse("reviews:review", args=[holding.pk])
    if holding.reviewer_id == actor.membership_id:
        return Whereabouts(False, _("You have this case again."), url)
    if holding.lease_until <= now:
        return Whereabouts(True)
    until = timezone.localtime(holding.lease_until).strftime("%H:%M")
    words = _("%(name)s has this case now, until %(until)s or longer.")
    return Whereabouts(False, words % {"name": holding.reviewer.display_name, "until": until}, url)


def _closed(newest: Review | None) -> Whereabouts:
    if newest is None:
        return Whereabouts(False, _("This case is not waiting for a review any more."))
    words = {
        ReviewStatus.SIGNED: _("%(name)s signed this case."),
        ReviewStatus.REJECTED: _("%(name)s closed this case without a plan."),
        ReviewStatus.RETAKE_REQUESTED: _("%(name)s asked the patient for new photographs."),
    }.get(ReviewStatus(newest.status), _("%(name)s reviewed this case after you."))
    url = reverse("reviews:review", args=[newest.pk])
    return Whereabouts(False, words % {"name": newest.reviewer.display_name}, url)
