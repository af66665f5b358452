"""The states of a thread, of a consultation and of a plan of photographs, as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from accounts.roles import Permission
from accounts.workflow import Transition


class ThreadState(StrEnum):
    """As stored in ``Thread.status``."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class ThreadAction(StrEnum):
    """What may happen to a thread. ``ASK``: the patient's side writes; ``ANSWER``: the care team does."""

    ASK = "ask"
    ANSWER = "answer"
    CLOSE = "close"
    REOPEN = "reopen"


class ConsultationState(StrEnum):
    """As stored in ``Consultation.status``."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    MISSED = "missed"
    HELD = "held"


class ConsultationAction(StrEnum):
    """What may happen to a consultation."""

    MOVE = "move"
    CANCEL = "cancel"
    MARK_MISSED = "mark_missed"
    MARK_HELD = "mark_held"


class PlanState(StrEnum):
    """As stored in ``CapturePlan.status``."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"
    COMPLETED = "completed"


class PlanAction(StrEnum):
    """What may happen to a plan of photographs."""

    CHANGE_RHYTHM = "change_rhythm"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    COMPLETE = "complete"


_ASK = Transition(ThreadState.OPEN, Permission.WRITE_MESSAGES, "message.sent")
_ANSWER = Transition(ThreadState.ANSWERED, Permission.ANSWER_MESSAGES, "message.answered")
_CLOSE = Transition(ThreadState.CLOSED, Permission.ANSWER_MESSAGES, "message.thread_closed")

THREADS: Final[Mapping[tuple[ThreadState, ThreadAction], Transition[ThreadState]]] = {
    (ThreadState.OPEN, ThreadAction.ASK): _ASK,
    (ThreadState.ANSWERED, ThreadAction.ASK): _ASK,
    (ThreadState.OPEN, ThreadAction.ANSWER): _ANSWER,
    (ThreadState.ANSWERED, ThreadAction.ANSWER): _ANSWER,
    (ThreadState.OPEN, ThreadAction.CLOSE): _CLOSE,
    (ThreadState.ANSWERED, ThreadAction.CLOSE): _CLOSE,
    (ThreadState.CLOSED, ThreadAction.REOPEN): Transition(
        ThreadState.OPEN, Permission.ANSWER_MESSAGES, "message.thread_reopened"
    ),
}

_BOOKED = ConsultationState.BOOKED
CONSULTATIONS: Final[Mapping[tuple[ConsultationState, ConsultationAction], Transition[ConsultationState]]] = {
    (_BOOKED, ConsultationAction.MOVE): Transition(_BOOKED, Permission.BOOK_CONSULTATIONS, "consultation.moved"),
    (_BOOKED, ConsultationAction.CANCEL): Transition(
        ConsultationState.CANCELLED, Permission.BOOK_CONSULTATIONS, "consultation.cancelled"
    ),
    (_BOOKED, ConsultationAction.MARK_MISSED): Transition(
        ConsultationState.MISSED, Permission.RUN_CONSULTATIONS, "consultation.missed"
    ),
    (_BOOKED, ConsultationAction.MARK_HELD): Transition(
        ConsultationState.HELD, Permission.RUN_CONSULTATIONS, "consultation.held"
    ),
}

_STEER = Permission.STEER_CAPTURE_PLAN
PLANS: Final[Mapping[tuple[PlanState, PlanAction], Transition[PlanState]]] = {
    (PlanState.ACTIVE, PlanAction.CHANGE_RHYTHM): Transition(PlanState.ACTIVE, _STEER, "capture_plan.rhythm_changed"),
    (PlanState.ACTIVE, PlanAction.PAUSE): Transition(PlanState.PAUSED, _STEER, "capture_plan.paused"),
    (PlanState.PAUSED, PlanAction.RESUME): Transition(PlanState.ACTIVE, _STEER, "capture_plan.resumed"),
    (PlanState.ACTIVE, PlanAction.END): Transition(PlanState.ENDED, _STEER, "capture_plan.ended"),
    (PlanState.PAUSED, PlanAction.END): Transition(PlanState.ENDED, _STEER, "capture_plan.ended"),
    (PlanState.ACTIVE, PlanAction.COMPLETE): Transition(PlanState.COMPLETED, None, "capture_plan.completed"),
}
