"""What pairs of repeated photographs say: within-person standard deviation, CV, ICC, limits of agreement and MDC95."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, expm1, inf, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, digamma, fdtri, polygamma, stdtrit

from vision.repeatability.rules import RULES, Scale
from vision.types import Measured, Metric, NotMeasurable, Reason

Z95: Final = 1.959963984540054
MIN_PAIRS: Final = 3
"""With fewer pairs an interval of the noise spans more than a factor of five: it says nothing."""
MIN_FOR_ICC: Final = 5
"""People below which an intraclass correlation is not shown."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One metric of two photographs of one view of one sitting; ``person`` keeps pairs of one person together."""

    first: float
    second: float
    person: str = ""


@dataclass(frozen=True, slots=True)
class Repeatability:
    """What pairs of repeats say about a metric. Figures are in the number's own units on the absolute scale and in
    percent of the number on the log scale; ``sd`` alone is on the working scale (logarithms there)."""

    metric: Metric
    scale: Scale
    n: int
    people: int
    mean: float
    sd: Measured
    cv: Measured  # %
    icc: Measured | NotMeasurable
    bias: Measured  # second take against first
    lower_limit: Measured
    upper_limit: Measured
    mdc95: Measured  # the smallest rise; on the log scale a fall counts from a little less


def agreement(pairs: Sequence[Pair], metric: Metric) -> Repeatability | NotMeasurable:
    """Repeatability of ``metric``; NotMeasurable with fewer than :data:`MIN_PAIRS` usable pairs."""
    rule = RULES.get(metric)
    if rule is None:
        return NotMeasurable(Reason.NOT_COMPARED, "no better side")
    usable = usable_pairs(pairs, metric)
    n = len(usable)
    if n < MIN_PAIRS:
        return NotMeasurable(Reason.TOO_FEW_REPEATS, f"{n} of {MIN_PAIRS} pairs")
    of_log = rule.scale is Scale.LOG
    rows = _working(usable, rule.scale)
    apart = rows[:, 1] - rows[:, 0]
    sd = float(sqrt(float((apart**2).sum()) / (2 * n)))
    low, high = sd_interval(sd, n)
    mean = float(np.mean([(pair.first + pair.second) / 2 for pair in usable]))
    bias, lower, upper = _limits(apart)
    unit = "%" if of_log else rule.unit

    def told(figure: tuple[float, float, float]) -> Measured:
        value, under, over = (100 * expm1(part) if of_log else part for part in figure)
        return Measured(value, under, over, unit)

    def as_cv(part: float) -> float:
        if of_log:
            return 100 * cv_of_log(part)
        return 100 * part / abs(mean) if mean else inf

    factor = Z95 * sqrt(2)
    return Repeatability(
        metric=metric,
        scale=rule.scale,
        n=n,
        people=len(_people(usable)),
        mean=mean,
        sd=Measured(sd, low, high, "log" if of_log else rule.unit),
        cv=Measured(as_cv(sd), as_cv(low), as_cv(high), "%"),
        icc=icc_one_way(_working(_one_per_person(usable), rule.scale)),
        bias=told(bias),
        lower_limit=told(lower),
        upper_limit=told(upper),
        mdc95=told((factor * sd, factor * low, factor * high)),
    )


def usable_pairs(pairs: Sequence[Pair], metric: Metric) -> list[Pair]:
    """Finite pairs; on the log scale those above 0."""
    least = 0.0 if RULES[metric].scale is Scale.LOG else -inf
    return [
        pair
        for pair in pairs
        if np.isfinite(pair.first) and np.isfinite(pair.second) and min(pair.first, pair.second) > least
    ]


def pooled_sd(pairs: Sequence[Pair], metric: Metric) -> float:
    """Within-person standard deviation on the working scale, of all pairs together."""
    return sqrt(variance_of(usable_pairs(pairs, metric), metric))


def variance_of(pairs: Sequence[Pair], metric: Metric) -> float:
    rows = _working(pairs, RULES[metric].scale)
    return float(((rows[:, 1] - rows[:, 0]) ** 2).mean() / 2)


def sd_interval(sd: float, df: float) -> tuple[float, float]:
    """95 % interval of a standard deviation estimated on ``df`` degrees of freedom, from chi-squared."""
    low, high = chdtri(df, 0.025), chdtri(df, 0.975)  # chdtri inverts the upper tail
    return sd * sqrt(df / float(low)), sd * sqrt(df / float(high))


def icc_one_way(ratings: NDArray[np.float64]) -> Measured | NotMeasurable:
    """ICC(1,1) of n people x k exchangeable repeats with its F interval (Shrout & Fleiss 1979, case 1)."""
    n, k = ratings.shape
    if n < MIN_FOR_ICC:
        return NotMeasurable(Reason.TOO_FEW_REPEATS, f"{n} of {MIN_FOR_ICC} people")
    means = ratings.mean(axis=1)
    between = k * float(((means - ratings.mean()) ** 2).sum()) / (n - 1)
    within = float(((ratings - means[:, None]) ** 2).sum()) / (n * (k - 1))
    if within == 0:
        return NotMeasurable(Reason.TOO_FEW_REPEATS, "repeats do not differ at all")
    ratio = between / within
    low = ratio / float(fdtri(n - 1, n * (k - 1), 0.975))
    high = ratio * float(fdtri(n * (k - 1), n - 1, 0.975))
    value, under, over = ((part - 1) / (part + k - 1) for part in (ratio, low, high))
    return Measured(value, under, over, "")


def people_df(pairs: Sequence[Pair], metric: Metric) -> float:
    """nu_0: how alike the noise of people is, by the moments of log s^2 (Smyth 2004, section 6.2).

    Needs several pairs per person; people with one pair say little. 4 to 100: fewer would make every verdict timid on
    the word of a few people, more would claim that people do not differ.
    """
    groups = [group for group in _people(usable_pairs(pairs, metric)).values() if len(group) >= 2]
    variances = [(variance_of(group, metric), len(group)) for group in groups]
    known = [(variance, n) for variance, n in variances if variance > 0]
    if len(known) < MIN_FOR_ICC:
        return 4.0
    centred = np.array([log(variance) - float(digamma(n / 2)) + log(n / 2) for variance, n in known])
    excess = float(centred.var(ddof=1)) - float(np.mean([float(polygamma(1, n / 2)) for _, n in known]))
    if excess <= float(polygamma(1, 50.0)):
        return 100.0
    grid = np.geomspace(4, 100, 200)
    return float(grid[int(np.argmin(np.abs(polygamma(1, grid / 2) - excess)))])


def _limits(
    apart: NDArray[np.float64],
) -> tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]:
    """Mean difference and limits of agreement on the working scale, each with its 95 % interval (t, n - 1)."""
    n = len(apart)
    mean, spread = float(apart.mean()), float(apart.std(ddof=1))
    reach = float(stdtrit(n - 1, 0.975))
    of_mean = reach * spread / sqrt(n)
    of_limit = reach * spread * sqrt(1 / n + Z95**2 / (2 * (n - 1)))
    lower, upper = mean - Z95 * spread, mean + Z95 * spread
    return (
        (mean, mean - of_mean, mean + of_mean),
        (lower, lower - of_limit, lower + of_limit),
        (upper, upper - of_limit, upper + of_limit),
    )


def _working(pairs: Sequence[Pair], scale: Scale) -> NDArray[np.float64]:
    rows = np.array([(pair.first, pair.second) for pair in pairs], dtype=np.float64).reshape(-1, 2)
    return np.asarray(np.log(rows) if scale is Scale.LOG else rows)


def _people(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    """Pairs by person; one without a name stands alone."""
    groups: dict[str, list[Pair]] = {}
    for index, pair in enumerate(pairs):
        groups.setdefault(pair.person or f"#{index}", []).append(pair)
    return groups


def _one_per_person(pairs: Sequence[Pair]) -> list[Pair]:
    return [group[-1] for group in _people(pairs).values()]


def cv_of_log(sd: float) -> float:
    """Coefficient of variation of a number whose logarithm has standard deviation ``sd`` (log-normal)."""
    return sqrt(exp(sd**2) - 1)
