"""A clinician's corrected outlines on a segmentation: the label map as it counts, with its probabilities.

Outlines are filled into the label map of the models. In order:

1. a region that was rejected, redrawn or given another kind gives up the pixels of its own kind inside the model's
   outline: they count as covered scalp again, unless another region that still stands holds them;
2. what a region rejected as outside the scalp covers is no scalp any more, unless another region that still stands
   holds it;
3. thinning outlines of the clinician are filled, sparing what is bald; then bald ones. An outline beyond what the
   network called scalp makes scalp of what it covers.

Where a clinician has had a say the labels are certain: the model's doubt there is not theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vision.types import LabelMap, ScalpClass, ScalpMap

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
class Outlines:
    """Everything a clinician made of one photograph's outlines. ``own``: (kind, polygon) of what the models missed."""

    regions: tuple[Outlined, ...]
    own: tuple[tuple[str, Polygon], ...] = ()

    @property
    def says_anything(self) -> bool:
        """Whether an outline of the models was touched, or one drawn beside them."""
        return bool(self.own) or any(region.touched for region in self.regions)


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


def overlaid(scalp: ScalpMap, redrawn: Redrawn) -> ScalpMap:
    """The segmentation with the clinician's labels where they have had a say, certain there; both on one grid."""
    certain = np.stack([redrawn.labels == kind for kind in ScalpClass]).astype(np.float32)
    return ScalpMap(
        np.where(redrawn.drawn, redrawn.labels, scalp.labels).astype(np.uint8),
        np.where(redrawn.drawn, certain, scalp.probabilities).astype(np.float32),
    )


def scalp_of(labels: LabelMap) -> Mask:
    """Where the map shows scalp."""
    return np.isin(labels, [int(label) for label in ScalpClass.scalp()])


def filled(polygon: Polygon, width: int, height: int) -> Mask:
    """A polygon in picture fractions as a mask of that size."""
    canvas = Image.new("1", (width, height))
    ImageDraw.Draw(canvas).polygon([(x * (width - 1), y * (height - 1)) for x, y in polygon], fill=1, outline=1)
    return np.asarray(canvas, dtype=np.bool_)
