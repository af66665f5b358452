"""How well the shipped segmentation finds hair, scalp and its loss, against masks drawn by people.

Every figure comes from the release through :func:`vision.segment.segment`; labels are brought to the size of the drawn
mask. Intervals resample people, not pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.evaluation.intervals import Figure, bootstrap_over_people
from vision.evaluation.overlap import overlaps
from vision.release import Release
from vision.segment import segment
from vision.training.data import PhotoFile, list_hair_masks, list_region_masks, list_scalp_regions, on_side, read_grey
from vision.types import LabelMap, Metric, ScalpClass

if TYPE_CHECKING:
    from vision.runtime import Network

Mask = NDArray[np.bool_]

SCALP_REGION_CLASSES = np.array(
    [ScalpClass.BACKGROUND, ScalpClass.DENSE, ScalpClass.THINNING, ScalpClass.BALD], np.uint8
)
"""What the values 0..3 of a ``scalp_regions`` mask mean."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture: the labels the release gave, at the drawn mask's size, and the mask as stored."""

    person: str
    labels: LabelMap
    mask: NDArray[np.uint8]


def evaluate_hair_masks(data: Path, network: Network, release: Release, *, split: str = "all") -> dict[str, Any]:
    """Hair (dense or thinning) against hair masks: ``iou``, ``f1`` pooled, ``iou_image``, ``f1_image`` per picture.

    The pooled ones also per collection (``iou.figaro``): Figaro's heads fill the picture, LFW's are small portraits.
    """
    people: list[str] = []
    pairs: list[tuple[int, int, int]] = []
    hair_classes = (ScalpClass.DENSE, ScalpClass.THINNING)
    files = _chosen(list_hair_masks(data), split)
    for seen in _look(files, network, release):
        people.append(seen.person)
        pairs.append(count_pair(np.isin(seen.labels, hair_classes), seen.mask > 127))
    counted = overlaps(pairs)
    report = _report(
        "hair_masks",
        release,
        people,
        {"iou": counted.iou, "f1": counted.f1, "iou_image": counted.iou_image, "f1_image": counted.f1_image},
    )
    for source in sorted({file.source for file in files}):
        rows = [row for row, file in enumerate(files) if file.source == source]
        apart = overlaps([pairs[row] for row in rows])
        owners = [people[row] for row in rows]
        for name, figure in (("iou", apart.iou), ("f1", apart.f1)):
            found = bootstrap_over_people(figure, owners)
            if found is not None:
                report["metrics"][f"{name}.{source}"] = found.as_dict()
    return report


def evaluate_scalp_regions(data: Path, network: Network, release: Release, *, split: str = "all") -> dict[str, Any]:
    """Scalp outline, thinning and baldness, and the affected share in points, against drawn regions."""
    people: list[str] = []
    pairs: dict[str, list[tuple[int, int, int]]] = {"scalp_iou": [], "thin_or_bald_iou": [], "bald_iou": []}
    groups = {
        "scalp_iou": ScalpClass.scalp(),
        "thin_or_bald_iou": (ScalpClass.THINNING, ScalpClass.BALD),
        "bald_iou": (ScalpClass.BALD,),
    }
    shares: list[tuple[dict[Metric, float], dict[Metric, float]]] = []
    for seen in _look(_chosen(list_scalp_regions(data), split), network, release):
        truth = SCALP_REGION_CLASSES[seen.mask]
        people.append(seen.person)
        for name, members in groups.items():
            pairs[name].append(count_pair(np.isin(seen.labels, members), np.isin(truth, members)))
        shares.append((percentages(seen.labels), percentages(truth)))
    figures: dict[str, Callable[[NDArray[np.int64]], float | None]] = {
        name: overlaps(counted).iou for name, counted in pairs.items()
    }
    errors = {
        metric: np.array([predicted[metric] - drawn[metric] for predicted, drawn in shares], np.float64)
        for metric in SHARES
    }
    affected = errors[Metric.AFFECTED_SHARE]
    figures["affected_share_mae"] = lambda rows: float(np.abs(affected[rows]).mean()) if len(rows) else None
    figures["affected_share_bias"] = lambda rows: float(affected[rows].mean()) if len(rows) else None
    report = _report("scalp_regions", release, people, figures)
    report["measures"] = {
        metric.value: {"mae": round(float(np.abs(error).mean()), 3), "bias": round(float(error.mean()), 3)}
        for metric, error in errors.items()
        if len(error)
    }
    return report


def evaluate_region_masks(data: Path, network: Network, release: Release, *, split: str = "all") -> dict[str, Any]:
    """Against coarse masks: 255 dense, 128 thinning; 0 counts as bald only inside the convex hull of the two.

    ``hair_iou`` is dense or thinning against 128 or 255; ``thin_or_bald_iou`` counts inside the hull alone, because
    outside it 0 may be a forehead as well as a bald head.
    """
    people: list[str] = []
    hair: list[tuple[int, int, int]] = []
    loss: list[tuple[int, int, int]] = []
    for seen in _look(_chosen(list_region_masks(data), split), network, release):
        drawn_hair = seen.mask > 63
        hull = convex_hull(drawn_hair)
        people.append(seen.person)
        hair.append(count_pair(np.isin(seen.labels, (ScalpClass.DENSE, ScalpClass.THINNING)), drawn_hair))
        loss.append(
            count_pair(np.isin(seen.labels, (ScalpClass.THINNING, ScalpClass.BALD)) & hull, (seen.mask < 192) & hull)
        )
    return _report(
        "region_masks", release, people, {"hair_iou": overlaps(hair).iou, "thin_or_bald_iou": overlaps(loss).iou}
    )


SHARES = (
    Metric.THINNING_SHARE,
    Metric.BALD_SHARE,
    Metric.AFFECTED_SHARE,
    Metric.COVERAGE_INDEX,
    Metric.SCALP_VISIBILITY,
)
"""Shares of the scalp whose error is told with the release, so that the pipeline can give each its interval."""


def percentages(labels: LabelMap) -> dict[Metric, float]:
    """Each of :data:`SHARES` in % of the scalp. Where no scalp is seen nothing is affected and nothing covered."""
    scalp = max(1, int(np.isin(labels, ScalpClass.scalp()).sum()))
    dense, thinning, bald = (100.0 * int((labels == one).sum()) / scalp for one in ScalpClass.scalp())
    return {
        Metric.THINNING_SHARE: thinning,
        Metric.BALD_SHARE: bald,
        Metric.AFFECTED_SHARE: bald + 0.5 * thinning,
        Metric.COVERAGE_INDEX: dense + 0.5 * thinning,
        Metric.SCALP_VISIBILITY: thinning + bald,
    }


def convex_hull(mask: Mask) -> Mask:
    """Filled convex hull of everything in the mask."""
    filled = np.zeros(mask.shape, np.uint8)
    points = cv2.findNonZero(mask.astype(np.uint8))
    if points is not None:
        cv2.fillConvexPoly(filled, cv2.convexHull(points), 1)
    return filled.astype(bool)


def count_pair(predicted: Mask, truth: Mask) -> tuple[int, int, int]:
    """Pixels in both, only predicted, only true."""
    return int((predicted & truth).sum()), int((predicted & ~truth).sum()), int((~predicted & truth).sum())


def _chosen(files: list[PhotoFile], split: str) -> list[PhotoFile]:
    return on_side(files, "test") if split == "test" else files


def _look(files: list[PhotoFile], network: Network, release: Release) -> Iterator[Seen]:
    for file in files:
        mask = read_grey(file.mask)
        labels = segment(decode_image(file.image.read_bytes()), network, release).labels
        height, width = mask.shape
        fitted = np.asarray(cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
        yield Seen(file.person, fitted, mask)


def _report(
    task: str, release: Release, people: list[str], figures: dict[str, Callable[[NDArray[np.int64]], float | None]]
) -> dict[str, Any]:
    found: dict[str, Figure | None] = {name: bootstrap_over_people(figure, people) for name, figure in figures.items()}
    return {
        "task": task,
        "n_images": len(people),
        "n_people": len(set(people)),
        "release": release.id,
        "metrics": {name: figure.as_dict() for name, figure in found.items() if figure is not None},
    }
