"""The values that cross the border of ``vision``: frozen, typed, with units in their names.

This module imports numpy only, so that every room may name these types without loading a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from vision.quality_report import CheckResult as CheckResult
from vision.quality_report import QualityCheck as QualityCheck
from vision.quality_report import QualityReport as QualityReport

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
    PART_WIDTH_MM = "part_width_mm"  # of the bare strip of a parting, part view; needs a scale
    PART_WIDTH_RATIO = "part_width_ratio"  # the same in % of the head's width in the picture
    HAIRLINE_MIDDLE_MM = "hairline_middle_mm"  # from the line of the eyes up to where hair begins; needs a scale
    HAIRLINE_LEFT_MM = "hairline_left_mm"  # the same above the outer corner of the patient's left eye: recession
    HAIRLINE_RIGHT_MM = "hairline_right_mm"
    HAIRLINE_MIDDLE_RATIO = "hairline_middle_ratio"  # the same in % of the distance between the pupils
    HAIRLINE_LEFT_RATIO = "hairline_left_ratio"
    HAIRLINE_RIGHT_RATIO = "hairline_right_ratio"
    HAIR_DENSITY = "hair_density"  # hairs per cm2, trichoscopy only
    FOLLICULAR_UNIT_DENSITY = "follicular_unit_density"  # units per cm2, trichoscopy only
    CALIBRE_MEAN = "calibre_mean"  # mean hair width in um, trichoscopy only
    VELLUS_SHARE = "vellus_share"  # % of measured hairs thinner than the cut-off, trichoscopy only
    CUMULATIVE_THICKNESS = "cumulative_thickness"  # mm of hair width per cm2, trichoscopy only
    SEVERITY_INDEX = "severity_index"  # Bald Spot Severity Index 1..10 (session)
    SALT_ESTIMATE = "salt_estimate"  # 0..100 (session)
    NORWOOD_STAGE = "norwood_stage"  # 2..7 (session)
    LUDWIG_SINCLAIR = "ludwig_sinclair"  # left to the clinician: no graded photographs of women exist


class Reason(StrEnum):
    """Why a number may not exist (A12). Words for people live with the pages, not here."""

    QUALITY_FAILED = "quality_failed"
    NOT_A_SCALP = "not_a_scalp"
    TOO_LITTLE_SCALP = "too_little_scalp"
    OUT_OF_DOMAIN = "out_of_domain"
    VIEW_NOT_SUPPORTED = "view_not_supported"
    NO_SCALE = "no_scale"
    SEVERAL_CARDS = "several_cards"  # which of them lies on the scalp is not known
    CARD_MIRRORED = "card_mirrored"  # a mirror image: left and right are exchanged
    CARD_UNUSABLE = "card_unusable"  # too small, tilted, bent or covered
    SEVERAL_BARS = "several_bars"  # which of them is the trichoscope's scale is not known
    VIEWS_MISSING = "views_missing"
    MODEL_OFF = "model_off"
    NO_RELEASED_MODEL = "no_released_model"  # the quantity exists, but no network that measures it has been released
    TOO_COARSE = "too_coarse"  # too few px per mm to tell thin hairs from the blur
    NOT_SHARP = "not_sharp"  # edges too soft for what was asked, though good enough to look at
    TOO_FEW_HAIRS = "too_few_hairs"  # too few hairs could be measured
    NO_PARTING = "no_parting"  # no bare line with hair on both sides
    WIDER_THAN_A_PARTING = "wider_than_a_parting"  # thinning or bald scalp around it: no edges to measure between
    HEAD_CUT_OFF = "head_cut_off"  # a side of the head lies outside the picture
    NO_LANDMARKS = "no_landmarks"  # both eyes could not be found
    HAIRLINE_COVERED = "hairline_covered"  # hair hangs over the forehead
    HAIRLINE_OUT_OF_SIGHT = "hairline_out_of_sight"  # no hair begins above the forehead as far as the picture shows
    NOT_PATTERN_LOSS = "not_pattern_loss"  # another condition, or loss where pattern loss spares the hair
    NOT_OFFERED = "not_offered"  # the scale is the clinician's alone: the model was never taught it
    TOO_FEW_REPEATS = "too_few_repeats"  # too few views were taken twice to say how much the photographs vary
    NOT_COMPARED = "not_compared"  # a change of this number alone says nothing, or its noise is not known
    NOT_GRADABLE = "not_gradable"  # the views there are leave the stage open, or the clinician says so


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
    share_range: tuple[float, float] | None = None  # 95 % interval of the share (vision.measure.region_share)


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
    HAIRS = "hairs"  # trichoscopy: every hair found, its unit, and the counting frame
    MASK = "mask"  # label map as 8-bit PNG, values of ScalpClass
    ALIGNED = "aligned"  # a later photo laid onto an earlier one, in its light
    CHANGE = "change"  # where cover changed between two photos, over the earlier one
    HAIR_FATES = "hair_fates"  # trichoscopy: hairs kept, lost and new between two photos


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A derived picture ready to store."""

    kind: ImageKind
    media_type: str  # image/jpeg, image/png or image/webp
    data: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class PhotoContext:
    """What the caller knows about a photo before it is looked at."""

    view: View
    px_per_mm: float | None = None
    male: bool | None = None  # of the patient; None: not known
    vellus_cutoff_um: float = 30.0  # what the clinic calls vellus is thinner than this


@dataclass(frozen=True, slots=True)
class NorwoodEvidence:
    """What one overview photo says about the Norwood stage: a stage on a continuous scale, before views are joined."""

    view: View
    score: float


class HairKind(StrEnum):
    """What a hair is, as readers of trichoscopy name it (A5)."""

    MULTI_HAIR_UNIT = "multi_hair_unit"
    SINGLE = "single"
    THIN = "thin"  # vellus or miniaturised
    ABNORMAL = "abnormal"


@dataclass(frozen=True, slots=True)
class Hair:
    """One hair of a trichoscopy picture; root and tip (x, y) as fractions of the picture.

    ``unit`` numbers its follicular unit, ``counted`` says whether its root lies in the counting frame, ``calibre_um``
    is its mean width, None where the shaft could not be measured.
    """

    root: tuple[float, float]
    tip: tuple[float, float]
    kind: HairKind
    score: float
    unit: int
    counted: bool
    calibre_um: float | None


class FieldWarning(StrEnum):
    """What a reader of a counted field has to know beside the interval."""

    SMALL_FIELD = "small_field"  # under 0.1 cm2: the same spot placed anew would give another number
    FEW_CALIBRES = "few_calibres"  # fewer than half of the counted hairs could be measured


@dataclass(frozen=True, slots=True)
class HairField:
    """Hairs of one trichoscopy picture (A5, A7), the frame they are counted in, and the cut-off they were sorted by.

    ``edge_um`` is how soft the measured shafts' edges are (median standard deviation), None where none was measured.
    """

    hairs: tuple[Hair, ...]
    frame: Box
    frame_cm2: float
    vellus_cutoff_um: float
    edge_um: float | None
    warnings: tuple[FieldWarning, ...]

    @property
    def counted(self) -> tuple[Hair, ...]:
        """Hairs whose root lies in the counting frame."""
        return tuple(hair for hair in self.hairs if hair.counted)

    @property
    def calibres_um(self) -> tuple[float, ...]:
        """Widths of the counted hairs that could be measured."""
        return tuple(hair.calibre_um for hair in self.counted if hair.calibre_um is not None)

    @property
    def terminal_and_vellus(self) -> tuple[int, int]:
        """Measured hairs at or above the cut-off, and below it."""
        vellus = sum(width < self.vellus_cutoff_um for width in self.calibres_um)
        return len(self.calibres_um) - vellus, vellus


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
    norwood_evidence: NorwoodEvidence | NotMeasurable = NotMeasurable(Reason.NO_RELEASED_MODEL)
    hairs: HairField | NotMeasurable = NotMeasurable(Reason.VIEW_NOT_SUPPORTED)


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


class SaltBand(StrEnum):
    """Bands of the SALT score in % of scalp hair lost (AA-IGA)."""

    NONE = "0"
    LIMITED = "1-20"
    MODERATE = "21-49"
    SEVERE = "50-94"
    VERY_SEVERE = "95-100"


@dataclass(frozen=True, slots=True)
class Salt:
    """SALT estimate (A9): 0..100, its band, the bands its interval reaches, and each area's share in it."""

    score: Measured
    band: SaltBand
    lowest_band: SaltBand
    highest_band: SaltBand
    parts: tuple[SeverityPart, ...]


@dataclass(frozen=True, slots=True)
class NorwoodReading:
    """Norwood stage of one session (A9): the stage, a range that holds at least 90 % of the probability, and all of it.

    ``probabilities`` maps the stages that the release knows to 0..1; ``views`` are those it was read from.
    """

    stage: int
    lowest: int
    highest: int
    probabilities: Mapping[int, float]
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class SessionAnalysis:
    """What the photos of one session say together."""

    severity: Severity | NotMeasurable
    condition: ConditionReading | NotMeasurable
    salt: Salt | NotMeasurable = NotMeasurable(Reason.VIEWS_MISSING)
    norwood: NorwoodReading | NotMeasurable = NotMeasurable(Reason.NO_RELEASED_MODEL)
