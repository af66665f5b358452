"""From hairs in a field to hairs per cm2 with an interval: counting frame, counting noise, clustered hairs.

Frame. A hair is counted when its root, a point, lies in a frame inset from the picture's edge; left and top sides
belong to the frame, right and bottom do not. Points counted so are unbiased whatever the hairs' length and direction
(associated point rule, Miles 1974; Gundersen 1977 for the frame), and the inset lets every counted hair be seen whole.

Interval. How much counts scatter between frames side by side was measured on 212 labelled pictures of clipped hair,
four frames each: variance over mean is 0.44 (0.39 to 0.50) for hairs and 0.31 (0.28 to 0.35) for follicular units, for
units on a head keep apart. Where only a share p of a full stock of units is left, and losses fall at random, the
variance over the mean is p times that of the full stock plus (1 - p) times that of units that come independently
(thinning of a point process, Daley and Vere-Jones 2003), which is sum(m^2) / sum(m) for units of m hairs (compound
Poisson). The interval is the score interval (Wilson 1927; for Poisson means Brown, Cai and DasGupta 2003): those
densities under which the count lies within 1.96 standard deviations, each taken at the density in question. Garwood's
exact interval for Poisson counts (1936) would hold too often. How wrong the detector is on people it has not seen
(:class:`CountError`) is added in quadrature on the logarithm's scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.types import Measured

FRAME_INSET: Final = 0.1
"""Share of each side left out of the counting frame; the released figures are told for the same frame."""

MIN_FIELD_CM2: Final = 0.1
"""Below this a density is shown with a warning: at 180 hairs/cm2 the counting noise alone passes 25 %."""

UNIT_GAP_MM: Final = 0.25
"""Roots nearer than this belong to one follicular unit (chains count).

Of 200 training patients 94 % of hairs that readers put in a multi-hair unit have a neighbour within it, and 84 % of
those they called single have none; balanced, no other gap between 0.08 and 0.4 mm does better."""

NORMAL_95: Final = 1.959964
MAE_TO_SPREAD: Final = 1.2533
"""Standard deviation of a normal error over its mean absolute value, sqrt(pi / 2)."""


@dataclass(frozen=True, slots=True)
class CountError:
    """How wrong a detector's counts are on people it has not seen, relative to the true count.

    ``random``: mean absolute error of one picture with ``at_count`` hairs, which falls with the root of the number of
    hairs; ``systematic``: the bias over all pictures, which does not. The defaults are for a release that states none.
    """

    random: float = 0.2
    at_count: float = 8.0
    systematic: float = 0.1

    def half_width(self, count: float) -> float:
        """Half of the 95 % interval of the logarithm of a count."""
        spread = MAE_TO_SPREAD * self.random * min(1.0, self.at_count / max(count, 1.0)) ** 0.5
        return NORMAL_95 * hypot(spread, self.systematic)


NO_COUNT_ERROR: Final = CountError(0.0, 1.0, 0.0)
"""For hairs that are known: drawn, or counted by hand."""


@dataclass(frozen=True, slots=True)
class CountingFrame:
    """Where roots are counted, in px of the picture (left and top inclusive), and its area."""

    left: float
    top: float
    right: float
    bottom: float
    px_per_mm: float

    @property
    def area_cm2(self) -> float:
        """cm2."""
        return (self.right - self.left) * (self.bottom - self.top) / self.px_per_mm**2 / 100

    def holds(self, points: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Which of N x 2 points (x, y) are counted."""
        x, y = points[:, 0], points[:, 1]
        return np.asarray((x >= self.left) & (x < self.right) & (y >= self.top) & (y < self.bottom))


def counting_frame(width_px: int, height_px: int, px_per_mm: float, inset: float = FRAME_INSET) -> CountingFrame:
    """The frame of a picture, inset by a share of each side."""
    return CountingFrame(
        inset * width_px, inset * height_px, (1 - inset) * width_px, (1 - inset) * height_px, px_per_mm
    )


def group_units(roots: NDArray[np.floating], px_per_mm: float, gap_mm: float = UNIT_GAP_MM) -> NDArray[np.int64]:
    """Number of the follicular unit of each of N x 2 roots: single linkage within ``gap_mm``, numbered from 0."""
    count = len(roots)
    unit = np.arange(count)
    for first in range(count):
        near = np.hypot(*(roots[first + 1 :] - roots[first]).T) <= gap_mm * px_per_mm
        for second in np.flatnonzero(near) + first + 1:
            low, high = sorted((unit[first], unit[second]))
            unit[unit == high] = low
    return np.unique(unit, return_inverse=True)[1].astype(np.int64) if count else np.zeros(0, np.int64)


def unit_places(roots: NDArray[np.floating], units: NDArray[np.int64]) -> NDArray[np.float64]:
    """The point that stands for each unit: the mean of its roots, U x 2."""
    total = int(units.max()) + 1 if len(units) else 0
    return np.array([roots[units == one].mean(axis=0) for one in range(total)], np.float64).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Scatter:
    """How much counts of one kind scatter between frames of one site, as variance over mean.

    ``full``: where no unit is lost; ``size`` and ``square``: mean and mean square of what comes together, and
    ``weight``: for how many clusters these stand, so that a field of two units does not speak for itself alone;
    ``correction``: for continuity, counts.
    """

    full: float
    size: float
    square: float
    weight: float
    correction: float


HAIR_SCATTER: Final = Scatter(0.7, 1.65, 3.23, 4.0, 0.25)
"""Hairs: 0.44 was measured; 0.7 errs on the wide side, for sites less regular than those, and is what drawn fields of
two hairs a unit have. A quarter for continuity: half of Yates' (1934), for the same reason that mid-P takes half; the
least with which the interval holds 93 % at every density drawn. Units: no correction is needed for that.

All of them are found again by ``python -m vision study trichoscopy`` (:mod:`vision.evaluation.density_scatter`), from
other seeds than those on which coverage is reported."""
UNIT_SCATTER: Final = Scatter(0.31, 1.0, 1.0, 4.0, 0.0)
FULL_STOCK_PER_CM2: Final = 85.0
"""Units per cm2 where few are lost (mean of the same pictures)."""


def density_per_cm2(
    cluster_sizes: Sequence[int],
    area_cm2: float,
    error: CountError = NO_COUNT_ERROR,
    scatter: Scatter = HAIR_SCATTER,
) -> Measured:
    """Counted things per cm2 with a 95 % interval.

    ``cluster_sizes``: how many counted things came together, one number per cluster (all ones for units themselves,
    with :data:`UNIT_SCATTER`). ``error`` is the detector's.
    """
    count, clusters = sum(cluster_sizes), len(cluster_sizes)
    total = count + scatter.weight * scatter.size
    alone = (sum(size * size for size in cluster_sizes) + scatter.weight * scatter.square) / total
    full_stock = FULL_STOCK_PER_CM2 * area_cm2 * total / (clusters + scatter.weight)
    low, high = score_interval(count, alone, scatter.full, full_stock, scatter.correction)
    detector = error.half_width(count)
    if count:
        low = count * exp(-hypot(log(count / low), detector)) if low > 0 else 0.0
        high = count * exp(hypot(log(high / count), detector))
    return Measured(count / area_cm2, low / area_cm2, high / area_cm2, "per_cm2")


def score_interval(
    count: float, alone: float, full: float, full_stock: float, correction: float = 0.0
) -> tuple[float, float]:
    """Means mu with |count - mu| <= 1.96 sqrt(mu phi), and ``correction`` beyond.

    phi falls in a straight line from ``alone`` at 0 to ``full`` at ``full_stock`` and stays there.
    """
    fall = max(0.0, alone - full) / full_stock if full_stock > 0 else 0.0

    def solve(number: float, sign: int) -> float:
        mean = _root(number, alone, fall, sign)
        return mean if mean <= full_stock else max(full_stock, _root(number, min(alone, full), 0.0, sign))

    low = solve(max(0.0, count - correction), -1) if count > 0 else 0.0
    return min(low, count), max(solve(count + correction, 1), count)


def _root(number: float, level: float, fall: float, sign: int) -> float:
    """The lower or upper root mu of (number - mu)^2 = 1.96^2 mu (level - fall mu)."""
    square, linear = 1 + NORMAL_95**2 * fall, 2 * number + NORMAL_95**2 * level
    return (linear + sign * sqrt(max(0.0, linear**2 - 4 * square * number**2))) / (2 * square)
