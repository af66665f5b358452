"""What changed between two photographs of one view, and how much of a difference is the camera's doing."""

from vision.change.comparison import compare
from vision.change.remeasure import by_networks, corrected
from vision.change.types import (
    Area,
    Attribution,
    CardLight,
    Cause,
    ChangeMap,
    ComparedPhoto,
    ComparisonWarning,
    Fate,
    HairMatches,
    HairPair,
    LightDifference,
    LightSource,
    LocalChange,
    Measure,
    MetricChange,
    PhotoComparison,
    SignedMap,
)

__all__ = [
    "Area",
    "Attribution",
    "CardLight",
    "Cause",
    "ChangeMap",
    "ComparedPhoto",
    "ComparisonWarning",
    "Fate",
    "HairMatches",
    "HairPair",
    "LightDifference",
    "LightSource",
    "LocalChange",
    "Measure",
    "MetricChange",
    "PhotoComparison",
    "SignedMap",
    "by_networks",
    "compare",
    "corrected",
]
