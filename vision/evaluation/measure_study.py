"""How far the measured shares are from drawn ones on people held out, and how often the 95 % interval holds them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.evaluation.intervals import bootstrap_over_people, wilson
from vision.evaluation.segmentation import SCALP_REGION_CLASSES
from vision.measure import WEIGHTS, WIDENED, measure_photo
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
        "command": "python -m vision study measures --data ../shared/data --json docs/studies/measures.json",
        "release": networks.segmenter.release.id,
        "widened_by": {metric.value: factor for metric, factor in WIDENED.items()},
        "n_images": len(files),
        "n_people": len(set(people)),
        "refused": refused,
        "measures": {
            metric.value: _figures([pair[metric] for pair in pairs], people, WIDENED.get(metric, 1.0))
            for metric in WEIGHTS
        },
    }


def drawn_shares(file: PhotoFile) -> dict[Metric, float]:
    """The shares (% of scalp) that the drawn mask of a ``scalp_regions`` picture has."""
    labels = SCALP_REGION_CLASSES[read_grey(file.mask)]
    counts = np.array([int((labels == kind).sum()) for kind in ScalpClass.scalp()], np.float64)
    return {metric: float(100 * counts @ np.array(weights) / counts.sum()) for metric, weights in WEIGHTS.items()}


def _widening(pairs: Sequence[tuple[Measured, float]], people: Sequence[str], widened: float) -> dict[str, Any]:
    """By what factor the unwidened half widths had to grow, and how often the interval holds when the factor is taken
    from everybody else.

    The factor is the 95 % point of error over half width (the next higher value). It is at least 1.
    """
    ratios = widened * np.array([_error_over_half(found, true) for found, true in pairs])
    kept = np.array(people)
    held = [ratio <= _factor(ratios[kept != person]) for ratio, person in zip(ratios, people, strict=True)]
    holds = wilson(sum(held), len(held))
    return {
        "widening_needed": round(_factor(ratios), 3),
        "holds_with_factor_of_the_others": None if holds is None else holds.as_dict(),
    }


def _factor(ratios: NDArray[np.float64]) -> float:
    return max(1.0, float(np.quantile(ratios, 0.95, method="higher")))


def _error_over_half(found: Measured, true: float) -> float:
    """Error over the half width on its side; 0 where an interval that ends at what is possible holds the truth."""
    if found.low <= true <= found.high:
        half = found.high - found.value if true > found.value else found.value - found.low
        return abs(true - found.value) / half if half > 0 else 0.0
    half = max(found.high - found.value, found.value - found.low)
    return abs(true - found.value) / half


def _figures(pairs: Sequence[tuple[Measured, float]], people: Sequence[str], widened: float) -> dict[str, Any]:
    errors = np.array([found.value - true for found, true in pairs])
    held = sum(found.low <= true <= found.high for found, true in pairs)
    mae = bootstrap_over_people(lambda rows: float(np.abs(errors[rows]).mean()), people)
    bias = bootstrap_over_people(lambda rows: float(errors[rows].mean()), people)
    holds = wilson(held, len(pairs))
    return {
        "mae": None if mae is None else mae.as_dict(),
        "bias": None if bias is None else bias.as_dict(),
        "interval_holds": None if holds is None else holds.as_dict(),
        **_widening(pairs, people, widened),
        "mean_width": round(float(np.mean([found.high - found.low for found, _ in pairs])), 2),
    }
