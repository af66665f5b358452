"""What a comparison of two photographs of one view takes and gives.

*Then* is the earlier photograph, *now* the later one; a change is now minus then. Everything local lies on the earlier
photograph, in fractions of its width and height.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from vision.corrections import Redrawn
from vision.registration.types import Registration
from vision.types import (
    EncodedImage,
    HairField,
    Measured,
    Measurement,
    Metric,
    QualityReport,
    RgbImage,
    ScalpMap,
    View,
)

SignedMap = NDArray[np.float32]
"""H x W in -1..1."""


@dataclass(frozen=True, slots=True)
class CardLight:
    """What the calibration card of a photograph says of its light (:class:`~vision.calibration_card.CardReading`)."""

    white_balance: tuple[float, float, float]  # factors for linear red, green, blue that make the greys grey
    exposure_stops: float


@dataclass(frozen=True, slots=True)
class ComparedPhoto:
    """One of the two photographs: the picture and what has been read from it.

    ``scale_source`` names where ``px_per_mm`` (of ``image`` as given) comes from; lengths and areas are compared only
    between photographs of one source. ``redrawn`` is what a clinician drew, on the grid of ``scalp`` (which shows it
    already, :func:`~vision.change.corrected`): it counts in place of what a network reads of the picture, also when the
    picture is measured again in another light or frame.
    """

    image: RgbImage
    scalp: ScalpMap | None
    view: View
    px_per_mm: float | None
    scale_source: str | None
    hairs: HairField | None
    quality: QualityReport
    card_light: CardLight | None = None
    redrawn: Redrawn | None = None


Measure = Callable[[ComparedPhoto], ComparedPhoto]
"""Gives the same photograph with ``scalp`` and ``hairs`` read anew from its ``image``: the networks, from outside."""


class LightSource(StrEnum):
    """What the light of the two photographs was compared by."""

    CARD = "card"  # the calibration cards in both
    UNCHANGED = "unchanged"  # places of head and scalp that look alike in both, once registered


@dataclass(frozen=True, slots=True)
class LightDifference:
    """How the light of *now* differs from that of *then*.

    ``exposure_stops`` above 0: now is brighter. ``colour_shift`` is the shift of red, green and blue in stops after the
    exposure has been taken out; ``places`` the share of the common head that spoke for it; ``residual_stops`` what
    is left between the matched pictures (median absolute difference).
    """

    exposure_stops: float
    colour_shift: tuple[float, float, float]
    source: LightSource
    places: float
    residual_stops: float


class Area(StrEnum):
    """Parts of the common scalp, as the earlier photograph shows it (left and right are the picture's)."""

    COMMON = "common"  # all of the scalp that both show
    UPPER = "upper"  # the upper third of its height
    MIDDLE = "middle"
    LOWER = "lower"
    LEFT = "left"  # the left half of its width
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One metric on one area: both values there, and the change with its 95 % interval, in the metric's unit.

    ``then`` and ``now`` are measured on the common area, ``now`` as the earlier photograph's camera and light would
    have shown it and ``then`` resampled alike (where they could be measured anew), so they may differ from the
    photographs' own values.
    ``percent`` is the change relative to ``then``; None where that is 0 or not measured.
    The interval of the change is that of the pair: what the photographs leave open and what the registration does.
    """

    metric: Metric
    area: Area
    then: Measurement
    now: Measurement
    change: Measurement
    percent: float | None


class Cause(StrEnum):
    """What a part of the naive difference is put down to, in the order in which it is taken out."""

    POSE = "pose"  # parts of the scalp that only one photograph shows
    LIGHT = "light"  # exposure and colour, taken out by measuring the matched picture
    SCALE = "scale"  # distance and angle, taken out by measuring now as seen from then's camera
    REST = "rest"  # what is left: change of the hair, and noise


@dataclass(frozen=True, slots=True)
class Attribution:
    """The difference of the two photographs' own values of one metric, and what it is put down to.

    ``naive`` is the sum of the parts that are known. A part that could not be measured anew is a ``NotMeasurable``; it
    is then inside ``rest``.
    """

    metric: Metric
    unit: str
    naive: float
    parts: Mapping[Cause, Measurement]


@dataclass(frozen=True, slots=True)
class LocalChange:
    """A connected place where the change map stands out of its noise.

    ``change`` in percentage points of cover (below 0: thinner now) with its 95 % interval, ``share_of_scalp`` in % of
    the common scalp, ``polygon`` its outline, ``position`` its centre relative to the common scalp's bounding box.
    """

    polygon: tuple[tuple[float, float], ...]
    change: Measured
    share_of_scalp: float
    position: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ChangeMap:
    """Local change of cover on the earlier photograph.

    ``values`` -1..1 (1: bald then, covered now), smoothed, 0 outside ``common`` and wherever the change does not stand
    out of the noise; ``noise_floor`` is that limit's median over the common scalp.
    """

    values: SignedMap
    common: NDArray[np.bool_]
    noise_floor: float
    places: tuple[LocalChange, ...]


class Fate(StrEnum):
    """What became of a hair between the two photographs, inside the field that both show."""

    KEPT = "kept"
    LOST = "lost"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class HairPair:
    """A hair seen in both: its place in ``hairs`` of each field, how far apart after registration, both widths."""

    then: int
    now: int
    apart_um: float
    then_um: float | None
    now_um: float | None


@dataclass(frozen=True, slots=True)
class HairMatches:
    """Hair by hair: what was kept, lost and new inside the field that both show.

    ``share_matched`` is the share of the smaller count of hairs in the common field that found its partner;
    ``false_match_probability`` the chance that as many would agree if the hairs of one field were scattered at random;
    ``calibre_change`` the mean change of width of kept hairs (um); ``common_cm2`` the field's area.
    """

    kept: tuple[HairPair, ...]
    lost: tuple[int, ...]
    new: tuple[int, ...]
    share_matched: float
    false_match_probability: float
    calibre_change: Measurement
    common_cm2: float | None

    def fates(self) -> dict[Fate, int]:
        """How many hairs were kept, lost and new."""
        return {Fate.KEPT: len(self.kept), Fate.LOST: len(self.lost), Fate.NEW: len(self.new)}


class ComparisonWarning(StrEnum):
    """What a reader has to know beside the figures of a comparison."""

    SMALL_OVERLAP = "small_overlap"  # much of the scalp is shown by one photograph only
    WEAK_REGISTRATION = "weak_registration"  # little agrees, or the head is seen from another side: the rim may be off
    LARGE_LIGHT_DIFFERENCE = "large_light_difference"  # more than a stop, or a strong cast
    OTHER_SCALE_SOURCE = "other_scale_source"  # lengths and areas are not compared
    SCALES_DISAGREE = "scales_disagree"  # the stated scales contradict what the registration shows
    NOT_REMEASURED = "not_remeasured"  # no network was at hand: light and scale stay in the rest


@dataclass(frozen=True, slots=True)
class PhotoComparison:
    """Everything that two comparable photographs of one view say together.

    ``images`` are for looking, never measured: the later photograph laid onto the earlier and matched in light
    (``ImageKind.ALIGNED``), and the change map over the earlier one (``ImageKind.CHANGE``, overviews) or its kept,
    lost and new hairs (``ImageKind.HAIR_FATES``, trichoscopy).
    """

    view: View
    registration: Registration
    light: LightDifference
    changes: tuple[MetricChange, ...]
    attributions: tuple[Attribution, ...]
    change_map: ChangeMap | None
    hairs: HairMatches | None
    images: tuple[EncodedImage, ...]
    warnings: tuple[ComparisonWarning, ...]

    def change(self, metric: Metric, area: Area = Area.COMMON) -> MetricChange | None:
        """The change of one metric on one area; None where it is not compared."""
        return next((one for one in self.changes if one.metric is metric and one.area is area), None)
