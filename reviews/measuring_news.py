"""Whether the numbers of a case that somebody is working on are being measured, and whether newer ones are there."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from accounts.actors import Actor
from analysis.models import Analysis
from analysis.selectors import latest_analysis
from reviews.models import Review
from reviews.services.readings import holds
from reviews.workflow import State


@dataclass(frozen=True, slots=True)
class MeasuringNews:
    """What the case page tells its holder. ``again``: the case had numbers before. At most one of the others is true;
    ``fresh`` numbers are shown once the holder asks for them, so that nothing moves under their hands."""

    review_id: UUID
    again: bool
    running: bool = False
    fresh: bool = False
    failed: bool = False
    done: int = 0
    total: int = 0


def measuring_news(review: Review, actor: Actor) -> MeasuringNews:
    """For the holder of an undecided case; nothing for everybody else. The caller has checked the scope."""
    again = review.analysis_id is not None
    latest = latest_analysis(review.session_id)
    working = holds(review, actor) and State(review.status) is State.CLAIMED
    if latest is None or not working or latest.pk == review.analysis_id or (again and not latest.hand_scales):
        return MeasuringNews(review.pk, again)
    status = latest.status
    return MeasuringNews(
        review.pk,
        again,
        running=status in (Analysis.Status.QUEUED, Analysis.Status.RUNNING),
        fresh=status == Analysis.Status.DONE,
        failed=status == Analysis.Status.FAILED and again,
        done=latest.photos_done,
        total=latest.photos_total,
    )
