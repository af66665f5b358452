"""Change of cover between two segmentations on the scalp that both show: per metric and per area.

Value. Shares are read off the label maps, as in :mod:`vision.measure`, on the common area of both.

Interval of a change: value +- 1.96 sqrt(bias^2 + blocks + moved^2). *bias* is the difference between the change of the
labels and the change of the calibrated probabilities; *blocks* adds, over blocks of an eighth of the area's
diameter, what the probabilities leave open of each pixel, pixels of a block taken as wrong together; *moved* is how
far the change goes when the later photograph is laid off by the registration's error in each direction. What the
network gets wrong in both photographs alike is not in it: it cancels. ``python -m vision study change_map`` counts how
often the interval holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.change.types import Area, MetricChange
from vision.measure import AREAS, BLOCKS_ACROSS, NORMAL_95, WEIGHTS
from vision.registration.types import Mask, Registration
from vision.types import FloatMap, LabelMap, Measured, Measurement, Metric, NotMeasurable, Reason, ScalpClass, ScalpMap

MIN_AREA_SHARE: Final = 0.04
"""A part of the scalp smaller than this share of the common scalp carries no figure."""

RIM: Final = 0.01
"""Width (share of the map's long edge) taken off the common scalp's border, where outlines never agree."""

LEAST_MOVE: Final = 0.002
"""Registrations are taken as off by at least this share of the width."""

BY_TILT: Final = 0.05
"""And by this much more for a head seen from the side, times what it is narrowed by: on drawn heads (docs/studies/
registration.json) places where nothing can be followed are off by about so much."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Two segmentations on the earlier one's grid: labels, cover classes given scalp (3 x H x W), common scalp."""

    then_labels: LabelMap
    now_labels: LabelMap
    then_classes: NDArray[np.float32]
    now_classes: NDArray[np.float32]
    common: Mask
    move_px: float


def lay_cover(then: ScalpMap, now: ScalpMap, registration: Registration | None) -> Cover:
    """The later segmentation laid onto the earlier. Without a registration both have to share one grid already."""
    height, width = then.labels.shape
    size = (width, height)
    if registration is None:
        probabilities = now.probabilities
        seen: Mask = np.ones((height, width), np.bool_)
    else:
        where = registration.sampling(size, (now.labels.shape[1], now.labels.shape[0]))
        probabilities = np.stack([cv2.remap(one, *where, cv2.INTER_LINEAR) for one in now.probabilities])
        seen = probabilities.sum(axis=0) > 0.99  # they sum to 1 wherever the later picture reaches
    labels = np.asarray(probabilities.argmax(axis=0), np.uint8)
    both = np.isin(then.labels, ScalpClass.scalp()) & np.isin(labels, ScalpClass.scalp()) & seen
    edge = 2 * round(RIM * max(size)) + 1
    common = cv2.erode(both.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (edge, edge)))
    error = LEAST_MOVE
    if registration is not None:
        error = max(LEAST_MOVE, registration.error) + BY_TILT * (1 - registration.tilt)
    return Cover(
        then.labels, labels, _given_scalp(then.probabilities), _given_scalp(probabilities), common > 0, error * width
    )


def _given_scalp(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    of_scalp = probabilities[list(ScalpClass.scalp())]
    return np.asarray(of_scalp / np.maximum(of_scalp.sum(axis=0), 1e-6), np.float32)


def areas_of(common: Mask) -> dict[Area, Mask]:
    """The common scalp and its parts: thirds of its height and halves of its width, as the picture shows it."""
    rows, columns = np.nonzero(common)
    if not len(rows):
        return {Area.COMMON: common}
    top, bottom = float(rows.min()), float(rows.max()) + 1
    row = np.arange(common.shape[0])[:, None]
    column = np.arange(common.shape[1])[None]
    first, second = top + (bottom - top) / 3, top + 2 * (bottom - top) / 3
    middle = float(np.median(columns)) + 0.5
    return {
        Area.COMMON: common,
        Area.UPPER: common & (row < first),
        Area.MIDDLE: common & (row >= first) & (row < second),
        Area.LOWER: common & (row >= second),
        Area.LEFT: common & (column < middle),
        Area.RIGHT: common & (column >= middle),
    }


def cover_changes(cover: Cover, mm2_per_cell: float | None) -> tuple[MetricChange, ...]:
    """Every share of the scalp on every area; areas in mm2 where a scale is known on the earlier picture's grid."""
    moved = _moved(cover.now_labels, cover.move_px)
    shares: dict[tuple[Area, Metric], MetricChange] = {}
    areas = areas_of(cover.common)
    for metric, weights in WEIGHTS.items():
        soft = _Soft.of(np.array(weights, np.float32), cover)
        for area, mask in areas.items():
            shares[area, metric] = _share_change(metric, area, mask, cover, soft, moved)
    in_mm2 = [
        _area_change(metric, shares[area, share], mask, mm2_per_cell)
        for area, mask in areas.items()
        for metric, share in AREAS.items()
    ]
    return (*shares.values(), *in_mm2)


@dataclass(frozen=True, slots=True)
class _Soft:
    """Mean and standard deviation of a quantity's weight under each pixel's probabilities, then and now."""

    then: FloatMap
    then_open: FloatMap
    now: FloatMap
    now_open: FloatMap

    @classmethod
    def of(cls, weights: NDArray[np.float32], cover: Cover) -> _Soft:
        return cls(*moments(weights, cover.then_classes), *moments(weights, cover.now_classes))


def share_on(labels: LabelMap, mask: Mask, metric: Metric) -> float:
    """The share (%) of a metric on a mask, from labels."""
    weights = np.zeros(len(ScalpClass))
    weights[list(ScalpClass.scalp())] = WEIGHTS[metric]
    return 100.0 * float(weights[labels[mask]].mean()) if mask.any() else 0.0


def _share_change(
    metric: Metric, area: Area, mask: Mask, cover: Cover, soft: _Soft, moved: list[LabelMap]
) -> MetricChange:
    if mask.sum() < max(MIN_AREA_SHARE * cover.common.sum(), 30):
        nothing = NotMeasurable(Reason.TOO_LITTLE_SCALP, f"{100 * float(mask.mean()):.1f} % of the picture")
        return MetricChange(metric, area, nothing, nothing, nothing, None)
    before, now = share_on(cover.then_labels, mask, metric), share_on(cover.now_labels, mask, metric)
    each = (
        _spread(mask, soft.then, soft.then_open, before),
        _spread(mask, soft.now, soft.now_open, now),
        _spread(mask, soft.now - soft.then, (soft.then_open + soft.now_open) / 2, now - before),
    )
    by_moving = max(abs(share_on(one, mask, metric) - now) for one in moved)
    half = NORMAL_95 * sqrt(each[2] ** 2 + by_moving**2)
    change = Measured(now - before, now - before - half, now - before + half, "%")
    return MetricChange(
        metric,
        area,
        _within(before, NORMAL_95 * each[0]),
        _within(now, NORMAL_95 * each[1]),
        change,
        100 * (now - before) / before if before > 0 else None,
    )


def _area_change(metric: Metric, share: MetricChange, mask: Mask, mm2_per_cell: float | None) -> MetricChange:
    if mm2_per_cell is None:
        nothing = NotMeasurable(Reason.NO_SCALE)
        return MetricChange(metric, share.area, nothing, nothing, nothing, None)
    factor = float(mask.sum()) * mm2_per_cell / 100
    return MetricChange(
        metric,
        share.area,
        _times(share.then, factor),
        _times(share.now, factor),
        _times(share.change, factor),
        share.percent,
    )


def _times(found: Measurement, factor: float) -> Measurement:
    if isinstance(found, NotMeasurable):
        return found
    return Measured(found.value * factor, found.low * factor, found.high * factor, "mm2")


def moments(weights: NDArray[np.float32], classes: NDArray[np.float32]) -> tuple[FloatMap, FloatMap]:
    """Mean and standard deviation of a quantity's weight under the probabilities of each pixel."""
    mean = np.tensordot(weights, classes, axes=1)
    variance = np.tensordot(weights**2, classes, axes=1) - mean**2
    return np.asarray(mean, np.float32), np.sqrt(np.maximum(variance, 0)).astype(np.float32)


def _spread(mask: Mask, mean: NDArray[np.floating], deviation: NDArray[np.floating], value: float) -> float:
    """Standard deviation (percentage points) of a mean over a mask: bias of the labels, and blocks wrong together."""
    area = float(mask.sum())
    bias = 100 * float(mean[mask].mean()) - value
    edge = max(1, round(sqrt(4 * area / pi) / BLOCKS_ACROSS))
    blocks = _block_sums(np.where(mask, deviation, 0), edge)
    return sqrt(bias**2 + 1e4 * float((blocks**2).sum()) / area**2)


def _block_sums(values: NDArray[np.floating], edge: int) -> NDArray[np.float64]:
    rows, columns = -(-values.shape[0] // edge), -(-values.shape[1] // edge)
    padded = np.zeros((rows * edge, columns * edge), dtype=np.float64)
    padded[: values.shape[0], : values.shape[1]] = values
    return np.asarray(padded.reshape(rows, edge, columns, edge).sum(axis=(1, 3)))


def _moved(labels: LabelMap, by_px: float) -> list[LabelMap]:
    """The labels laid off by so many px in each of four directions."""
    size = (labels.shape[1], labels.shape[0])
    moved = []
    for x, y in ((by_px, 0.0), (-by_px, 0.0), (0.0, by_px), (0.0, -by_px)):
        shift = np.array([[1, 0, x], [0, 1, y]], np.float64)
        laid = cv2.warpAffine(labels, shift, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        moved.append(np.asarray(laid, np.uint8))
    return moved


def _within(value: float, spread: float) -> Measured:
    return Measured(value, max(0.0, value - spread), min(100.0, value + spread), "%")
