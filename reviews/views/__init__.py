"""Pages and fragments of this room: each parses a form, makes one domain call and answers."""

from __future__ import annotations

from reviews.views.case import (
    accept_rest,
    decide,
    finding,
    finding_open,
    finding_undo,
    findings,
    hand_back,
    lease,
    opened,
    outlines,
    photo,
    reading,
    reject,
    reopen,
    retake,
    review,
)
from reviews.views.plan import formulary, plan, plan_draft, plan_item, plan_item_add, plan_item_remove
from reviews.views.queue import claim, decline, hand_over, queue, view_remove, view_save, workload

__all__ = [
    "accept_rest",
    "claim",
    "decide",
    "decline",
    "finding",
    "finding_open",
    "finding_undo",
    "findings",
    "formulary",
    "hand_back",
    "hand_over",
    "lease",
    "opened",
    "outlines",
    "photo",
    "plan",
    "plan_draft",
    "plan_item",
    "plan_item_add",
    "plan_item_remove",
    "queue",
    "reading",
    "reject",
    "reopen",
    "retake",
    "review",
    "view_remove",
    "view_save",
    "workload",
]
