"""What a search for patients shows: who was found, how far their cases are, and what can be done for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from patients.models import Patient, PhotoSession
from patients.selectors import age_on
from reports.selectors import reports_of
from reviews.models import Review, ReviewStatus

SHOWN = 3
"""Cases and reports of one patient that the list shows; the rest is on their pages."""


@dataclass(frozen=True, slots=True)
class Line:
    """One case or report of a patient, with where it leads."""

    at: datetime
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Found:
    """One patient of the list."""

    id: UUID
    name: str
    record_number: str
    age: int | None
    lines: tuple[Line, ...]


def found_patients(actor: Actor, patients: Sequence[Patient], today: date) -> list[Found]:
    """A row per patient; the caller's service has checked the scope and noted who was shown."""
    return [
        Found(
            id=patient.pk,
            name=f"{patient.given_name} {patient.family_name}",
            record_number=patient.record_number,
            age=age_on(patient, today) if patient.birth_date else None,
            lines=_lines(actor, patient),
        )
        for patient in patients
    ]


def _lines(actor: Actor, patient: Patient) -> tuple[Line, ...]:
    """The newest cases and the report that counts for each, newest first."""
    sessions = PhotoSession.objects.visible_to(actor).filter(patient=patient, submitted_at__isnull=False)
    reports = {report.session_id: report for report in reversed(reports_of(patient.pk))}
    lines = []
    for session in sessions.exclude(status=PhotoSession.Status.KEPT).order_by("-submitted_at")[:SHOWN]:
        sent = session.submitted_at
        if sent is None:
            continue
        report = reports.get(session.pk)
        review = Review.objects.visible_to(actor).filter(session=session).order_by("-claimed_at").first()
        if report is not None:
            line = Line(report.signed_at, _("Signed report"), reverse("reports:report", args=[report.pk]))
        elif review is None or review.status in ReviewStatus.handed_on():
            line = Line(sent, _("Waits in the queue"), reverse("reviews:queue"))
        elif review.status == ReviewStatus.REJECTED:
            line = Line(sent, _("Closed without a plan"), reverse("reviews:review", args=[review.pk]))
        else:
            line = Line(sent, _("Being reviewed"), reverse("reviews:review", args=[review.pk]))
        lines.append(line)
    return tuple(lines)
