"""Who holds what in a clinic now: open reviews, and cases handed to one colleague who has not answered yet.

With it comes what the person who asks has had to do with the waiting cases: one statement reads all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import BooleanField, Case, DateTimeField, F, Q, QuerySet, Value, When

from accounts.actors import Actor
from accounts.models import Membership
from accounts.roles import Role
from accounts.statements import Statement
from patients.models import PhotoSession
from reviews.models import Handover, Opinion, Read, Review, ReviewStatus
from reviews.visibility import Contact

_HELD, _OFFERED, _HAD, _CLINICIAN = "held", "offered", "had", "clinician"
_NOBODY: Final = UUID(int=0)
_CLINICIANS: Final = [role.value for role in Role if role.is_clinician]
_NO_TIME: Final = Value(None, output_field=DateTimeField())
_NOTHING: Final = Value(""), Value(""), Value(""), Value("")


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
    """Who holds what: reviews by session (those of others only while their lease runs), and standing offers.

    ``contacts``: the waiting cases that this person has held, graded or given an opinion about.
    """

    holding: Mapping[UUID, Holding]
    offers: Mapping[UUID, Offer]
    membership_id: UUID | None
    contacts: Mapping[UUID, list[Contact]] = field(default_factory=dict)
    clinicians: list[tuple[UUID, str]] = field(default_factory=list)  # who could hold a case: membership, name

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


def _own_time(field: str, member_id: UUID | None) -> Case:
    """The time of one's own reviews; nobody asks for those of others, and hundreds of times take long to read."""
    return Case(When(reviewer_id=member_id, then=F(field)), default=_NO_TIME)


def _asked(role: Role, *, member: UUID, clinic: UUID, now: datetime) -> QuerySet[Any, Any]:
    """Open reviews, offers, one's own earlier work, and who could hold a case, in one statement."""
    actor, waits = Actor(member, role, clinic, member), PhotoSession.Status.SUBMITTED
    reviews = Review.objects.visible_to(actor).filter(
        clinic_id=clinic, status__in=ReviewStatus.open_states()
    )  # the clinic once more: it leads the index
    held = reviews.filter(Q(lease_until__gt=now) | Q(reviewer_id=member))
    offers = Handover.objects.visible_to(actor).standing(now)
    offers = offers.filter(clinic_id=clinic, session__status=waits)
    left = Review.objects.filter(reviewer_id=member, status__in=ReviewStatus.handed_on(), session__status=waits)
    read = Read.objects.filter(reader_id=member, case__session__status=waits)
    answered = Opinion.objects.filter(answered_by_id=member, session__status=waits)
    clinicians = Membership.objects.visible_to(actor).active().filter(role__in=_CLINICIANS)
    not_held = Value(None, output_field=BooleanField())
    rows: QuerySet[Any, Any] = held.order_by().values_list(
        Value(_HELD), "session_id", "pk", "reviewer_id", "reviewer__display_name", Value(""), "status",
        "session__status", _own_time("claimed_at", member), "blind_first",
    ).union(
        offers.order_by().values_list(
            Value(_OFFERED), "session_id", "from_member_id", "to_member_id", "to_member__display_name",
            "from_member__display_name", Value(""), Value(""), "offered_at", not_held,
        ),
        left.order_by().values_list(
            Value(_HAD), "session_id", "pk", "reviewer_id", *_NOTHING, "claimed_at", "blind_first"
        ),
        read.order_by().values_list(
            Value(_HAD), "case__session_id", "pk", "reader_id", *_NOTHING, "committed_at", not_held
        ),
        answered.order_by().values_list(
            Value(_HAD), "session_id", "pk", "answered_by_id", *_NOTHING, "answered_at", not_held
        ),
        clinicians.order_by().values_list(
            Value(_CLINICIAN), "pk", "user_id", "clinic_id", "display_name", *_NOTHING[1:], _NO_TIME, not_held
        ),
        all=True,
    )  # fmt: skip
    return rows


_ASKED: Final = Statement(_asked)


def desk_of(actor: Actor, now: datetime) -> Desk:
    """The desk of the actor's clinic: others' reviews only while their lease runs, one's own always.

    Raises NotAllowed for a patient, who has no clinic of their own.
    """
    mine, waits = actor.membership_id, PhotoSession.Status.SUBMITTED
    rows = _ASKED.rows(actor.role, member=mine or _NOBODY, clinic=actor.own_clinic_id, now=now)
    holding: dict[UUID, Holding] = {}
    standing: dict[UUID, Offer] = {}
    contacts: dict[UUID, list[Contact]] = {}
    names: list[tuple[UUID, str]] = []
    for kind, session_id, pk, member, name, other, status, where, at, blind in rows:
        if kind == _HELD:
            correction = where == PhotoSession.Status.CLOSED
            holding[session_id] = Holding(pk, session_id, member, name, status, correction)
        elif kind == _OFFERED:
            standing[session_id] = Offer(session_id, pk, other, member, name, at)
        elif kind == _CLINICIAN:
            names.append((session_id, name))
        if kind == _HAD or (kind == _HELD and member == mine and where == waits):
            contacts.setdefault(session_id, []).append(Contact(at, blind))
    return Desk(
        holding=holding,
        offers={pk: offer for pk, offer in standing.items() if pk not in holding},
        membership_id=mine,
        contacts=contacts,
        clinicians=sorted(names, key=lambda row: row[1].casefold()),
    )
