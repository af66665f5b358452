"""What happened to cases since their newest submission, read once for many of them: reviews, readings, opinions.

Blinding (:mod:`reviews.visibility`) and the words of the queue (:mod:`reviews.second_reads`) look at the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import BooleanField, DateTimeField, QuerySet, UUIDField, Value

from accounts.statements import Statement
from patients.models import PhotoSession
from reviews.models import CaseReading, Opinion, Review, ReviewStatus
from reviews.workflow import OPEN_STATES, ReadState, State

_REVIEW, _READING, _OPINION = "review", "reading", "opinion"
_REVIEW_FIELDS: Final = (
    "id", "session_id", "reviewer_id", "status", "claimed_at", "lease_until", "closed_at", "handover_note",
    "for_dermatologist", "blind_first",
)  # fmt: skip
_READING_FIELDS: Final = ("id", "session_id", "submitted_at", "status")
_OPINION_FIELDS: Final = ("id", "session_id", "asked_at", "answered_by_id", "answered_at", "withdrawn_at")
"""Each in the order of the model's columns, as ``from_db`` wants it."""

BLOCK: Final = 25
"""Cases are asked for in multiples of so many, the last one repeated: the statement is written for each length."""

_NO_MEMBER: Final = Value(None, output_field=UUIDField())
_NO_TIME: Final = Value(None, output_field=DateTimeField())
_NO_FLAG: Final = Value(False, output_field=BooleanField())


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
    """The history of each case, in one statement. Earlier submissions do not count.

    The rows carry the fields named above; what else one is asked for is read when it is asked for.
    """
    found = {session.pk: History(session) for session in sessions}
    if not found:
        return found
    wanted = list(found)
    wanted += wanted[-1:] * (-len(wanted) % BLOCK)
    for kind, *values in _ASKED.rows(sessions=wanted):
        pk, session_id, member, status, at, third, ended, *_review = values
        history = found[session_id]
        if kind == _REVIEW:
            if at >= (history.session.submitted_at or at):
                review = Review.from_db(DEFAULT_DB_ALIAS, _REVIEW_FIELDS, values)
                review.session = history.session  # opens what is sealed without another query
                history.reviews.append(review)
        elif kind == _READING:
            if at == history.session.submitted_at:
                history.reading = CaseReading.from_db(DEFAULT_DB_ALIAS, _READING_FIELDS, (pk, session_id, at, status))
        else:
            asked = (pk, session_id, at, member, ended, third)
            history.opinions.append(Opinion.from_db(DEFAULT_DB_ALIAS, _OPINION_FIELDS, asked))
    for history in found.values():
        history.reviews.sort(key=lambda review: review.claimed_at)
        history.opinions.sort(key=lambda opinion: opinion.asked_at)
    return found


def _asked(*, sessions: Sequence[UUID]) -> QuerySet[Any, Any]:
    """Kind, and the columns of a review; what the other kinds have stands in the places of the same type."""
    reviews = Review.objects.filter(session__in=sessions).order_by().values_list(Value(_REVIEW), *_REVIEW_FIELDS)
    readings = CaseReading.objects.filter(session__in=sessions).order_by()
    opinions = Opinion.objects.filter(session__in=sessions).order_by()
    rows: QuerySet[Any, Any] = reviews.union(
        readings.values_list(
            Value(_READING), "id", "session_id", _NO_MEMBER, "status", "submitted_at", _NO_TIME, _NO_TIME,
            Value(""), _NO_FLAG, _NO_FLAG,
        ),
        opinions.values_list(
            Value(_OPINION), "id", "session_id", "answered_by_id", Value(""), "asked_at", "withdrawn_at",
            "answered_at", Value(""), _NO_FLAG, _NO_FLAG,
        ),
        all=True,
    )  # fmt: skip
    return rows


_ASKED: Final = Statement(_asked)
