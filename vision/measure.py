"""Numbers of one photo from its segmentation, each with a 95 % interval or the reason why it may not exist.

Value. Shares are read off the label map, the one that the overlay shows and a clinician corrects, in % of the visible
scalp (dense + thinning + bald). The picture is a projection of a curved head: no share is a share of its surface.

Interval. value +- f sqrt(h_photo^2 + h_model^2), clamped to what is possible, of two half widths and a factor
(:data:`WIDENED`, measured on people held out):

- *h_photo* = 1.96 s, how unsure the network is about this photo: with m the mean and v the variance of the quantity's
  weight under the calibrated softmax of one pixel (given that it is scalp), s^2 = bias^2 + sum over blocks of
  (sum over the block's pixels of sqrt(v))^2 / scalp^2, bias = mean of m over the scalp - value. Pixels of one block
  (an eighth of the scalp's diameter) are taken as wrong together, blocks as independent: segmentation errors are moved
  borders, not salt and pepper;
- *h_model* = MAE x ln 20, how wrong the released network is on people it has not seen: 95 % of errors with the held-out
  mean absolute error MAE and the long tails of a Laplace distribution, which is what they have. A share for which the
  release states no error takes that of the affected share times :data:`SOFTER_BORDER`.

``python -m vision study measures`` counts how often the interval holds on people held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.head_lines import (
    IN_MM,
    IN_PERCENT,
    NOT_LOOKED_AT,
    SCALE_ERROR,
    HeadLength,
    Lengths,
    in_mm,
    in_percent,
)
from vision.permissions import MISSING, PHOTO_METRICS, Needs, picture_kind, refusal
from vision.types import (
    Measured,
    Measurement,
    Metric,
    NotMeasurable,
    PhotoContext,
    QualityReport,
    Reason,
    ScalpClass,
    ScalpMap,
    View,
)

NORMAL_95: Final = 1.959964
LAPLACE_95: Final = log(20)
"""95 % of a Laplace distribution lie within this many mean absolute deviations."""
BLOCKS_ACROSS: Final = 8
"""Blocks across the scalp's diameter within which segmentation errors are taken to go together."""

NO_SCALP_PERCENT: Final = 1.0
"""Scalp under this share of the picture: nothing was found (% of the frame)."""

MIN_SCALP_PERCENT: Final = 6.0
"""Below this share of the picture the border of the scalp weighs more than its inside (% of the frame)."""

MIN_CONFIDENCE: Final = 0.8
"""Mean calibrated probability that a pixel labelled scalp is scalp; below it the picture is unlike what was learnt.

Over 124 research photographs of heads the lowest was 0.84; of 16 pictures of other things 10 were below 0.8 or showed
no scalp. The rest has to be stopped by the quality gate, the condition network's distance or a person."""

DEFAULT_MODEL_MAE: Final = 8.0
"""Percentage points taken for a release that states no held-out error: twice what two people differ by, and more."""

WIDENED: Final[Mapping[Metric, float]] = {Metric.COVERAGE_INDEX: 1.26, Metric.AFFECTED_SHARE: 1.26}
"""By how much the half widths of these shares are too narrow on people held out, and are therefore multiplied: the 95 %
point of error over half width (``docs/studies/measures.json``, ``widened_by``). The other shares need nothing."""

SOFTER_BORDER: Final = 1.3
"""How much worse thinning and bald are told apart than counted together (people agree worse on it, too)."""

WEIGHTS: Final[Mapping[Metric, tuple[float, float, float]]] = {
    Metric.COVERAGE_INDEX: (1.0, 0.5, 0.0),
    Metric.SCALP_VISIBILITY: (0.0, 1.0, 1.0),
    Metric.THINNING_SHARE: (0.0, 1.0, 0.0),
    Metric.BALD_SHARE: (0.0, 0.0, 1.0),
    Metric.AFFECTED_SHARE: (0.0, 0.5, 1.0),
}
"""What a dense, thinning and bald pixel count for in each share of the scalp."""

AREAS: Final[Mapping[Metric, Metric]] = {
    Metric.THINNING_AREA_MM2: Metric.THINNING_SHARE,
    Metric.BALD_AREA_MM2: Metric.BALD_SHARE,
}
"""Areas in mm2 and the share each is a multiple of."""

LENGTHS: Final = {**IN_MM, **IN_PERCENT}
"""Metrics that are lengths along the head, and which."""


@dataclass(frozen=True, slots=True)
class Scalp:
    """What the segmentation found of the scalp: share of the frame, confidence, and probabilities within it."""

    percent_of_frame: float
    confidence: float
    classes: NDArray[np.float32]  # 3 x H x W: dense, thinning, bald, given that the pixel is scalp; 0 outside
    labels: NDArray[np.uint8]  # H x W
    mask: NDArray[np.bool_]  # H x W


def measure_photo(
    scalp_map: ScalpMap | NotMeasurable,
    quality: QualityReport,
    context: PhotoContext,
    size_px: tuple[int, int],
    model_mae: Mapping[Metric, float] | None = None,
    lengths: Lengths | None = None,
) -> dict[Metric, Measurement]:
    """Every metric of :data:`~vision.permissions.PHOTO_METRICS` for an overview photo, measured or refused.

    A trichoscopy picture goes to :func:`vision.trichoscopy.measure_field`.

    ``scalp_map`` is the reason instead when there was no segmentation. ``size_px`` is width and height of the photo,
    to which ``context.px_per_mm`` refers. ``model_mae`` holds the release's held-out mean absolute error of a share in
    percentage points; ``lengths`` what :mod:`vision.parting` or :mod:`vision.hairline` read along the head.
    """
    scalp = None if isinstance(scalp_map, NotMeasurable) else find_scalp(scalp_map)
    unmet = unmet_needs(scalp_map if isinstance(scalp_map, NotMeasurable) else scalp, quality, context)
    errors = dict(model_mae or {})
    measures: dict[Metric, Measurement] = {}
    for metric in PHOTO_METRICS:
        length = (lengths or {}).get(line, NOT_LOOKED_AT) if (line := LENGTHS.get(metric)) else None
        refused = refusal(metric, picture_kind(context.view), unmet | _unmet_of_length(length))
        if refused is not None:
            measures[metric] = refused
        elif isinstance(length, HeadLength):
            measures[metric] = _length(metric, length, context)
        elif scalp is not None:
            measures[metric] = _measure(metric, scalp, context, size_px, errors)
        else:
            raise ValueError(f"the permission matrix allows {metric} without a segmentation")
    return measures


def _unmet_of_length(length: HeadLength | NotMeasurable | None) -> dict[Needs, NotMeasurable]:
    """What one length leaves unmet: it was not found, or nothing it could be relative to was."""
    if isinstance(length, NotMeasurable):
        need = Needs.EYES if length.reason is Reason.NO_LANDMARKS else None
        return {need: length} if need else {Needs.PARTING: length, Needs.HAIRLINE: length}
    if isinstance(length, HeadLength) and isinstance(length.reference_px, NotMeasurable):
        return {Needs.HEAD_WIDTH: length.reference_px}
    return {}


def _length(metric: Metric, length: HeadLength, context: PhotoContext) -> Measured:
    if metric in IN_PERCENT:
        return in_percent(length)
    assert context.px_per_mm is not None, "the permission matrix demands a scale"
    return in_mm(length, context.px_per_mm)


def find_scalp(scalp_map: ScalpMap) -> Scalp:
    """Scalp of a segmentation: where it is, how sure, and the cover classes inside it."""
    of_scalp = scalp_map.probabilities[list(ScalpClass.scalp())]
    total = of_scalp.sum(axis=0)
    mask = np.isin(scalp_map.labels, ScalpClass.scalp())
    confidence = float(total[mask].mean()) if mask.any() else 0.0
    classes = np.where(mask, of_scalp / np.maximum(total, 1e-6), 0).astype(np.float32)
    return Scalp(100.0 * float(mask.mean()), confidence, classes, scalp_map.labels, mask)


def unmet_needs(
    scalp: Scalp | NotMeasurable | None, quality: QualityReport, context: PhotoContext
) -> dict[Needs, NotMeasurable]:
    """Which needs of the permission matrix this photo does not meet, each with its exact reason."""
    unmet: dict[Needs, NotMeasurable] = {}
    if context.view is not View.PART:
        unmet[Needs.PART_VIEW] = NotMeasurable(MISSING[Needs.PART_VIEW])
    if context.view is not View.HAIRLINE:
        unmet[Needs.FRONT_VIEW] = NotMeasurable(MISSING[Needs.FRONT_VIEW])
    if not quality.passed:
        unmet[Needs.QUALITY] = NotMeasurable(Reason.QUALITY_FAILED, ", ".join(quality.failures))
    if context.px_per_mm is None:
        unmet[Needs.SCALE] = NotMeasurable(MISSING[Needs.SCALE])
    if scalp is None:
        unmet[Needs.SEGMENTATION] = NotMeasurable(MISSING[Needs.SEGMENTATION])
    elif isinstance(scalp, NotMeasurable):
        unmet[Needs.SEGMENTATION] = scalp
    elif (problem := scalp_problem(scalp)) is not None:
        unmet[Needs.SCALP] = problem
    return unmet


def scalp_problem(scalp: Scalp) -> NotMeasurable | None:
    """Why the scalp found is too little or too doubtful to be measured; None when it is neither."""
    found = f"scalp {scalp.percent_of_frame:.1f} % of frame, confidence {scalp.confidence:.2f}"
    if scalp.percent_of_frame < NO_SCALP_PERCENT:
        return NotMeasurable(Reason.NOT_A_SCALP, found)
    if scalp.confidence < MIN_CONFIDENCE:
        return NotMeasurable(Reason.OUT_OF_DOMAIN, found)
    if scalp.percent_of_frame < MIN_SCALP_PERCENT:
        return NotMeasurable(Reason.TOO_LITTLE_SCALP, found)
    return None


def _measure(
    metric: Metric, scalp: Scalp, context: PhotoContext, size_px: tuple[int, int], model_mae: Mapping[Metric, float]
) -> Measured:
    if metric is Metric.SCALP_IN_FRAME:
        spread = NORMAL_95 * _border_spread(scalp)
        return _within(scalp.percent_of_frame, spread, 100.0, "%")
    if metric in AREAS:
        share = _share(AREAS[metric], scalp, model_mae)
        assert context.px_per_mm is not None, "the permission matrix demands a scale"
        scalp_mm2 = scalp.percent_of_frame / 100 * size_px[0] * size_px[1] / context.px_per_mm**2
        factor = scalp_mm2 / 100
        return _with_scale(Measured(share.value * factor, share.low * factor, share.high * factor, "mm2"))
    return _share(metric, scalp, model_mae)


def _with_scale(area: Measured) -> Measured:
    """An area with the error of its scale, which counts twice, added in quadrature."""
    of_scale = 2 * SCALE_ERROR * area.value
    low, high = (sqrt(side**2 + of_scale**2) for side in (area.value - area.low, area.high - area.value))
    return Measured(area.value, max(0.0, area.value - low), area.value + high, area.unit)


def _share(metric: Metric, scalp: Scalp, model_mae: Mapping[Metric, float]) -> Measured:
    weights = np.array(WEIGHTS[metric], dtype=np.float32)
    area = float(scalp.mask.sum())
    counts = np.array([(scalp.labels == kind).sum() for kind in ScalpClass.scalp()], dtype=np.float64)
    value = float(counts @ weights) / area

    mean = np.tensordot(weights, scalp.classes, axes=1)
    variance = np.tensordot(weights**2, scalp.classes, axes=1) - mean**2
    deviation = np.where(scalp.mask, np.sqrt(np.maximum(variance, 0)), 0).astype(np.float32)
    bias = float(mean[scalp.mask].mean()) - value
    of_photo = 100 * NORMAL_95 * _spread_of(bias, deviation, area)
    of_model = LAPLACE_95 * _model_error(metric, model_mae)
    half = WIDENED.get(metric, 1.0) * sqrt(of_photo**2 + of_model**2)
    return _within(100 * value, half, 100.0, "%")


def region_share(
    kind: ScalpClass,
    mask: NDArray[np.bool_],
    reach: NDArray[np.bool_],
    scalp_map: ScalpMap,
    model_mae: Mapping[Metric, float],
) -> Measured:
    """The share of the visible scalp that one region covers, in %, with its 95 % interval.

    ``mask`` is the region, ``reach`` where it may extend to, ``kind`` BALD, or THINNING (which counts what is bald,
    too). *h_photo* is that of a share whose pixels count inside the reach alone; *h_model* is that of all regions of
    the kind together (the bald share, the scalp visibility), of which this region has its part.
    """
    scalp = find_scalp(scalp_map)
    area = float(scalp.mask.sum())
    value = float((mask & scalp.mask).sum()) / area
    bald = kind is ScalpClass.BALD
    likely = np.where((mask | reach) & scalp.mask, scalp.classes[2] if bald else scalp.classes[1] + scalp.classes[2], 0)
    deviation = np.sqrt(np.maximum(likely * (1 - likely), 0)).astype(np.float32)
    bias = float(likely.sum()) / area - value
    of_photo = 100 * NORMAL_95 * _spread_of(bias, deviation, area)
    together = Metric.BALD_SHARE if bald else Metric.SCALP_VISIBILITY
    counted = (ScalpClass.BALD,) if bald else (ScalpClass.THINNING, ScalpClass.BALD)
    of_kind = float(np.isin(scalp.labels, counted).sum()) / area
    of_model = LAPLACE_95 * _model_error(together, model_mae) * min(1.0, value / max(of_kind, 1e-6))
    return _within(100 * value, sqrt(of_photo**2 + of_model**2), 100.0, "%")


def _spread_of(bias: float, deviation: NDArray[np.float32], area: float) -> float:
    """Standard deviation of a share: the labels' bias, and blocks of pixels that are wrong together."""
    blocks = _block_sums(deviation, max(1, round(sqrt(4 * area / pi) / BLOCKS_ACROSS)))
    return sqrt(bias**2 + float((blocks**2).sum()) / area**2)


def _model_error(metric: Metric, stated: Mapping[Metric, float]) -> float:
    affected = stated.get(Metric.AFFECTED_SHARE, DEFAULT_MODEL_MAE)
    if metric in (Metric.AFFECTED_SHARE, Metric.COVERAGE_INDEX):  # one is 100 minus the other
        return affected
    return stated.get(metric, affected * SOFTER_BORDER)


def _border_spread(scalp: Scalp) -> float:
    """Standard deviation (% of frame) if the scalp's whole border were moved by what the confidence leaves open."""
    return scalp.percent_of_frame * (1 - scalp.confidence)


def _block_sums(values: NDArray[np.float32], edge: int) -> NDArray[np.float64]:
    rows, columns = -(-values.shape[0] // edge), -(-values.shape[1] // edge)
    padded = np.zeros((rows * edge, columns * edge), dtype=np.float64)
    padded[: values.shape[0], : values.shape[1]] = values
    return np.asarray(padded.reshape(rows, edge, columns, edge).sum(axis=(1, 3)))


def _within(value: float, spread: float, most: float, unit: str) -> Measured:
    return Measured(value, max(0.0, value - spread), min(most, value + spread), unit)


def labels_at(scalp_map: ScalpMap, width_px: int, height_px: int) -> NDArray[np.uint8]:
    """The label map at another size, nearest label."""
    resized = cv2.resize(scalp_map.labels, (width_px, height_px), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(resized, dtype=np.uint8)
