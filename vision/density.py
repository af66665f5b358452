"""From hairs in a field to hairs per cm2 with an interval: counting frame, counting noise, clustered hairs.

Frame. A hair is counted when its root, a point, lies in a frame inset from the picture's edge; left and top sides
belong to the frame, right and bottom do not. Points counted so are unbiased whatever the hairs' length and direction
(associated point rule, Miles 1974; Gundersen 1977 for the frame), and the inset lets every counted hair be seen whole.

Interval. Roots come in follicular units, so counts scatter more than Poisson. With units of m_i hairs as independent
arrivals (compound Poisson) the variance of the number of hairs is sum(m_i^2): phi = sum(m_i^2) / sum(m_i) >= 1 times
the Poisson one. The interval is Garwood's exact one (1936) for n / phi counts, times phi; units on a head keep apart,
so it errs on the wide side. How wrong the detector is on people it has not seen (:class:`CountError`) is added in
quadrature on the logarithm's scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot, log
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

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


def density_per_cm2(cluster_sizes: Sequence[int], area_cm2: float, error: CountError = NO_COUNT_ERROR) -> Measured:
    """Counted things per cm2 with a 95 % interval.

    ``cluster_sizes``: how many counted things came together, one number per cluster (all ones for units themselves).
    ``error`` is the detector's.
    """
    count = sum(cluster_sizes)
    spread = sum(size * size for size in cluster_sizes) / count if count else 1.0
    low, high = (limit * spread for limit in poisson_interval(count / spread))
    detector = error.half_width(count)
    if count:
        low = count * exp(-hypot(log(count / low), detector)) if low > 0 else 0.0
        high = count * exp(hypot(log(high / count), detector))
    return Measured(count / area_cm2, low / area_cm2, high / area_cm2, "per_cm2")


def poisson_interval(count: float) -> tuple[float, float]:
    """Exact 95 % limits of a Poisson mean (Garwood 1936); ``count`` need not be whole."""
    low = 0.0 if count <= 0 else float(chi2.ppf(0.025, 2 * count)) / 2
    return low, float(chi2.ppf(0.975, 2 * count + 2)) / 2
