"""How well two sets of judgements agree: kappa, intraclass correlation, limits of agreement, and their intervals. Pure.

Every figure comes with a 95 % interval, or says that there are too few cases. Intervals of kappa, ICC, limits, means
and medians are percentile bootstrap over cases (Efron & Tibshirani 1993, ch. 13), with a fixed seed so that a page
shows the same figure twice; those of proportions are Wilson's.

Findings of one person resemble each other. Where a figure has several per person, ``people`` says whose each one is:
whole people are drawn then, Wilson's interval counts findings for what they are worth, and ten people are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

MIN_CASES: Final = 10
"""Below this many cases a figure would mislead."""

RESAMPLES: Final = 1000
SEED: Final = 20_260_101
Z95: Final = 1.959963985


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval and the number of cases, or findings, behind it."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class TooFew:
    """No figure: ``n`` cases, or cases that do not differ from each other at all (``flat``)."""

    n: int
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Bland–Altman: mean difference, and the limits between which 95 % of differences lie."""

    bias: Estimate
    lower: Estimate
    upper: Estimate


def kappa(first: Codes, second: Codes, categories: int, *, quadratic: bool = False) -> float:
    """Cohen's kappa of two raters over codes 0..categories-1: 1 - Σ w·o / Σ w·e (Cohen 1960; weighted 1968).

    Weights of disagreement are 1 off the diagonal, or (i - j)² with ``quadratic``. NaN when chance leaves no room:
    both always gave one and the same code.
    """
    observed = np.zeros((categories, categories))
    np.add.at(observed, (first, second), 1.0)
    observed /= observed.sum()
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0))
    codes = np.arange(categories)
    apart = np.abs(codes[:, None] - codes[None, :]).astype(np.float64)
    weights = apart**2 if quadratic else (apart > 0).astype(np.float64)
    chance = float((weights * expected).sum())
    return float("nan") if chance == 0 else 1.0 - float((weights * observed).sum()) / chance


def icc_one_way(ratings: Numbers) -> float:
    """ICC(1,1): n cases × k ratings, each case by other raters (Shrout & Fleiss 1979, case 1).

    (BMS - WMS) / (BMS + (k - 1) WMS), with BMS and WMS the mean squares between and within cases.
    """
    n, k = ratings.shape
    means = ratings.mean(axis=1)
    between = k * float(((means - ratings.mean()) ** 2).sum()) / (n - 1)
    within = float(((ratings - means[:, None]) ** 2).sum()) / (n * (k - 1))
    below = between + (k - 1) * within
    return float("nan") if below == 0 else (between - within) / below


def icc_two_way(ratings: Numbers) -> float:
    """ICC(2,1), absolute agreement: n cases × k raters, the same for every case (Shrout & Fleiss 1979, case 2).

    (BMS - EMS) / (BMS + (k - 1) EMS + k (JMS - EMS) / n), with JMS the mean square between raters and EMS the residual.
    """
    n, k = ratings.shape
    grand = ratings.mean()
    rows, columns = ratings.mean(axis=1), ratings.mean(axis=0)
    between = k * float(((rows - grand) ** 2).sum()) / (n - 1)
    judges = n * float(((columns - grand) ** 2).sum()) / (k - 1)
    left = ratings - rows[:, None] - columns[None, :] + grand
    error = float((left**2).sum()) / ((n - 1) * (k - 1))
    below = between + (k - 1) * error + k * (judges - error) / n
    return float("nan") if below == 0 else (between - error) / below


def limits(differences: Numbers) -> tuple[float, float, float]:
    """Bland & Altman 1986: mean difference d, and d ∓ 1.96 s with s the standard deviation (n - 1)."""
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    return mean, mean - 1.96 * spread, mean + 1.96 * spread


def wilson(hits: int, n: int) -> Estimate | TooFew:
    """A proportion with Wilson's score interval (Wilson 1927)."""
    if n < MIN_CASES:
        return TooFew(n)
    return _wilson(hits / n, n, float(n))


def share_of(hits: Sequence[bool], people: Sequence[Hashable]) -> Estimate | TooFew:
    """The share of findings that hit, several per person, with Wilson's interval on their effective number.

    n / max(1, d), with d the variance of the share between people over p (1 - p) / n (design effect; Kish 1965, and
    Korn & Graubard 1998 for the interval). Where all or none hit, d cannot be known: each person counts once.
    """
    whose = _whose(people)
    count, found = len(whose), np.asarray(hits, dtype=np.float64)
    persons = _persons(whose)
    if persons < MIN_CASES:
        return TooFew(count)
    share = float(found.mean())
    if share in (0.0, 1.0):
        return _wilson(share, count, float(persons))
    apart = np.bincount(whose, weights=found - share)
    variance = persons / (persons - 1) * float((apart**2).sum()) / count**2
    return _wilson(share, count, count / max(1.0, variance * count / (share * (1 - share))))


def _wilson(share: float, n: int, effective: float) -> Estimate:
    middle = (share + Z95**2 / (2 * effective)) / (1 + Z95**2 / effective)
    spread = sqrt(share * (1 - share) / effective + Z95**2 / (4 * effective * effective))
    half = Z95 * spread / (1 + Z95**2 / effective)
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half), n)


def kappa_of(
    pairs: Sequence[tuple[int, int]],
    categories: int,
    *,
    quadratic: bool = False,
    people: Sequence[Hashable] | None = None,
) -> Estimate | TooFew:
    """Kappa of pairs of codes with its interval."""
    rows = np.asarray(pairs, dtype=np.float64).reshape(-1, 2)

    def figure(chosen: Numbers) -> float:
        codes = chosen.astype(np.int64)
        return kappa(codes[:, 0], codes[:, 1], categories, quadratic=quadratic)

    return _estimate(rows, figure, people)


def icc_of(
    pairs: Sequence[tuple[float, float]], *, same_raters: bool, people: Sequence[Hashable] | None = None
) -> Estimate | TooFew:
    """ICC of pairs of numbers with its interval: two-way when column by column it is the same rater, else one-way."""
    rows = np.asarray(pairs, dtype=np.float64).reshape(-1, 2)
    return _estimate(rows, icc_two_way if same_raters else icc_one_way, people)


def median_of(values: Sequence[float]) -> Estimate | TooFew:
    """The median with its interval."""
    return _estimate(np.asarray(values, dtype=np.float64).reshape(-1, 1), lambda chosen: float(np.median(chosen)))


def mean_of(values: Sequence[float], people: Sequence[Hashable] | None = None) -> Estimate | TooFew:
    """The mean with its interval."""
    return _estimate(np.asarray(values, dtype=np.float64).reshape(-1, 1), lambda chosen: float(chosen.mean()), people)


def limits_of(pairs: Sequence[tuple[float, float]], people: Sequence[Hashable] | None = None) -> Limits | TooFew:
    """Limits of agreement of the first minus the second number, each with its interval."""
    rows = np.asarray(pairs, dtype=np.float64).reshape(-1, 2)
    apart = rows[:, 0] - rows[:, 1]
    whose = _whose(range(len(apart)) if people is None else people)
    if _persons(whose) < MIN_CASES:
        return TooFew(len(apart))
    drawn = np.array([limits(apart[chosen]) for chosen in _resamples(whose)])
    edges = np.percentile(drawn, (2.5, 97.5), axis=0)
    values = limits(apart)
    made = [
        Estimate(value, float(low), float(high), len(apart))
        for value, low, high in zip(values, edges[0], edges[1], strict=True)
    ]
    return Limits(*made)


def _estimate(
    rows: Numbers, figure: Callable[[Numbers], float], people: Sequence[Hashable] | None = None
) -> Estimate | TooFew:
    whose = _whose(range(len(rows)) if people is None else people)
    if _persons(whose) < MIN_CASES:
        return TooFew(len(rows))
    value = figure(rows)
    if np.isnan(value) or bool((rows == rows[0]).all(axis=0).any()):  # one rater never varies: chance explains all
        return TooFew(len(rows), flat=True)
    drawn = np.array([figure(rows[chosen]) for chosen in _resamples(whose)])
    drawn = drawn[~np.isnan(drawn)]
    if len(drawn) < RESAMPLES // 2:
        return TooFew(len(rows), flat=True)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Estimate(value, float(low), float(high), len(rows))


def _whose(people: Sequence[Hashable]) -> Codes:
    """Of each row the person as 0, 1, 2 ..., in the order in which they first appear."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(person, len(known)) for person in people], dtype=np.int64)


def _persons(whose: Codes) -> int:
    return int(whose.max()) + 1 if len(whose) else 0


def _resamples(whose: Codes) -> Iterator[Codes]:
    """Rows of :data:`RESAMPLES` draws of whole people with replacement."""
    persons = _persons(whose)
    rows = np.arange(len(whose))
    for drawn in np.random.default_rng(SEED).integers(0, persons, size=(RESAMPLES, persons)):
        yield np.repeat(rows, np.bincount(drawn, minlength=persons)[whose])
