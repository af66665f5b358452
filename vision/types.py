"""The values that cross the border of ``vision``: frozen, typed, with units in their names.

This module imports numpy only, so that every room may name these types without loading a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

RgbImage = NDArray[np.uint8]
"""H x W x 3, sRGB, orientation already applied."""

LabelMap = NDArray[np.uint8]
"""H x W of :class:`ScalpClass` values."""

FloatMap = NDArray[np.float32]
"""H x W in 0..1."""


class View(StrEnum):
    """The fixed views of the capture protocol (C2). Sides are the patient's own."""

    CROWN = "crown"
    HAIRLINE = "hairline"
    TEMPLE_LEFT = "temple_left"
    TEMPLE_RIGHT = "temple_right"
    PART = "part"
    OCCIPUT = "occiput"
    TRICHOSCOPY = "trichoscopy"

    @property
    def is_global(self) -> bool:
        """Whether the view is an overview photograph (everything but trichoscopy)."""
        return self is not View.TRICHOSCOPY


class ScalpClass(IntEnum):
    """Pixel classes of the scalp segmentation (A2), in the order of the network's channels."""

    BACKGROUND = 0
    SKIN = 1  # face, neck, ears: skin that never bore scalp hair
    DENSE = 2  # hair-bearing scalp, covered
    THINNING = 3  # skin clearly seen through hair
    BALD = 4  # under about 15 % cover

    @classmethod
    def scalp(cls) -> tuple[ScalpClass, ...]:
        return (cls.DENSE, cls.THINNING, cls.BALD)


class Condition(StrEnum):
    """Condition classes (A8). ``UNSURE`` is the abstention, never a network's output."""

    ALOPECIA = "alopecia"
    PSORIASIS = "psoriasis"
    FOLLICULITIS = "folliculitis"
    NO_FINDING = "no_finding"
    OTHER = "other"
    UNSURE = "unsure"


class Metric(StrEnum):
    """Names of the numbers a photograph or a session may carry. Shares are percent of visible scalp."""

    COVERAGE_INDEX = "coverage_index"  # % of visible scalp covered by hair (dense + half thinning)
    SCALP_VISIBILITY = "scalp_visibility"  # % of scalp where skin shows (thinning + bald)
    THINNING_SHARE = "thinning_share"
    BALD_SHARE = "bald_share"
    AFFECTED_SHARE = "affected_share"  # bald + half thinning
    SCALP_IN_FRAME = "scalp_in_frame"  # % of the picture that is scalp
    THINNING_AREA_MM2 = "thinning_area_mm2"  # projected, needs a scale
    BALD_AREA_MM2 = "bald_area_mm2"  # projected, needs a scale
    HAIR_DENSITY = "hair_density"  # hairs per cm2, trichoscopy only
    FOLLICULAR_UNIT_DENSITY = "follicular_unit_density"  # units per cm2, trichoscopy only
    SEVERITY_INDEX = "severity_index"  # Bald Spot Severity Index 1..10 (session)


class Reason(StrEnum):
    """Why a number may not exist (A12). Words for people live with the pages, not here."""

    QUALITY_FAILED = "quality_failed"
    NOT_A_SCALP = "not_a_scalp"
    TOO_LITTLE_SCALP = "too_little_scalp"
    OUT_OF_DOMAIN = "out_of_domain"
    VIEW_NOT_SUPPORTED = "view_not_supported"
    NO_SCALE = "no_scale"
    VIEWS_MISSING = "views_missing"
    MODEL_OFF = "model_off"
    NO_RELEASED_MODEL = "no_released_model"  # the quantity exists, but no network that measures it has been released


@dataclass(frozen=True, slots=True)
class NotMeasurable:
    """A number that may not exist, and why. Never a zero."""

    reason: Reason
    detail: str = ""  # machine detail such as "scalp 3.1 % of frame"; no patient data


@dataclass(frozen=True, slots=True)
class Measured:
    """A number with its 95 % interval (``low <= value <= high``) and unit (``%``, ``mm2``, ``index``)."""

    value: float
    low: float
    high: float
    unit: str


Measurement = Measured | NotMeasurable


class QualityCheck(StrEnum):
    """What the quality gate looks at (C5)."""

    SIZE = "size"
    BLUR = "blur"
    TOO_DARK = "too_dark"
    BURNT_OUT = "burnt_out"
    LOW_CONTRAST = "low_contrast"
    UNEVEN_LIGHT = "uneven_light"
    NO_SCALP = "no_scalp"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: the number, the threshold it was held against, and whether it passed."""

    check: QualityCheck
    value: float
    threshold: float
    passed: bool


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All checks of one photo. ``passed`` only when every check passed."""

    checks: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> tuple[QualityCheck, ...]:
        return tuple(check.check for check in self.checks if not check.passed)


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-aligned box as fractions 0..1 of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Region:
    """One thinning or bald region (A3).

    ``polygon`` is a closed outline in picture fractions; ``share_of_scalp`` is the region's *mask* area (never its
    box) in % of the visible scalp; ``position`` is the mask's centroid relative to the scalp's bounding box
    (0..1 right, 0..1 down); ``score`` the detector's confidence 0..1.
    """

    kind: ScalpClass  # THINNING or BALD
    box: Box
    polygon: tuple[tuple[float, float], ...]
    score: float
    share_of_scalp: float
    position: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ScalpMap:
    """Result of the segmentation at the network's working resolution.

    ``labels`` H x W classes; ``probabilities`` 5 x H x W calibrated softmax (float32). Picture fractions map to it
    directly: the working picture is the whole photo, resized (letterbox already removed).
    """

    labels: LabelMap
    probabilities: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ConditionReading:
    """Calibrated class probabilities, the class shown (``UNSURE`` when abstaining) and why."""

    probabilities: Mapping[Condition, float]
    shown: Condition
    threshold: float
    abstained_because: Reason | None = None


class ImageKind(StrEnum):
    """Derived pictures of one photo (A1, A11). All are for looking; none is ever measured."""

    OVERLAY = "overlay"  # segmentation over the photo
    DENSITY = "density"  # covered (blue/green) to thin (yellow/red), on its own, with transparency
    ATTENTION = "attention"  # Grad-CAM of the condition network, "model attention"
    DENOISED = "denoised"
    EDGES = "edges"
    EQUALISED = "equalised"
    MASK = "mask"  # label map as 8-bit PNG, values of ScalpClass


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A derived picture ready to store."""

    kind: ImageKind
    media_type: str  # image/webp or image/png
    data: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class PhotoContext:
    """What the caller knows about a photo before it is looked at."""

    view: View
    px_per_mm: float | None = None


@dataclass(frozen=True, slots=True)
class PhotoAnalysis:
    """Everything the networks and measures say about one photo."""

    context: PhotoContext
    width_px: int
    height_px: int
    quality: QualityReport
    measures: Mapping[Metric, Measurement]
    regions: tuple[Region, ...]
    condition: ConditionReading | NotMeasurable
    images: tuple[EncodedImage, ...]
    releases: tuple[str, ...]  # "scalp-segmentation-0.1", ...
    timings_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeverityPart:
    """One view's share in the severity index: its SALT weight after renormalising, and its affected share."""

    view: View
    weight: float
    affected_share: Measured


@dataclass(frozen=True, slots=True)
class Severity:
    """Bald Spot Severity Index (A10): the index, the affected share a (%), parts, and views that were missing."""

    index: Measured
    affected_share: Measured
    parts: tuple[SeverityPart, ...]
    missing_views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class SessionAnalysis:
    """What the photos of one session say together."""

    severity: Severity | NotMeasurable
    condition: ConditionReading | NotMeasurable
