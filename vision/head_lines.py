"""Lengths on a head (A6, A15): the width of a parting and where the hairline begins, as values and as numbers.

A length is read in px of the photo, with what it is relative to beside it: the head's width, or the distance between
the pupils. :func:`in_mm` and :func:`in_percent` turn it into the two numbers that the permission matrix knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import hypot
from typing import Final

from vision.types import Measured, Metric, NotMeasurable, Reason, View


class HeadLine(StrEnum):
    """What is measured along or across a line on the head. Sides are the patient's own."""

    PART_WIDTH = "part_width"
    HAIRLINE_MIDDLE = "hairline_middle"
    HAIRLINE_LEFT = "hairline_left"
    HAIRLINE_RIGHT = "hairline_right"


IN_MM: Final[Mapping[Metric, HeadLine]] = {
    Metric.PART_WIDTH_MM: HeadLine.PART_WIDTH,
    Metric.HAIRLINE_MIDDLE_MM: HeadLine.HAIRLINE_MIDDLE,
    Metric.HAIRLINE_LEFT_MM: HeadLine.HAIRLINE_LEFT,
    Metric.HAIRLINE_RIGHT_MM: HeadLine.HAIRLINE_RIGHT,
}
"""Metrics in mm and the length each is."""

IN_PERCENT: Final[Mapping[Metric, HeadLine]] = {
    Metric.PART_WIDTH_RATIO: HeadLine.PART_WIDTH,
    Metric.HAIRLINE_MIDDLE_RATIO: HeadLine.HAIRLINE_MIDDLE,
    Metric.HAIRLINE_LEFT_RATIO: HeadLine.HAIRLINE_LEFT,
    Metric.HAIRLINE_RIGHT_RATIO: HeadLine.HAIRLINE_RIGHT,
}
"""Metrics in % of what a length is relative to, and the length each is."""

LINES_OF: Final[Mapping[View, tuple[HeadLine, ...]]] = {
    View.PART: (HeadLine.PART_WIDTH,),
    View.HAIRLINE: (HeadLine.HAIRLINE_MIDDLE, HeadLine.HAIRLINE_LEFT, HeadLine.HAIRLINE_RIGHT),
}
"""The lengths each view is measured for; the other views have none."""

SCALE_ERROR: Final = 0.02
"""Relative half width of the 95 % interval of a px/mm: the calibration card's, up to 25 degrees of tilt."""


@dataclass(frozen=True, slots=True)
class HeadLength:
    """A length in px of the photo with its 95 % interval, and what it is relative to.

    ``reference_px`` is the head's width or the distance between the pupils, ``reference_error`` the relative half
    width of its 95 % interval; NotMeasurable where it is not in the picture.
    """

    px: Measured
    reference_px: float | NotMeasurable
    reference_error: float = 0.0


Lengths = Mapping[HeadLine, HeadLength | NotMeasurable]

NOT_LOOKED_AT: Final = NotMeasurable(Reason.VIEW_NOT_SUPPORTED)


def in_mm(length: HeadLength, px_per_mm: float, scale_error: float = SCALE_ERROR) -> Measured:
    """The length in mm; the relative error of the scale is added in quadrature."""
    return _divided(length.px, px_per_mm, scale_error, "mm")


def in_percent(length: HeadLength) -> Measured:
    """The length in % of its reference. Raises ValueError where there is none."""
    if isinstance(length.reference_px, NotMeasurable):
        raise ValueError("a length without a reference has no ratio")
    return _divided(length.px, length.reference_px / 100, length.reference_error, "%")


def _divided(px: Measured, by: float, error: float, unit: str) -> Measured:
    low = hypot(px.value - px.low, error * px.value)
    high = hypot(px.high - px.value, error * px.value)
    return Measured(px.value / by, max(0.0, px.value - low) / by, (px.value + high) / by, unit)
