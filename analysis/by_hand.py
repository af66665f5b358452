"""What clinicians put in place of the models' reading of a photograph, as a comparison takes it. Pure values.

``analysis`` knows no reviews: the room above hands these over with the photographs, and they are stored with the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vision.corrections import Outlined, Outlines


@dataclass(frozen=True, slots=True)
class ByHand:
    """One photograph: a scale set by two points (px/mm of the stored photograph), and corrected outlines."""

    px_per_mm: float | None = None
    outlines: Outlines | None = None

    @property
    def says_anything(self) -> bool:
        """Whether anything stands in place of the models'."""
        return self.px_per_mm is not None or (self.outlines is not None and self.outlines.says_anything)


UNTOUCHED: Final = ByHand()


def by_hand_to_json(by_hand: ByHand) -> dict[str, Any]:
    """The same as plain JSON, equal for equal statements; empty where nothing was touched."""
    found: dict[str, Any] = {}
    if by_hand.px_per_mm is not None:
        found["px_per_mm"] = by_hand.px_per_mm
    if by_hand.outlines is not None and by_hand.outlines.says_anything:
        found["regions"] = [
            {
                "kind": region.kind,
                "polygon": _points(region.polygon),
                "touched": region.touched,
                "kind_now": region.kind_now,
                "now": None if region.now is None else _points(region.now),
                "outside": region.outside,
            }
            for region in by_hand.outlines.regions
        ]
        found["own"] = [{"kind": kind, "polygon": _points(polygon)} for kind, polygon in by_hand.outlines.own]
    return found


def by_hand_from_json(stored: Mapping[str, Any]) -> ByHand:
    """Back from :func:`by_hand_to_json`."""
    if "regions" not in stored:
        return ByHand(stored.get("px_per_mm"))
    regions = tuple(Outlined(**one) for one in stored["regions"])
    return ByHand(stored.get("px_per_mm"), Outlines(regions, tuple((o["kind"], o["polygon"]) for o in stored["own"])))


def _points(polygon: Any) -> list[list[float]]:
    return [[float(x), float(y)] for x, y in polygon]
