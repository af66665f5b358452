"""What a reader may add to a grade: the stage of the pattern, regions they drew, what they counted in close-ups. Pure.

Each part is optional, and two readers are compared in it only where both recorded it: who was not asked, or did not
look, is no reader of it. Nothing here comes from the models: stages are the reader's, outlines drawn by hand, and
counts taken in the frame that every picture has (:data:`vision.density.FRAME_INSET`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.errors import Invalid
from reviews.outlines import overlap

MOST_REGIONS: Final = 40
MOST_COUNTED: Final = 2000
MATCH_OVERLAP: Final = 0.3
"""Two readers mean one region when their outlines share this much (intersection over union): drawn edges of thinning
hair differ by a hand's breadth, and outlines that share less lie beside each other rather than on each other."""


class Scale(StrEnum):
    """A scale of the pattern of loss."""

    NORWOOD = "norwood"  # Norwood–Hamilton, 1 to 7
    SINCLAIR = "sinclair"  # Sinclair, 1 to 5


HIGHEST: Final[Mapping[Scale, int]] = {Scale.NORWOOD: 7, Scale.SINCLAIR: 5}
NOT_GRADABLE: Final = "not_gradable"


@dataclass(frozen=True, slots=True)
class DrawnRegion:
    """A region that a reader drew, in fractions of its photograph. ``kind``: "bald" or "thinning"."""

    id: UUID
    photo: UUID
    kind: str
    polygon: tuple[tuple[float, float], ...]

    def to_dict(self) -> dict[str, Any]:
        polygon = [list(point) for point in self.polygon]
        return {"id": str(self.id), "photo": str(self.photo), "kind": self.kind, "polygon": polygon}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> DrawnRegion:
        points = tuple((float(x), float(y)) for x, y in stored["polygon"])
        return cls(UUID(stored["id"]), UUID(stored["photo"]), str(stored["kind"]), points)


@dataclass(frozen=True, slots=True)
class HandCount:
    """What a reader counted in the frame of a close-up; None: not counted."""

    photo: UUID
    hairs: int | None
    units: int | None

    def to_dict(self) -> dict[str, Any]:
        return {"photo": str(self.photo), "hairs": self.hairs, "units": self.units}


@dataclass(frozen=True, slots=True)
class Details:
    """Everything beside the grade. ``stage`` "norwood-3", ``not_gradable``, or empty where nobody looked."""

    stage: str = ""
    regions: tuple[DrawnRegion, ...] = ()
    none_seen: bool = False  # looked for regions and saw none
    counts: tuple[HandCount, ...] = ()

    @property
    def looked_for_regions(self) -> bool:
        """Whether the reader can be compared in regions."""
        return bool(self.regions) or self.none_seen

    @property
    def graded_on(self) -> tuple[Scale, int] | None:
        """Scale and stage; None when not graded or not gradable."""
        scale, _dash, number = self.stage.partition("-")
        return (Scale(scale), int(number)) if number else None

    def to_dict(self) -> dict[str, Any]:
        """As stored; parts that were left out are absent."""
        stored: dict[str, Any] = {}
        if self.stage:
            stored["stage"] = self.stage
        if self.regions:
            stored["regions"] = [region.to_dict() for region in self.regions]
        if self.none_seen:
            stored["none_seen"] = True
        if self.counts:
            stored["counts"] = [count.to_dict() for count in self.counts]
        return stored

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any] | None) -> Details:
        """Back from storage; None for grades that were committed before details could be recorded."""
        stored = stored or {}
        return cls(
            stage=str(stored.get("stage", "")),
            regions=tuple(DrawnRegion.from_dict(region) for region in stored.get("regions", ())),
            none_seen=bool(stored.get("none_seen")),
            counts=tuple(
                HandCount(UUID(count["photo"]), count["hairs"], count["units"]) for count in stored.get("counts", ())
            ),
        )


def stages() -> list[str]:
    """Every stage that can be given, and that it cannot be graded."""
    given = [f"{scale.value}-{number}" for scale, high in HIGHEST.items() for number in range(1, high + 1)]
    return [*given, NOT_GRADABLE]


def check(details: Details, *, photos: Sequence[UUID], closeups: Sequence[UUID]) -> None:
    """Raises Invalid ``unknown_stage``, ``too_many_regions``, ``unknown_photo`` or ``bad_count``."""
    if details.stage and details.stage not in stages():
        raise Invalid("unknown_stage", _("Choose a stage of the list."))
    if len(details.regions) > MOST_REGIONS:
        raise Invalid("too_many_regions", _("That is as many regions as one reader can draw. Remove one first."))
    counted = [count.photo for count in details.counts]
    if any(region.photo not in photos for region in details.regions) or any(pk not in closeups for pk in counted):
        raise Invalid("unknown_photo", _("Regions and counts belong to photographs of this case, counts to close-ups."))
    if len(set(counted)) < len(counted):
        raise Invalid("bad_count", _("Give one count per close-up."))
    numbers = [number for count in details.counts for number in (count.hairs, count.units) if number is not None]
    if any(not 0 <= number <= MOST_COUNTED for number in numbers):
        raise Invalid("bad_count", _("A count in the frame is between 0 and %(most)s.") % {"most": MOST_COUNTED})
    if any(
        count.hairs is not None and count.units is not None and count.units > count.hairs for count in details.counts
    ):
        raise Invalid("bad_count", _("There cannot be more follicular units than hairs."))


def matches(one: Sequence[DrawnRegion], other: Sequence[DrawnRegion]) -> list[tuple[DrawnRegion, DrawnRegion, float]]:
    """Which regions of two readers are one: of one kind on one photograph, with at least :data:`MATCH_OVERLAP`.

    Each region once, the largest overlap first. With each pair its intersection over union.
    """
    candidates = sorted(
        (
            (overlap(mine.polygon, theirs.polygon), i, j)
            for i, mine in enumerate(one)
            for j, theirs in enumerate(other)
            if (mine.photo, mine.kind) == (theirs.photo, theirs.kind)
        ),
        key=lambda found: (-found[0], found[1], found[2]),
    )
    taken: tuple[set[int], set[int]] = (set(), set())
    pairs = []
    for shared, i, j in candidates:
        if shared >= MATCH_OVERLAP and i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            pairs.append((one[i], other[j], shared))
    return pairs
