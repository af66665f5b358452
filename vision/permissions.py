"""Which numbers may exist (A12): the permission matrix as data, and the one function every measurement asks.

The matrix says for each metric and kind of picture what must be true; :func:`refusal` answers with the first reason
that forbids the number, or None. Page texts and docs are rendered from the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vision.types import Metric, NotMeasurable, Reason, View


class PictureKind(StrEnum):
    """What a number is read from."""

    OVERVIEW = "overview"
    TRICHOSCOPY = "trichoscopy"
    SESSION = "session"


class Needs(StrEnum):
    """What a number may require, in the order in which a missing one is reported."""

    QUALITY = "quality"
    SEGMENTATION = "segmentation"  # a released segmentation network, switched on
    SCALP = "scalp"  # enough scalp, found with confidence
    PART_VIEW = "part_view"  # a photo taken along a parting
    PARTING = "parting"  # a bare line with hair on both sides, whose edges can be told
    HEAD_WIDTH = "head_width"  # both sides of the head in the picture
    FRONT_VIEW = "front_view"  # a photo of forehead and hairline
    EYES = "eyes"  # both eyes found: the landmarks that the hairline is measured from
    HAIRLINE = "hairline"  # hair beginning above a bare forehead
    SCALE = "scale"  # px/mm known
    COUNTING_NETWORK = "counting_network"  # a released network that counts hairs
    CLIPPED_HAIR = "clipped_hair"  # a field like those the counting network was trained on
    FINE_SCALE = "fine_scale"  # at least 4 px per vellus cut-off
    SHARP_HAIRS = "sharp_hairs"  # edges of the shafts sharp against the cut-off
    CALIBRES = "calibres"  # enough hairs whose width could be measured
    VIEWS = "views"  # views that carry weight in the index
    ALL_SIDES = "all_sides"  # crown, occiput and both temples of one session
    GRADING_NETWORK = "grading_network"  # a released network that grades the pattern
    MALE_PATTERN = "male_pattern"  # a man's loss, of the pattern kind as far as the other findings tell
    GRADED_VIEWS = "graded_views"  # views that settle the stage


@dataclass(frozen=True, slots=True)
class Allowed:
    """The number may exist when all of these hold."""

    needs: tuple[Needs, ...]


@dataclass(frozen=True, slots=True)
class Never:
    """The number is not defined for this kind of picture."""

    reason: Reason


_OF_THE_SCALP = Allowed((Needs.QUALITY, Needs.SEGMENTATION, Needs.SCALP))
_OF_THE_SCALP_IN_MM = Allowed((*_OF_THE_SCALP.needs, Needs.SCALE))
_ALONG_A_PARTING = Allowed((Needs.PART_VIEW, *_OF_THE_SCALP.needs, Needs.PARTING))
_HAIRLINE = Allowed((Needs.FRONT_VIEW, *_OF_THE_SCALP.needs, Needs.EYES, Needs.HAIRLINE))
_HAIRLINE_IN_MM = Allowed((*_HAIRLINE.needs, Needs.SCALE))
_COUNTED = Allowed((Needs.QUALITY, Needs.COUNTING_NETWORK, Needs.SCALE, Needs.CLIPPED_HAIR))
_CALIBRES = Allowed((*_COUNTED.needs, Needs.FINE_SCALE, Needs.SHARP_HAIRS, Needs.CALIBRES))
_NOT_HERE = Never(Reason.VIEW_NOT_SUPPORTED)

MATRIX: Final[Mapping[tuple[Metric, PictureKind], Allowed | Never]] = {
    (Metric.COVERAGE_INDEX, PictureKind.OVERVIEW): _OF_THE_SCALP,
    (Metric.SCALP_VISIBILITY, PictureKind.OVERVIEW): _OF_THE_SCALP,
    (Metric.THINNING_SHARE, PictureKind.OVERVIEW): _OF_THE_SCALP,
    (Metric.BALD_SHARE, PictureKind.OVERVIEW): _OF_THE_SCALP,
    (Metric.AFFECTED_SHARE, PictureKind.OVERVIEW): _OF_THE_SCALP,
    (Metric.SCALP_IN_FRAME, PictureKind.OVERVIEW): Allowed((Needs.QUALITY, Needs.SEGMENTATION)),
    (Metric.THINNING_AREA_MM2, PictureKind.OVERVIEW): _OF_THE_SCALP_IN_MM,
    (Metric.BALD_AREA_MM2, PictureKind.OVERVIEW): _OF_THE_SCALP_IN_MM,
    (Metric.PART_WIDTH_MM, PictureKind.OVERVIEW): Allowed((*_ALONG_A_PARTING.needs, Needs.SCALE)),
    (Metric.PART_WIDTH_RATIO, PictureKind.OVERVIEW): Allowed((*_ALONG_A_PARTING.needs, Needs.HEAD_WIDTH)),
    (Metric.HAIRLINE_MIDDLE_MM, PictureKind.OVERVIEW): _HAIRLINE_IN_MM,
    (Metric.HAIRLINE_LEFT_MM, PictureKind.OVERVIEW): _HAIRLINE_IN_MM,
    (Metric.HAIRLINE_RIGHT_MM, PictureKind.OVERVIEW): _HAIRLINE_IN_MM,
    (Metric.HAIRLINE_MIDDLE_RATIO, PictureKind.OVERVIEW): _HAIRLINE,
    (Metric.HAIRLINE_LEFT_RATIO, PictureKind.OVERVIEW): _HAIRLINE,
    (Metric.HAIRLINE_RIGHT_RATIO, PictureKind.OVERVIEW): _HAIRLINE,
    (Metric.HAIR_DENSITY, PictureKind.OVERVIEW): _NOT_HERE,  # hairs per cm2 from an overview photo do not exist
    (Metric.FOLLICULAR_UNIT_DENSITY, PictureKind.OVERVIEW): _NOT_HERE,
    (Metric.CALIBRE_MEAN, PictureKind.OVERVIEW): _NOT_HERE,
    (Metric.VELLUS_SHARE, PictureKind.OVERVIEW): _NOT_HERE,
    (Metric.CUMULATIVE_THICKNESS, PictureKind.OVERVIEW): _NOT_HERE,
    (Metric.SEVERITY_INDEX, PictureKind.OVERVIEW): _NOT_HERE,
    (Metric.COVERAGE_INDEX, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.SCALP_VISIBILITY, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.THINNING_SHARE, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.BALD_SHARE, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.AFFECTED_SHARE, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.SCALP_IN_FRAME, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.THINNING_AREA_MM2, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.BALD_AREA_MM2, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.PART_WIDTH_MM, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.PART_WIDTH_RATIO, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.HAIRLINE_MIDDLE_MM, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.HAIRLINE_LEFT_MM, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.HAIRLINE_RIGHT_MM, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.HAIRLINE_MIDDLE_RATIO, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.HAIRLINE_LEFT_RATIO, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.HAIRLINE_RIGHT_RATIO, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.HAIR_DENSITY, PictureKind.TRICHOSCOPY): _COUNTED,
    (Metric.FOLLICULAR_UNIT_DENSITY, PictureKind.TRICHOSCOPY): _COUNTED,
    (Metric.CALIBRE_MEAN, PictureKind.TRICHOSCOPY): _CALIBRES,
    (Metric.VELLUS_SHARE, PictureKind.TRICHOSCOPY): _CALIBRES,
    (Metric.CUMULATIVE_THICKNESS, PictureKind.TRICHOSCOPY): _CALIBRES,
    (Metric.SEVERITY_INDEX, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.COVERAGE_INDEX, PictureKind.SESSION): _NOT_HERE,
    (Metric.SCALP_VISIBILITY, PictureKind.SESSION): _NOT_HERE,
    (Metric.THINNING_SHARE, PictureKind.SESSION): _NOT_HERE,
    (Metric.BALD_SHARE, PictureKind.SESSION): _NOT_HERE,
    (Metric.AFFECTED_SHARE, PictureKind.SESSION): _NOT_HERE,  # only inside the severity index, with its parts
    (Metric.SCALP_IN_FRAME, PictureKind.SESSION): _NOT_HERE,
    (Metric.THINNING_AREA_MM2, PictureKind.SESSION): _NOT_HERE,
    (Metric.BALD_AREA_MM2, PictureKind.SESSION): _NOT_HERE,
    (Metric.PART_WIDTH_MM, PictureKind.SESSION): _NOT_HERE,
    (Metric.PART_WIDTH_RATIO, PictureKind.SESSION): _NOT_HERE,
    (Metric.HAIRLINE_MIDDLE_MM, PictureKind.SESSION): _NOT_HERE,
    (Metric.HAIRLINE_LEFT_MM, PictureKind.SESSION): _NOT_HERE,
    (Metric.HAIRLINE_RIGHT_MM, PictureKind.SESSION): _NOT_HERE,
    (Metric.HAIRLINE_MIDDLE_RATIO, PictureKind.SESSION): _NOT_HERE,
    (Metric.HAIRLINE_LEFT_RATIO, PictureKind.SESSION): _NOT_HERE,
    (Metric.HAIRLINE_RIGHT_RATIO, PictureKind.SESSION): _NOT_HERE,
    (Metric.HAIR_DENSITY, PictureKind.SESSION): _NOT_HERE,
    (Metric.FOLLICULAR_UNIT_DENSITY, PictureKind.SESSION): _NOT_HERE,
    (Metric.CALIBRE_MEAN, PictureKind.SESSION): _NOT_HERE,
    (Metric.VELLUS_SHARE, PictureKind.SESSION): _NOT_HERE,
    (Metric.CUMULATIVE_THICKNESS, PictureKind.SESSION): _NOT_HERE,
    (Metric.SEVERITY_INDEX, PictureKind.SESSION): Allowed((Needs.VIEWS,)),
    (Metric.SALT_ESTIMATE, PictureKind.OVERVIEW): _NOT_HERE,
    (Metric.SALT_ESTIMATE, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.SALT_ESTIMATE, PictureKind.SESSION): Allowed((Needs.ALL_SIDES,)),
    (Metric.NORWOOD_STAGE, PictureKind.OVERVIEW): _NOT_HERE,  # the stage belongs to the head, not to a picture
    (Metric.NORWOOD_STAGE, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.NORWOOD_STAGE, PictureKind.SESSION): Allowed(
        (Needs.MALE_PATTERN, Needs.GRADING_NETWORK, Needs.GRADED_VIEWS)
    ),
    (Metric.LUDWIG_SINCLAIR, PictureKind.OVERVIEW): _NOT_HERE,
    (Metric.LUDWIG_SINCLAIR, PictureKind.TRICHOSCOPY): _NOT_HERE,
    (Metric.LUDWIG_SINCLAIR, PictureKind.SESSION): Never(Reason.NOT_OFFERED),
}

MISSING: Final[Mapping[Needs, Reason]] = {
    Needs.QUALITY: Reason.QUALITY_FAILED,
    Needs.SEGMENTATION: Reason.MODEL_OFF,
    Needs.SCALP: Reason.TOO_LITTLE_SCALP,
    Needs.PART_VIEW: Reason.VIEW_NOT_SUPPORTED,
    Needs.PARTING: Reason.NO_PARTING,
    Needs.HEAD_WIDTH: Reason.HEAD_CUT_OFF,
    Needs.FRONT_VIEW: Reason.VIEW_NOT_SUPPORTED,
    Needs.EYES: Reason.NO_LANDMARKS,
    Needs.HAIRLINE: Reason.HAIRLINE_OUT_OF_SIGHT,
    Needs.SCALE: Reason.NO_SCALE,
    Needs.COUNTING_NETWORK: Reason.MODEL_OFF,
    Needs.CLIPPED_HAIR: Reason.OUT_OF_DOMAIN,
    Needs.FINE_SCALE: Reason.TOO_COARSE,
    Needs.SHARP_HAIRS: Reason.NOT_SHARP,
    Needs.CALIBRES: Reason.TOO_FEW_HAIRS,
    Needs.VIEWS: Reason.VIEWS_MISSING,
    Needs.ALL_SIDES: Reason.VIEWS_MISSING,
    Needs.GRADING_NETWORK: Reason.NO_RELEASED_MODEL,
    Needs.MALE_PATTERN: Reason.NOT_PATTERN_LOSS,
    Needs.GRADED_VIEWS: Reason.NOT_GRADABLE,
}
"""The reason given when a need is not met and nothing more exact is known."""

SESSION_METRICS: Final[frozenset[Metric]] = frozenset(
    {Metric.SEVERITY_INDEX, Metric.SALT_ESTIMATE, Metric.NORWOOD_STAGE, Metric.LUDWIG_SINCLAIR}
)
"""What is said of a head, from the photos of one session together."""

PHOTO_METRICS: Final[tuple[Metric, ...]] = tuple(metric for metric in Metric if metric not in SESSION_METRICS)
"""The metrics every photo answers for, with a number or a reason."""


def picture_kind(view: View) -> PictureKind:
    """The column of the matrix a photo of this view stands in."""
    return PictureKind.OVERVIEW if view.is_global else PictureKind.TRICHOSCOPY


def refusal(metric: Metric, kind: PictureKind, unmet: Mapping[Needs, NotMeasurable]) -> NotMeasurable | None:
    """Why the number may not exist, or None when it may.

    ``unmet`` names the needs that do not hold, each with its exact reason; the first one of the matrix row is returned.
    """
    rule = MATRIX[metric, kind]
    if isinstance(rule, Never):
        return NotMeasurable(rule.reason)
    for need in rule.needs:
        if need in unmet:
            return unmet[need]
    return None
