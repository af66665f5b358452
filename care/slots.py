"""Free times of a clinician. Pure: hours on the clinic's wall clock in, instants in UTC out.

Hours are wall-clock times in an IANA time zone; slots are stepped in absolute time. On the day the clocks change, hours
across the change are an hour shorter or longer, and no slot begins or ends outside the wall-clock hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Hours:
    """From ``starts`` to ``ends`` on the wall clock."""

    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class Exceptional:
    """Days (both included) on which ``hours`` replace the week; None: closed."""

    first: date
    last: date
    hours: Hours | None

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Busy:
    """A time that is taken, in UTC: from ``starts_at`` until ``blocked_until``."""

    starts_at: datetime
    blocked_until: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that decides about a clinician's time. ``week`` has seven entries, Monday first."""

    zone: ZoneInfo
    week: Sequence[Sequence[Hours]]
    exceptions: Sequence[Exceptional]
    length: timedelta
    step: timedelta
    buffer: timedelta
    lead: timedelta
    horizon_days: int


def free_slots(rules: Rules, busy: Sequence[Busy], *, first: date, last: date, now: datetime) -> list[datetime]:
    """Starts of free slots (UTC) on the clinic's days from ``first`` to ``last``, in order."""
    today = now.astimezone(rules.zone).date()
    day, last = max(first, today), min(last, today + timedelta(days=rules.horizon_days))
    found: set[datetime] = set()
    while day <= last:
        for hours in hours_on(rules, day):
            found.update(
                start
                for start in _starts(rules, day, hours)
                if start >= now + rules.lead and not _taken(start, rules, busy)
            )
        day += timedelta(days=1)
    return sorted(found)


def hours_on(rules: Rules, day: date) -> Sequence[Hours]:
    """The hours of one day: a day that any exception closes has none; other exceptions replace the week."""
    special = [exception for exception in rules.exceptions if exception.covers(day)]
    if any(exception.hours is None for exception in special):
        return ()
    if special:
        return [exception.hours for exception in special if exception.hours is not None]
    return rules.week[day.weekday()]


def _starts(rules: Rules, day: date, hours: Hours) -> Iterator[datetime]:
    opens = datetime.combine(day, hours.starts, rules.zone).astimezone(UTC)
    closes = datetime.combine(day, hours.ends, rules.zone).astimezone(UTC)
    start = opens
    while start + rules.length <= closes:
        begins, ends = start.astimezone(rules.zone), (start + rules.length).astimezone(rules.zone)
        if begins.date() == day and begins.time() >= hours.starts and ends.time() <= hours.ends:
            yield start
        start += rules.step


def _taken(start: datetime, rules: Rules, busy: Sequence[Busy]) -> bool:
    until = start + rules.length + rules.buffer
    return any(start < other.blocked_until and other.starts_at < until for other in busy)
