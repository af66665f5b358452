"""Frozen view data of this room's pages: a session's status in words, without a number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analysis.selectors import AnalysisState, State, analysis_state
from patients.models import Occasion, PhotoSession
from patients.presenters import PhotoTile, photo_tile
from patients.selectors import photos_of

TITLES: dict[State, str | Promise] = {
    State.DRAFT: gettext_lazy("Not sent yet"),
    State.NOT_CONSENTED: gettext_lazy("With the clinic"),
    State.OFF: gettext_lazy("With the clinic"),
    State.WAITING: gettext_lazy("Waiting to be measured"),
    State.RUNNING: gettext_lazy("Being measured"),
    State.DONE: gettext_lazy("With the clinic"),
    State.FAILED: gettext_lazy("With the clinic"),
    State.CANCELLED: gettext_lazy("With the clinic"),
}


@dataclass(frozen=True, slots=True)
class SessionPage:
    """What the patient's status page shows. Nothing here comes from a model's result (G8)."""

    session_id: UUID
    patient_id: UUID
    clinic_name: str
    submitted_at: datetime | None
    title: str | Promise
    next_step: str
    state: str
    progress_done: int
    progress_total: int
    polls: bool
    is_draft: bool
    is_closed: bool
    urgent: bool
    retake: bool
    photos: tuple[PhotoTile, ...]
    steps: tuple[dict[str, str], ...]


def session_page(session: PhotoSession) -> SessionPage:
    """The page of a session that the caller has found in its actor's scope."""
    found = analysis_state(session)
    kept = session.occasion == Occasion.INTERIM and session.status != PhotoSession.Status.DRAFT
    closed = session.status == PhotoSession.Status.CLOSED
    measuring = found.state in (State.WAITING, State.RUNNING)
    return SessionPage(
        session_id=session.pk,
        patient_id=session.patient_id,
        clinic_name=session.patient.clinic.name,
        submitted_at=session.submitted_at,
        title=_title(found, kept=kept, closed=closed),
        next_step=_kept_step(closed=closed) if kept else _next_step(session, found, closed=closed),
        state="done"
        if closed
        else ("submitted" if found.state.is_final and found.state is not State.DRAFT else found.state.value),
        progress_done=found.photos_done,
        progress_total=found.photos_total,
        polls=measuring and not closed,
        is_draft=found.state is State.DRAFT,
        is_closed=closed,
        urgent=session.urgent and not closed,
        retake=bool(session.retake_views),
        photos=tuple(photo_tile(photo) for photo in photos_of(session)),
        steps=_steps(found, closed=closed),
    )


def _title(found: AnalysisState, *, kept: bool, closed: bool) -> str | Promise:
    if kept:
        return _("Read with your review") if closed else _("Kept for your next review")
    return _("Answered by the clinic") if closed else TITLES[found.state]


def _kept_step(*, closed: bool) -> str:
    if closed:
        return _("Your clinician had these photographs beside your last review.")
    return _(
        "These photographs belong to the series between two reviews. Your clinician looks at them with the next one. "
        "If something worries you before, write a message to your care team."
    )


def _next_step(session: PhotoSession, found: AnalysisState, *, closed: bool) -> str:
    clinic = session.patient.clinic
    hours = clinic.urgent_sla_hours if session.urgent else clinic.sla_hours
    when = _("within %(hours)s hours") % {"hours": hours}
    if closed:
        return _("Your clinic has answered. You find the answer on your home page.")
    match found.state:
        case State.DRAFT:
            return _("Finish the photos and send them when you are ready. Nothing is lost if you close this page.")
        case State.WAITING | State.RUNNING:
            return _(
                "Your photos are measured now. A clinician then looks at every one and answers %(when)s. "
                "You can close this page."
            ) % {"when": when}
        case State.NOT_CONSENTED:
            return _("A clinician looks at your photos without AI, as you wished, and answers %(when)s.") % {
                "when": when
            }
        case State.DONE | State.FAILED | State.OFF | State.CANCELLED:
            return _("A clinician looks at every photo and answers %(when)s. We write to you when there is news.") % {
                "when": when
            }


def _steps(found: AnalysisState, *, closed: bool) -> tuple[dict[str, str], ...]:
    sent = found.state is not State.DRAFT
    measured = sent and found.state.is_final
    stages = [
        (_("Photos sent"), sent),
        (_("Measured"), measured),
        (_("Read by a clinician"), closed),
        (_("Answered"), closed),
    ]
    if found.state in (State.NOT_CONSENTED, State.OFF):
        del stages[1]
    steps, current = [], True
    for label, done in stages:
        steps.append({"label": label, "state": "done" if done else ("current" if current else "todo")})
        current = current and done
    return tuple(steps)
