"""Numbers of one photograph after a clinician changed its outlines: read off the corrected label map. Pure.

The label map of the models is redrawn, never the numbers: outlines are filled, and every share is a count of labels, so
that regions which overlap are counted once and a box is never an area. In order:

1. a region that was rejected, redrawn or given another kind gives up the pixels of its own kind inside the model's
   outline: they count as covered scalp again, unless another region that still stands holds them;
2. what a region rejected as outside the scalp covers is no scalp any more, unless another region that still stands
   holds it;
3. thinning outlines of the clinician are filled, sparing what is bald; then bald ones. An outline beyond what the
   network called scalp makes scalp of what it covers.

Range: the model's distance to either end, times the share of the scalp that the clinician left alone. What a clinician
drew carries no error of the model; its own is not known and not invented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vision.measure import AREAS, MIN_SCALP_PERCENT, WEIGHTS
from vision.permissions import MISSING, Needs, picture_kind, refusal
from vision.types import LabelMap, Measured, Measurement, Metric, NotMeasurable, Reason, ScalpClass, View

Point = Sequence[float]
Polygon = Sequence[Point]
Mask = NDArray[np.bool_]

COUNTED: Final[Mapping[str, ScalpClass]] = {"bald": ScalpClass.BALD, "thinning": ScalpClass.THINNING}
"""The kinds of a region and the label that each stands for."""


@dataclass(frozen=True, slots=True)
class Outlined:
    """A region of the models with what the clinician made of it. ``now`` and ``kind_now`` None: it was rejected.

    Outlines are closed polygons in picture fractions; kinds are "bald" or "thinning". ``outside``: it was rejected
    because it lies outside the scalp.
    """

    kind: str
    polygon: Polygon
    touched: bool
    kind_now: str | None = None
    now: Polygon | None = None
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Redrawn:
    """The label map as it counts, H x W, and where a clinician has had a say."""

    labels: LabelMap
    drawn: Mask

    @property
    def left_alone(self) -> float:
        """The share (0..1) of the scalp that is still the models' word."""
        scalp = scalp_of(self.labels)
        return 1.0 - float((self.drawn & scalp).sum()) / max(1, int(scalp.sum()))


def redraw(labels: LabelMap, regions: Sequence[Outlined], own: Sequence[tuple[str, Polygon]]) -> Redrawn:
    """The label map after the clinician's outlines. ``own``: (kind, polygon) of regions the models missed."""
    height, width = labels.shape
    result = labels.copy()
    drawn = np.zeros(labels.shape, dtype=np.bool_)
    for label in (ScalpClass.THINNING, ScalpClass.BALD):
        held = np.zeros(labels.shape, dtype=np.bool_)
        given_up = np.zeros(labels.shape, dtype=np.bool_)
        for region in regions:
            if COUNTED.get(region.kind) is label:
                inside = filled(region.polygon, width, height)
                if region.touched:
                    given_up |= inside
                    drawn |= inside
                else:
                    held |= inside
        result[given_up & ~held & (labels == label)] = ScalpClass.DENSE
    result[_outside(regions, width, height)] = ScalpClass.SKIN
    strokes = [(region.kind_now, region.now) for region in regions if region.touched and region.kind_now and region.now]
    for label in (ScalpClass.THINNING, ScalpClass.BALD):
        for kind, polygon in [*strokes, *own]:
            if COUNTED.get(str(kind)) is label and polygon:
                inside = filled(polygon, width, height)
                drawn |= inside
                result[inside & (result != ScalpClass.BALD)] = label
    return Redrawn(result, drawn)


def _outside(regions: Sequence[Outlined], width: int, height: int) -> Mask:
    """What was rejected as outside the scalp, without what another region of the models holds."""
    outside, held = np.zeros((height, width), dtype=np.bool_), np.zeros((height, width), dtype=np.bool_)
    for region in regions:
        if region.outside:
            outside |= filled(region.polygon, width, height)
        elif not region.touched:
            held |= filled(region.polygon, width, height)
    return outside & ~held


def measure_again(
    stored: Mapping[Metric, Measurement], redrawn: Redrawn | None, *, view: View, size_px: tuple[int, int],
    px_per_mm: float | None, labels: LabelMap | None = None,
) -> dict[Metric, Measurement]:  # fmt: skip
    """The numbers of the photo as they stand now, for every share and area that ``stored`` answers for.

    ``stored`` is what the pipeline said (a number or the reason); ``redrawn`` None when no outline was changed, and
    ``labels`` the models' map (needed for areas, and for how much of the picture is scalp). ``size_px`` is width and
    height of the photo, to which ``px_per_mm`` refers. What the permission matrix refuses keeps its reason, and where
    too little scalp is left after the corrections there is no share.
    """
    now = dict(stored)
    if redrawn is not None and 100 * float(scalp_of(redrawn.labels).mean()) < MIN_SCALP_PERCENT:
        left = NotMeasurable(Reason.TOO_LITTLE_SCALP)
        now |= {metric: left for metric in WEIGHTS if isinstance(stored.get(metric), Measured)}
    elif redrawn is not None:
        for metric in WEIGHTS:
            before = stored.get(metric)
            if isinstance(before, Measured):
                now[metric] = _share(metric, before, redrawn)
    framed = stored.get(Metric.SCALP_IN_FRAME)
    if redrawn is not None and labels is not None and isinstance(framed, Measured):
        now[Metric.SCALP_IN_FRAME] = _moved(
            framed, 100 * float(scalp_of(redrawn.labels).mean() - scalp_of(labels).mean())
        )
    current = redrawn.labels if redrawn is not None else labels
    for area, share in AREAS.items():
        if area in stored and current is not None:
            now[area] = _area(area, stored[area], now.get(share), current, view, size_px, px_per_mm)
    return now


def share_of(metric: Metric, labels: LabelMap) -> float:
    """A share of the visible scalp in %, by the weights of ``vision.measure``; 0 where there is no scalp."""
    counts = np.array([(labels == kind).sum() for kind in ScalpClass.scalp()], dtype=np.float64)
    return 100.0 * float(counts @ np.array(WEIGHTS[metric])) / max(1.0, float(counts.sum()))


def scalp_of(labels: LabelMap) -> Mask:
    """Where the map shows scalp."""
    return np.isin(labels, [int(label) for label in ScalpClass.scalp()])


def filled(polygon: Polygon, width: int, height: int) -> Mask:
    """A polygon in picture fractions as a mask of that size."""
    canvas = Image.new("1", (width, height))
    ImageDraw.Draw(canvas).polygon([(x * (width - 1), y * (height - 1)) for x, y in polygon], fill=1, outline=1)
    return np.asarray(canvas, dtype=np.bool_)


def _share(metric: Metric, before: Measured, redrawn: Redrawn) -> Measured:
    value = share_of(metric, redrawn.labels)
    rest = redrawn.left_alone
    low = max(0.0, value - rest * (before.value - before.low))
    high = min(100.0, value + rest * (before.high - before.value))
    return Measured(value, min(low, value), max(high, value), before.unit)


def _moved(before: Measured, points: float) -> Measured:
    """A percentage moved by so many points, its range along with it."""
    low, value, high = (min(100.0, max(0.0, part + points)) for part in (before.low, before.value, before.high))
    return Measured(value, low, high, before.unit)


def _area(
    metric: Metric, before: Measurement, share: Measurement | None, labels: LabelMap, view: View,
    size_px: tuple[int, int], px_per_mm: float | None,
) -> Measurement:  # fmt: skip
    unmet: dict[Needs, NotMeasurable] = {}
    if not isinstance(share, Measured):
        unmet[Needs.SEGMENTATION] = share or NotMeasurable(MISSING[Needs.SEGMENTATION])
    if px_per_mm is None:
        unmet[Needs.SCALE] = NotMeasurable(MISSING[Needs.SCALE])
    refused = refusal(metric, picture_kind(view), unmet)
    if refused is not None or not isinstance(share, Measured) or px_per_mm is None:
        return refused or before
    scalp_mm2 = float(scalp_of(labels).mean()) * size_px[0] * size_px[1] / px_per_mm**2
    factor = scalp_mm2 / 100
    return Measured(share.value * factor, share.low * factor, share.high * factor, "mm2")


def projected_mm2(polygon: Polygon, view: str, size_px: tuple[int, int], px_per_mm: float | None) -> float | None:
    """The area inside an outline (never its box) in mm2, flat as the picture shows it; None where the permission
    matrix allows none: without a scale, and on close-ups. Closed form of the polygon (shoelace)."""
    unmet = {Needs.SCALE: NotMeasurable(MISSING[Needs.SCALE])} if px_per_mm is None else {}
    if px_per_mm is None or refusal(Metric.BALD_AREA_MM2, picture_kind(View(view)), unmet) is not None:
        return None
    points = [(x * size_px[0], y * size_px[1]) for x, y in polygon]
    twice = sum(x * ny - nx * y for (x, y), (nx, ny) in zip(points, points[1:] + points[:1], strict=True))
    return abs(twice) / 2 / px_per_mm**2
