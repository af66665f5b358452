"""From a label map, drawn or found, to the areas a reader would point at: thinning areas and bald areas (A3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.types import LabelMap, ScalpClass

SMALLEST_SHARE = 1.0
"""Regions below this percentage of the visible scalp are not regions."""

_BALD_MAJORITY = 0.6
"""An affected area that is at least this much bald is one bald region; a bald core in a thinning area is its own."""

_GAP = 0.008
"""Cracks narrower than this share of the picture's diagonal do not part a region in two."""


@dataclass(frozen=True, slots=True)
class Area:
    """One area: its kind (THINNING or BALD), H x W bool mask and area in % of the visible scalp."""

    kind: ScalpClass
    mask: NDArray[np.bool_]
    share_of_scalp: float


def affected_areas(labels: LabelMap, smallest_share: float = SMALLEST_SHARE) -> tuple[Area, ...]:
    """Areas of a map of :class:`ScalpClass` values.

    A thinning region is a connected area of thinning *and* bald scalp (thinning surrounds what is bald); within it a
    bald core is a second, bald region. An area mostly bald is one bald region only.
    """
    scalp_area = int(np.isin(labels, ScalpClass.scalp()).sum())
    if scalp_area == 0:
        return ()
    smallest = smallest_share / 100 * scalp_area
    bald = labels == ScalpClass.BALD
    regions = []
    for area in _components(bald | (labels == ScalpClass.THINNING), smallest):
        bald_here = area & bald
        mostly_bald = bald_here.sum() >= _BALD_MAJORITY * area.sum()
        kind = ScalpClass.BALD if mostly_bald else ScalpClass.THINNING
        regions.append(Area(kind, area, 100.0 * float(area.sum()) / scalp_area))
        if not mostly_bald:
            regions += [
                Area(ScalpClass.BALD, core, 100.0 * float(core.sum()) / scalp_area)
                for core in _components(bald_here, smallest)
            ]
    return tuple(regions)


def _components(mask: NDArray[np.bool_], smallest: float) -> Iterator[NDArray[np.bool_]]:
    size = max(1, round(_GAP * float(np.hypot(mask.shape[0], mask.shape[1])))) * 2 + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    count, numbered = cv2.connectedComponents(closed)
    for number in range(1, count):
        component = (numbered == number) & mask
        if component.sum() >= smallest:
            yield component
