"""No action about a patient reaches the access log without words."""

from __future__ import annotations

import re
from pathlib import Path

from patients import workflow
from patients.access_words import WORDS, sentence
from reviews import workflow as review_workflow

ROOT = Path(__file__).parents[2]
NOT_ABOUT_A_PATIENT = {
    "release", "staff", "clinic", "consent_text", "audit", "canned_reply", "care_settings", "consultation_kind",
    "hours", "calendar_feed", "webhook",
}  # fmt: skip


def audited_actions():
    """Every literal action in the rooms' sources, and every audit name of the tables of transitions."""
    found = {item.audit for item in workflow.TRANSITIONS.values()}
    found |= {item.audit for item in review_workflow.TRANSITIONS.values()}
    found |= {item.audit for item in review_workflow.READ_TRANSITIONS.values()}
    for room in ("patients", "analysis", "reviews", "reports", "care"):
        for path in (ROOT / room).rglob("*.py"):
            found |= set(re.findall(r'action="([a-z_]+\.[a-z_]+)"', path.read_text()))
    return {action for action in found if action.partition(".")[0] not in NOT_ABOUT_A_PATIENT}


def test_every_action_about_a_patient_has_words():
    assert audited_actions() - set(WORDS) == set()


def test_an_action_without_words_still_shows():
    assert sentence("future.action", {}) == "Used your record (future.action)"


def test_photos_are_counted():
    assert sentence("review.read", {"photos": ["a"]}) == "Looked at 1 photo"
    assert sentence("photo.added", {}) == "Added a photo"
