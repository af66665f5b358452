"""How much each clinician of a clinic has on the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.actors import Actor
from accounts.models import Membership
from accounts.roles import Permission, Role
from accounts.selectors import clinic_of, staff_of
from reviews.desk import desk_of
from reviews.models import Review, ReviewStatus

TIMES_OVER: Final = timedelta(days=30)
"""The median is over what was signed in this time."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One clinician. ``median_minutes``: from the claim to the signature, over the last 30 days."""

    member: Membership
    open: int
    handed: int
    signed_this_week: int
    median_minutes: float | None
    is_me: bool

    @property
    def seconds(self) -> float | None:
        return None if self.median_minutes is None else self.median_minutes * 60


def workloads(actor: Actor, *, now: datetime) -> list[Workload]:
    """The clinic's clinicians by name; the week begins on Monday, on the clinic's clock."""
    actor.check(Permission.READ_CASES)
    desk = desk_of(actor, now)
    here = now.astimezone(ZoneInfo(clinic_of(actor).time_zone))
    today = here.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    since = min(monday, now - TIMES_OVER)
    signed = Review.objects.visible_to(actor).filter(status=ReviewStatus.SIGNED, closed_at__gte=since)
    times: dict[UUID, list[float]] = {}
    week: dict[UUID, int] = {}
    for reviewer_id, claimed_at, closed_at in signed.values_list("reviewer_id", "claimed_at", "closed_at"):
        if closed_at >= now - TIMES_OVER:
            times.setdefault(reviewer_id, []).append((closed_at - claimed_at).total_seconds() / 60)
        week[reviewer_id] = week.get(reviewer_id, 0) + (closed_at >= monday)
    return [
        Workload(
            member=member,
            open=sum(1 for review in desk.holding.values() if review.reviewer_id == member.pk),
            handed=sum(1 for offer in desk.offers.values() if offer.to_id == member.pk),
            signed_this_week=week.get(member.pk, 0),
            median_minutes=median(times[member.pk]) if member.pk in times else None,
            is_me=member.pk == actor.membership_id,
        )
        for member in staff_of(actor.own_clinic_id, (Role.DERMATOLOGIST, Role.TRICHOLOGIST))
    ]
