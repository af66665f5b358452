"""What else could be made of a trained condition classifier, measured beside what ships."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.condition import calibrated
from vision.evaluation.conditions import balanced_accuracy, calibration_error
from vision.training.condition_fit import predict, truth_of
from vision.training.condition_measure import is_of_atlas
from vision.training.condition_mix import HALF, mixed
from vision.training.condition_network import ConditionNetwork
from vision.training.condition_pictures import Picture
from vision.training.condition_release import fit_temperature

Parts = Mapping[str, Sequence[Picture]]


def tried(
    network: ConditionNetwork, fold: ConditionNetwork, pictures: Sequence[Picture], sources: Collection[str]
) -> list[dict[str, Any]]:
    """One row for each way: ``what``, and on the test part ``balanced_accuracy``, ``atlases`` (balanced accuracy on its
    atlas pictures) and ``ece``; ``unseen``: balanced accuracy on other sources after training on ``sources`` alone.

    ``network`` and ``fold`` as training left them.
    """
    parts = {part: [p for p in pictures if p.part == part] for part in ("train", "validation", "test")}
    inside = {part: [p for p in parts[part] if p.source in sources] for part in ("train", "validation")}
    inside["test"] = [p for p in pictures if p.source not in sources]
    ways = {
        "half-way between ImageNet's weights and the trained ones (ships)": HALF,
        "the trained weights": None,
        "ImageNet's weights, only a linear layer fitted": 0.0,
    }
    rows: list[dict[str, Any]] = []
    for what, share in ways.items():
        one, other = (
            whole if share is None else mixed(whole, share, of["train"], of["validation"])
            for whole, of in ((network, parts), (fold, inside))
        )
        for words, mirrored in ((what, False), (f"{what}, mean with the mirror image", True)):
            rows.append({"what": words} | _row(one, parts, mirrored) | _unseen(other, inside, mirrored))
    return rows


def _logits(network: ConditionNetwork, pictures: Sequence[Picture], mirrored: bool) -> NDArray[np.float32]:
    plain = predict(network, pictures)[0]
    if not mirrored:
        return plain
    return np.asarray((plain + predict(network, pictures, mirrored=True)[0]) / 2, dtype=np.float32)


def _row(network: ConditionNetwork, parts: Parts, mirrored: bool) -> dict[str, float]:
    validation, test = (_logits(network, parts[part], mirrored) for part in ("validation", "test"))
    truth, of_atlases = truth_of(parts["test"]), np.array([is_of_atlas(picture) for picture in parts["test"]])
    best = test.argmax(axis=1)
    sure = calibrated(test, fit_temperature(validation, truth_of(parts["validation"])))
    figures = {
        "balanced_accuracy": balanced_accuracy(truth, best),
        "atlases": balanced_accuracy(truth[of_atlases], best[of_atlases]),
        "ece": calibration_error(sure, truth),
    }
    return {name: round(value, 3) for name, value in figures.items() if value is not None}


def _unseen(network: ConditionNetwork, parts: Parts, mirrored: bool) -> dict[str, float]:
    best = _logits(network, parts["test"], mirrored).argmax(axis=1)
    found = balanced_accuracy(truth_of(parts["test"]), best)
    return {} if found is None else {"unseen": round(found, 3)}
