"""Fitting the Norwood head: one ridge regression per view, and the joint model of their errors. Pure numpy.

Everything is chosen and judged by people: a man's photographs, and every turned copy of them, are on one side of a
fold. The joint model is fitted on scores of men that the view's regression had not seen, or its errors would be those
of memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.norwood import VIEWS, NorwoodHead, join_views
from vision.types import NorwoodReading, View

Floats = NDArray[np.float64]

SHARES: Final = 6
"""The last columns of the features are the segmentation's shares; the others come from the network."""
SHARE_WEIGHT: Final = 5.0
"""A share counts as much as this many features of the network."""
RIDGE: Final = 1.0
SHRINKAGE: Final = 0.2
"""Of the correlations between views: so much is taken off, because few men show all pairs of errors."""
FOLDS: Final = 5
WIDENINGS: Final = tuple(float(one) for one in np.geomspace(0.5, 4.0, 25))
MISFITS: Final = np.array([10.83, 13.82, 16.27, 18.47, 20.52])
"""99.9 % quantiles of chi squared with 1 to 5 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Features:
    """Men x views x turned copies x features, and what is served: men x views x features; NaN where a photo is absent.
    ``stages`` per man."""

    copies: Floats
    served: Floats
    stages: Floats

    def of(self, men: NDArray[np.int64]) -> Features:
        """The same for some of the men."""
        return Features(self.copies[men], self.served[men], self.stages[men])


def fit(features: Features, seed: int = 0) -> NorwoodHead:
    """The head for these men."""
    scores = unseen_scores(features, seed)
    offset, slope, covariance = joint_model(scores, features.stages)
    widening = best_widening(scores, features.stages, offset, slope, covariance)
    weight, bias = fit_views(features)
    return NorwoodHead(weight, bias, offset, slope, covariance * widening, MISFITS)


def fit_views(features: Features) -> tuple[Floats, Floats]:
    """Ridge regression of the stage on the features, per view: weights V x D on raw features, biases V."""
    found = [fit_view(features.copies[:, view], features.stages) for view in range(len(VIEWS))]
    return np.stack([weight for weight, _ in found]), np.array([bias for _, bias in found])


def fit_view(copies: Floats, stages: Floats) -> tuple[Floats, float]:
    """Weights D on raw features and the bias, from copies N x T x D (NaN: no photo) and stages N."""
    there = ~np.isnan(copies[:, 0, 0])
    rows = copies[there].reshape(-1, copies.shape[-1])
    target = np.repeat(stages[there], copies.shape[1])
    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    importance = np.ones(rows.shape[1])
    importance[-SHARES:] = np.sqrt(SHARE_WEIGHT)
    factor = importance / spread / np.sqrt(importance @ importance)
    scaled = (rows - mean) * factor
    system = scaled.T @ scaled + RIDGE * np.eye(scaled.shape[1])
    weight = np.linalg.solve(system, scaled.T @ (target - target.mean())) * factor
    return weight, float(target.mean() - weight @ mean)


def scores_of(features: Features, weight: Floats, bias: Floats) -> Floats:
    """Score of every view of every man, men x views; NaN where there is no photo."""
    return np.asarray(np.einsum("mvd,vd->mv", features.served, weight) + bias)


def folds(men: int, seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of (men to learn from, men to judge); every man is judged once."""
    order = np.random.default_rng(seed).permutation(men)
    for judged in np.array_split(order, FOLDS):
        yield np.setdiff1d(order, judged), judged


def unseen_scores(features: Features, seed: int) -> Floats:
    """Scores of every man by regressions that did not see him."""
    scores = np.full(features.served.shape[:2], np.nan)
    for learnt, judged in folds(len(features.stages), seed):
        weight, bias = fit_views(features.of(learnt))
        scores[judged] = scores_of(features.of(judged), weight, bias)
    return scores


def joint_model(scores: Floats, stages: Floats) -> tuple[Floats, Floats, Floats]:
    """Offset and slope of every view's score on the stage, and the covariance of what remains."""
    views = scores.shape[1]
    offset, slope, rest = np.zeros(views), np.zeros(views), np.full_like(scores, np.nan)
    for view in range(views):
        there = ~np.isnan(scores[:, view])
        slope[view], offset[view] = np.polyfit(stages[there], scores[there, view], 1)
        rest[there, view] = scores[there, view] - offset[view] - slope[view] * stages[there]
    covariance = np.array([[_mean_product(rest[:, one], rest[:, two]) for two in range(views)] for one in range(views)])
    return offset, slope, (1 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(np.diag(covariance))


def best_widening(scores: Floats, stages: Floats, offset: Floats, slope: Floats, covariance: Floats) -> float:
    """The factor on the covariance under which the true stages are most likely, judged on all views together."""

    def surprise(widening: float) -> float:
        head = NorwoodHead(np.empty(0), np.empty(0), offset, slope, covariance * widening, np.full(len(VIEWS), np.inf))
        return -sum(float(np.log(one)) for one in probabilities_of_truth(scores, stages, head))

    return min(WIDENINGS, key=surprise)


def probabilities_of_truth(scores: Floats, stages: Floats, head: NorwoodHead) -> list[float]:
    """The probability given to each man's true stage, those without any photo left out."""
    found = []
    for row, stage in zip(scores, stages, strict=True):
        present = present_scores(row)
        reading = join_views(present, head) if present else None
        if isinstance(reading, NorwoodReading):
            found.append(max(reading.probabilities[int(stage)], 1e-6))
    return found


def present_scores(row: Floats) -> dict[View, float]:
    """The scores of one man's photos by view."""
    return {view: float(score) for view, score in zip(VIEWS, row, strict=True) if not np.isnan(score)}


def cross_validated_heads(features: Features, seed: int) -> Iterator[tuple[int, NorwoodHead]]:
    """For every man a head that knows nothing of him: regressions and joint model are fitted on the others' folds."""
    for learnt, judged in folds(len(features.stages), seed):
        head = fit(features.of(learnt), seed + 1)
        for man in judged:
            yield int(man), head


def _mean_product(one: Floats, two: Floats) -> float:
    both = ~np.isnan(one) & ~np.isnan(two)
    return float(np.mean(one[both] * two[both]))
