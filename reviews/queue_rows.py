"""Rows of the worklist: what the queue shows about the cases of one page, read for all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from accounts.actors import Actor
from accounts.models import Clinic
from accounts.roles import Permission
from analysis.selectors import AnalysisState, Measured, State, measured_of
from patients.capture_protocol import expected_views
from patients.models import Patient, PhotoSession
from patients.querysets import PhotoSessionQuerySet
from patients.red_flags import RedFlag
from patients.selectors import red_flags_of
from reviews.desk import Desk, Holding, Offer
from reviews.histories import histories_of
from reviews.models import ReadingPolicy, Review, ReviewStatus
from reviews.payloads import not_measurable_reason
from reviews.second_reads import Flags, flags_of
from reviews.visibility import hidden_sessions
from vault.keys import prefetch

_SHOWN: Final = (
    "status", "ai_consented", "urgent", "urgency", "severity_rank", "shown_rank", "submitted_at", "created_at",
    "patient__key_id", "patient__record_number", "patient__given_name", "patient__family_name", "patient__erased_at",
    "clinic", "patient__clinic", "intake__red_flags", "intake__patient",
)  # fmt: skip


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
    review: Holding | None  # the review that holds the case now
    mine: bool
    is_correction: bool
    handover_note: str
    for_dermatologist: bool
    offer: Offer | None = None  # handed to one colleague, who has not answered yet
    handed_to_me: bool = False
    handed_by_me: bool = False
    out_of_reach: bool = False  # escalated, and this person is no dermatologist
    colleagues: Flags = field(default_factory=Flags)  # escalation, opinions and reads

    @property
    def holder(self) -> str:
        if self.review:
            return self.review.reviewer_name
        return self.offer.to_name if self.offer else ""

    @property
    def handed_by(self) -> str:
        return self.offer.from_name if self.offer else ""

    @property
    def free(self) -> bool:
        """Whether this person may claim the case."""
        offered = self.offer is None or self.handed_to_me or self.handed_by_me
        return self.review is None and offered and not self.out_of_reach


def for_rows(sessions: PhotoSessionQuerySet) -> PhotoSessionQuerySet:
    """With all that a row opens of the case itself: patient, answers, and the names of its views; and nothing else of
    them. What is asked for beside costs a statement."""
    return sessions.with_view_names().select_related("patient", "intake").only(*_SHOWN)


def rows_of(
    actor: Actor, clinic: Clinic, now: datetime, desk: Desk, sessions: Sequence[PhotoSession]
) -> list[QueueRow]:
    """The cases in this order, each with what its row shows. ``sessions`` as :func:`for_rows` loads them, ``clinic``
    with its reading policy."""
    prefetch({session.patient.key_id for session in sessions})
    histories, measured = histories_of(sessions), measured_of(sessions)
    hidden = hidden_sessions(actor, sessions, histories, ReadingPolicy.of_clinic(clinic))
    colleagues = flags_of(sessions, histories)
    return [
        _row(
            session,
            clinic,
            now,
            desk,
            analysis=measured[session.pk].state,
            severity=_severity(measured[session.pk]) if session.pk not in hidden else None,
            colleagues=colleagues[session.pk]
            if session.pk not in hidden
            else replace(colleagues[session.pk], escalated=""),
            note_open=session.pk not in hidden,
            left=histories[session.pk].left,
            may_claim_escalated=actor.can(Permission.CLAIM_ESCALATED),
        )
        for session in sessions
    ]


def _row(
    session: PhotoSession,
    clinic: Clinic,
    now: datetime,
    desk: Desk,
    *,
    analysis: AnalysisState,
    severity: tuple[float, float, float] | None,
    colleagues: Flags,
    note_open: bool,
    left: Review | None,
    may_claim_escalated: bool,
) -> QueueRow:
    submitted_at = session.submitted_at or session.created_at
    hours = clinic.urgent_sla_hours if session.urgent else clinic.sla_hours
    due_at = submitted_at + timedelta(hours=hours)
    views = session.view_names.split(",") if session.view_names else []  # type: ignore[attr-defined]
    review, offer = desk.holding.get(session.pk), desk.offers.get(session.pk)
    return QueueRow(
        session=session,
        patient=session.patient,
        submitted_at=submitted_at,
        due_at=due_at,
        overdue=due_at < now and session.status == PhotoSession.Status.SUBMITTED,
        urgent=session.urgent,
        flags=_flags(session),
        severity=severity,
        views=frozenset(views),
        missing_views=tuple(view.value for view in expected_views() if view.value not in views),
        photo_count=len(views),
        analysis=analysis,
        review=review,
        mine=review is not None and review.reviewer_id == desk.membership_id,
        is_correction=session.status == PhotoSession.Status.CLOSED,
        handover_note=left.handover_note if left and review is None and note_open else "",
        for_dermatologist=bool(left and review is None and _wants_dermatologist(left)),
        offer=offer,
        handed_to_me=offer is not None and offer.to_id == desk.membership_id,
        handed_by_me=offer is not None and offer.from_id == desk.membership_id,
        out_of_reach=bool(colleagues.escalated_by) and not may_claim_escalated,
        colleagues=colleagues,
    )


def _flags(session: PhotoSession) -> tuple[RedFlag, ...]:
    if session.intake is None or not session.urgent:
        return ()
    session.intake.patient = session.patient  # whose key opens the answers
    return red_flags_of(session.intake)


def _wants_dermatologist(last: Review) -> bool:
    return last.for_dermatologist or last.status == ReviewStatus.ESCALATED


def _severity(measured: Measured) -> tuple[float, float, float] | None:
    """Value and range of the severity index of a measured case."""
    found = measured.severity
    if measured.state.state is not State.DONE or found is None or not_measurable_reason(found.payload):
        return None
    index: Mapping[str, Any] = found.payload["index"]
    return index["value"], index["low"], index["high"]
