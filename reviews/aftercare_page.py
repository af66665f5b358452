"""Follow-ups and answers about side effects in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from patients.models import Patient
from patients.selectors import patient_label
from reviews.aftercare import ANSWER_LABELS, QUESTIONS, Advice, Answer, red_questions
from reviews.models import FollowUpTask, SideEffectReport
from reviews.services.side_effects import newest_reports

Kind = FollowUpTask.Kind

KIND_WORDS: Final[Mapping[str, str | Promise]] = {
    Kind.FOLLOW_UP: gettext_lazy("Follow-up visit or photographs"),
    Kind.MONITORING: gettext_lazy("Monitoring"),
    Kind.SIDE_EFFECTS: gettext_lazy("Questions about side effects"),
    Kind.URGENT_ANSWER: gettext_lazy("Urgent answer about a side effect"),
}


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One follow-up. ``answers_url``: the patient's newest answers, where the task is about them."""

    task_id: UUID
    patient: str
    kind: str
    what: str
    urgent: bool
    open: bool
    due_date: date
    due: str
    overdue: bool
    responsible: str
    note: str
    postponed: int
    status: str
    closed_at: datetime | None
    review_url: str
    answers_url: str


def task_lines(tasks: Sequence[FollowUpTask], today: date) -> list[TaskLine]:
    """The clinic's list."""
    reports = newest_reports([task.patient_id for task in tasks])
    return [_line(task, today, reports.get(task.patient_id)) for task in tasks]


def own_task_lines(tasks: Sequence[FollowUpTask], today: date) -> list[TaskLine]:
    """A patient's own list."""
    return [_line(task, today, None) for task in tasks]


def _line(task: FollowUpTask, today: date, report: SideEffectReport | None) -> TaskLine:
    about_answers = task.kind in (Kind.SIDE_EFFECTS, Kind.URGENT_ANSWER)
    is_open = task.status == FollowUpTask.Status.OPEN
    return TaskLine(
        task_id=task.pk,
        patient=patient_label(task.patient),
        kind=str(KIND_WORDS[task.kind]),
        what=f"{task.entry.name}: {task.entry.monitoring}" if task.entry else "",
        urgent=task.kind == Kind.URGENT_ANSWER,
        open=is_open,
        due_date=task.due_date,
        due=_due(task.due_date, today),
        overdue=is_open and task.due_date < today,
        responsible=task.review.reviewer.display_name,
        note=task.note,
        postponed=task.postponed,
        status=task.status,
        closed_at=task.closed_at,
        review_url=reverse("reviews:plan", args=[task.review_id]),
        answers_url=reverse("reviews:side_effect_answers", args=[report.pk]) if report and about_answers else "",
    )


def _due(day: date, today: date) -> str:
    days = (day - today).days
    if days == 0:
        return _("today")
    if days < 0:
        return ngettext("%(n)s day overdue", "%(n)s days overdue", -days) % {"n": -days}
    return ngettext("in %(n)s day", "in %(n)s days", days) % {"n": days}


@dataclass(frozen=True, slots=True)
class AnswerCard:
    """A patient's answers: red ones first with the text that the patient read."""

    patient: Patient
    label: str
    submitted_at: datetime
    red: tuple[Advice, ...]
    answers: tuple[tuple[str, str, bool], ...]  # question, answer, whether red
    words: str
    seen_by: str
    seen_at: datetime | None
    plan_url: str
    usual_reply: str


def answer_card(report: SideEffectReport) -> AnswerCard:
    """The answers as a page shows them; the caller has checked the scope."""
    given = {code: value for code, value in report.answers["answers"].items() if code in QUESTIONS}
    red = red_questions(given)
    rows = [
        (str(QUESTIONS[code].text), str(ANSWER_LABELS[Answer(v)]), QUESTIONS[code] in red) for code, v in given.items()
    ]
    return AnswerCard(
        patient=report.patient,
        label=patient_label(report.patient),
        submitted_at=report.submitted_at,
        red=tuple(question.advice for question in red),
        answers=tuple(sorted(rows, key=lambda row: not row[2])),
        words=report.answers["words"],
        seen_by=report.seen_by.display_name if report.seen_by else "",
        seen_at=report.seen_at,
        plan_url=reverse("reviews:plan", args=[report.review_id]),
        usual_reply=report.patient.clinic.usual_reply,
    )
