"""States of a review, what may be done in each, by whom, and what the audit calls it. Pure; the diagram in docs/ is
drawn from the same table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from accounts.roles import PERMISSIONS, Permission
from accounts.workflow import Transition


class State(StrEnum):
    """A case on its way. ``WAITING`` is a submitted session that nobody holds; the others are ``ReviewStatus``."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    RELEASED = "released"
    RETAKE_REQUESTED = "retake_requested"
    DECIDED = "decided"
    SIGNED = "signed"
    REJECTED = "rejected"


class Action(StrEnum):
    """What a clinician (or, for ``LEASE_LAPSED``, the clock) does to a case."""

    CLAIM = "claim"
    HAND_BACK = "hand_back"
    LEASE_LAPSED = "lease_lapsed"
    REQUEST_RETAKE = "request_retake"
    APPROVE = "approve"
    AMEND = "amend"
    REOPEN = "reopen"
    SIGN = "sign"
    REJECT = "reject"


TRANSITIONS: Mapping[tuple[State, Action], Transition[State]] = {
    (State.WAITING, Action.CLAIM): Transition(State.CLAIMED, Permission.CLAIM_REVIEW, "review.claimed"),
    (State.CLAIMED, Action.HAND_BACK): Transition(State.RELEASED, Permission.CLAIM_REVIEW, "review.handed_back"),
    (State.CLAIMED, Action.LEASE_LAPSED): Transition(State.RELEASED, None, "review.lease_lapsed"),
    (State.CLAIMED, Action.REQUEST_RETAKE): Transition(
        State.RETAKE_REQUESTED, Permission.REQUEST_RETAKE, "review.retake_requested"
    ),
    (State.CLAIMED, Action.APPROVE): Transition(State.DECIDED, Permission.REVIEW_FINDINGS, "review.approved"),
    (State.CLAIMED, Action.AMEND): Transition(State.DECIDED, Permission.REVIEW_FINDINGS, "review.amended"),
    (State.CLAIMED, Action.REJECT): Transition(State.REJECTED, Permission.REVIEW_FINDINGS, "review.rejected"),
    (State.DECIDED, Action.REOPEN): Transition(State.CLAIMED, Permission.REVIEW_FINDINGS, "review.reopened"),
    (State.DECIDED, Action.SIGN): Transition(State.SIGNED, Permission.SIGN_COSMETIC_PLAN, "review.signed"),
    (State.DECIDED, Action.HAND_BACK): Transition(State.RELEASED, Permission.CLAIM_REVIEW, "review.handed_back"),
    (State.DECIDED, Action.LEASE_LAPSED): Transition(State.RELEASED, None, "review.lease_lapsed"),
}
"""A released review leaves its work to whoever claims next; signing medical content needs a dermatologist besides
(:mod:`reviews.signing_policy`)."""

OPEN_STATES = (State.CLAIMED, State.DECIDED)


def mermaid() -> str:
    """The table as a Mermaid state diagram, with who may do what on each arrow."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.WAITING.value}: photographs submitted"]
    for (state, action), transition in TRANSITIONS.items():
        who = _holders(transition.permission)
        lines.append(f"    {state.value} --> {transition.target.value}: {action.value.replace('_', ' ')} ({who})")
    lines += [
        f"    {State.RELEASED.value} --> {State.WAITING.value}: the case is free again, the work is kept",
        f"    {State.RETAKE_REQUESTED.value} --> {State.WAITING.value}: submitted again by the patient",
        f"    {State.SIGNED.value} --> [*]",
        f"    {State.REJECTED.value} --> [*]",
    ]
    return "\n".join(lines)


def document() -> str:
    """The page ``docs/states.md``: diagram and table, generated and never edited by hand."""
    rows = [
        f"| {state.value} | {action.value} | {transition.target.value} | {_holders(transition.permission)} "
        f"| `{transition.audit}` |"
        for (state, action), transition in TRANSITIONS.items()
    ]
    return "\n".join(
        [
            "# States of a case",
            "",
            "Generated from `reviews/workflow.py` by `python manage.py states_diagram`; do not edit.",
            "",
            "```mermaid",
            mermaid(),
            "```",
            "",
            "| from | action | to | who | audit |",
            "|---|---|---|---|---|",
            *rows,
            "",
            "A lease lasts 30 minutes and is renewed while the reviewer works. When it lapses the case can be claimed",
            "by anyone; the next reviewer starts from the decisions, reading and plan of the last one, but has to look",
            "at every photograph and finding themselves.",
            "",
        ]
    )


def _holders(permission: Permission | None) -> str:
    if permission is None:
        return "the portal"
    return ", ".join(sorted(role.value for role in PERMISSIONS[permission]))
