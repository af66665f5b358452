"""How far the measured shares are from drawn ones on people held out, and how often the 95 % interval holds them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from vision.decode import decode_image
from vision.evaluation.intervals import bootstrap_over_people, wilson
from vision.evaluation.segmentation import SCALP_REGION_CLASSES
from vision.measure import WEIGHTS, measure_photo
from vision.pipeline import SEGMENTATION, held_out_errors, load_networks, newest_releases
from vision.release import ReleaseMissing
from vision.segment import segment
from vision.training.data import PhotoFile, list_scalp_regions, on_side, read_grey
from vision.types import Measured, Metric, PhotoContext, QualityReport, ScalpClass, View

TAKEN_AS_GOOD: Final = QualityReport(())
"""The study asks about measuring; what the gate refuses is studied apart."""


def study_measures(data: Path) -> dict[str, Any]:
    """Per share: mean absolute error, bias, share of pictures whose interval holds the drawn value, mean width.

    Raises ReleaseMissing without a segmentation release.
    """
    chosen = newest_releases()
    if SEGMENTATION not in chosen:
        raise ReleaseMissing("no segmentation has been released")
    networks = load_networks({SEGMENTATION: chosen[SEGMENTATION]})
    assert networks.segmenter is not None
    errors = held_out_errors(networks.segmenter)
    files = on_side(list_scalp_regions(data), "test")
    pairs: list[dict[Metric, tuple[Measured, float]]] = []
    people: list[str] = []
    refused = 0
    for file in files:
        image = decode_image(file.image.read_bytes())
        scalp_map = segment(image, networks.segmenter.network, networks.segmenter.release)
        size = (image.shape[1], image.shape[0])
        measures = measure_photo(scalp_map, TAKEN_AS_GOOD, PhotoContext(View.CROWN), size, errors)
        truth = drawn_shares(file)
        found = {m: (value, truth[m]) for m in WEIGHTS if isinstance(value := measures[m], Measured)}
        if len(found) < len(WEIGHTS):
            refused += 1
            continue
        pairs.append(found)
        people.append(file.person)
    return {
        "release": networks.segmenter.release.id,
        "n_images": len(files),
        "n_people": len(set(people)),
        "refused": refused,
        "measures": {metric.value: _figures([pair[metric] for pair in pairs], people) for metric in WEIGHTS},
    }


def drawn_shares(file: PhotoFile) -> dict[Metric, float]:
    """The shares (% of scalp) that the drawn mask of a ``scalp_regions`` picture has."""
    labels = SCALP_REGION_CLASSES[read_grey(file.mask)]
    counts = np.array([int((labels == kind).sum()) for kind in ScalpClass.scalp()], np.float64)
    return {metric: float(100 * counts @ np.array(weights) / counts.sum()) for metric, weights in WEIGHTS.items()}


def _figures(pairs: Sequence[tuple[Measured, float]], people: Sequence[str]) -> dict[str, Any]:
    errors = np.array([found.value - true for found, true in pairs])
    held = sum(found.low <= true <= found.high for found, true in pairs)
    mae = bootstrap_over_people(lambda rows: float(np.abs(errors[rows]).mean()), people)
    bias = bootstrap_over_people(lambda rows: float(errors[rows].mean()), people)
    holds = wilson(held, len(pairs))
    return {
        "mae": None if mae is None else mae.as_dict(),
        "bias": None if bias is None else bias.as_dict(),
        "interval_holds": None if holds is None else holds.as_dict(),
        "mean_width": round(float(np.mean([found.high - found.low for found, _ in pairs])), 2),
    }
