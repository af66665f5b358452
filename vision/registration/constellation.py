"""The same spot told by its hairs: follicular units lie in a pattern that no other spot has.

Hair grows out and is clipped; follicles stay where they are. Two pairs of units that lie equally far apart and point
the same way give a similarity; the one under which most units fall on units is taken. With m units of the later field
inside the earlier one, and q the chance that a place taken at random lies within the tolerance of a unit there, chance
makes k or more of them agree with probability P(Binomial(m - 2, q) >= k - 2) under one similarity; times the number of
similarities looked at, this is the expected number of false alarms (a contrario, as in
:mod:`vision.registration.evidence`).

SciPy's solvers take a second to import and are imported where they are used: pages read registrations and make none.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log10, pi
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.types import HairField

TOLERANCE_MM: Final = 0.12
"""Units that agree lie this near: skin is pressed and stretched by the contact plate."""

NEAREST: Final = 9
"""Pairs are formed of a unit and this many of its neighbours."""

SHORTEST_MM: Final = 0.35
ZOOM_OFF: Final = 0.1
"""How far the stated scales may be off (relative)."""

TURN_OFF: Final = 35.0
"""Hairs of a unit may point this much differently (degrees)."""

MIN_UNITS: Final = 5
JUDGED: Final = 30
BATCH: Final = 4000

Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Stars:
    """Follicular units as points: mean roots (x + iy, mm of the picture), mean directions (of length 1)."""

    places: Complex
    directions: Complex
    size_mm: tuple[float, float]

    def mirrored(self) -> Stars:
        """The mirror image's."""
        return Stars(self.size_mm[0] - self.places.conj(), -self.directions.conj(), self.size_mm)


@dataclass(frozen=True, slots=True)
class Constellation:
    """The similarity now -> then, ``place * factor + shift`` (mm, complex), which units agree, and how sure that is."""

    factor: complex
    shift: complex
    pairs: tuple[tuple[int, int], ...]  # numbers of units: then, now
    inside: int  # units of now that come to lie in then's field
    log10_false: float  # of the expected number of false alarms


def stars_of(field: HairField, size_px: tuple[int, int], px_per_mm: float) -> Stars:
    """Units of a field, by the numbers that its hairs carry."""
    scale = np.array(size_px) / px_per_mm
    size_mm = (float(scale[0]), float(scale[1]))
    if not field.hairs:
        empty = np.zeros(0, np.complex128)
        return Stars(empty, empty, size_mm)
    roots = np.array([hair.root for hair in field.hairs]) * scale
    arrows = np.array([hair.tip for hair in field.hairs]) * scale - roots
    units = np.array([hair.unit for hair in field.hairs])
    each = [units == unit for unit in np.unique(units)]
    places = np.array([complex(*roots[mine].mean(axis=0)) for mine in each])
    directions = np.array([complex(*arrows[mine].sum(axis=0)) for mine in each])
    return Stars(places, directions / np.maximum(np.abs(directions), 1e-9), size_mm)


def recognise(then: Stars, now: Stars) -> Constellation | None:
    """The similarity with the fewest false alarms; None with too few units to tell."""
    if min(len(then.places), len(now.places)) < MIN_UNITS:
        return None
    factors, shifts = _hypotheses(then, now)
    if not len(factors):
        return None
    scores = _scores(then, now, factors, shifts)
    best: Constellation | None = None
    for row in np.argsort(-scores, kind="stable")[:JUDGED]:
        found = judge(then, now, complex(factors[row]), complex(shifts[row]), len(factors))
        if found is not None and (best is None or found.log10_false < best.log10_false):
            best = found
    return best


def judge(then: Stars, now: Stars, factor: complex, shift: complex, looked_at: int) -> Constellation | None:
    """A similarity refined on the units that agree, with the false alarms of ``looked_at`` similarities."""
    from scipy.stats import binom

    pairs: list[tuple[int, int]] = []
    for _ in range(3):
        pairs = _pairs(then, now.places * factor + shift)
        if len(pairs) < 3:
            return None
        first, second = (np.array(side) for side in zip(*pairs, strict=True))
        factor, shift = _similarity(then.places[first], now.places[second])
    laid = now.places * factor + shift
    inside = int(_in_field(laid, then.size_mm).sum())
    chance = min(1.0, pi * TOLERANCE_MM**2 * len(then.places) / (then.size_mm[0] * then.size_mm[1]))
    tail = float(binom.logsf(len(pairs) - 3, max(0, inside - 2), chance)) / np.log(10)
    return Constellation(factor, shift, tuple(pairs), inside, log10(max(1, looked_at)) + tail)


def _hypotheses(then: Stars, now: Stars) -> tuple[Complex, Complex]:
    """Similarities by which a pair of units comes to lie on a pair, alike in length and in where their hairs point."""
    first, second = _neighbours(then.places)
    third, fourth = _every_pair(now.places)
    across_then, across_now = then.places[second] - then.places[first], now.places[fourth] - now.places[third]
    order = np.argsort(np.abs(across_now))
    third, fourth, across_now = third[order], fourth[order], across_now[order]
    lengths = np.abs(across_now)
    factors: list[Complex] = []
    shifts: list[Complex] = []
    agree = np.cos(np.radians(TURN_OFF))
    for a, b, across in zip(first, second, across_then, strict=True):
        low, high = np.searchsorted(lengths, np.abs(across) * np.array((1 - ZOOM_OFF, 1 + ZOOM_OFF)))
        rows = slice(int(low), int(high))
        factor = across / across_now[rows]
        turn = factor / np.abs(factor)
        fits = (turn * now.directions[third[rows]] * then.directions[a].conj()).real > agree
        fits &= (turn * now.directions[fourth[rows]] * then.directions[b].conj()).real > agree
        factors.append(factor[fits])
        shifts.append(then.places[a] - factor[fits] * now.places[third[rows]][fits])
    return np.concatenate(factors), np.concatenate(shifts)


def _neighbours(places: Complex) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    from scipy.spatial import cKDTree

    points = np.column_stack((places.real, places.imag))
    _, near = cKDTree(points).query(points, k=min(len(points), NEAREST + 1))
    first = np.repeat(np.arange(len(points)), near.shape[1])
    second = near.ravel()
    far = (np.abs(places[first] - places[second]) > SHORTEST_MM) & (first < second)
    return first[far].astype(np.int64), second[far].astype(np.int64)


def _every_pair(places: Complex) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first, second = np.nonzero(np.abs(places[:, None] - places[None]) > SHORTEST_MM * (1 - ZOOM_OFF))
    return first.astype(np.int64), second.astype(np.int64)


def _scores(then: Stars, now: Stars, factors: Complex, shifts: Complex) -> NDArray[np.float64]:
    """How many units of now fall on units of then, under each similarity, less what as many inside would by chance."""
    from scipy.spatial import cKDTree

    tree = cKDTree(np.column_stack((then.places.real, then.places.imag)))
    chance = min(1.0, pi * TOLERANCE_MM**2 * len(then.places) / (then.size_mm[0] * then.size_mm[1]))
    scores = []
    for start in range(0, len(factors), BATCH):
        rows = slice(start, start + BATCH)
        laid = factors[rows, None] * now.places[None] + shifts[rows, None]
        points = np.stack((laid.real, laid.imag), axis=-1)
        apart, _ = tree.query(points, distance_upper_bound=TOLERANCE_MM)
        inside = _in_field(laid, then.size_mm).sum(axis=1)
        scores.append(np.isfinite(apart).sum(axis=1) - chance * inside)
    return np.concatenate(scores)


def _pairs(then: Stars, laid: Complex) -> list[tuple[int, int]]:
    """Units of then and of now that lie within the tolerance, one to one, as many and as near as possible."""
    from scipy.optimize import linear_sum_assignment

    apart = np.abs(then.places[:, None] - laid[None])
    near = apart <= TOLERANCE_MM
    rows, columns = linear_sum_assignment(np.where(near, apart - 1000.0, 0.0))
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if near[row, column]]


def _similarity(goal: Complex, start: Complex) -> tuple[complex, complex]:
    """Least squares ``goal = factor * start + shift``."""
    from_goal, from_start = goal - goal.mean(), start - start.mean()
    factor = complex((from_start.conj() @ from_goal) / max(float((np.abs(from_start) ** 2).sum()), 1e-12))
    return factor, complex(goal.mean() - factor * start.mean())


def _in_field(places: Complex, size_mm: tuple[float, float]) -> NDArray[np.bool_]:
    inside = (places.real >= 0) & (places.real < size_mm[0]) & (places.imag >= 0) & (places.imag < size_mm[1])
    return np.asarray(inside, np.bool_)
