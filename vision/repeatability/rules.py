"""Which scale each metric's noise is of one size on, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vision.types import Metric


class Scale(StrEnum):
    """Where the noise of a metric is of one size: on the number itself, or on its logarithm."""

    ABSOLUTE = "absolute"
    LOG = "log"


class Better(StrEnum):
    """Which way a metric goes when hair comes back."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Rule:
    """How changes of one metric are judged."""

    scale: Scale
    better: Better
    unit: str  # of the number, as in ``Measured.unit``


_SHARE_UP: Final = Rule(Scale.ABSOLUTE, Better.HIGHER, "%")
_SHARE_DOWN: Final = Rule(Scale.ABSOLUTE, Better.LOWER, "%")
_INDEX: Final = Rule(Scale.ABSOLUTE, Better.LOWER, "index")

RULES: Final[Mapping[Metric, Rule]] = {
    Metric.COVERAGE_INDEX: _SHARE_UP,
    Metric.SCALP_VISIBILITY: _SHARE_DOWN,
    Metric.BALD_SHARE: _SHARE_DOWN,
    Metric.AFFECTED_SHARE: _SHARE_DOWN,
    Metric.BALD_AREA_MM2: Rule(Scale.ABSOLUTE, Better.LOWER, "mm2"),
    Metric.PART_WIDTH_MM: Rule(Scale.LOG, Better.LOWER, "mm"),
    Metric.PART_WIDTH_RATIO: Rule(Scale.LOG, Better.LOWER, "%"),
    Metric.HAIRLINE_MIDDLE_MM: Rule(Scale.ABSOLUTE, Better.LOWER, "mm"),
    Metric.HAIRLINE_LEFT_MM: Rule(Scale.ABSOLUTE, Better.LOWER, "mm"),
    Metric.HAIRLINE_RIGHT_MM: Rule(Scale.ABSOLUTE, Better.LOWER, "mm"),
    Metric.HAIRLINE_MIDDLE_RATIO: _SHARE_DOWN,
    Metric.HAIRLINE_LEFT_RATIO: _SHARE_DOWN,
    Metric.HAIRLINE_RIGHT_RATIO: _SHARE_DOWN,
    Metric.HAIR_DENSITY: Rule(Scale.LOG, Better.HIGHER, "/cm2"),
    Metric.FOLLICULAR_UNIT_DENSITY: Rule(Scale.LOG, Better.HIGHER, "/cm2"),
    Metric.CALIBRE_MEAN: Rule(Scale.LOG, Better.HIGHER, "um"),
    Metric.CUMULATIVE_THICKNESS: Rule(Scale.LOG, Better.HIGHER, "mm/cm2"),
    Metric.VELLUS_SHARE: _SHARE_DOWN,
    Metric.SEVERITY_INDEX: _INDEX,
    Metric.SALT_ESTIMATE: _INDEX,
}
"""Absent: what has no better side of its own (a thinning share falls when thinning turns bald, a scalp fills more of
the frame when the camera comes closer) and stages, which are judged as stages."""
