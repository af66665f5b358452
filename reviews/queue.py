"""The worklist: submitted cases without a closed review, ordered by urgency, deadline and severity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.actors import Actor
from accounts.errors import NotFound
from accounts.models import Clinic
from accounts.roles import Permission
from analysis.models import Finding
from analysis.selectors import AnalysisState, State, states_of
from patients.capture_protocol import expected_views
from patients.models import Patient, Photo, PhotoSession
from patients.red_flags import RedFlag, Severity, severity
from patients.selectors import red_flags_of
from reviews.models import Review, ReviewStatus
from reviews.payloads import not_measurable_reason
from vault.keys import prefetch

SHOWS = ("all", "unclaimed", "mine")


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What stands in the address of the queue. ``analysis``: a state of the models, or nothing."""

    show: str = "all"
    urgent: bool = False
    analysis: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> QueueFilters:
        """Unknown values fall back to showing everything."""
        show = str(query.get("show", "all"))
        analysis = str(query.get("analysis", ""))
        return cls(
            show=show if show in SHOWS else "all",
            urgent=query.get("urgent") == "1",
            analysis=analysis if analysis in {state.value for state in State} else "",
        )


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

    @property
    def holder(self) -> str:
        return self.review.reviewer.display_name if self.review else ""

    @property
    def free(self) -> bool:
        return self.review is None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases each tab of the queue holds, before the other filters."""

    all: int
    unclaimed: int
    mine: int
    urgent: int


def worklist(actor: Actor, filters: QueueFilters, *, now: datetime) -> tuple[list[QueueRow], Counts]:
    """The clinic's cases that wait for a clinician, most pressing first, and the size of each tab.

    A lease that has lapsed does not hold a case any more. Raises NotAllowed for other roles.
    """
    actor.check(Permission.READ_CASES)
    rows = _rows(actor, now)
    counts = Counts(
        all=len(rows),
        unclaimed=sum(row.free for row in rows),
        mine=sum(row.mine for row in rows),
        urgent=sum(row.urgent for row in rows),
    )
    return [row for row in rows if _wanted(row, filters)], counts


def _wanted(row: QueueRow, filters: QueueFilters) -> bool:
    if filters.show == "mine" and not row.mine:
        return False
    if filters.show == "unclaimed" and not row.free:
        return False
    if filters.urgent and not row.urgent:
        return False
    return not filters.analysis or row.analysis.state == filters.analysis


def _rows(actor: Actor, now: datetime) -> list[QueueRow]:
    clinic = Clinic.objects.visible_to(actor).first()
    if clinic is None:
        raise NotFound
    holding = _holding(actor, now)
    waiting = PhotoSession.objects.visible_to(actor).filter(status=PhotoSession.Status.SUBMITTED)
    corrections = PhotoSession.objects.visible_to(actor).filter(
        status=PhotoSession.Status.CLOSED, pk__in=[pk for pk, review in holding.items() if _is_mine(review, actor)]
    )
    sessions = list((waiting | corrections).select_related("patient", "intake__patient"))
    prefetch({session.patient.key_id for session in sessions})
    views = _views(sessions)
    states = states_of(sessions)
    severities = _severities(states)
    handovers = _handovers(sessions)
    rows = [
        _row(
            session,
            clinic,
            actor,
            now,
            review=holding.get(session.pk),
            views=views.get(session.pk, []),
            analysis=states[session.pk],
            severity=severities.get(session.pk),
            handover=handovers.get(session.pk),
        )
        for session in sessions
    ]
    return sorted(rows, key=_order)


def _row(
    session: PhotoSession,
    clinic: Clinic,
    actor: Actor,
    now: datetime,
    *,
    review: Review | None,
    views: list[str],
    analysis: AnalysisState,
    severity: tuple[float, float, float] | None,
    handover: Review | None,
) -> QueueRow:
    submitted_at = session.submitted_at or session.created_at
    flags = red_flags_of(session.intake) if session.intake else ()
    hours = clinic.urgent_sla_hours if session.urgent else clinic.sla_hours
    due_at = submitted_at + timedelta(hours=hours)
    return QueueRow(
        session=session,
        patient=session.patient,
        submitted_at=submitted_at,
        due_at=due_at,
        overdue=due_at < now and session.status == PhotoSession.Status.SUBMITTED,
        urgent=session.urgent,
        flags=flags,
        severity=severity,
        views=frozenset(views),
        missing_views=tuple(view.value for view in expected_views() if view.value not in views),
        photo_count=len(views),
        analysis=analysis,
        review=review,
        mine=review is not None and _is_mine(review, actor),
        is_correction=session.status == PhotoSession.Status.CLOSED,
        handover_note=handover.handover_note if handover and review is None else "",
        for_dermatologist=bool(handover and handover.for_dermatologist and review is None),
    )


def _order(row: QueueRow) -> tuple[Any, ...]:
    """Red flags first, the pressing ones before the others; then what is overdue; then severity; then age."""
    pressing = any(severity(flag) is Severity.URGENT for flag in row.flags)
    return (
        not row.urgent,
        not pressing,
        not row.overdue,
        -row.severity[0] if row.severity else 0.0,
        row.submitted_at,
    )


def _is_mine(review: Review, actor: Actor) -> bool:
    return review.reviewer_id == actor.membership_id


def _holding(actor: Actor, now: datetime) -> dict[UUID, Review]:
    """Open reviews by session: those of others only while their lease runs, one's own always."""
    rows = Review.objects.visible_to(actor).filter(status__in=ReviewStatus.open_states()).select_related("reviewer")
    return {row.session_id: row for row in rows if row.lease_until > now or _is_mine(row, actor)}


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
            index = row.payload["index"]
            found[row.analysis.session_id] = (index["value"], index["low"], index["high"])
    return found


def _handovers(sessions: list[PhotoSession]) -> dict[UUID, Review]:
    """The last review of each case that was handed back since it was submitted."""
    rows = Review.objects.filter(session__in=sessions, status=ReviewStatus.RELEASED)
    rows = rows.select_related("session__patient", "reviewer").order_by("closed_at")
    return {row.session_id: row for row in rows if row.claimed_at >= (row.session.submitted_at or row.claimed_at)}
