"""Who holds what in a clinic now: open reviews, and cases handed to one colleague who has not answered yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from accounts.actors import Actor
from patients.models import PhotoSession
from reviews.models import Handover, Review, ReviewStatus


@dataclass(frozen=True, slots=True)
class Holding:
    """An open review, as far as a list shows it. ``correction``: of a case that was signed already."""

    pk: UUID
    session_id: UUID
    reviewer_id: UUID
    reviewer_name: str
    status: str
    correction: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A case handed from one clinician to another (memberships), while the offer stands."""

    session_id: UUID
    from_id: UUID
    from_name: str
    to_id: UUID
    to_name: str
    offered_at: datetime


@dataclass(frozen=True, slots=True)
class Desk:
    """Who holds what: reviews by session (those of others only while their lease runs), and standing offers."""

    holding: Mapping[UUID, Holding]
    offers: Mapping[UUID, Offer]
    membership_id: UUID | None

    @property
    def held_by_me(self) -> list[UUID]:
        return [pk for pk, review in self.holding.items() if review.reviewer_id == self.membership_id]

    @property
    def corrections(self) -> list[UUID]:
        """Signed cases whose correction this person writes."""
        return [pk for pk in self.held_by_me if self.holding[pk].correction]

    @property
    def handed_to_me(self) -> list[UUID]:
        """Longest waiting first."""
        offers = sorted(self.offers.values(), key=lambda offer: offer.offered_at)
        return [offer.session_id for offer in offers if offer.to_id == self.membership_id]

    @property
    def taken(self) -> set[UUID]:
        return {*self.holding, *self.offers}

    @property
    def taken_waiting(self) -> int:
        """How many of the waiting cases somebody holds or was handed."""
        return sum(1 for pk in self.taken if pk not in self.holding or not self.holding[pk].correction)

    def of_member(self, membership_id: UUID) -> set[UUID]:
        held = {pk for pk, review in self.holding.items() if review.reviewer_id == membership_id}
        return held | {pk for pk, offer in self.offers.items() if offer.to_id == membership_id}


def desk_of(actor: Actor, now: datetime) -> Desk:
    """The desk of the actor's clinic: others' reviews only while their lease runs, one's own always."""
    reviews = Review.objects.visible_to(actor).filter(
        clinic_id=actor.clinic_id, status__in=ReviewStatus.open_states()
    )  # the clinic once more: it leads the index
    reviews = reviews.filter(Q(lease_until__gt=now) | Q(reviewer_id=actor.membership_id))
    held = reviews.values_list("pk", "session_id", "reviewer_id", "reviewer__display_name", "status", "session__status")
    holding = {
        session_id: Holding(pk, session_id, reviewer, name, status, where == PhotoSession.Status.CLOSED)
        for pk, session_id, reviewer, name, status, where in held
    }
    offers = (
        Handover.objects.visible_to(actor)
        .standing(now)
        .filter(clinic_id=actor.clinic_id, session__status=PhotoSession.Status.SUBMITTED)
    )
    standing = offers.values_list(
        "session_id", "from_member_id", "from_member__display_name", "to_member_id", "to_member__display_name",
        "offered_at",
    )  # fmt: skip
    return Desk(
        holding=holding,
        offers={row[0]: Offer(*row) for row in standing if row[0] not in holding},
        membership_id=actor.membership_id,
    )
