"""View data of the progress pages, read through services."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.actors import Actor
from accounts.errors import DomainError, NotFound
from accounts.roles import Role
from patients import selectors as patients
from reports import services
from reports.progress import pages, paper
from reports.progress.content import Shown
from reports.progress.reading import Place, Progress
from reports.services.progress import Pair, ask_for_pair, document_in_scope


def overview_page(actor: Actor, patient_id: UUID, *, now: datetime) -> dict[str, Any]:
    """The overview. Reading it is an event."""
    progress = services.read_progress(actor=actor, patient_id=patient_id, now=now)
    return {**_frame(actor, progress), "page": pages.overview(progress)}


def view_page(
    actor: Actor, patient_id: UUID, place: Place, then: str, now_asked: str, *, now: datetime
) -> dict[str, Any]:
    """One view. A pair of visits that nobody compared yet is handed to the workers."""
    progress = services.read_progress(actor=actor, patient_id=patient_id, place=place, now=now)
    if place not in progress.places:
        raise NotFound
    pair = _pair(progress, place, then, now_asked)
    if pair.then != pair.now and progress.comparison(place, pair.then, pair.now) is None:
        ask_for_pair(progress, place, pair, now)  # missing, or made before a scale or an outline was corrected
        progress = services.refreshed(progress)
    page = pages.place_page(progress, place, pair.then, pair.now, for_clinician=actor.role.is_clinician)
    return {**_frame(actor, progress), "page": page}


def document_page(
    actor: Actor, patient_id: UUID, kind: str, first: str, last: str, made: str, *, now: datetime
) -> dict[str, Any]:
    """A delta report or summary on the screen, and the state of its PDF once it was asked for."""
    content = services.read_document_content(
        actor=actor, patient_id=patient_id, kind=kind, first=first, last=last, now=now
    )
    patient = patients.patient_for(actor, patient_id)
    return {
        "patient": patient,
        "for_patient": actor.role is Role.PATIENT,
        "paper": paper.present(content, _address, made_at=now),
        "kind": kind,
        "made": document_in_scope(actor, UUID(made)) if _is_uuid(made) else None,
        "period": _period(first, last, patient.clinic.day_of(now)) if kind == "summary" else None,
    }


def nothing_page(actor: Actor, patient_id: UUID, kind: str, message: str, first: str, last: str) -> dict[str, Any]:
    """There is nothing to tell yet, and why."""
    return {
        "patient": patients.patient_for(actor, patient_id),
        "kind": kind,
        "message": message,
        "start": first,
        "end": last,
    }


def way_back(asked: str, patient_id: UUID) -> str:
    """The page that a button was pressed on, if it is one of ours."""
    if asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None):
        return asked
    return reverse("reports:progress", args=[patient_id])


def _frame(actor: Actor, progress: Progress) -> dict[str, Any]:
    return {
        "patient": progress.patient,
        "for_patient": actor.role is Role.PATIENT,
        "patient_label": patients.patient_label(progress.patient),
    }


def _pair(progress: Progress, place: Place, then: str, now: str) -> Pair:
    """The visits asked for, among those with a photograph of the place; the first and the newest of them otherwise."""
    known = {str(visit.report_id): number for number, visit in enumerate(progress.visits)}
    with_photo = pages.visits_with(progress, place)
    if any(asked and asked not in known for asked in (then, now)):
        raise NotFound
    first = known[then] if then else with_photo[0]
    last = known[now] if now else with_photo[-1]
    if not {first, last} <= set(with_photo):
        raise NotFound
    return Pair(min(first, last), max(first, last))


def _address(shown: Shown) -> str:
    name = "reports:report_image" if shown.source == "report" else "reports:progress_picture"
    return reverse(name, args=[shown.id])


def _period(first: str, last: str, today: date) -> dict[str, Any]:
    try:
        start, end = services.period_of(first, last, today=today)
    except DomainError:
        return {}
    return {"start": start, "end": end}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
