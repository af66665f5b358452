"""95 % intervals for figures measured on few people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval; ``n`` is what it was counted over (pictures, regions, or people)."""

    value: float
    low: float
    high: float
    n: int

    def as_dict(self) -> dict[str, float]:
        """For ``metrics.json``; rounded to four places."""
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4), "n": self.n}


def wilson(hits: int, trials: int) -> Figure | None:
    """Proportion with the Wilson score interval (Wilson 1927); None when there was no trial."""
    if trials == 0:
        return None
    share = hits / trials
    centre = (share + _Z**2 / (2 * trials)) / (1 + _Z**2 / trials)
    half = _Z / (1 + _Z**2 / trials) * sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    return Figure(share, max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)), trials)


def bootstrap_over_people(
    figure: Callable[[NDArray[np.int64]], float | None], people: Sequence[str], *, rounds: int = 500, seed: int = 0
) -> Figure | None:
    """``figure(indices)`` on everything, with the percentile interval over resampled people (Efron 1979).

    All rows of a person are drawn together. None when the figure does not exist on everything.
    """
    value = figure(np.arange(len(people)))
    if value is None:
        return None
    names, owner = np.unique(np.asarray(people), return_inverse=True)
    rows_of = [np.flatnonzero(owner == number) for number in range(len(names))]
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(rounds):
        chosen = random.integers(0, len(names), size=len(names))
        again = figure(np.concatenate([rows_of[number] for number in chosen]))
        if again is not None:
            drawn.append(again)
    low, high = (float(q) for q in np.percentile(drawn, [2.5, 97.5])) if drawn else (value, value)
    return Figure(value, min(low, value), max(high, value), len(names))
