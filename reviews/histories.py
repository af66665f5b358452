"""What happened to cases since their newest submission, read once for many of them: reviews, readings, opinions.

Blinding (:mod:`reviews.visibility`) and the words of the queue (:mod:`reviews.second_reads`) look at the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from patients.models import PhotoSession
from reviews.models import CaseReading, Opinion, Review, ReviewStatus
from reviews.workflow import OPEN_STATES, ReadState, State

_REVIEW_FIELDS: Final = (
    "session_id", "reviewer_id", "status", "blind_first", "claimed_at", "closed_at", "for_dermatologist",
    "handover_note",
)  # fmt: skip
_READING_FIELDS: Final = ("session_id", "submitted_at", "status")
_OPINION_FIELDS: Final = ("session_id", "asked_at", "answered_at", "answered_by_id", "withdrawn_at")


@dataclass(slots=True)
class History:
    """One case. ``reviews`` in the order of their claims; ``opinions`` in the order they were asked for."""

    session: PhotoSession
    reviews: list[Review] = field(default_factory=list)
    reading: CaseReading | None = None
    opinions: list[Opinion] = field(default_factory=list)

    @property
    def held(self) -> list[Review]:
        """The review that holds the case now, if any."""
        return [review for review in self.reviews if State(review.status) in OPEN_STATES]

    @property
    def reading_state(self) -> ReadState:
        return ReadState.NOT_DEMANDED if self.reading is None else ReadState(self.reading.status)

    @property
    def left(self) -> Review | None:
        """The last review that was handed back or escalated."""
        gone = [review for review in self.reviews if review.status in ReviewStatus.handed_on()]
        return max(gone, key=lambda review: review.closed_at or review.claimed_at, default=None)


def histories_of(sessions: Iterable[PhotoSession]) -> Mapping[UUID, History]:
    """The history of each case, in three queries. Earlier submissions do not count."""
    found = {session.pk: History(session) for session in sessions}
    if not found:
        return found
    for review in Review.objects.filter(session__in=list(found)).only(*_REVIEW_FIELDS).order_by("claimed_at"):
        history = found[review.session_id]
        if review.claimed_at >= (history.session.submitted_at or review.claimed_at):
            review.session = history.session  # opens what is sealed without another query
            history.reviews.append(review)
    for reading in CaseReading.objects.filter(session__in=list(found)).only(*_READING_FIELDS):
        if reading.submitted_at == found[reading.session_id].session.submitted_at:
            found[reading.session_id].reading = reading
    for opinion in Opinion.objects.filter(session__in=list(found)).only(*_OPINION_FIELDS).order_by("asked_at"):
        found[opinion.session_id].opinions.append(opinion)
    return found
