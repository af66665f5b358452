"""The page docs/states.md: every table of transitions, from the highest room, which sees them all. Pure."""

from __future__ import annotations

from accounts.diagrams import section
from care import workflow as care
from patients import workflow as patients
from reviews import workflow as reviews


def document() -> str:
    """The whole page."""
    parts = [
        reviews.document(),
        section(
            "States of a photo session",
            "From `patients/workflow.py`. A session of a series between two reviews is kept instead of submitted, see\n"
            "[ADR 16](adr/0016-photographs-between-two-reviews-are-kept.md).",
            patients.TRANSITIONS,
            begins=patients.SessionState.DRAFT.value,
            begun_by="begun by the patient",
        ),
        section(
            "States of a plan of photographs",
            "From `care/workflow.py`. What a plan asks for is computed from its stretches (`care/rhythm.py`).",
            care.PLANS,
            begins=care.PlanState.ACTIVE.value,
            begun_by="begun by a clinician, or by the patient where the clinic allows it",
        ),
        section(
            "States of a conversation",
            "From `care/workflow.py`. A patient's message opens an answered conversation again.",
            care.THREADS,
            begins=care.ThreadState.OPEN.value,
            begun_by="first message",
        ),
        section(
            "States of a consultation",
            "From `care/workflow.py`. Until when patients may move or cancel is the clinic's setting.",
            care.CONSULTATIONS,
            begins=care.ConsultationState.BOOKED.value,
            begun_by="booked",
        ),
    ]
    return "\n".join(parts)
