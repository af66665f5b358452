"""The acts of a review in order, so that the last one can be taken back and done again. Pure over rows.

Every act about findings or own regions carries the number of its turn; acts that belong together (accepting the rest,
merging) share one. Taking back and doing again are turns too, whose rows name the turn they are about: nothing is ever
deleted. Rows that another review left (turn 0) can be changed, but not undone here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from reviews.models import FindingDecision, OwnRegion, Review


@dataclass(frozen=True, slots=True)
class Log:
    """``undoable``: the rows of the newest act that stands; ``redoable``: those of the act taken back last."""

    undoable: tuple[FindingDecision | OwnRegion, ...] = ()
    redoable: tuple[FindingDecision | OwnRegion, ...] = ()


def subject_of(row: FindingDecision | OwnRegion) -> UUID:
    """The finding or the region that an act is about."""
    return row.finding_id if isinstance(row, FindingDecision) else row.region_id


def takes_back(row: FindingDecision | OwnRegion) -> bool:
    """Whether the row withdraws another."""
    kind = row.verdict if isinstance(row, FindingDecision) else row.act
    return kind == FindingDecision.Verdict.WITHDRAWN


def log_of(review: Review) -> Log:
    """Where undo and redo stand in this review."""
    decisions = FindingDecision.objects.filter(review=review, turn__gt=0).select_related("review__session__patient")
    regions = OwnRegion.objects.filter(review=review, turn__gt=0).select_related("review__session__patient", "photo")
    return replay([*decisions, *regions])


def replay(rows: Iterable[FindingDecision | OwnRegion]) -> Log:
    """Walk the turns: a plain act clears what could be done again."""
    standing: list[FindingDecision | OwnRegion] = []
    undone: list[list[FindingDecision | OwnRegion]] = []
    ordered = sorted(rows, key=lambda row: (row.turn, row.position))
    for _turn, group in groupby(ordered, key=lambda row: row.turn):
        acts = list(group)
        back = [row for row in acts if takes_back(row)]
        if back:
            taken = [found for row in back if (found := _last(standing, row)) is not None]
            standing = [row for row in standing if row not in taken]
            undone.append(taken)
        elif any(row.of_turn is not None for row in acts):
            if undone:
                undone.pop()
            standing += acts
        else:
            undone.clear()
            standing += acts
    newest = standing[-1].turn if standing else None
    return Log(
        undoable=tuple(row for row in standing if row.turn == newest),
        redoable=tuple(undone[-1]) if undone else (),
    )


def next_turn(review: Review) -> int:
    """The number of the next act. The caller holds the review's lock."""
    decided = FindingDecision.objects.filter(review=review).order_by("-turn").values_list("turn", flat=True).first()
    drawn = OwnRegion.objects.filter(review=review).order_by("-turn").values_list("turn", flat=True).first()
    return max(decided or 0, drawn or 0) + 1


def _last(
    standing: Sequence[FindingDecision | OwnRegion], withdrawal: FindingDecision | OwnRegion
) -> FindingDecision | OwnRegion | None:
    wanted = (withdrawal.of_turn, subject_of(withdrawal))
    return next((row for row in reversed(standing) if (row.turn, subject_of(row)) == wanted), None)
