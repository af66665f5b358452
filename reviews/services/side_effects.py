"""What patients answer at home about side effects of a signed plan, and how an urgent answer gets to a clinician."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, notify
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from patients.models import Patient
from patients.selectors import patient_for
from reviews.aftercare import Answer, Question, questions_for, red_questions
from reviews.models import FollowUpTask, PlanItem, Review, ReviewStatus, SideEffectReport

EARLY: Final = timedelta(days=7)
"""Answers this long before a check is due count for it."""

LONGEST_WORDS: Final = 2000


@dataclass(frozen=True, slots=True)
class Checklist:
    """The questions that belong to a patient's newest signed plan, with the names of its treatments."""

    patient: Patient
    review: Review | None
    treatments: tuple[str, ...]
    questions: tuple[Question, ...]


def checklist_of(actor: Actor, patient_id: UUID) -> Checklist:
    """What this patient is asked now; without a signed plan there is nothing to ask. NotFound out of scope."""
    patient = patient_for(actor, patient_id)
    rows = Review.objects.filter(session__patient=patient, status=ReviewStatus.SIGNED)
    review = rows.select_related("session__patient", "clinic").order_by("-closed_at").first()
    items = PlanItem.objects.filter(plan__review=review).select_related("entry") if review else ()
    codes = [item.entry.code for item in items]
    return Checklist(patient, review, tuple(item.entry.name for item in items), questions_for(codes))


@transaction.atomic
def answer_side_effects(
    *, actor: Actor, patient_id: UUID, answers: Mapping[str, str], words: str, now: datetime
) -> SideEffectReport:
    """Keep a patient's answers. A red one is put before the clinicians today: a task, and an e-mail without content.

    Raises Invalid ``unanswered`` or ``unknown_answer``, DomainError ``no_plan`` without a signed plan that asks.
    """
    actor.check(Permission.EDIT_OWN_RECORD)
    checklist = checklist_of(actor, patient_id)
    if checklist.review is None or not checklist.questions:
        raise DomainError("no_plan", _("There is no signed plan with questions about side effects."))
    given = {question.code: answers.get(question.code, "") for question in checklist.questions}
    if not all(given.values()):
        raise Invalid("unanswered", _("Please answer every question; “No” is an answer."))
    if not set(given.values()) <= {answer.value for answer in Answer}:
        raise Invalid("unknown_answer", _("Choose one of the answers."))
    report = SideEffectReport.objects.create(
        patient=checklist.patient,
        review=checklist.review,
        answers={"answers": given, "words": words.strip()[:LONGEST_WORDS]},
        red=bool(red_questions(given)),
        submitted_at=now,
        submitted_by_id=actor.user_id,
    )
    _checks_done(checklist.review, now)
    _audit(report, actor, "side_effects.answered", now)
    if report.red:
        _put_before_clinicians(report, now)
    return report


@transaction.atomic
def read_answers(*, actor: Actor, report_id: UUID, now: datetime) -> SideEffectReport:
    """A patient's answers, for the patient and the clinic's clinicians; audited, and seen once a clinician reads."""
    rows = SideEffectReport.objects.visible_to(actor).select_for_update(of=("self",))
    rows = rows.select_related("patient__clinic", "review__reviewer", "seen_by")
    report: SideEffectReport | None = rows.filter(pk=report_id).first()
    if report is None:
        raise NotFound
    if actor.role.is_clinician and report.seen_at is None:
        report.seen_at, report.seen_by_id = now, actor.membership_id
        report.save(update_fields=["seen_at", "seen_by"])
    _audit(report, actor, "side_effects.read", now)
    return report


def answers_of_patient(actor: Actor, patient_id: UUID) -> list[SideEffectReport]:
    """A patient's earlier answers, newest first; NotFound out of scope."""
    patient = patient_for(actor, patient_id)
    return list(SideEffectReport.objects.visible_to(actor).filter(patient=patient).select_related("patient", "seen_by"))


def newest_reports(patient_ids: list[UUID]) -> dict[UUID, SideEffectReport]:
    """The newest answers of these patients. The caller has checked the scope."""
    rows = SideEffectReport.objects.filter(patient_id__in=patient_ids).select_related("patient")
    return {row.patient_id: row for row in rows.order_by("submitted_at")}


def _checks_done(review: Review, now: datetime) -> None:
    until = review.clinic.day_of(now) + EARLY
    checks = FollowUpTask.objects.filter(review=review, kind=FollowUpTask.Kind.SIDE_EFFECTS, due_date__lte=until)
    checks.filter(status=FollowUpTask.Status.OPEN).update(status=FollowUpTask.Status.DONE, closed_at=now)


def _put_before_clinicians(report: SideEffectReport, now: datetime) -> None:
    clinic_id = report.patient.clinic_id
    FollowUpTask.objects.create(
        clinic_id=clinic_id,
        patient=report.patient,
        review=report.review,
        kind=FollowUpTask.Kind.URGENT_ANSWER,
        due_date=report.patient.clinic.day_of(now),
        created_at=now,
    )
    notify.notify(
        recipients=[row.user_id for row in staff_of(clinic_id, (Role.DERMATOLOGIST, Role.TRICHOLOGIST))],
        kind=notify.Kind.URGENT_ANSWER,
        clinic_id=clinic_id,
        path=reverse("reviews:follow_up"),
        dedupe_key=f"side-effects:{report.pk}",
        now=now,
    )


def _audit(report: SideEffectReport, actor: Actor, action: str, now: datetime) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=report.patient.clinic_id,
        patient_id=report.patient_id,
        subject_kind="side_effects",
        subject_id=report.pk,
        detail={"red": report.red},
    )
