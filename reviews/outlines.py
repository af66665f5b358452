"""The stage's language of shapes (pixels of the photograph) and the findings' (fractions of it). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Point = tuple[float, float]


def polygon_of(change: Mapping[str, Any]) -> tuple[Point, ...]:
    """The outline of a changed shape in pixels: a polygon as it is, a box by its corners.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    if change["type"] == "box":
        x, y, width, height = (float(part) for part in change["box"])
        return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return tuple((float(x), float(y)) for x, y in change["polygon"])


def fractions(polygon_px: Sequence[Point], width_px: int, height_px: int) -> tuple[Point, ...]:
    """From pixels to fractions of the picture."""
    return tuple((x / width_px, y / height_px) for x, y in polygon_px)
