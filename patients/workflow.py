"""The states of a photo session, and what a session still needs before it may be submitted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from accounts.roles import Permission
from accounts.workflow import Transition


class SessionState(StrEnum):
    """As stored in ``PhotoSession.status``."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    KEPT = "kept"
    CLOSED = "closed"
    DISCARDED = "discarded"


class SessionAction(StrEnum):
    """What may happen to a session."""

    SUBMIT = "submit"
    KEEP = "keep"
    PRESENT = "present"
    DISCARD = "discard"
    REOPEN_FOR_RETAKE = "reopen_for_retake"
    CLOSE = "close"


TRANSITIONS: Final[Mapping[tuple[SessionState, SessionAction], Transition[SessionState]]] = {
    (SessionState.DRAFT, SessionAction.SUBMIT): Transition(
        SessionState.SUBMITTED, Permission.CAPTURE_SESSION, "session.submitted"
    ),
    (SessionState.DRAFT, SessionAction.DISCARD): Transition(
        SessionState.DISCARDED, Permission.CAPTURE_SESSION, "session.discarded"
    ),
    (SessionState.SUBMITTED, SessionAction.REOPEN_FOR_RETAKE): Transition(
        SessionState.DRAFT, Permission.REQUEST_RETAKE, "session.reopened"
    ),
    (SessionState.SUBMITTED, SessionAction.CLOSE): Transition(SessionState.CLOSED, None, "session.closed"),
    (SessionState.DRAFT, SessionAction.KEEP): Transition(
        SessionState.KEPT, Permission.CAPTURE_SESSION, "session.submitted"
    ),
    (SessionState.KEPT, SessionAction.PRESENT): Transition(
        SessionState.SUBMITTED, Permission.READ_CASES, "session.presented"
    ),
    (SessionState.KEPT, SessionAction.CLOSE): Transition(SessionState.CLOSED, None, "session.closed"),
}


class Gap(StrEnum):
    """What is still missing before a session can be submitted."""

    CONSENT = "consent"
    INTAKE = "intake"
    CHECKLIST = "checklist"
    PHOTO = "photo"
    RETAKE = "retake"


@dataclass(frozen=True, slots=True)
class SubmissionFacts:
    """What :func:`gaps` looks at."""

    care_consented: bool
    intake_confirmed: bool
    checklist_saved: bool
    photos: int
    retakes_missing: int


def gaps(facts: SubmissionFacts) -> tuple[Gap, ...]:
    """Everything that is missing, in the order in which a person meets it. Empty: the session may be submitted.

    A photo that failed the quality gate does not stand in the way: it is never measured, but a clinician can look at
    it, and nobody with an urgent sign is kept from one by a bad lamp.
    """
    missing = []
    if not facts.care_consented:
        missing.append(Gap.CONSENT)
    if not facts.intake_confirmed:
        missing.append(Gap.INTAKE)
    if not facts.checklist_saved:
        missing.append(Gap.CHECKLIST)
    if facts.photos == 0:
        missing.append(Gap.PHOTO)
    if facts.retakes_missing:
        missing.append(Gap.RETAKE)
    return tuple(missing)
