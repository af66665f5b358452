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
    ESCALATED = "escalated"  # waits for a dermatologist, who alone may claim it


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
    ESCALATE = "escalate"
    ASK_OPINION = "ask_opinion"
    GIVE_OPINION = "give_opinion"
    WITHDRAW_OPINION = "withdraw_opinion"
    COMMIT_GRADE = "commit_grade"


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
    (State.CLAIMED, Action.ESCALATE): Transition(State.ESCALATED, Permission.ESCALATE_CASE, "review.escalated"),
    (State.DECIDED, Action.ESCALATE): Transition(State.ESCALATED, Permission.ESCALATE_CASE, "review.escalated"),
    (State.ESCALATED, Action.CLAIM): Transition(State.CLAIMED, Permission.CLAIM_ESCALATED, "review.escalation_claimed"),
    # The first reader keeps the case: these leave it where it is, and stand in its history.
    (State.CLAIMED, Action.COMMIT_GRADE): Transition(State.CLAIMED, Permission.COMMIT_READ, "read.committed"),
    (State.CLAIMED, Action.ASK_OPINION): Transition(State.CLAIMED, Permission.REVIEW_FINDINGS, "opinion.asked"),
    (State.CLAIMED, Action.GIVE_OPINION): Transition(State.CLAIMED, Permission.GIVE_OPINION, "opinion.given"),
    (State.RELEASED, Action.GIVE_OPINION): Transition(State.RELEASED, Permission.GIVE_OPINION, "opinion.given"),
    (State.ESCALATED, Action.GIVE_OPINION): Transition(State.ESCALATED, Permission.GIVE_OPINION, "opinion.given"),
    (State.CLAIMED, Action.WITHDRAW_OPINION): Transition(
        State.CLAIMED, Permission.REVIEW_FINDINGS, "opinion.withdrawn"
    ),
}
"""A released review leaves its work to whoever claims next; signing medical content needs a dermatologist besides
(:mod:`reviews.signing_policy`)."""

OPEN_STATES = (State.CLAIMED, State.DECIDED)


class ReadState(StrEnum):
    """How far the independent reading of a case has come. It runs beside the review; the signature waits for it."""

    NOT_DEMANDED = "not_demanded"
    FIRST_DUE = "first_due"
    SECOND_DUE = "second_due"
    ADJUDICATION_DUE = "adjudication_due"
    SETTLED = "settled"
    WAIVED = "waived"


class ReadAction(StrEnum):
    """What happens to it: a grade is committed (and agrees, or does not), or an administrator waives it."""

    DEMAND = "demand"
    COMMIT_FIRST = "commit_first"
    AGREE = "agree"
    DISAGREE = "disagree"
    ADJUDICATE = "adjudicate"
    WAIVE = "waive"


R = ReadState
READ_TRANSITIONS: Mapping[tuple[ReadState, ReadAction], Transition[ReadState]] = {
    (R.NOT_DEMANDED, ReadAction.DEMAND): Transition(R.FIRST_DUE, None, "reading.demanded"),
    (R.FIRST_DUE, ReadAction.COMMIT_FIRST): Transition(R.SECOND_DUE, Permission.COMMIT_READ, "read.committed"),
    (R.SECOND_DUE, ReadAction.AGREE): Transition(R.SETTLED, Permission.COMMIT_READ, "read.committed"),
    (R.SECOND_DUE, ReadAction.DISAGREE): Transition(R.ADJUDICATION_DUE, Permission.COMMIT_READ, "read.committed"),
    (R.ADJUDICATION_DUE, ReadAction.ADJUDICATE): Transition(R.SETTLED, Permission.COMMIT_READ, "read.adjudicated"),
    (R.SECOND_DUE, ReadAction.WAIVE): Transition(R.WAIVED, Permission.WAIVE_READ, "reading.waived"),
    (R.ADJUDICATION_DUE, ReadAction.WAIVE): Transition(R.WAIVED, Permission.WAIVE_READ, "reading.waived"),
}
WAITING_READS = (ReadState.FIRST_DUE, ReadState.SECOND_DUE, ReadState.ADJUDICATION_DUE)
"""States in which the signature waits."""


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


def reads_mermaid() -> str:
    """The independent reading as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {R.NOT_DEMANDED.value}: first claim"]
    for (state, action), transition in READ_TRANSITIONS.items():
        who = _holders(transition.permission)
        lines.append(f"    {state.value} --> {transition.target.value}: {action.value.replace('_', ' ')} ({who})")
    lines += [f"    {R.SETTLED.value} --> [*]", f"    {R.WAIVED.value} --> [*]"]
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
            "An escalated case can be claimed by a dermatologist only, and stays one that a dermatologist signs.",
            "",
            "# States of an independent reading",
            "",
            "Beside the review, where the clinic's policy demands a double read. The signature waits until it is",
            "settled or waived. Nobody reads a case twice, and nobody adjudicates their own read.",
            "",
            "```mermaid",
            reads_mermaid(),
            "```",
            "",
            "| from | action | to | who | audit |",
            "|---|---|---|---|---|",
            *[
                f"| {state.value} | {action.value} | {transition.target.value} | {_holders(transition.permission)} "
                f"| `{transition.audit}` |"
                for (state, action), transition in READ_TRANSITIONS.items()
            ],
            "",
        ]
    )


def _holders(permission: Permission | None) -> str:
    if permission is None:
        return "the portal"
    return ", ".join(sorted(role.value for role in PERMISSIONS[permission]))
