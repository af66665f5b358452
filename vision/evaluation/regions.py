"""How good the region detector is: regions found and regions invented, at a mask overlap of one half."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.areas import Area, affected_areas
from vision.evaluation.intervals import Figure, bootstrap_over_people, wilson
from vision.regions import FoundArea, find_areas
from vision.release import Release
from vision.segment import segment
from vision.types import LabelMap, RgbImage, ScalpClass

if TYPE_CHECKING:
    from vision.runtime import Network

MATCH_IOU = 0.5
LOWEST_SCORE = 0.0
"""Areas below this score are not looked at when a curve is drawn."""


@dataclass(frozen=True, slots=True)
class PhotoCount:
    """One photo's detections against its truth, for one kind or for all kinds together.

    ``scores`` and ``hits`` of the detections, best first; ``truths`` counts true regions.
    """

    person: str
    scores: NDArray[np.float32]
    hits: NDArray[np.bool_]
    truths: int


@dataclass(frozen=True, slots=True)
class Reader:
    """The two networks that find regions, with their releases."""

    segmenter: Network
    segmentation: Release
    detector: Network
    regions: Release

    def areas(self, image: RgbImage) -> tuple[FoundArea, ...]:
        """Every area of a photo with its score, best first."""
        return find_areas(image, segment(image, self.segmenter, self.segmentation), self.detector, self.regions)


def detector_scores(
    images: Iterable[RgbImage], truth_masks: Iterable[LabelMap], reader: Reader, people: Sequence[str] | None = None
) -> dict[str, Figure]:
    """Precision and recall at the release's threshold: ``precision``, ``recall`` (kinds together) and per kind.

    ``truth_masks`` are maps of :class:`ScalpClass`, of any size. Intervals resample ``people`` (one name per photo;
    every photo its own person when not given), and are never narrower than Wilson's. A figure without a case is absent.
    """
    found = [(reader.areas(image), affected_areas(mask)) for image, mask in zip(images, truth_masks, strict=True)]
    owners = list(people) if people is not None else [str(number) for number in range(len(found))]
    return scores_of(found, owners, reader.regions.thresholds["score"])


def scores_of(
    found: Sequence[tuple[Sequence[FoundArea], Sequence[Area]]], owners: Sequence[str], threshold: float
) -> dict[str, Figure]:
    """The figures of :func:`detector_scores` from areas found and true ones, photo by photo."""
    figures: dict[str, Figure] = {}
    for suffix, kind in (("", None), (".thinning", ScalpClass.THINNING), (".bald", ScalpClass.BALD)):
        counts = [count_photo(seen, truth, owner, kind) for (seen, truth), owner in zip(found, owners, strict=True)]
        for name, figure in (("precision", precision), ("recall", recall)):
            result = bootstrap_over_people(partial(_of_rows, figure, counts, threshold), owners)
            if result is not None:
                figures[name + suffix] = _no_narrower_than(_wilson_of(name, counts, threshold), result)
    return figures


def _wilson_of(name: str, counts: Sequence[PhotoCount], threshold: float) -> Figure | None:
    taken = [count.hits[count.scores >= threshold] for count in counts]
    trials = sum(len(one) if name == "precision" else count.truths for one, count in zip(taken, counts, strict=True))
    return wilson(sum(int(one.sum()) for one in taken), trials)


def _no_narrower_than(counted: Figure | None, resampled: Figure) -> Figure:
    """Resampling seven hits out of seven says "certain"; the interval of the bare count keeps it honest."""
    if counted is None:
        return resampled
    low, high = min(counted.low, resampled.low), max(counted.high, resampled.high)
    return Figure(resampled.value, low, high, resampled.n)


def _of_rows(
    figure: Callable[[Sequence[PhotoCount], float], float | None],
    counts: Sequence[PhotoCount],
    threshold: float,
    rows: NDArray[np.int64],
) -> float | None:
    return figure([counts[row] for row in rows], threshold)


def count_photo(
    seen: Sequence[FoundArea], truth: Sequence[Area], person: str, kind: ScalpClass | None = None
) -> PhotoCount:
    """Match areas found to true ones, best score first, each truth once, mask IoU at least :data:`MATCH_IOU`.

    ``kind`` looks at one kind on both sides; None disregards kinds.
    """
    wanted = [one for one in seen if kind is None or one.kind is kind]
    open_truths = [one.mask for one in truth if kind is None or one.kind is kind]
    total = len(open_truths)
    hits = []
    for one in sorted(wanted, key=lambda area: -area.score):
        overlaps = [mask_iou(one.mask, mask) for mask in open_truths]
        best = int(np.argmax(overlaps)) if overlaps else -1
        hit = best >= 0 and overlaps[best] >= MATCH_IOU
        if hit:
            open_truths.pop(best)
        hits.append(hit)
    scores = np.array(sorted((one.score for one in wanted), reverse=True), dtype=np.float32)
    return PhotoCount(person, scores, np.array(hits, dtype=np.bool_), total)


def mask_iou(detected: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Intersection over union; the detection is brought to the truth's size."""
    if detected.shape != truth.shape:
        size = (truth.shape[1], truth.shape[0])
        detected = cv2.resize(detected.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    union = int((detected | truth).sum())
    return float((detected & truth).sum()) / union if union else 0.0


def precision(counts: Sequence[PhotoCount], threshold: float) -> float | None:
    """Share of detections at or above the threshold that hit; None when there is none."""
    taken = [count.hits[count.scores >= threshold] for count in counts]
    shown = sum(len(hits) for hits in taken)
    return sum(int(hits.sum()) for hits in taken) / shown if shown else None


def recall(counts: Sequence[PhotoCount], threshold: float) -> float | None:
    """Share of true regions hit at or above the threshold; None when there is none."""
    truths = sum(count.truths for count in counts)
    return sum(int(count.hits[count.scores >= threshold].sum()) for count in counts) / truths if truths else None


def precision_recall_curve(counts: Sequence[PhotoCount]) -> list[dict[str, float]]:
    """Precision and recall at every score that an area has, from the strictest threshold down, for ``metrics.json``."""
    curve = []
    for threshold in sorted({float(score) for count in counts for score in count.scores}, reverse=True):
        right, found = precision(counts, threshold), recall(counts, threshold)
        if right is not None and found is not None:
            point = {"threshold": threshold, "precision": right, "recall": found}
            curve.append({name: round(value, 4) for name, value in point.items()})
    return curve


def average_precision(counts: Sequence[PhotoCount]) -> float | None:
    """Area under the precision envelope over recall (all points, as in PASCAL VOC 2010); None without truths."""
    truths = sum(count.truths for count in counts)
    if truths == 0:
        return None
    scores = np.concatenate([count.scores for count in counts])
    hits = np.concatenate([count.hits for count in counts])[np.argsort(-scores, kind="stable")]
    found = np.cumsum(hits)
    at = found / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(at[::-1])[::-1]
    return float(np.sum(envelope[hits]) / truths)
