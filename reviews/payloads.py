"""Findings' payloads and what a correction makes of them. Pure: dicts in, dicts out, nothing of the model's is lost.

A corrected payload has the shape of the model's, with ``"by": "clinician"``. A number typed by a clinician carries no
interval: ``low`` and ``high`` are None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from accounts.errors import Invalid
from vision.codec import salt_to_json, severity_to_json
from vision.corrections import filled
from vision.salt import band_of
from vision.types import Condition, LabelMap, Measured, Metric, NotMeasurable, Reason, Salt, ScalpClass, Severity

Payload = Mapping[str, Any]
Point = tuple[float, float]

MAX_POINTS: Final = 400
BY: Final = "clinician"
FROM_OUTLINES: Final = "outlines"  # counted on the corrected label map
FROM_SCALE: Final = "scale"  # the model's map, measured with the clinician's scale


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a corrected number may be."""

    low: float
    high: float
    step: float


_PERCENT: Final = Bounds(0, 100, 0.1)
_HAIRLINE_MM: Final = Bounds(0, 250, 1)
_HAIRLINE_PERCENT: Final = Bounds(0, 400, 1)
BOUNDS: Final[Mapping[str, Bounds]] = {
    Metric.COVERAGE_INDEX: _PERCENT,
    Metric.SCALP_VISIBILITY: _PERCENT,
    Metric.THINNING_SHARE: _PERCENT,
    Metric.BALD_SHARE: _PERCENT,
    Metric.AFFECTED_SHARE: _PERCENT,
    Metric.SCALP_IN_FRAME: _PERCENT,
    Metric.THINNING_AREA_MM2: Bounds(0, 100_000, 1),
    Metric.BALD_AREA_MM2: Bounds(0, 100_000, 1),
    Metric.PART_WIDTH_MM: Bounds(0, 60, 0.1),
    Metric.PART_WIDTH_RATIO: Bounds(0, 40, 0.1),
    Metric.HAIRLINE_MIDDLE_MM: _HAIRLINE_MM,
    Metric.HAIRLINE_LEFT_MM: _HAIRLINE_MM,
    Metric.HAIRLINE_RIGHT_MM: _HAIRLINE_MM,
    Metric.HAIRLINE_MIDDLE_RATIO: _HAIRLINE_PERCENT,
    Metric.HAIRLINE_LEFT_RATIO: _HAIRLINE_PERCENT,
    Metric.HAIRLINE_RIGHT_RATIO: _HAIRLINE_PERCENT,
    Metric.HAIR_DENSITY: Bounds(0, 500, 1),
    Metric.FOLLICULAR_UNIT_DENSITY: Bounds(0, 200, 1),
    Metric.CALIBRE_MEAN: Bounds(0, 200, 1),
    Metric.VELLUS_SHARE: _PERCENT,
    Metric.CUMULATIVE_THICKNESS: Bounds(0, 50, 0.1),
    Metric.SEVERITY_INDEX: Bounds(1, 10, 0.1),
    Metric.SALT_ESTIMATE: Bounds(0, 100, 1),
}

CONDITION_CHOICES: Final = tuple(Condition)
NOT_GRADABLE: Final = Reason.NOT_GRADABLE.value
STAGE_CHOICES: Final = (*(str(stage) for stage in range(1, 8)), NOT_GRADABLE)
"""What a clinician may say of the Norwood stage; stage 1 too, which no model knows."""


def not_measurable_reason(payload: Payload) -> str:
    """The reason why there is no number (a ``vision.types.Reason``), or nothing when there is one."""
    return str(payload.get("reason") or payload.get("not_measurable") or "")


def needs_decision(payload: Payload) -> bool:
    """A statement has to be accepted, corrected or rejected; "not measurable" states nothing."""
    return not not_measurable_reason(payload)


def correct_number(kind: str, code: str, payload: Payload, value: float) -> dict[str, Any]:
    """A measure, the severity index or SALT with the clinician's number. Raises :class:`Invalid` outside the bounds."""
    bounds = BOUNDS[code]
    if not bounds.low <= value <= bounds.high:
        raise Invalid("out_of_bounds", f"Give a number between {bounds.low:g} and {bounds.high:g}.")
    number = {"value": value, "low": None, "high": None}
    if kind == "severity":
        return {**payload, "index": {**payload["index"], **number}, "by": BY}
    if kind == "salt":
        bands = dict.fromkeys(("band", "lowest_band", "highest_band"), band_of(value).value)
        return {**payload, **bands, "score": {**payload["score"], **number}, "by": BY}
    return {**payload, **number, "by": BY}


def correct_condition(payload: Payload, shown: str) -> dict[str, Any]:
    """Another class in place of the one shown; the model's probabilities stay beside it."""
    try:
        chosen = Condition(shown)
    except ValueError:
        raise Invalid("unknown_condition", "Choose one of the conditions in the list.") from None
    return {**payload, "shown": chosen.value, "abstained_because": None, "by": BY}


def own_region(*, kind: str, polygon: Sequence[Sequence[float]], labels: LabelMap | None) -> dict[str, Any]:
    """The payload of a region that the clinician drew; refused as :func:`correct_region` refuses."""
    return correct_region({}, kind=kind, polygon=polygon, labels=labels)


def correct_stage(payload: Payload, stage: str) -> dict[str, Any]:
    """Another Norwood stage in place of the model's, without a range; or none, because the head cannot be graded."""
    if stage not in STAGE_CHOICES:
        raise Invalid("unknown_stage", "Choose a stage from 1 to 7, or that it cannot be graded.")
    if stage == NOT_GRADABLE:
        return {"reason": NOT_GRADABLE, "probabilities": payload.get("probabilities", {}), "by": BY}
    return {**payload, "stage": int(stage), "lowest": None, "highest": None, "by": BY}


def correct_region(
    payload: Payload, *, kind: str, polygon: Sequence[Sequence[float]], labels: LabelMap | None
) -> dict[str, Any]:
    """A region with the clinician's outline: box, share of visible scalp and position follow from the polygon.

    ``polygon`` is in picture fractions 0..1; ``labels`` the segmentation's label map. Without it the share is unknown
    (None). Raises :class:`Invalid` for an outline without an area in the picture.
    """
    if kind not in ("bald", "thinning"):
        raise Invalid("unknown_region", "A region is either bald or thinning.")
    points = _checked(polygon)
    xs, ys = [x for x, _y in points], [y for _x, y in points]
    corrected = {
        **payload,
        "kind": kind,
        "polygon": [[x, y] for x, y in points],
        "box": [min(xs), min(ys), max(xs), max(ys)],
        "score": None,
        "share_of_scalp": None,
        "share_low": None,
        "share_high": None,
        "by": BY,
    }
    if labels is not None:
        share, position = measure_outline(points, labels)
        corrected |= {"share_of_scalp": share, "position": list(position)}
    return corrected


def recomputed_number(payload: Payload, found: Measured) -> dict[str, Any]:
    """A measure as it follows from the clinician's outlines, in the shape of the model's."""
    number = {"value": found.value, "low": found.low, "high": found.high, "unit": found.unit}
    return {**payload, **number, "by": BY, "from": FROM_OUTLINES}


def no_longer_measurable(payload: Payload, found: NotMeasurable) -> dict[str, Any]:
    """A measure that the clinician's outlines leave nothing to measure on."""
    kept = {key: part for key, part in payload.items() if key not in ("value", "low", "high", "unit")}
    return {**kept, "not_measurable": found.reason.value, "detail": found.detail, "by": BY, "from": FROM_OUTLINES}


def recomputed_severity(payload: Payload, found: Severity) -> dict[str, Any]:
    """The severity index as it follows from the clinician's outlines, with its parts."""
    return {**payload, **severity_to_json(found), "by": BY, "from": FROM_OUTLINES}


def recomputed_salt(payload: Payload, found: Salt) -> dict[str, Any]:
    """The SALT estimate as it follows from the clinician's outlines, with its parts."""
    return {**payload, **salt_to_json(found), "by": BY, "from": FROM_OUTLINES}


def follows_outlines(payload: Payload | None) -> bool:
    """Whether a number was counted on the corrected outlines rather than typed."""
    return bool(payload) and payload.get("from") == FROM_OUTLINES  # type: ignore[union-attr]


def measure_outline(polygon: Sequence[Point], labels: LabelMap) -> tuple[float, Point]:
    """Share of visible scalp (%) and position of an outline.

    Share = outlined pixels / (scalp pixels of the label map or outlined), so that an outline beyond what the network
    called scalp counts as scalp too and the share stays within 100 %. Position is the outline's centroid relative to
    the bounding box of that scalp (0..1 right, 0..1 down).
    """
    height, width = labels.shape
    inside = filled(polygon, width, height)
    scalp = np.isin(labels, [int(label) for label in ScalpClass.scalp()]) | inside
    if not inside.any():
        raise Invalid("empty_outline", "The outline is too small to measure. Draw it larger.")
    share = 100.0 * float(inside.sum()) / float(scalp.sum())
    rows, columns = np.nonzero(scalp)
    own_rows, own_columns = np.nonzero(inside)
    across = (own_columns.mean() - columns.min()) / max(1, columns.max() - columns.min())
    down = (own_rows.mean() - rows.min()) / max(1, rows.max() - rows.min())
    return round(share, 2), (round(float(across), 3), round(float(down), 3))


def _checked(polygon: Sequence[Sequence[float]]) -> list[Point]:
    """The part of an outline that lies in the picture: a region at its edge may be dragged past it."""
    if len(polygon) < 3:
        raise Invalid("bad_outline", "An outline needs at least three points.")
    if len(polygon) > MAX_POINTS:
        raise Invalid("bad_outline", f"The outline has more than {MAX_POINTS} points. Draw it with fewer.")
    try:
        points = [(float(x), float(y)) for x, y in polygon]
    except (TypeError, ValueError):
        raise Invalid("bad_outline", "The outline cannot be read. Draw it again.") from None
    if not np.isfinite(points).all():
        raise Invalid("bad_outline", "The outline cannot be read. Draw it again.")
    for axis in (0, 1):
        for limit, side in ((0.0, 1.0), (1.0, -1.0)):
            points = _clipped(points, axis, limit, side)
    area = abs(sum(x * ny - nx * y for (x, y), (nx, ny) in zip(points, points[1:] + points[:1], strict=True))) / 2
    if area <= 0:
        raise Invalid("empty_outline", "The outline has no area in the picture. Draw it larger, inside.")
    return points


def _clipped(points: list[Point], axis: int, limit: float, side: float) -> list[Point]:
    """What lies on one side of a vertical or horizontal line (Sutherland and Hodgman 1974)."""
    kept: list[Point] = []
    for start, end in zip(points, points[1:] + points[:1], strict=True):
        first, second = side * (start[axis] - limit), side * (end[axis] - limit)
        if first >= 0:
            kept.append(start)
        if (first >= 0) != (second >= 0):
            share = first / (first - second)
            crossing = [start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])]
            crossing[axis] = limit
            kept.append((crossing[0], crossing[1]))
    return kept
