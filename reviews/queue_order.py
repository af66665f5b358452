"""The order of the worklist as places in it: read from an index, forwards or backwards from any place, not counted.

First stand the cases that were picked out for the person; then by urgency, what is overdue first, the severer, the
older. A case whose findings are hidden from the person counts as one without a severity (``PhotoSession.shown_rank``).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from django.db.models import Case, Q, Value, When

from patients.models import PhotoSession, Urgency
from patients.querysets import PhotoSessionQuerySet
from reviews.queue_filters import MOST_SEVERE, Deadlines
from reviews.queue_rows import for_rows

Part = tuple[int, bool]
"""Urgency, and whether still in time: the coarse order of the list."""

PARTS: Final[tuple[Part, ...]] = tuple((urgency.value, in_time) for urgency in Urgency for in_time in (False, True))
PICKED: Final = -1
"""Stands in the place of an urgency for what comes before everything else."""

MOST_PICKED: Final = 10_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Where one case stands: sorts as the list does. ``less_severe``: minus the severity in tenths that is known."""

    urgency: int
    in_time: bool
    less_severe: int
    submitted_at: datetime
    pk: UUID

    @property
    def part(self) -> Part:
        return self.urgency, self.in_time


@dataclass(frozen=True, slots=True)
class Place:
    """The edge of a page: the case it stands at, and how many were before the page's first one when it was shown."""

    key: Key
    before: int

    def __str__(self) -> str:
        """For an address."""
        micros = (self.key.submitted_at - _EPOCH) // timedelta(microseconds=1)
        numbers = (self.before, self.key.urgency, int(self.key.in_time), -self.key.less_severe, micros)
        return "_".join([*map(str, numbers), self.key.pk.hex])

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """The place that an address names; None for anything else."""
        try:
            before, urgency, in_time, rank, micros, pk = text.split("_")
            at = _EPOCH + timedelta(microseconds=int(micros))
            place = cls(Key(int(urgency), in_time == "1", -int(rank), at, UUID(pk)), max(0, int(before)))
        except (ValueError, OverflowError):
            return None
        known = PICKED <= place.key.urgency <= max(Urgency) and -MOST_SEVERE <= place.key.less_severe <= MOST_PICKED
        return place if known else None


def key_of(session: PhotoSession, rank: int, deadlines: Deadlines) -> Key:
    """``rank``: the severity in tenths as far as the person may know it."""
    at = session.submitted_at or session.created_at
    return Key(session.urgency, at >= deadlines.of_urgency(session.urgency), -rank, at, session.pk)


def picked_key(position: int, session: PhotoSession) -> Key:
    """The place of what was picked out, in its own order."""
    return Key(PICKED, False, position, session.submitted_at or session.created_at, session.pk)


class Order:
    """The whole list: ``rows`` in the order of the index, with ``apart`` (few, placed one by one) set in among them.

    ``few``: that another index finds the rows, and they are so few that sorting them in one statement costs less than
    walking the stretches of the order; that statement loads what their rows show, too (``loaded``). Along the index
    only places are read.
    """

    def __init__(
        self, rows: PhotoSessionQuerySet, apart: Iterable[Key], deadlines: Deadlines, *, few: bool = False
    ) -> None:
        self._rows, self._deadlines, self._few = rows, deadlines, few
        self._apart = sorted(apart)
        self.loaded: dict[UUID, PhotoSession] = {}

    def after(self, key: Key | None, count: int) -> list[Key]:
        """The next ``count`` cases behind a place; the first ones when it is None."""
        apart = [one for one in self._apart if key is None or one > key]
        return list(islice(heapq.merge(apart, self._stream(key, count, PARTS, _behind, "")), count))

    def before(self, key: Key, count: int) -> list[Key]:
        """The last ``count`` cases in front of a place, in the list's order."""
        apart = [one for one in reversed(self._apart) if one < key]
        rows = self._stream(key, count, PARTS[::-1], _in_front, "-")
        return list(islice(heapq.merge(apart, rows, reverse=True), count))[::-1]

    def key_at(self, position: int) -> Key | None:
        """The place of the case at a position, by walking there over the index; None past the end."""
        merged = heapq.merge(self._apart, self._stream(None, position + 1, PARTS, _behind, ""))
        return next(islice(merged, position, None), None)

    def _stream(
        self,
        key: Key | None,
        count: int,
        parts: Sequence[Part],
        beyond: Callable[[Key], tuple[Q, Q]],
        sign: str,
    ) -> Iterator[Key]:
        """At most ``count`` rows beyond a place: a query for each stretch of the index, none after the last needed."""
        found = 0
        order = ("submitted_at", "pk") if sign == "" else ("-submitted_at", "-pk")
        if key is not None and key.part in parts:
            parts = parts[parts.index(key.part) :]
        elif key is not None and sign == "-":
            return  # nothing of the index stands in front of what was picked out
        if self._few:
            yield from self._sorted(key, count, parts, beyond, sign)
            return
        for part in parts:
            rows = self._part(part)
            stretches = beyond(key) if key is not None and key.part == part else (Q(),)
            for stretch in stretches:
                if found >= count:
                    return
                ordered = rows.filter(stretch).order_by(f"{_FLIP[sign]}shown_rank", *order)
                for one in self._keys(ordered[: count - found]):
                    found += 1
                    yield one

    def _sorted(
        self,
        key: Key | None,
        count: int,
        parts: Sequence[Part],
        beyond: Callable[[Key], tuple[Q, Q]],
        sign: str,
    ) -> Iterator[Key]:
        """The same in one statement."""
        rows = self._rows.annotate(in_time=Case(When(self._deadlines.overdue, then=Value(0)), default=Value(1)))
        if key is not None and key.part in parts:
            same, further = beyond(key)
            wanted = self._in_part(key.part) & (same | further)
            for part in parts[1:]:
                wanted |= self._in_part(part)
            rows = rows.filter(wanted)
        fields = ("urgency", "in_time", "-shown_rank", "submitted_at", "pk")
        order = [field if not sign else field[1:] if field.startswith("-") else f"-{field}" for field in fields]
        for session in for_rows(rows.order_by(*order)[:count]):
            self.loaded[session.pk] = session
            yield key_of(session, session.shown_rank, self._deadlines)

    def _part(self, part: Part) -> PhotoSessionQuerySet:
        return self._rows.filter(self._in_part(part))

    def _in_part(self, part: Part) -> Q:
        urgency, in_time = part
        limit = self._deadlines.of_urgency(urgency)
        return Q(urgency=urgency) & (Q(submitted_at__gte=limit) if in_time else Q(submitted_at__lt=limit))

    def _keys(self, rows: PhotoSessionQuerySet) -> Iterator[Key]:
        for urgency, rank, at, pk in rows.values_list("urgency", "shown_rank", "submitted_at", "pk"):
            yield Key(urgency, at >= self._deadlines.of_urgency(urgency), -rank, at, pk)


_FLIP: Final = {"": "-", "-": ""}


def _behind(key: Key) -> tuple[Q, Q]:
    """Two stretches of the index: the same severity and younger, then the less severe."""
    rank, at = -key.less_severe, key.submitted_at
    same = Q(shown_rank=rank, submitted_at__gte=at) & (Q(submitted_at__gt=at) | Q(pk__gt=key.pk))
    return same, Q(shown_rank__lt=rank)


def _in_front(key: Key) -> tuple[Q, Q]:
    rank, at = -key.less_severe, key.submitted_at
    same = Q(shown_rank=rank, submitted_at__lte=at) & (Q(submitted_at__lt=at) | Q(pk__lt=key.pk))
    return same, Q(shown_rank__gt=rank)
