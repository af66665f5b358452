"""Thinning and bald regions (A3): two networks that have to agree.

The shape of a region is a connected area of the segmentation; whether it is listed is decided by how firmly the
segmentation holds to it and by how well the detector, which never saw that area, outlines the same place. Alone the
detector draws coarser outlines and the segmentation lists what it merely leans to.

The detector is a YOLO11 segmentation model. Its first output holds one column per anchor (box centre and size in input
pixels, class scores, mask coefficients), its second the mask prototypes at a quarter of the input; everything after
that happens here in numpy, so that serving needs neither torch nor ultralytics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.areas import Area, affected_areas
from vision.measure import region_share
from vision.preprocess import Placement, preprocess
from vision.release import Release
from vision.types import Box, Metric, Region, RgbImage, ScalpClass, ScalpMap

if TYPE_CHECKING:
    from vision.runtime import Network

CANDIDATE_SCORE = 0.02
"""Detections below this score have no say."""

FIRM, LOOSE = 0.7, 0.3
"""A pixel belongs firmly to an area from the first probability on, loosely from the second."""

UNSEEN_WEIGHT, SCORE_OFFSET = 0.25, 0.3
"""What an area that no detection overlaps still weighs, and what the faintest detection weighs."""

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


@dataclass(frozen=True, slots=True)
class FoundArea:
    """An area of the segmentation and how sure the two networks are of it, 0..1; mask at the segmentation's size."""

    kind: ScalpClass
    score: float
    mask: NDArray[np.bool_]


def detect_regions(
    image: RgbImage,
    scalp: ScalpMap,
    network: Network,
    release: Release,
    model_mae: Mapping[Metric, float] | None = None,
) -> tuple[Region, ...]:
    """Regions of one photo, best score first, each share with its interval (:func:`vision.measure.region_share`).

    ``model_mae`` holds the segmentation's held-out errors of shares, as for :func:`vision.measure.measure_photo`.

    A thinning region reaches over what is bald inside it, and a bald core is listed as its own region, so shares of a
    thinning and a bald region must not be added. Shares count area inside the visible scalp; regions below
    :data:`vision.areas.SMALLEST_SHARE` are dropped. Nothing is found where no scalp is seen.
    """
    areas = find_areas(image, scalp, network, release)
    regions = (_region(area, scalp, model_mae or {}) for area in areas if area.score >= release.thresholds["score"])
    return tuple(region for region in regions if region is not None)


def find_areas(image: RgbImage, scalp: ScalpMap, network: Network, release: Release) -> tuple[FoundArea, ...]:
    """Every area of the segmentation with its score, best first; the detector is asked only when there is one.

    The score is stability x (0.25 + agreement), scaled to 1 at most. *Stability*: pixels firmly inside over pixels of
    the area and of what loosely hangs together with it. *Agreement*: the best of IoU x (0.3 + score) over detections.
    """
    areas = affected_areas(scalp.labels)
    if not areas:
        return ()
    height, width = scalp.labels.shape
    seen = [
        (found.score, cv2.resize(found.mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0)
        for found in detections(image, network, release, CANDIDATE_SCORE)
    ]
    found = []
    for area in areas:
        agreement = max((_iou(area.mask, mask) * (SCORE_OFFSET + score) for score, mask in seen), default=0.0)
        score = stability(area, scalp) * (UNSEEN_WEIGHT + agreement) / (UNSEEN_WEIGHT + SCORE_OFFSET + 1)
        found.append(FoundArea(area.kind, score, area.mask))
    return tuple(sorted(found, key=lambda one: -one.score))


def stability(area: Area, scalp: ScalpMap) -> float:
    """How little an area depends on where the border is drawn, 0..1."""
    firm = area.mask & (_likely(area.kind, scalp) > FIRM)
    return float(firm.sum()) / float(reach_of(area.kind, area.mask, scalp).sum())


def reach_of(kind: ScalpClass, mask: NDArray[np.bool_], scalp: ScalpMap) -> NDArray[np.bool_]:
    """An area with what loosely hangs together with it: where its border may lie."""
    visible = np.isin(scalp.labels, ScalpClass.scalp())
    _, numbered = cv2.connectedComponents(((_likely(kind, scalp) > LOOSE) & visible).astype(np.uint8))
    touched = np.unique(numbered[mask])
    return np.asarray(mask | np.isin(numbered, touched[touched > 0]), np.bool_)


def _likely(kind: ScalpClass, scalp: ScalpMap) -> NDArray[np.float32]:
    counted = [ScalpClass.THINNING, ScalpClass.BALD] if kind is ScalpClass.THINNING else [ScalpClass.BALD]
    return np.asarray(scalp.probabilities[counted].sum(axis=0), np.float32)


def _iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    union = int((one | other).sum())
    return float((one & other).sum()) / union if union else 0.0


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


def _region(area: FoundArea, scalp: ScalpMap, model_mae: Mapping[Metric, float]) -> Region | None:
    polygon = outline(area.mask)
    if len(polygon) < 3:
        return None
    visible = np.isin(scalp.labels, ScalpClass.scalp())
    across, down = np.array(polygon).T
    share = region_share(area.kind, area.mask, reach_of(area.kind, area.mask, scalp), scalp, model_mae)
    return Region(
        kind=area.kind,
        box=Box(float(across.min()), float(down.min()), float(across.max()), float(down.max())),
        polygon=polygon,
        score=area.score,
        share_of_scalp=100.0 * float(area.mask.sum()) / float(visible.sum()),
        position=_position(area.mask, visible),
        share_range=(share.low, share.high),
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
