"""Thinning and bald regions (A3): the detector's raw outputs decoded into outlines and shares of the visible scalp.

The network is a YOLO11 segmentation model. Its first output holds one column per anchor (box centre and size in input
pixels, class scores, mask coefficients), its second the mask prototypes at a quarter of the input; everything after
that happens here in numpy, so that serving needs neither torch nor ultralytics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.preprocess import Placement, preprocess
from vision.release import Release
from vision.types import Box, Region, RgbImage, ScalpClass, ScalpMap

if TYPE_CHECKING:
    from vision.runtime import Network

SMALLEST_SHARE = 1.0
"""Regions below this percentage of the visible scalp are dropped."""

OVERLAP = 0.6
"""Of two boxes of one kind that overlap more than this (intersection over union), the better one stays."""

MOST_DETECTIONS = 50

_OUTLINE_TOLERANCE = 0.004
"""Outlines are simplified to this share of their length."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One detection in the network's input: kind index, score, box x1 y1 x2 y2 in input pixels, mask H x W."""

    kind: int
    score: float
    box: NDArray[np.float32]
    mask: NDArray[np.bool_]


def detect_regions(image: RgbImage, scalp: ScalpMap, network: Network, release: Release) -> tuple[Region, ...]:
    """Regions of one photo, best score first.

    A thinning region reaches over what is bald inside it, and a bald core is listed as its own region, so shares of a
    thinning and a bald region must not be added. Shares count mask area inside the visible scalp; regions below
    :data:`SMALLEST_SHARE` are dropped. Nothing is found where no scalp is seen.
    """
    if not np.isin(scalp.labels, ScalpClass.scalp()).any():
        return ()
    found = detections(image, network, release, release.thresholds["score"])
    kinds = [ScalpClass[name.upper()] for name in release.classes]
    regions = (_region(kinds[one.kind], one.score, one.mask, scalp) for one in found)
    return tuple(region for region in regions if region is not None)


def detections(image: RgbImage, network: Network, release: Release, score_threshold: float) -> tuple[Detection, ...]:
    """Detections on one photo, best first; boxes in pixels of the photo as scaled into the input, masks cut to it."""
    batch, place = preprocess(image, release.input)
    columns, prototypes = network.infer(batch)
    found = decode(columns[0], prototypes[0], len(release.classes), score_threshold)
    return tuple(_without_letterbox(one, place) for one in found)


def decode(
    columns: NDArray[np.float32],
    prototypes: NDArray[np.float32],
    class_count: int,
    score_threshold: float,
    overlap: float = OVERLAP,
) -> tuple[Detection, ...]:
    """Raw outputs of one picture to detections in input pixels.

    ``columns`` (4 + K + M) x N: centre x, centre y, width, height in input pixels, K class scores 0..1, M mask
    coefficients. ``prototypes`` M x h x w, a quarter of the input. Each anchor keeps its best class; suppression works
    within a kind. A mask is (coefficients @ prototypes > 0), enlarged bilinearly, inside its box.
    """
    scores_by_kind = columns[4 : 4 + class_count]
    kinds = scores_by_kind.argmax(axis=0)
    scores = scores_by_kind.max(axis=0)
    candidates = np.flatnonzero(scores > score_threshold)
    centre, size = columns[:2, candidates], columns[2:4, candidates]
    boxes = np.concatenate([centre - size / 2, centre + size / 2]).T
    kept = suppress(boxes, scores[candidates], kinds[candidates], overlap)[:MOST_DETECTIONS]
    coefficients = columns[4 + class_count :, candidates[kept]].T
    masks = _masks(coefficients, prototypes, boxes[kept])
    found = []
    for index, mask in zip(kept, masks, strict=True):
        if mask.any():
            number = candidates[index]
            found.append(Detection(int(kinds[number]), float(scores[number]), boxes[index], mask))
    return tuple(found)


def suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], kinds: NDArray[np.int64], overlap: float
) -> NDArray[np.int64]:
    """Greedy non-maximum suppression within each kind: indices kept, best first. Boxes N x 4, x1 y1 x2 y2."""
    order = np.argsort(-scores, kind="stable")
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0), axis=1)
    kept: list[int] = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.maximum(high - low, 0.0), axis=1)
        iou = shared / np.maximum(area[best] + area[rest] - shared, 1e-9)
        order = rest[(iou <= overlap) | (kinds[rest] != kinds[best])]
    return np.array(kept, dtype=np.int64)


def _masks(
    coefficients: NDArray[np.float32], prototypes: NDArray[np.float32], boxes: NDArray[np.float32]
) -> list[NDArray[np.bool_]]:
    count, height, width = prototypes.shape
    logits = (coefficients @ prototypes.reshape(count, -1)).reshape(-1, height, width)
    masks = []
    columns = np.arange(4 * width)
    rows = np.arange(4 * height)
    for values, (left, top, right, bottom) in zip(logits, boxes, strict=True):
        full = cv2.resize(values, (4 * width, 4 * height), interpolation=cv2.INTER_LINEAR) > 0
        across = (columns >= left) & (columns < right)
        down = (rows >= top) & (rows < bottom)
        masks.append(full & down[:, None] & across[None, :])
    return masks


def _without_letterbox(found: Detection, place: Placement) -> Detection:
    offset = np.array([place.left, place.top] * 2, dtype=np.float32)
    limit = np.array([place.width, place.height] * 2, dtype=np.float32)
    box = np.clip(found.box - offset, 0, limit)
    return Detection(found.kind, found.score, box, np.asarray(place.cut(found.mask), dtype=np.bool_))


def _region(kind: ScalpClass, score: float, mask: NDArray[np.bool_], scalp: ScalpMap) -> Region | None:
    visible = np.isin(scalp.labels, ScalpClass.scalp())
    height, width = visible.shape
    inside = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR).astype(bool) & visible
    share = 100.0 * float(inside.sum()) / float(visible.sum())
    if share < SMALLEST_SHARE:
        return None
    polygon = outline(inside)
    if len(polygon) < 3:
        return None
    across, down = np.array(polygon).T
    return Region(
        kind=kind,
        box=Box(float(across.min()), float(down.min()), float(across.max()), float(down.max())),
        polygon=polygon,
        score=score,
        share_of_scalp=share,
        position=_position(inside, visible),
    )


def outline(mask: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Outer outline of the largest piece of a mask, simplified, in fractions of the picture."""
    height, width = mask.shape
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return ()
    longest = max(contours, key=cv2.contourArea)
    tolerance = _OUTLINE_TOLERANCE * cv2.arcLength(longest, closed=True)
    points = cv2.approxPolyDP(longest, tolerance, closed=True)[:, 0, :]
    return tuple(((float(x) + 0.5) / width, (float(y) + 0.5) / height) for x, y in points)


def _position(inside: NDArray[np.bool_], visible: NDArray[np.bool_]) -> tuple[float, float]:
    rows, columns = np.nonzero(inside)
    scalp_rows, scalp_columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    return _relative(columns, scalp_columns), _relative(rows, scalp_rows)


def _relative(places: NDArray[np.int64], extent: NDArray[np.int64]) -> float:
    first, last = float(extent[0]), float(extent[-1]) + 1.0
    return float(np.clip((places.mean() + 0.5 - first) / (last - first), 0.0, 1.0))
