"""Improved, no detectable change, or worse: a change held against what photographs taken anew show by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import expm1, log

from vision.repeatability.noise import Noise
from vision.repeatability.rules import RULES, Better, Scale
from vision.types import Measured, Metric, NotMeasurable, Reason


class Outcome(StrEnum):
    """What may be said of a change."""

    IMPROVED = "improved"
    NO_DETECTABLE_CHANGE = "no_detectable_change"
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A change, its 95 % interval, and whether it exceeds what photographs taken anew would show by themselves.

    ``change`` is now - then in the metric's units, ``percent`` the same in % of then (None where then is 0);
    ``detectable_fall`` and ``detectable_rise`` are the MDC in the metric's units, both above 0.
    """

    metric: Metric
    outcome: Outcome
    change: Measured
    percent: Measured | None
    detectable_fall: float
    detectable_rise: float
    noise: Noise
    then_repeats: int
    now_repeats: int


def verdict(
    metric: Metric,
    then: Measured,
    now: Measured,
    noise: Noise | NotMeasurable,
    *,
    then_repeats: int = 1,
    now_repeats: int = 1,
) -> Verdict | NotMeasurable:
    """Improved, no detectable change, or worse: whether now - then exceeds the MDC of these visits.

    A visit's number is the mean of its repeats. The intervals of ``then`` and ``now`` are not used: they say how far
    the numbers may be from the truth, most of which is the same in both. NotMeasurable where there is no noise to judge
    by, the metric has no better side, or a number on the log scale is 0.
    """
    if isinstance(noise, NotMeasurable):
        return noise
    rule = RULES.get(metric)
    if rule is None or noise.metric is not metric:
        return NotMeasurable(Reason.NOT_COMPARED, "no better side")
    if rule.scale is Scale.LOG and min(then.value, now.value) <= 0:
        return NotMeasurable(Reason.NOT_COMPARED, "nothing has no ratio")
    spread = noise.threshold(then_repeats, now_repeats)
    if rule.scale is Scale.LOG:
        moved = log(now.value / then.value)
        low, high = (then.value * expm1(moved + part) for part in (-spread, spread))
    else:
        moved = now.value - then.value
        low, high = moved - spread, moved + spread
    change = Measured(now.value - then.value, low, high, rule.unit)
    share = 100 / then.value if then.value > 0 else None
    percent = Measured(share * change.value, share * low, share * high, "%") if share else None
    fall, rise = noise.detectable(then.value, then_repeats, now_repeats)
    return Verdict(
        metric, _outcome(moved, spread, rule.better), change, percent, fall, rise, noise, then_repeats, now_repeats
    )


def _outcome(moved: float, spread: float, better: Better) -> Outcome:
    if abs(moved) <= spread:
        return Outcome.NO_DETECTABLE_CHANGE
    return Outcome.IMPROVED if (moved > 0) is (better is Better.HIGHER) else Outcome.WORSE
