"""What clinicians do with a case. Every service takes an actor and the time, and is one transaction."""

from __future__ import annotations

from patients.capture_protocol import RetakeReason
from reviews.services.claims import claim_review, open_correction, release_review, renew_lease
from reviews.services.findings import (
    Correction,
    accept_opened,
    correct_outline,
    decide_and_open_next,
    decide_finding,
    mark_opened,
    open_finding,
    undo_decision,
)
from reviews.services.outcome import (
    RetakeWish,
    decide_review,
    mark_signed,
    reject_case,
    reopen,
    request_retake,
)
from reviews.services.plans import add_item, draft_summary, remove_item, save_plan, update_item
from reviews.services.readings import read_case, read_photo, read_plan, read_queue, read_review, save_reading

__all__ = [
    "Correction",
    "RetakeReason",
    "RetakeWish",
    "accept_opened",
    "add_item",
    "claim_review",
    "correct_outline",
    "decide_and_open_next",
    "decide_finding",
    "decide_review",
    "draft_summary",
    "mark_opened",
    "mark_signed",
    "open_correction",
    "open_finding",
    "read_case",
    "read_photo",
    "read_plan",
    "read_queue",
    "read_review",
    "reject_case",
    "release_review",
    "remove_item",
    "renew_lease",
    "reopen",
    "request_retake",
    "save_plan",
    "save_reading",
    "undo_decision",
    "update_item",
]
