"""The way through a session: safety notes, the steps, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.urls import reverse
from django.utils.translation import gettext as _

from patients import red_flags, selectors
from patients.models import Intake, PhotoSession
from patients.red_flags import RedFlag, SafetyText, Severity
from patients.workflow import Gap


@dataclass(frozen=True, slots=True)
class SafetyNote:
    """One red flag as the patient reads it."""

    flag: RedFlag
    urgent: bool
    text: SafetyText


def safety_notes(intake: Intake | None) -> list[SafetyNote]:
    """What this intake asks the patient to do, the most pressing first; empty without a flag."""
    if intake is None:
        return []
    flags = selectors.red_flags_of(intake)
    return [
        SafetyNote(flag, red_flags.severity(flag) is Severity.URGENT, red_flags.safety_text(flag)) for flag in flags
    ]


class Step(StrEnum):
    """The way from opening a session to sending it."""

    ANSWERS = "answers"
    CHECKLIST = "checklist"
    PHOTOS = "photos"
    SEND = "send"


def steps(session: PhotoSession, current: Step) -> list[dict[str, str]]:
    """Items of the stepper."""
    labels = {
        Step.ANSWERS: _("Your answers"),
        Step.CHECKLIST: _("Checklist"),
        Step.PHOTOS: _("Photos"),
        Step.SEND: _("Send"),
    }
    done = {Step.ANSWERS: selectors.intake_is_current(session), Step.CHECKLIST: bool(session.checklist)}
    return [
        {"label": label, "state": "current" if step is current else "done" if done.get(step) else "todo"}
        for step, label in labels.items()
    ]


def next_step_url(session: PhotoSession) -> str:
    """Where a person goes on with a session being prepared."""
    if not selectors.intake_is_current(session):
        return reverse("patients:session_answers", args=[session.pk])
    if not session.checklist:
        return reverse("patients:checklist", args=[session.pk])
    return reverse("patients:capture", args=[session.pk])


def gap_links(session: PhotoSession, gaps: Iterable[Gap]) -> list[dict[str, str]]:
    """What is missing, each with the page where it is put right."""
    table = {
        Gap.CONSENT: (_("Your consent to care"), reverse("patients:consents", args=[session.patient_id])),
        Gap.INTAKE: (
            _("Confirm your answers for this session"),
            reverse("patients:session_answers", args=[session.pk]),
        ),
        Gap.CHECKLIST: (_("The checklist"), reverse("patients:checklist", args=[session.pk])),
        Gap.PHOTO: (_("At least one photo"), reverse("patients:capture", args=[session.pk])),
        Gap.RETAKE: (_("The views your clinic asked for again"), reverse("patients:capture", args=[session.pk])),
    }
    return [{"label": table[gap][0], "url": table[gap][1]} for gap in gaps]
