"""How often a verdict is right, by the size of a true change and the number of repeats: the noise model in numbers.

A patient's takes scatter about the truth with their own variance (scaled inverse chi-squared, nu_0 degrees of freedom,
about the pooled one), a visit adds what its takes have in common, and the models see ``slope`` of a true change. The
verdict is the one of ``vision.repeatability``, written for arrays; a test holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from vision.evaluation.intervals import wilson

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """Noise of one metric on its working scale, and how much of a true change the models see."""

    sd: float
    visit_sd: float
    people_df: float
    slope: float = 1.0
    of_log: bool = False

    def step(self, size: float) -> float:
        """A true fall of ``size`` (points, or % on the log scale) on the working scale."""
        return self.slope * (-log1p(-size / 100) if self.of_log else size)


def right_and_wrong(
    world: World, *, repeats: int, falls: tuple[float, ...], people: int, seed: int = 0, sittings: int = 2
) -> dict[str, object]:
    """Share of people told "worse" at each true fall, and told any change when there was none; Wilson intervals.

    ``repeats`` per visit; ``sittings`` visits of theirs with repeats feed their own noise, the two compared among them.
    """
    random = np.random.default_rng((seed, repeats))
    sd = world.sd * np.sqrt(world.people_df / random.chisquare(world.people_df, people))
    takes = random.normal(0, 1, (people, sittings, repeats)) * sd[:, None, None]
    difference = takes[:, 1].mean(axis=1) - takes[:, 0].mean(axis=1)
    difference += random.normal(0, 1, people) * np.sqrt(2) * world.visit_sd
    variance, df = own_variance(world, takes)
    reach = stdtrit(df, 0.975) * np.sqrt(2 * world.visit_sd**2 + 2 * variance / repeats)
    alarms = wilson(int((np.abs(difference) > reach).sum()), people)
    told = {f"{fall:g}": wilson(int((difference - world.step(fall) < -reach).sum()), people) for fall in falls}
    assert alarms is not None
    return {
        "repeats": repeats,
        "false_alarms": alarms.as_dict(),
        "sensitivity": {fall: figure.as_dict() for fall, figure in told.items() if figure is not None},
        "detectable": round(float(np.median(reach)), 4),
    }


def own_variance(world: World, takes: Array) -> tuple[Array, float]:
    """Variance of each person after shrinking, and its degrees of freedom. ``takes``: people x sittings x repeats."""
    sittings, repeats = takes.shape[1:]
    n = sittings * (repeats - 1)
    own = takes.var(axis=2, ddof=1).mean(axis=1) if repeats > 1 else np.zeros(len(takes))
    return (world.people_df * world.sd**2 + n * own) / (world.people_df + n), world.people_df + n
