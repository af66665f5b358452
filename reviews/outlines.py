"""The stage's language of shapes (pixels of the photograph) and the findings' (fractions of it). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot
from typing import Any, Final

import numpy as np

from accounts.errors import Invalid
from vision.corrections import filled
from vision.regions import outline

Point = tuple[float, float]

MERGE_EDGE_PX: Final = 1024
"""Length of the longer side of the grid on which outlines are merged."""

OVERLAP_EDGE_PX: Final = 512
"""Sides of the grid on which the overlap of two outlines is counted; it spans just the two."""

SMALLEST_SCALE_PX: Final = 20.0
"""Two points nearer than this would turn a slip of the hand into a wrong scale (pixels of the photograph)."""


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


def merged(polygons: Sequence[Sequence[Sequence[float]]], width_px: int, height_px: int) -> tuple[Point, ...]:
    """The outline around several outlines (picture fractions) that touch.

    Raises Invalid ``not_touching`` when they do not: one region cannot lie in two places.
    """
    scale = MERGE_EDGE_PX / max(width_px, height_px)
    width, height = max(2, round(width_px * scale)), max(2, round(height_px * scale))
    masks = [filled(polygon, width, height) for polygon in polygons]
    together = np.logical_or.reduce(masks)
    around = outline(together)
    inside = filled(around, width, height) if len(around) >= 3 else np.zeros_like(together)
    if any((mask & inside).sum() < 0.5 * mask.sum() for mask in masks):
        raise Invalid("not_touching", "These outlines do not touch. Draw them so that they overlap, then merge.")
    return around


def overlap(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> float:
    """Intersection over union (Jaccard) of two outlines of one picture, 0 to 1. Both in fractions of the picture.

    Stretching a picture along its sides changes neither part of the ratio, so any grid around both will do.
    """
    corners = np.array([*one, *other], dtype=np.float64)
    start = corners.min(axis=0)
    span = np.maximum(corners.max(axis=0) - start, np.finfo(np.float64).tiny)
    first, second = (
        filled(((np.array(shape, dtype=np.float64) - start) / span).tolist(), OVERLAP_EDGE_PX, OVERLAP_EDGE_PX)
        for shape in (one, other)
    )
    return float((first & second).sum()) / float((first | second).sum())


def px_per_mm(points: Sequence[Sequence[float]], length_mm: float, width_px: int, height_px: int) -> float:
    """Scale of a photograph from two points (picture fractions) ``length_mm`` apart.

    Raises Invalid ``bad_points`` for points outside the picture or too near each other, ``bad_length`` for a length
    that no scalp photograph shows.
    """
    if len(points) != 2 or not all(0.0 <= part <= 1.0 for point in points for part in point):
        raise Invalid("bad_points", "Click two points inside the picture.")
    if not 0.1 <= length_mm <= 500:
        raise Invalid("bad_length", "Give the distance between the points in millimetres, 0.1 to 500.")
    (x1, y1), (x2, y2) = points
    distance_px = hypot((x2 - x1) * width_px, (y2 - y1) * height_px)
    if distance_px < SMALLEST_SCALE_PX:
        raise Invalid("bad_points", "The two points are too near each other. Choose points further apart.")
    return distance_px / length_mm
