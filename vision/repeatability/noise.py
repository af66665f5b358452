"""The noise of one patient's photographs: the shipped one, the clinic's, their own, as pairs of repeats become more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import expm1, inf, sqrt
from pathlib import Path
from typing import Any, Final

from scipy.special import stdtrit

from vision.repeatability.pairs import Z95, Pair, cv_of_log, usable_pairs, variance_of
from vision.repeatability.rules import RULES, Scale
from vision.types import Metric, NotMeasurable, Reason, View

SHIPPED_PAIRS: Final = 10
"""How many pairs of a clinic weigh as much as the variance shipped with the portal."""
PEOPLE_DF: Final = 8.0
"""How alike people are taken to be (nu_0) where nothing was measured: about what the study found for coverage."""
OWN_ALONE: Final = 3
"""Pairs of a person from which on their own noise stands alone. Student's t of so few degrees makes up for what they
leave open of it: the change asked for is 1.6 times what endless pairs would ask for."""
PRIOR_FILE: Final = Path(__file__).with_name("shipped.json")


class NoiseSource(StrEnum):
    """Whose repeats a noise rests on most."""

    SHIPPED = "shipped"
    CLINIC = "clinic"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviation of one photograph's number about the person's true one, on the metric's working scale.

    ``sd`` is what differs between takes of one sitting; ``visit_sd`` is what a sitting has in common and the next one
    does not (how hair was combed), which no repeat of one sitting can show: shipped only. ``sd`` rests on ``df``
    degrees of freedom; ``weights`` says how much of its variance each source gave (sum 1), ``clinic_pairs`` and
    ``own_pairs`` how many pairs of the clinic and of the person themselves there were.
    """

    metric: Metric
    sd: float
    df: float
    source: NoiseSource
    weights: Mapping[NoiseSource, float]
    clinic_pairs: int = 0
    own_pairs: int = 0
    visit_sd: float = 0.0

    @property
    def cv_percent(self) -> float | None:
        """Coefficient of variation in %, where the noise is in proportion to the number; else None."""
        return 100 * cv_of_log(self.sd) if RULES[self.metric].scale is Scale.LOG else None

    def threshold(self, then_repeats: int = 1, now_repeats: int = 1) -> float:
        """What a difference of two visits has to exceed on the working scale, each the mean of so many repeats."""
        return _quantile(self.df) * self.standard_error(then_repeats, now_repeats)

    def standard_error(self, then_repeats: int = 1, now_repeats: int = 1) -> float:
        """Of the difference of two visits on the working scale."""
        if then_repeats < 1 or now_repeats < 1:
            raise ValueError("a visit has at least one photograph")
        return sqrt(2 * self.visit_sd**2 + self.sd**2 * (1 / then_repeats + 1 / now_repeats))

    def detectable(self, then: float, then_repeats: int = 1, now_repeats: int = 1) -> tuple[float, float]:
        """Smallest fall and smallest rise from ``then`` that can be told from noise, both above 0, in its units."""
        least = self.threshold(then_repeats, now_repeats)
        if RULES[self.metric].scale is Scale.ABSOLUTE:
            return least, least
        return -then * expm1(-least), then * expm1(least)

    def band(self, then: float, then_repeats: int = 1, now_repeats: int = 1) -> tuple[float, float]:
        """From where to where a later number differs from ``then`` by no more than noise may explain."""
        fall, rise = self.detectable(then, then_repeats, now_repeats)
        return then - fall, then + rise


@dataclass(frozen=True, slots=True)
class Prior:
    """A pooled variance to start from: ``sd`` on the working scale, and ``people_df`` (nu_0), how alike people are."""

    metric: Metric
    sd: float
    people_df: float
    weights: Mapping[NoiseSource, float]
    clinic_pairs: int = 0
    visit_sd: float = 0.0  # as in Noise


def shipped_prior(metric: Metric, view: View | None = None) -> Prior | NotMeasurable:
    """The noise that the portal comes with, from ``python -m vision study change``: the view's, or any view's."""
    found = _shipped().get("metrics", {}).get(metric.value)
    if metric not in RULES or found is None:
        return NotMeasurable(Reason.NOT_COMPARED, "no noise is known for this number")
    figures = found.get(view.value if view else "any") or found["any"]
    sd, people, visit = (float(figures[name]) for name in ("sd", "people_df", "visit_sd"))
    return Prior(metric, sd, people, {NoiseSource.SHIPPED: 1.0}, visit_sd=visit)


def clinic_alone(metric: Metric, pairs: Sequence[Pair]) -> Prior | NotMeasurable:
    """The clinic's noise of a number that none was shipped for, from :data:`SHIPPED_PAIRS` pairs on."""
    if metric not in RULES:
        return NotMeasurable(Reason.NOT_COMPARED, "no better side")
    usable = usable_pairs(pairs, metric)
    if len(usable) < SHIPPED_PAIRS:
        return NotMeasurable(Reason.TOO_FEW_REPEATS, f"{len(usable)} of {SHIPPED_PAIRS} pairs")
    sd = sqrt(variance_of(usable, metric))
    return Prior(metric, sd, PEOPLE_DF, {NoiseSource.CLINIC: 1.0}, len(usable))


def clinic_prior(shipped: Prior, pairs: Sequence[Pair]) -> Prior:
    """The clinic's pooled noise: the shipped one, moved towards the clinic's own pairs as they become more."""
    usable = usable_pairs(pairs, shipped.metric)
    if not usable:
        return shipped
    variance, weight = _blend(shipped.sd, SHIPPED_PAIRS, variance_of(usable, shipped.metric), len(usable))
    weights = {NoiseSource.SHIPPED: 1 - weight, NoiseSource.CLINIC: weight}
    return Prior(shipped.metric, sqrt(variance), shipped.people_df, weights, len(usable), shipped.visit_sd)


def patient_noise(pooled: Prior, own_pairs: Sequence[Pair]) -> Noise:
    """A patient's noise: the pooled one, moved towards the patient's own pairs as they become more."""
    usable = usable_pairs(own_pairs, pooled.metric)
    variance, weight, df = pooled.sd**2, 0.0, pooled.people_df
    if usable:
        variance, weight = _blend(pooled.sd, pooled.people_df, variance_of(usable, pooled.metric), len(usable))
        df += len(usable)
    weights = {source: share * (1 - weight) for source, share in pooled.weights.items()} | {NoiseSource.OWN: weight}
    return Noise(
        metric=pooled.metric,
        sd=sqrt(variance),
        df=df,
        source=max(weights, key=weights.__getitem__),
        weights=weights,
        clinic_pairs=pooled.clinic_pairs,
        own_pairs=len(usable),
        visit_sd=pooled.visit_sd,
    )


def patient_alone(metric: Metric, own_pairs: Sequence[Pair]) -> Noise | NotMeasurable:
    """A patient's noise of a number for which neither a shipped noise nor the clinic's is known, from
    :data:`OWN_ALONE` pairs on."""
    if metric not in RULES:
        return NotMeasurable(Reason.NOT_COMPARED, "no better side")
    usable = usable_pairs(own_pairs, metric)
    if len(usable) < OWN_ALONE:
        return NotMeasurable(Reason.TOO_FEW_REPEATS, f"{len(usable)} of {OWN_ALONE} own pairs")
    sd = sqrt(variance_of(usable, metric))
    return Noise(metric, sd, float(len(usable)), NoiseSource.OWN, {NoiseSource.OWN: 1.0}, own_pairs=len(usable))


def _blend(prior_sd: float, prior_df: float, variance: float, n: int) -> tuple[float, float]:
    """Posterior variance and how much of it the n pairs gave."""
    weight = n / (prior_df + n)
    return (1 - weight) * prior_sd**2 + weight * variance, weight


@lru_cache(maxsize=256)
def _quantile(df: float) -> float:
    return Z95 if df == inf else float(stdtrit(df, 0.975))


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Any]:
    return dict(json.loads(PRIOR_FILE.read_text(encoding="utf-8")))
