"""How far the measured shares are from drawn ones on people held out, and how often the 95 % interval holds them.

Shares of the whole scalp, and of each region listed (:mod:`vision.evaluation.region_shares`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.evaluation.intervals import bootstrap_over_people, wilson
from vision.evaluation.region_shares import error_over_half, study_region_shares
from vision.evaluation.segmentation import SCALP_REGION_CLASSES
from vision.measure import WEIGHTS, WIDENED, measure_photo
from vision.pipeline import REGIONS, SEGMENTATION, LoadedNetwork, held_out_errors, load_networks, newest_releases
from vision.release import ReleaseMissing
from vision.segment import segment
from vision.training.data import PhotoFile, list_scalp_regions, on_side, read_grey
from vision.types import Measured, Metric, PhotoContext, QualityReport, ScalpClass, View

TAKEN_AS_GOOD: Final = QualityReport(())
"""The study asks about measuring; what the gate refuses is studied apart."""


def study_measures(data: Path) -> dict[str, Any]:
    """Per share: mean absolute error, bias, share of pictures whose interval holds the drawn value, mean width; and the
    same of the regions listed.

    Raises ReleaseMissing without a segmentation release.
    """
    chosen = newest_releases()
    if SEGMENTATION not in chosen:
        raise ReleaseMissing("no segmentation has been released")
    networks = load_networks({task: chosen[task] for task in (SEGMENTATION, REGIONS) if task in chosen})
    assert networks.segmenter is not None
    return {
        "command": "python -m vision study measures --data ../shared/data --json docs/studies/measures.json",
        **study_scalp_shares(data, networks.segmenter),
        "regions": None if networks.detector is None else study_region_shares(data, networks),
    }


def study_scalp_shares(data: Path, segmenter: LoadedNetwork) -> dict[str, Any]:
    """The shares of the whole scalp on people held out."""
    errors = held_out_errors(segmenter)
    files = on_side(list_scalp_regions(data), "test")
    pairs: list[dict[Metric, tuple[Measured, float]]] = []
    people: list[str] = []
    refused = 0
    for file in files:
        image = decode_image(file.image.read_bytes())
        scalp_map = segment(image, segmenter.network, segmenter.release)
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
        "release": segmenter.release.id,
        "widened_by": {metric.value: factor for metric, factor in WIDENED.items()},
        "n_images": len(files),
        "n_people": len(set(people)),
        "refused": refused,
        "measures": {
            metric.value: _figures([pair[metric] for pair in pairs], people, WIDENED.get(metric, 1.0))
            for metric in WEIGHTS
        },
    }


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """A picture and tables beside the JSON."""
    from vision.evaluation.measure_figures import draw, tell

    draw(report, file.with_suffix(".png"))
    file.with_suffix(".md").write_text(tell(report), encoding="utf-8")


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
    ratios = widened * np.array([error_over_half(found, true) for found, true in pairs])
    kept = np.array(people)
    held = [ratio <= _factor(ratios[kept != person]) for ratio, person in zip(ratios, people, strict=True)]
    holds = wilson(sum(held), len(held))
    return {
        "widening_needed": round(_factor(ratios), 3),
        "holds_with_factor_of_the_others": None if holds is None else holds.as_dict(),
    }


def _factor(ratios: NDArray[np.float64]) -> float:
    return max(1.0, float(np.quantile(ratios, 0.95, method="higher")))


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
