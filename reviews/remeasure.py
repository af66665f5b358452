"""Numbers of one photograph after a clinician changed its outlines: read off the corrected label map. Pure.

The label map of the models is redrawn (:mod:`vision.corrections`), never the numbers: every share is a count of labels,
so that regions which overlap are counted once and a box is never an area.

Range: the model's distance to either end, times the share of the scalp that the clinician left alone. What a clinician
drew carries no error of the model; its own is not known and not invented.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vision.corrections import Polygon, Redrawn, scalp_of
from vision.measure import AREAS, MIN_SCALP_PERCENT, WEIGHTS
from vision.permissions import MISSING, Needs, picture_kind, refusal
from vision.types import LabelMap, Measured, Measurement, Metric, NotMeasurable, Reason, ScalpClass, View


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
