"""What this room adds to the patient's home and to a case: the plan of photographs, messages, consultations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.actors import Actor
from care import selectors
from care.presenters import booking, captures, messages
from care.selectors import InboxFilters
from patients.models import Patient
from reports.home_panels import HomePanel
from reviews.case_panels import PatientPanel

SHOWN = 3


@dataclass(frozen=True, slots=True)
class CareHome:
    """The newest conversations, and consultations that come and were."""

    threads: tuple[messages.ThreadRow, ...]
    coming: tuple[booking.ConsultationRow, ...]
    past: tuple[booking.ConsultationRow, ...]
    can_book: bool
    zone: str


def panel(actor: Actor, patient: Patient, now: datetime) -> HomePanel:
    """The panel of one home."""
    threads = selectors.inbox(actor, InboxFilters()).filter(patient=patient)[:SHOWN]
    coming, past = selectors.consultations_of(actor, [patient.pk], now=now)
    data = CareHome(
        threads=tuple(messages.rows(actor, list(threads), now)),
        coming=tuple(booking.row(actor, one) for one in coming[:SHOWN]),
        past=tuple(booking.row(actor, one) for one in past[:SHOWN]),
        can_book=bool(selectors.kinds_for(actor, patient)),
        zone=patient.clinic.time_zone,
    )
    return HomePanel("care/_home.html", data)


def captures_panel(actor: Actor, patient: Patient, now: datetime) -> HomePanel:
    """The plan of photographs on the patient's home, and what it asks for today."""
    data = captures.captures_panel(actor, patient, now)
    return HomePanel("care/_captures_home.html", data, data.step)


def case_panel(actor: Actor, patient: Patient, now: datetime) -> PatientPanel:
    """The plan of photographs in a case and beside a report."""
    return PatientPanel("care/_captures_case.html", captures.captures_panel(actor, patient, now))
