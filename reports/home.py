"""The patient's home as view data: one next step, the newest signed result, the sessions with their state, consent.

Before a signature nothing but the state shows (G8). Days are the clinic's, as on the signed report and the progress
pages: what was sent at half past midnight carries one date everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from patients.models import Intake, Occasion, Patient, PhotoSession, Purpose
from patients.selectors import ConsentState
from reports.content import ReportContent, from_dict
from reports.models import Report
from reviews.models import Review

Status = PhotoSession.Status

Rank = Literal[0, 1, 2]
WAITING: Final = 1
"""The clinic is to act: what a plan asks for today comes before it."""

FREE: Final = 2
"""Nothing has to be done: what a plan asks for next comes before it."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one thing to do now."""

    title: str
    text: str
    url: str
    label: str
    rank: Rank = 0  # gives way to a step of a panel whose rank is not higher
    quote: str = ""  # what a clinician wrote about it


@dataclass(frozen=True, slots=True)
class Answer:
    """What a clinician wrote when the newest session was closed without a report."""

    day: date  # of the session
    message: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session in the list."""

    day: date  # on the clinic's clock, as the report and the progress pages name it
    state: str  # a word of the status badge
    state_label: str
    text: str
    message: str
    url: str
    link_label: str


@dataclass(frozen=True, slots=True)
class ResultCard:
    """The newest valid report in a few lines."""

    url: str
    signed_day: date
    signatory: str
    summary: str
    treatments: tuple[str, ...]
    follow_up_date: date | None
    day: int | None
    days: int | None


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One purpose and whether it is granted."""

    purpose: str
    granted: bool
    decided: bool
    wording_changed: bool


@dataclass(frozen=True, slots=True)
class Home:
    """Everything on the page."""

    step: NextStep
    answer: Answer | None
    result: ResultCard | None
    sessions: tuple[SessionRow, ...]
    consents: tuple[ConsentLine, ...]


def build(
    *,
    patient: Patient,
    sessions: Sequence[PhotoSession],
    reports: Sequence[Report],
    messages: Mapping[UUID, Review],
    consents: Mapping[Purpose, ConsentState],
    open_purposes: Sequence[Purpose],
    intake: Intake | None,
    today: date,
) -> Home:
    """Shape what the selectors read."""
    valid = [report for report in reports if not hasattr(report, "superseded_by")]
    by_session = {report.session_id: report for report in reversed(valid)}
    result = _result(valid[0], patient, today) if valid else None
    return Home(
        step=_next_step(patient, sessions, messages, consents, intake, result, today),
        answer=_answer(patient, sessions, by_session, messages),
        result=result,
        sessions=tuple(_row(patient, session, by_session, messages) for session in sessions),
        consents=tuple(
            ConsentLine(
                str(purpose.label),
                consents[purpose].granted,
                consents[purpose].consent is not None,
                consents[purpose].wording_changed,
            )
            for purpose in open_purposes
        ),
    )


def _result(report: Report, patient: Patient, today: date) -> ResultCard:
    content: ReportContent = from_dict(report.content)
    follow_up = content.follow_up_date
    signed_day = content.signed_day or patient.clinic.day_of(report.signed_at)
    return ResultCard(
        url=reverse("reports:report", args=[report.pk]),
        signed_day=signed_day,
        signatory=content.signatory.name,
        summary=content.summary,
        treatments=tuple(item.name for item in content.treatments),
        follow_up_date=follow_up,
        day=max(0, (today - signed_day).days) if follow_up and follow_up > signed_day else None,
        days=(follow_up - signed_day).days if follow_up and follow_up > signed_day else None,
    )


def _answer(
    patient: Patient,
    sessions: Sequence[PhotoSession],
    by_session: Mapping[Any, Report],
    messages: Mapping[UUID, Review],
) -> Answer | None:
    newest = next(iter(sessions), None)
    if newest is None or newest.status != Status.CLOSED or newest.pk in by_session or newest.pk not in messages:
        return None
    day = patient.clinic.day_of(newest.submitted_at or newest.created_at)
    return Answer(day, messages[newest.pk].message_to_patient)


def _next_step(
    patient: Patient,
    sessions: Sequence[PhotoSession],
    messages: Mapping[UUID, Review],
    consents: Mapping[Purpose, ConsentState],
    intake: Intake | None,
    result: ResultCard | None,
    today: date,
) -> NextStep:
    draft = next((session for session in sessions if session.status == Status.DRAFT), None)
    waiting = next((session for session in sessions if session.status == Status.SUBMITTED), None)
    new_session = reverse("patients:session_new", args=[patient.pk])
    if consents[Purpose.CARE].consent is None or not consents[Purpose.CARE].granted:
        return NextStep(
            _("First: what may we do with your data?"),
            _("You decide for each purpose. Without your consent to care there can be no session."),
            reverse("patients:consents", args=[patient.pk]),
            _("Read and decide"),
        )
    if intake is None:
        return NextStep(
            _("Next: some questions about your health"),
            _("It takes about five minutes. Your clinician needs the answers to plan safely."),
            reverse("patients:intake", args=[patient.pk]),
            _("Answer the questions"),
        )
    if draft is not None and draft.retake_views:
        return NextStep(
            _("Your clinic asks for some photographs again"),
            _("You see which views, and what to change. The others are kept."),
            reverse("patients:capture", args=[draft.pk]),
            _("Take them again"),
            quote=messages[draft.pk].message_to_patient if draft.pk in messages else "",
        )
    if draft is not None:
        return NextStep(
            _("You have begun a photo session"),
            _("Everything you added is kept. Go on where you stopped."),
            reverse("patients:capture", args=[draft.pk]),
            _("Continue the session"),
        )
    if waiting is not None:
        return NextStep(
            _("Your photographs are with your clinic"),
            _(
                "A clinician looks at them. The usual answer takes %(reply)s; you get an e-mail. "
                "This is not for emergencies."
            )
            % {"reply": patient.clinic.usual_reply},
            reverse("analysis:session", args=[waiting.pk]),
            _("See the status"),
            rank=WAITING,
        )
    if result is not None and result.follow_up_date and result.follow_up_date > today:
        return NextStep(
            _("Follow your plan"),
            _("Next photographs or visit: %(day)s.") % {"day": date_format(result.follow_up_date, "j F Y")},
            result.url,
            _("Open your report"),
            rank=FREE,
        )
    return NextStep(
        _("Take your next photographs") if result or sessions else _("Take your first photographs"),
        _("It takes about six minutes. You need good light and, best, somebody who helps with the back of your head."),
        new_session,
        _("Start a session"),
        rank=FREE,
    )


def _row(
    patient: Patient, session: PhotoSession, by_session: Mapping[Any, Report], messages: Mapping[UUID, Review]
) -> SessionRow:
    report = by_session.get(session.pk)
    review = messages.get(session.pk)
    status_url = reverse("analysis:session", args=[session.pk])
    day = patient.clinic.day_of(session.submitted_at or session.created_at)
    if report is not None:
        text = _("Your clinician has signed the report.")
        return SessionRow(
            day, "signed", "", text, "", reverse("reports:report", args=[report.pk]), _("Read the report")
        )
    match session.status:
        case Status.DRAFT if session.retake_views:
            message = review.message_to_patient if review else ""
            text = _("Some photographs are needed again.")
            url = reverse("patients:capture", args=[session.pk])
            return SessionRow(day, "retake", "", text, message, url, _("Take them again"))
        case Status.DRAFT:
            url = reverse("patients:capture", args=[session.pk])
            return SessionRow(day, "draft", "", _("Not sent yet."), "", url, _("Continue"))
        case _ if session.occasion == Occasion.INTERIM:
            read = session.status == Status.CLOSED
            text = _("Read with your review.") if read else _("Your clinician looks at them with your next review.")
            label = _("Read with your review") if read else _("Kept for your review")
            return SessionRow(day, "done" if read else "submitted", label, text, "", status_url, _("Status"))
        case Status.SUBMITTED:
            text = _("With your clinic. Nothing is shown before a clinician has signed.")
            return SessionRow(day, "submitted", _("With your clinic"), text, "", status_url, _("Status"))
        case _:
            message = review.message_to_patient if review else ""
            text = _("Your clinic closed this session without a report.")
            return SessionRow(day, "rejected", _("Closed"), text, message, status_url, _("Status"))
