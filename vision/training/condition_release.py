"""From a trained condition network to its release: calibration, thresholds, export, figures, card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from vision.condition import HEAD_FILE, ConditionHead, calibrated, distance, likeness, save_head
from vision.training.condition_domain import fit_reader, unit
from vision.training.condition_network import ConditionNetwork
from vision.training.export import export_network

REFERENCES_PER_GROUP = 60
TARGET_ACCURACY = 0.85
"""Among validation pictures that get a class shown, at least this share is right."""
STRANGE_SHARE = 0.015
"""Validation pictures of its subject that each of the two rules of the domain may refuse."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the validation part decides."""

    temperature: float
    probability: float
    distance: float
    likeness: float


def calibrate(
    logits: NDArray[np.float32],
    truth: NDArray[np.int64],
    pooled: NDArray[np.float32],
    head: ConditionHead,
    clinical: NDArray[np.bool_],
    others: NDArray[np.float32],
) -> Calibration:
    """Temperature (least negative log likelihood, classes weighted alike) and both abstention thresholds.

    ``clinical`` marks the atlas pictures: the probability is chosen on them, because heads that stand in for full hair
    are easy and would buy a low threshold for everything else. ``others`` M x C: pooled features of validation pictures
    of the subject that carry no class.
    """
    temperature = fit_temperature(logits, truth)
    probabilities = calibrated(logits, temperature)
    known = np.concatenate([pooled, others])
    return Calibration(
        temperature=round(temperature, 4),
        probability=round(choose_threshold(probabilities[clinical], truth[clinical]), 3),
        distance=round(float(np.quantile(distance(known, head), 1 - STRANGE_SHARE)), 4),
        likeness=round(float(np.quantile(likeness(known, head), STRANGE_SHARE)), 4),
    )


def fit_temperature(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """The temperature from 0.3 to 4 that makes the validation labels most likely."""
    weights = 1.0 / np.bincount(truth)[truth]
    candidates = np.geomspace(0.3, 4.0, 120)
    losses = [
        -float(np.average(np.log(calibrated(logits, float(t))[np.arange(len(truth)), truth] + 1e-9), weights=weights))
        for t in candidates
    ]
    return float(candidates[int(np.argmin(losses))])


def choose_threshold(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """Lowest probability, at least one half, above which :data:`TARGET_ACCURACY` of validation pictures is right.

    Classes weigh alike, so that the easy ones cannot buy the threshold for the hard ones. When no threshold reaches
    the target with a fifth of the pictures left, the strictest of those is taken.
    """
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    weights = 1.0 / np.bincount(truth)[truth]
    threshold = 0.5
    for step in range(50, 96):
        shown = sure >= step / 100
        if shown.mean() < 0.2:
            break
        threshold = step / 100
        if np.average(right[shown], weights=weights[shown]) >= TARGET_ACCURACY:
            break
    return threshold


def reference_head(
    network: ConditionNetwork,
    pooled: NDArray[np.float32],
    groups: Sequence[str],
    strange: NDArray[np.float32],
    seed: int = 3,
) -> ConditionHead:
    """Linear layer, up to :data:`REFERENCES_PER_GROUP` unit-length training features of each group (a class, or a kind
    of head without one), and the reader of heads fitted on all of ``pooled`` N x C against ``strange`` M x C."""
    random, names = np.random.default_rng(seed), np.array(groups)
    chosen = np.concatenate(
        [random.permutation(np.flatnonzero(names == name))[:REFERENCES_PER_GROUP] for name in sorted(set(groups))]
    )
    reader = fit_reader(pooled, strange)
    return ConditionHead(
        weight=network.head.weight.detach().numpy(),
        bias=network.head.bias.detach().numpy(),
        reference=unit(pooled[chosen]),
        subject=reader.weight,
        subject_bias=np.asarray(reader.bias),
    )


def export(network: nn.Module, head: ConditionHead, size_px: int, folder: Path) -> tuple[str, ...]:
    """Write the network (two outputs: logits, feature map) for all backends, and the head."""
    written = export_network(network, folder, (3, size_px, size_px))
    save_head(folder / HEAD_FILE, head)
    return *written, HEAD_FILE
