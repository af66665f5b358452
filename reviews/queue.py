"""The worklist: submitted cases without a closed review, ordered by urgency, deadline and severity.

A page is read from an index at its place in the order (:mod:`reviews.queue_order`), and only its cases are opened. See
``analysis.ranking`` for what the order stands on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from time import monotonic
from typing import Any, Final, overload
from uuid import UUID

from django.db.models import Count, Q

from accounts.actors import Actor
from accounts.errors import NotFound
from accounts.models import Clinic
from accounts.roles import Permission
from patients.models import PhotoSession, Urgency
from patients.querysets import PhotoSessionQuerySet
from reviews.desk import Desk, desk_of
from reviews.queue_filters import SHOWS, Deadlines, QueueFilters, condition, severity_condition
from reviews.queue_order import Key, Order, Place, key_of, picked_key
from reviews.queue_rows import QueueRow, for_rows, rows_of
from reviews.visibility import Contact, known_rank

__all__ = [
    "COUNTED",
    "SHOWS",
    "CaseList",
    "CasePage",
    "Counts",
    "Place",
    "QueueFilters",
    "QueueRow",
    "places",
    "worklist",
]

CHUNK: Final = 100
COUNTED: Final = 10_000
"""Cases are counted exactly up to here: a larger count says "more than", and costs no more."""

MORE_FOR_S: Final = 60.0
_more_until: dict[UUID, float] = {}
"""Clinics in which more than ``COUNTED`` cases were waiting, and until when that is taken for granted (monotonic)."""

_PLACING: Final = "urgency", "severity_rank", "shown_rank", "submitted_at", "created_at"
"""What places a case in the order."""

FEW: Final = 1_000
"""So many waiting cases are sorted in one statement; of more, the order is walked along its index."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases each tab of the queue holds, before the other filters. Above ``COUNTED`` it is only "more";
    what is one's own is always exact."""

    all: int
    unclaimed: int
    mine: int
    urgent: int
    handed: int = 0


@dataclass(frozen=True, slots=True)
class CasePage:
    """Consecutive cases. ``previous`` and ``following``: where the pages before and after it begin, if there are any;
    ``before``: how many cases stood in front of it; ``total``: of all pages, more than ``COUNTED`` when above it."""

    rows: list[QueueRow]
    before: int
    total: int
    previous: Place | None
    following: Place | None

    @property
    def first(self) -> int:
        return self.before + 1

    @property
    def last(self) -> int:
        return self.before + len(self.rows)


def worklist(actor: Actor, filters: QueueFilters, *, now: datetime) -> tuple[CaseList, Counts]:
    """The clinic's cases that wait for a clinician, most pressing first, and the size of each tab.

    First stand the cases that a colleague handed to this person, then corrections of reports that they write. A lease
    that has lapsed does not hold a case any more. A case whose findings are hidden from this person stands where its
    red flags, its age and its deadline put it. Raises NotAllowed for other roles.
    """
    actor.check(Permission.READ_CASES)
    clinic = _clinic(actor)
    desk = desk_of(actor, now)
    deadlines = Deadlines.of(clinic, now)
    waiting = PhotoSession.objects.waiting_for(actor)
    wanted = condition(filters, deadlines=deadlines, now=now)
    first, contacts = _first(filters, desk), desk.contacts
    matching = _held_as_wanted(waiting.filter(wanted, severity_condition(filters)), filters, desk)
    counts = _counts(clinic.pk, waiting, desk)
    few = filters.few or counts.all <= FEW
    apart = _apart(actor, filters, desk, deadlines, wanted, first, contacts, whole=few)
    cases = CaseList(
        actor=actor,
        clinic=clinic,
        now=now,
        desk=desk,
        matching=matching.exclude(pk__in={*contacts, *first}),
        apart=apart,
        deadlines=deadlines,
        total=counts.all if filters.is_everything else None,
        few=few,
    )
    return cases, counts


def _clinic(actor: Actor) -> Clinic:
    """The clinician's clinic with its reading policy."""
    clinic: Clinic | None = Clinic.objects.visible_to(actor).select_related("reading_policy").first()
    if clinic is None:
        raise NotFound
    return clinic


def places(query: Mapping[str, Any]) -> dict[str, Place | None]:
    """Where in the list an address stands: arguments of :meth:`CaseList.page`. What cannot be read is the beginning."""
    return {name: Place.parse(str(query.get(name, ""))) for name in ("after", "before")}


class CaseList(Sequence[QueueRow]):
    """The cases in order. Rows are made when they are asked for: page by page from a place, or by position.

    The length is exact; it is counted when it is asked for.
    """

    def __init__(
        self,
        *,
        actor: Actor,
        clinic: Clinic,
        now: datetime,
        desk: Desk,
        matching: PhotoSessionQuerySet,
        apart: Mapping[Key, PhotoSession],
        deadlines: Deadlines,
        total: int | None,
        few: bool = False,
    ) -> None:
        self._actor, self._clinic, self._now, self._desk = actor, clinic, now, desk
        self._matching, self._apart, self._counted = matching, apart, total
        self._order = Order(matching, apart, deadlines, few=few)
        if few:
            self._order.loaded |= {session.pk: session for session in apart.values()}

    @property
    def clinicians(self) -> list[tuple[UUID, str]]:
        """Who could hold a case of the clinic: membership and name, by name."""
        return self._desk.clinicians

    def page(self, size: int, *, after: Place | None = None, before: Place | None = None) -> CasePage:
        """The page of ``size`` cases behind or in front of a place; the first page without one.

        What has left the list since leaves no hole. In front of the first cases there is the first page.
        """
        if before is not None:
            found = self._order.before(before.key, size + 1)
            if len(found) > size:
                return self._page(found[1:], max(0, before.before - size), more_before=True, more_after=True)
            after = None
        found = self._order.after(after.key if after else None, size + 1)
        if not found and after is not None:
            return self.page(size, before=after)
        start = after.before if after else 0
        return self._page(found[:size], start, more_before=after is not None, more_after=len(found) > size)

    def _page(self, keys: list[Key], start: int, *, more_before: bool, more_after: bool) -> CasePage:
        end = start + len(keys)
        return CasePage(
            rows=self._rows(keys),
            before=start,
            total=max(end, self._total),
            previous=Place(keys[0], start) if more_before and keys else None,
            following=Place(keys[-1], end) if more_after and keys else None,
        )

    @cached_property
    def _total(self) -> int:
        if self._counted is not None:
            return self._counted
        return len(self._apart) + self._matching[: COUNTED + 1].count()

    def __len__(self) -> int:
        return self._length

    @cached_property
    def _length(self) -> int:
        return len(self._apart) + self._matching.count()

    def __iter__(self) -> Iterator[QueueRow]:
        key: Key | None = None
        while keys := self._order.after(key, CHUNK):
            key = keys[-1]
            yield from self._rows(keys)

    @overload
    def __getitem__(self, index: int) -> QueueRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[QueueRow]: ...
    def __getitem__(self, index: int | slice) -> QueueRow | list[QueueRow]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            return self._rows(self._cut(start, stop))[::step]
        return self._rows(self._cut(*_one(range(len(self))[index])))[0]

    def key_at(self, position: int) -> Key | None:
        """The place of the case at a position, found by walking there; None before the first and past the last."""
        return self._order.key_at(position) if position >= 0 else None

    def _cut(self, start: int, stop: int) -> list[Key]:
        return self._order.after(self.key_at(start - 1), stop - start) if stop > start else []

    def _rows(self, keys: list[Key]) -> list[QueueRow]:
        """What has left the list since its place was read has no row."""
        found = self._order.loaded
        if missing := [key.pk for key in keys if key.pk not in found]:
            scoped = PhotoSession.objects.visible_to(self._actor)
            found |= {session.pk: session for session in for_rows(scoped.filter(pk__in=missing))}
        sessions = [found[key.pk] for key in keys if key.pk in found]
        return rows_of(self._actor, self._clinic, self._now, self._desk, sessions)


def _one(position: int) -> tuple[int, int]:
    return position, position + 1


def _counts(clinic_id: UUID, waiting: PhotoSessionQuerySet, desk: Desk) -> Counts:
    """One look at the index: the urgent ones stand first in it. Where more than ``COUNTED`` were waiting a moment ago,
    only the urgent ones are counted anew."""
    urgent = Q(urgency__lt=Urgency.ROUTINE)
    if monotonic() < _more_until.get(clinic_id, 0.0):
        found = {"all": COUNTED + 1, "urgent": waiting.filter(urgent)[: COUNTED + 1].count()}
    else:
        counted = waiting.order_by("urgency").values("pk", "urgency")[: COUNTED + 1]
        found = counted.aggregate(all=Count("pk"), urgent=Count("pk", filter=urgent))
    if found["all"] > COUNTED:
        if monotonic() >= _more_until.get(clinic_id, 0.0):
            _more_until[clinic_id] = monotonic() + MORE_FOR_S
    else:
        _more_until.pop(clinic_id, None)
    return Counts(
        all=found["all"] + len(desk.corrections),
        unclaimed=found["all"] if found["all"] > COUNTED else found["all"] - desk.taken_waiting,
        mine=len(desk.held_by_me) + len(desk.handed_to_me),
        urgent=found["urgent"],
        handed=len(desk.handed_to_me),
    )


def _first(filters: QueueFilters, desk: Desk) -> list[UUID]:
    """What stands before everything else for this person."""
    match filters.show:
        case "unclaimed":
            return []
        case "handed":
            return desk.handed_to_me
        case _:
            return desk.handed_to_me + desk.corrections


def _apart(
    actor: Actor,
    filters: QueueFilters,
    desk: Desk,
    deadlines: Deadlines,
    wanted: Q,
    first: list[UUID],
    contacts: Mapping[UUID, list[Contact]],
    *,
    whole: bool,
) -> dict[Key, PhotoSession]:
    """The cases that the index alone does not place: those that stand first, and those that the person has had to do
    with, of whose severity they may know more or less than everybody else. ``whole``: with all that a row shows."""
    if not first and not contacts:
        return {}
    rows = PhotoSession.objects.visible_to(actor).filter(wanted, pk__in={*contacts, *first})
    places = {pk: position for position, pk in enumerate(first)}
    found = {}
    for session in for_rows(rows) if whole else rows.only(*_PLACING):
        pk = session.pk
        rank = known_rank(session, contacts.get(pk, ()))
        if not filters.wants_rank(rank) or not _is_held_as_wanted(pk, filters, desk):
            continue
        key = picked_key(places[pk], session) if pk in places else key_of(session, rank, deadlines)
        found[key] = session
    return found


def _is_held_as_wanted(pk: UUID, filters: QueueFilters, desk: Desk) -> bool:
    match filters.show:
        case "mine":
            fits = pk in desk.held_by_me or pk in desk.handed_to_me
        case "handed":
            fits = pk in desk.handed_to_me
        case "unclaimed":
            fits = pk not in desk.taken
        case _:
            fits = True
    return fits and (filters.holder is None or pk in desk.of_member(filters.holder))


def _held_as_wanted(rows: PhotoSessionQuerySet, filters: QueueFilters, desk: Desk) -> PhotoSessionQuerySet:
    """The same as a condition."""
    match filters.show:
        case "mine":
            rows = rows.filter(pk__in=[*desk.held_by_me, *desk.handed_to_me])
        case "handed":
            rows = rows.filter(pk__in=desk.handed_to_me)
        case "unclaimed":
            rows = rows.exclude(pk__in=desk.taken)
    if filters.holder is not None:
        rows = rows.filter(pk__in=desk.of_member(filters.holder))
    return rows
