"""What stands around the findings on the review screen: patient, intake, history, and who holds the case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import Membership
from patients.intake_words import SEX, reconfirmed, summary
from patients.models import PhotoSession
from patients.red_flags import Severity, label, severity
from patients.selectors import age_on, answers_of, intake_is_current, patient_label, red_flags_of
from reviews.case_panels import PatientPanel, panels
from reviews.diagnoses import label as diagnosis_label
from reviews.models import Review, ReviewStatus
from reviews.reading import Reading
from reviews.reads_page import CasePanel, case_panel
from reviews.selectors import earlier_reviews
from reviews.services.readings import holds
from reviews.signing import intake_of
from reviews.workflow import OPEN_STATES, State


@dataclass(frozen=True, slots=True)
class CasePage:
    """The frame of one case. ``held``: by this actor; ``holder``: who holds it instead, if anybody."""

    review: Review
    patient: str
    age: int
    sex: str
    submitted_at: datetime | None
    is_correction: bool
    flags: tuple[tuple[str, bool], ...]  # words, pressing
    intake: list[dict[str, str]]
    reconfirmed: list[dict[str, str]]
    intake_confirmed: bool
    intake_confirmed_at: datetime | None
    history: list[dict[str, Any]]
    held: bool
    holder: str
    handover_note: str  # what a colleague wrote
    handed_over_by: str
    own_note: str  # what this person wrote for whoever comes next
    panel: CasePanel  # grades, opinions, escalation and what happened
    panels: tuple[PatientPanel, ...]  # of the rooms above


def case_page(review: Review, actor: Actor) -> CasePage:
    """The case as its page shows it; the caller has checked the scope."""
    intake = intake_of(review)
    answers = answers_of(intake) if intake else None
    flags = red_flags_of(intake) if intake else ()
    held = holds(review, actor)
    others = State(review.status) in OPEN_STATES and not held
    source = review.carried_from
    author = _note_author(review)
    own_note = author is not None and author.pk == actor.membership_id
    before = source.reviewer if source and source.reviewer_id != review.reviewer_id else None
    handed_by = before if own_note or author is None else author
    return CasePage(
        review=review,
        patient=patient_label(review.session.patient),
        age=age_on(review.session.patient, review.clinic.day_of(timezone.now())),
        sex=str(SEX[answers.sex_at_birth]) if answers else "",
        submitted_at=review.session.submitted_at,
        is_correction=review.session.status == PhotoSession.Status.CLOSED and review.status != ReviewStatus.SIGNED,
        flags=tuple((label(flag), severity(flag) is Severity.URGENT) for flag in flags),
        intake=summary(answers) if answers else [],
        reconfirmed=reconfirmed(answers) if answers else [],
        intake_confirmed=intake_is_current(review.session),
        intake_confirmed_at=review.session.intake_confirmed_at,
        history=[_entry(earlier) for earlier in earlier_reviews(review)],
        held=held,
        holder=review.reviewer.display_name if others else "",
        handover_note="" if own_note else review.handover_note,
        handed_over_by=handed_by.display_name if handed_by else "",
        own_note=review.handover_note if own_note else "",
        panel=case_panel(review, actor),
        panels=tuple(panels(actor, review.session.patient, timezone.now())),
    )


def _note_author(review: Review) -> Membership | None:
    """Who wrote the note of a review: the first of those that carry the same one on."""
    if not review.handover_note:
        return None
    while (source := review.carried_from) is not None and source.handover_note == review.handover_note:
        review = source
    return review.reviewer


def _entry(review: Review) -> dict[str, Any]:
    """One line of the history, for the timeline component."""
    reading = Reading.from_dict(review.reading)
    what = {
        ReviewStatus.SIGNED: _("Signed report"),
        ReviewStatus.REJECTED: _("Closed without a plan"),
        ReviewStatus.RETAKE_REQUESTED: _("New photographs asked for"),
    }[ReviewStatus(review.status)]
    return {
        "title": what,
        "when": review.closed_at,
        "meta": review.reviewer.display_name,
        "text": diagnosis_label(reading.diagnosis_code) if reading.diagnosis_code else "",
        "url": reverse("reviews:review", args=[review.pk]),
    }
