"""The tasks of ``python -m vision evaluate``: which release is scored, by which function, on which folder."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vision.decode import decode_image
from vision.evaluation.regions import Reader, detector_scores
from vision.evaluation.segmentation import SCALP_REGION_CLASSES, convex_hull
from vision.release import ReleaseMissing, load_release
from vision.runtime import open_network
from vision.training.data import PhotoFile, list_region_masks, list_scalp_regions, on_side, read_grey
from vision.types import LabelMap, RgbImage, ScalpClass


@dataclass(frozen=True, slots=True)
class Task:
    """``function``: ``module:name``, called as ``f(data, network, release, split=...)``, gives the report's JSON."""

    release: str
    function: str


TASKS = {
    "hair_masks": Task("scalp-segmentation", "vision.evaluation.segmentation:evaluate_hair_masks"),
    "scalp_regions": Task("scalp-segmentation", "vision.evaluation.segmentation:evaluate_scalp_regions"),
    "region_masks": Task("scalp-segmentation", "vision.evaluation.segmentation:evaluate_region_masks"),
    "conditions": Task("scalp-condition", "vision.evaluation.conditions:evaluate"),
    "norwood": Task("norwood-stage", "vision.evaluation.norwood:evaluate"),
    "trichoscopy": Task("trichoscopy-hairs", "vision.evaluation.trichoscopy:evaluate"),
}

DETECTOR = "scalp-regions"


def run_task(name: str, data: Path, split: str = "all") -> dict[str, Any]:
    """Score the shipped release on every picture of ``data`` (or on its held-out people, ``split='test'``).

    ``data`` is the task's folder or the folder above it. Raises KeyError for an unknown task and ReleaseError when the
    release is not there or damaged. The tasks with drawn regions score the region detector too, where one is shipped.
    """
    task = TASKS[name]
    release = load_release(task.release)
    module, function = task.function.split(":")
    evaluate: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), function)
    folder = data / name if (data / name).is_dir() else data
    report = evaluate(folder, open_network(release), release, split=split)
    if name in DRAWN_REGIONS:
        report["metrics"] |= score_detector(name, folder, split)
        report["detector_release"] = _newest_id(DETECTOR)
    return report


def score_detector(name: str, folder: Path, split: str) -> dict[str, dict[str, float]]:
    """Precision and recall of the shipped region detector on a folder with drawn regions; nothing where none ships."""
    try:
        release = load_release(DETECTOR)
    except ReleaseMissing:
        return {}
    segmentation = load_release(TASKS[name].release)
    list_files, to_labels = DRAWN_REGIONS[name]
    files = on_side(list_files(folder), "test") if split == "test" else list_files(folder)
    figures = detector_scores(
        _images(files),
        (to_labels(read_grey(file.mask)) for file in files),
        Reader(open_network(segmentation), segmentation, open_network(release), release),
        [file.person for file in files],
    )
    return {name: figure.as_dict() for name, figure in figures.items()}


def labels_of_scalp_regions(mask: LabelMap) -> LabelMap:
    """Classes of a ``scalp_regions`` mask."""
    return np.asarray(SCALP_REGION_CLASSES[mask], dtype=np.uint8)


def labels_of_region_masks(mask: LabelMap) -> LabelMap:
    """Classes of a ``region_masks`` mask: 255 dense, 128 thinning, and 0 bald inside the convex hull of both."""
    labels = np.full(mask.shape, ScalpClass.BACKGROUND, np.uint8)
    labels[convex_hull(mask > 63)] = ScalpClass.BALD
    labels[mask > 63] = ScalpClass.THINNING
    labels[mask >= 192] = ScalpClass.DENSE
    return labels


DRAWN_REGIONS: dict[str, tuple[Callable[[Path], list[PhotoFile]], Callable[[LabelMap], LabelMap]]] = {
    "scalp_regions": (list_scalp_regions, labels_of_scalp_regions),
    "region_masks": (list_region_masks, labels_of_region_masks),
}


def _images(files: Iterable[PhotoFile]) -> Iterable[RgbImage]:
    for file in files:
        yield decode_image(file.image.read_bytes())


def _newest_id(name: str) -> str | None:
    try:
        return load_release(name).id
    except ReleaseMissing:
        return None
