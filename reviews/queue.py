"""The worklist: submitted cases without a closed review, ordered by urgency, deadline and severity.

The order is read from an index, part by part (urgency × overdue), and only the cases of the page that is asked for are
opened. See ``analysis.ranking`` for what the order stands on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, overload
from uuid import UUID

from django.db.models import Case, Count, IntegerField, Q, Value, When

from accounts.actors import Actor
from accounts.models import Clinic
from accounts.roles import Permission
from accounts.selectors import clinic_of
from analysis.models import Finding
from analysis.selectors import AnalysisState, State, states_of
from patients.capture_protocol import expected_views
from patients.models import Patient, Photo, PhotoSession, Urgency
from patients.querysets import PhotoSessionQuerySet
from patients.red_flags import RedFlag
from patients.selectors import red_flags_of
from reviews.models import Handover, Review, ReviewStatus
from reviews.payloads import not_measurable_reason
from reviews.queue_filters import SHOWS, Deadlines, QueueFilters, condition
from reviews.second_reads import Flags, flags_of
from reviews.visibility import hidden_sessions
from vault.keys import prefetch

__all__ = ["SHOWS", "CaseList", "Counts", "QueueFilters", "QueueRow", "worklist"]

CHUNK: Final = 100
Part = tuple[int, bool]
"""Urgency, and whether overdue: the coarse order of the list."""

PARTS: Final[tuple[Part, ...]] = tuple((urgency.value, overdue) for urgency in Urgency for overdue in (True, False))


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One case, as far as a decision about what to open next needs it."""

    session: PhotoSession
    patient: Patient
    submitted_at: datetime
    due_at: datetime
    overdue: bool
    urgent: bool
    flags: tuple[RedFlag, ...]
    severity: tuple[float, float, float] | None  # value, low, high of the index
    views: frozenset[str]
    missing_views: tuple[str, ...]
    photo_count: int
    analysis: AnalysisState
    review: Review | None  # the one that holds the case now
    mine: bool
    is_correction: bool
    handover_note: str
    for_dermatologist: bool
    offer: Handover | None = None  # handed to one colleague, who has not answered yet
    handed_to_me: bool = False
    handed_by_me: bool = False
    colleagues: Flags = field(default_factory=Flags)  # escalation, opinions and reads

    @property
    def holder(self) -> str:
        if self.review:
            return self.review.reviewer.display_name
        return self.offer.to_member.display_name if self.offer else ""

    @property
    def handed_by(self) -> str:
        return self.offer.from_member.display_name if self.offer else ""

    @property
    def free(self) -> bool:
        """Whether this person may claim the case."""
        return self.review is None and (self.offer is None or self.handed_to_me or self.handed_by_me)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases each tab of the queue holds, before the other filters."""

    all: int
    unclaimed: int
    mine: int
    urgent: int
    handed: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """Who holds what now: reviews by session (those of others only while their lease runs), and standing offers."""

    holding: Mapping[UUID, Review]
    offers: Mapping[UUID, Handover]
    membership_id: UUID | None

    @property
    def held_by_me(self) -> list[UUID]:
        return [pk for pk, review in self.holding.items() if review.reviewer_id == self.membership_id]

    @property
    def handed_to_me(self) -> list[UUID]:
        """Longest waiting first."""
        offers = sorted(self.offers.values(), key=lambda offer: offer.offered_at)
        return [offer.session_id for offer in offers if offer.to_member_id == self.membership_id]

    @property
    def taken(self) -> set[UUID]:
        return {*self.holding, *self.offers}

    def of_member(self, membership_id: UUID) -> set[UUID]:
        held = {pk for pk, review in self.holding.items() if review.reviewer_id == membership_id}
        return held | {pk for pk, offer in self.offers.items() if offer.to_member_id == membership_id}


def worklist(actor: Actor, filters: QueueFilters, *, now: datetime) -> tuple[CaseList, Counts]:
    """The clinic's cases that wait for a clinician, most pressing first, and the size of each tab.

    First stand the cases that a colleague handed to this person, then corrections of reports that they write. A lease
    that has lapsed does not hold a case any more. Raises NotAllowed for other roles.
    """
    actor.check(Permission.READ_CASES)
    clinic = clinic_of(actor)
    desk = desk_of(actor, now)
    waiting = PhotoSession.objects.waiting_for(actor)
    deadlines = Deadlines.of(clinic, now)
    sizes = _sizes(waiting, deadlines)
    corrections = [pk for pk in desk.held_by_me if _is_correction(desk.holding[pk])]
    wanted = condition(filters, deadlines=deadlines, clinic_id=clinic.pk, now=now)
    front = _front(actor, filters, desk, corrections, wanted)
    matching = _held_as_wanted(waiting.filter(wanted), filters, desk).exclude(pk__in=front)
    whole = filters.is_everything and not front
    cases = CaseList(
        actor=actor,
        clinic=clinic,
        now=now,
        desk=desk,
        front=front,
        matching=matching,
        sizes=sizes if whole else _sizes(matching, deadlines),
        deadlines=deadlines,
    )
    return cases, _counts(sizes, desk, corrections)


class CaseList(Sequence[QueueRow]):
    """The cases in order. Its length is known; rows are made when they are asked for, page by page."""

    def __init__(
        self,
        *,
        actor: Actor,
        clinic: Clinic,
        now: datetime,
        desk: Desk,
        front: list[UUID],
        matching: PhotoSessionQuerySet,
        sizes: Mapping[Part, int],
        deadlines: Deadlines,
    ) -> None:
        self._actor, self._clinic, self._now, self._desk = actor, clinic, now, desk
        self._front, self._matching, self._sizes, self._deadlines = front, matching, sizes, deadlines

    def __len__(self) -> int:
        return len(self._front) + sum(self._sizes.values())

    def __iter__(self) -> Iterator[QueueRow]:
        for start in range(0, len(self), CHUNK):
            yield from self[start : start + CHUNK]

    @overload
    def __getitem__(self, index: int) -> QueueRow: ...
    @overload
    def __getitem__(self, index: slice) -> list[QueueRow]: ...
    def __getitem__(self, index: int | slice) -> QueueRow | list[QueueRow]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            return _rows(self._actor, self._clinic, self._now, self._desk, self.ids(start, stop))[::step]
        position = range(len(self))[index]
        return self[position : position + 1][0]

    def ids(self, start: int, stop: int) -> list[UUID]:
        """The sessions of a part of the list, in order."""
        stop = min(stop, len(self))
        found = self._front[start:stop]
        before = len(self._front)
        for part in PARTS:
            size = self._sizes.get(part, 0)
            first, last = max(start - before, 0), min(stop - before, size)
            if first < last:
                found += _part(self._matching, part, self._deadlines).values_list("pk", flat=True)[first:last]
            before += size
        return found


def _part(rows: PhotoSessionQuerySet, part: Part, deadlines: Deadlines) -> PhotoSessionQuerySet:
    """One part of the list: the severer first, then the older."""
    urgency, overdue = part
    limit = deadlines.of_urgency(urgency)
    rows = rows.filter(urgency=urgency)
    rows = rows.filter(submitted_at__lt=limit) if overdue else rows.filter(submitted_at__gte=limit)
    return rows.order_by("-severity_rank", "submitted_at", "pk")


def _sizes(rows: PhotoSessionQuerySet, deadlines: Deadlines) -> dict[Part, int]:
    late = Case(When(deadlines.overdue, then=Value(1)), default=Value(0), output_field=IntegerField())
    grouped = rows.order_by().values("urgency", late=late).annotate(n=Count("pk"))
    return {(row["urgency"], bool(row["late"])): row["n"] for row in grouped}


def _counts(sizes: Mapping[Part, int], desk: Desk, corrections: list[UUID]) -> Counts:
    total = sum(sizes.values())
    handed = desk.handed_to_me
    return Counts(
        all=total + len(corrections),
        unclaimed=total - sum(1 for pk in desk.taken if not _closed(desk, pk)),
        mine=len(desk.held_by_me) + len(handed),
        urgent=sum(size for (urgency, _late), size in sizes.items() if urgency != Urgency.ROUTINE),
        handed=len(handed),
    )


def _front(actor: Actor, filters: QueueFilters, desk: Desk, corrections: list[UUID], wanted: Q) -> list[UUID]:
    """What stands before everything else for this person, as far as the filters want it."""
    if filters.show == "unclaimed":
        return []
    first = desk.handed_to_me + (corrections if filters.show != "handed" else [])
    if filters.holder is not None:
        first = [pk for pk in first if pk in desk.of_member(filters.holder)]
    if not first:
        return []
    rows = PhotoSession.objects.visible_to(actor).filter(pk__in=first).filter(wanted)
    there = set(rows.values_list("pk", flat=True))
    return [pk for pk in first if pk in there]


def _held_as_wanted(rows: PhotoSessionQuerySet, filters: QueueFilters, desk: Desk) -> PhotoSessionQuerySet:
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


def desk_of(actor: Actor, now: datetime) -> Desk:
    """Who holds what in the actor's clinic: others' reviews only while their lease runs, one's own always."""
    reviews = Review.objects.visible_to(actor).filter(status__in=ReviewStatus.open_states())
    reviews = reviews.filter(Q(lease_until__gt=now) | Q(reviewer_id=actor.membership_id))
    holding = {row.session_id: row for row in reviews.select_related("reviewer", "session")}
    offers = Handover.objects.visible_to(actor).standing(now).filter(session__status=PhotoSession.Status.SUBMITTED)
    rows = offers.select_related("to_member", "from_member")
    return Desk(
        holding=holding,
        offers={row.session_id: row for row in rows if row.session_id not in holding},
        membership_id=actor.membership_id,
    )


def _is_correction(review: Review) -> bool:
    return bool(review.session.status == PhotoSession.Status.CLOSED)


def _closed(desk: Desk, session_id: UUID) -> bool:
    review = desk.holding.get(session_id)
    return review is not None and _is_correction(review)


def _rows(actor: Actor, clinic: Clinic, now: datetime, desk: Desk, ids: list[UUID]) -> list[QueueRow]:
    """The cases in this order, each with what its row shows."""
    loaded = PhotoSession.objects.visible_to(actor).filter(pk__in=ids).select_related("patient", "intake__patient")
    by_id = {session.pk: session for session in loaded}
    sessions = [by_id[pk] for pk in ids if pk in by_id]
    prefetch({session.patient.key_id for session in sessions})
    views = _views(sessions)
    states = states_of(sessions)
    severities = _severities(states)
    handovers = _handovers(sessions)
    hidden = hidden_sessions(actor, sessions)
    colleagues = flags_of(sessions)
    return [
        _row(
            session,
            clinic,
            now,
            desk,
            views=views.get(session.pk, []),
            analysis=states[session.pk],
            severity=None if session.pk in hidden else severities.get(session.pk),
            colleagues=colleagues[session.pk],
            note_open=session.pk not in hidden,
            handover=handovers.get(session.pk),
        )
        for session in sessions
    ]


def _row(
    session: PhotoSession,
    clinic: Clinic,
    now: datetime,
    desk: Desk,
    *,
    views: list[str],
    analysis: AnalysisState,
    severity: tuple[float, float, float] | None,
    colleagues: Flags,
    note_open: bool,
    handover: Review | None,
) -> QueueRow:
    submitted_at = session.submitted_at or session.created_at
    hours = clinic.urgent_sla_hours if session.urgent else clinic.sla_hours
    due_at = submitted_at + timedelta(hours=hours)
    review, offer = desk.holding.get(session.pk), desk.offers.get(session.pk)
    return QueueRow(
        session=session,
        patient=session.patient,
        submitted_at=submitted_at,
        due_at=due_at,
        overdue=due_at < now and session.status == PhotoSession.Status.SUBMITTED,
        urgent=session.urgent,
        flags=red_flags_of(session.intake) if session.intake and session.urgent else (),
        severity=severity,
        views=frozenset(views),
        missing_views=tuple(view.value for view in expected_views() if view.value not in views),
        photo_count=len(views),
        analysis=analysis,
        review=review,
        mine=review is not None and review.reviewer_id == desk.membership_id,
        is_correction=session.status == PhotoSession.Status.CLOSED,
        handover_note=handover.handover_note if handover and review is None and note_open else "",
        for_dermatologist=bool(handover and review is None and _wants_dermatologist(handover)),
        offer=offer,
        handed_to_me=offer is not None and offer.to_member_id == desk.membership_id,
        handed_by_me=offer is not None and offer.from_member_id == desk.membership_id,
        colleagues=colleagues,
    )


def _wants_dermatologist(last: Review) -> bool:
    return last.for_dermatologist or last.status == ReviewStatus.ESCALATED


def _views(sessions: list[PhotoSession]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    rows = Photo.objects.present().filter(session__in=sessions).values_list("session_id", "view")
    for session_id, view in rows:
        found.setdefault(session_id, []).append(view)
    return found


def _severities(states: Mapping[UUID, AnalysisState]) -> dict[UUID, tuple[float, float, float]]:
    """Value and range of the severity index of each measured case."""
    done = (state for state in states.values() if state.state is State.DONE)
    analyses = [state.analysis_id for state in done if state.analysis_id is not None]
    rows = Finding.objects.filter(analysis_id__in=analyses, kind=Finding.Kind.SEVERITY)
    found = {}
    for row in rows.select_related("analysis__session__patient"):
        if not not_measurable_reason(row.payload):
            index: Mapping[str, Any] = row.payload["index"]
            found[row.analysis.session_id] = (index["value"], index["low"], index["high"])
    return found


def _handovers(sessions: list[PhotoSession]) -> dict[UUID, Review]:
    """The last review of each case that was handed back or escalated since it was submitted."""
    left = (ReviewStatus.RELEASED, ReviewStatus.ESCALATED)
    rows = Review.objects.filter(session__in=sessions, status__in=left)
    rows = rows.select_related("session__patient", "reviewer").order_by("closed_at")
    return {row.session_id: row for row in rows if row.claimed_at >= (row.session.submitted_at or row.claimed_at)}
