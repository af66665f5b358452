"""How small a change can be told from a photograph taken anew, and how many repeats it takes (C8, L3).

Three steps. The shipped networks measure drawn heads and held-out real trichoscopy sites again and again: that gives
the noise of a take, what a visit adds, how alike people are, and how much of a true change the networks see. Verdicts
of these very measurements are counted. Then the same verdict is simulated for many people with the noise that was
found, for true changes of 1 to 20, with one to six repeats per visit.

The noise that the portal ships (``vision/repeatability/shipped.json``) is the ``shipped`` part of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from vision.evaluation.change_renders import (
    Head,
    Numbers,
    bald_after,
    draw_people,
    measure_head,
    measure_site,
    real_sites,
    true_coverage,
)
from vision.evaluation.change_simulation import World, right_and_wrong
from vision.evaluation.intervals import wilson
from vision.release import load_release
from vision.repeatability import (
    RULES,
    Noise,
    NoiseSource,
    Outcome,
    Pair,
    Repeatability,
    Scale,
    Verdict,
    agreement,
    people_df,
    pooled_sd,
    verdict,
)
from vision.runtime import open_network
from vision.salt import salt_of
from vision.severity import SALT_WEIGHTS, severity_of
from vision.types import Measured, Metric, Salt, Severity, View

PEOPLE: Final = 14
VIEWS: Final = tuple(view for view in View if view.is_global)
FALLS_DRAWN: Final = (5.0, 10.0)
SITES: Final = 40
FALLS: Final = tuple(float(size) for size in range(1, 21))
REPEATS: Final = (1, 2, 3, 4, 6)
SIMULATED: Final = 20_000
TARGET_FALL, TARGET_SENSITIVITY, TARGET_ALARMS = 5.0, 0.80, 0.05

Key = tuple[Metric, View | None]


@dataclass(slots=True)
class _Pairs:
    """Pairs by metric and view: of one sitting, and of two visits."""

    sitting: dict[Key, list[Pair]]
    visits: dict[Key, list[Pair]]


def study_change(data: Path) -> dict[str, Any]:
    """The table of ``docs/studies/change.json``; about five minutes on one core."""
    cv2.setNumThreads(1)
    heads = draw_people(PEOPLE)
    release = load_release("scalp-segmentation")
    network = open_network(release)

    def measure(head: Head, view: View, visit: int, take: int, bald: float | None = None) -> Numbers:
        return measure_head(head, view, network, release, visit=visit, take=take, bald=bald)

    pairs = _head_pairs(heads, measure)
    changed = _changed_heads(heads, measure)
    sites, counter = real_sites(data, SITES), load_release("trichoscopy-hairs")
    spot, anew, refused = _site_pairs(sites, counter.id)
    shipped = _shipped(pairs, anew)
    slope = _slope(changed)
    worlds = {
        "coverage_index_crown": _world(shipped, Metric.COVERAGE_INDEX, View.CROWN, slope=slope["value"]),
        "coverage_index_crown_if_all_of_it_were_seen": _world(shipped, Metric.COVERAGE_INDEX, View.CROWN),
        "hair_density_placed_anew": _world(shipped, Metric.HAIR_DENSITY, View.TRICHOSCOPY),
        "hair_density_same_spot": World(
            pooled_sd(spot[Metric.HAIR_DENSITY, View.TRICHOSCOPY], Metric.HAIR_DENSITY),
            0.0,
            shipped["metrics"]["hair_density"]["any"]["people_df"],
            of_log=True,
        ),
    }
    return {
        "command": "python -m vision study change --data ../shared/data --json docs/studies/change.json",
        "releases": [release.id, counter.id],
        "drawn_heads": {
            "people": PEOPLE,
            "per_view": "two takes of one sitting and one of another visit with the hair combed anew",
            "repeatability_within_a_sitting": _table(pairs.sitting),
            "repeatability_between_visits": _table(pairs.visits),
            "share_of_a_true_change_that_is_measured": slope,
            "verdicts_on_the_measurements": _verdicts(changed, shipped),
        },
        "real_trichoscopy_sites": {
            "sites_of_held_out_patients": len(sites),
            "pictures_refused": refused,
            "same_spot": _table(spot),
            "placed_anew_within_the_site": _table(anew),
        },
        "simulated": {
            "people": SIMULATED,
            "target": {
                "true_fall": TARGET_FALL,
                "sensitivity_at_least": TARGET_SENSITIVITY,
                "false_alarms_at_most": TARGET_ALARMS,
            },
            **{name: _curves(world) for name, world in worlds.items()},
        },
        "shipped": shipped,
    }


Measure = Callable[..., Numbers]


def _head_pairs(heads: Sequence[Head], measure: Measure) -> _Pairs:
    pairs = _Pairs({}, {})
    for head in heads:
        takes: dict[View, tuple[Numbers, Numbers, Numbers]] = {}
        for view in VIEWS:
            takes[view] = measure(head, view, 0, 0), measure(head, view, 0, 1), measure(head, view, 1, 0)
            _pair_up(pairs, view, takes[view], str(head.seed))
        sessions = [_session_numbers({view: found[number] for view, found in takes.items()}) for number in range(3)]
        _pair_up(pairs, None, (sessions[0], sessions[1], sessions[2]), str(head.seed))
    return pairs


def _pair_up(pairs: _Pairs, view: View | None, takes: tuple[Numbers, Numbers, Numbers], person: str) -> None:
    first, again, later = takes
    for metric in RULES:
        if metric in first and metric in again:
            pairs.sitting.setdefault((metric, view), []).append(Pair(first[metric], again[metric], person))
        if metric in first and metric in later:
            pairs.visits.setdefault((metric, view), []).append(Pair(first[metric], later[metric], person))


def _session_numbers(by_view: Mapping[View, Numbers]) -> Numbers:
    shares = [
        (view, Measured(found, found, found, "%"))
        for view in SALT_WEIGHTS
        if (found := by_view[view].get(Metric.AFFECTED_SHARE)) is not None
    ]
    numbers: Numbers = {}
    severity, salt = severity_of(shares), salt_of(shares)
    if isinstance(severity, Severity) and len(shares) == len(SALT_WEIGHTS):
        numbers[Metric.SEVERITY_INDEX] = severity.index.value
    if isinstance(salt, Salt):
        numbers[Metric.SALT_ESTIMATE] = salt.score.value
    return numbers


@dataclass(frozen=True, slots=True)
class _Changed:
    """Coverage of one crown: two takes before, two after a true fall (0: none), and what the fall was."""

    before: tuple[float, float]
    after: tuple[float, float]
    fall: float


def _changed_heads(heads: Sequence[Head], measure: Measure) -> list[_Changed]:
    found = []
    for head in heads:
        before = _coverage(head, measure, 2, None)
        found.append(_Changed(before, _coverage(head, measure, 3, None), 0.0))
        whole = true_coverage(head, View.CROWN, head.bald)
        for number, fall in enumerate(FALLS_DRAWN):
            bald = bald_after(head, View.CROWN, fall)
            true = whole - true_coverage(head, View.CROWN, bald)
            found.append(_Changed(before, _coverage(head, measure, 4 + number, bald), true))
    return [one for one in found if not any(np.isnan((*one.before, *one.after)))]


def _coverage(head: Head, measure: Measure, visit: int, bald: float | None) -> tuple[float, float]:
    first, second = (measure(head, View.CROWN, visit, take, bald) for take in (0, 1))
    return first.get(Metric.COVERAGE_INDEX, np.nan), second.get(Metric.COVERAGE_INDEX, np.nan)


def _slope(changed: Sequence[_Changed]) -> dict[str, float]:
    """Measured over true fall, least squares through the origin, with its 95 % interval."""
    rows = [(one.fall, float(np.mean(one.before) - np.mean(one.after))) for one in changed if one.fall > 1]
    true, seen = np.array(rows).T
    slope = float((true * seen).sum() / (true**2).sum())
    error = float(np.sqrt(((seen - slope * true) ** 2).sum() / (len(true) - 1) / (true**2).sum()))
    return {
        "value": round(slope, 3), "low": round(slope - 1.96 * error, 3), "high": round(slope + 1.96 * error, 3),
        "n": len(rows),
    }  # fmt: skip


def _site_pairs(sites: Sequence[Any], release_id: str) -> tuple[dict[Key, list[Pair]], dict[Key, list[Pair]], int]:
    release = load_release(release_id)
    network = open_network(release)
    kinds: tuple[dict[Key, list[Pair]], dict[Key, list[Pair]]] = ({}, {})
    refused = 0
    for site in sites:
        for kind, same_spot in zip(kinds, (True, False), strict=True):
            first, again = (measure_site(site, network, release, take=take, same_spot=same_spot) for take in (0, 1))
            refused += (not first) + (not again)
            for metric in RULES:
                if metric in first and metric in again:
                    pair = Pair(first[metric], again[metric], str(site.seed))
                    kind.setdefault((metric, View.TRICHOSCOPY), []).append(pair)
    return kinds[0], kinds[1], refused


def _table(pairs: Mapping[Key, Sequence[Pair]]) -> list[dict[str, Any]]:
    rows = []
    for (metric, view), found in pairs.items():
        figures = agreement(found, metric)
        if isinstance(figures, Repeatability):
            rows.append(
                {
                    "metric": metric.value,
                    "view": view.value if view else "session",
                    "pairs": figures.n,
                    "mean": round(figures.mean, 2),
                    "unit_of_change": _unit(metric, figures.scale),
                    "cv_percent": _figure(figures.cv),
                    "icc_1_1": _figure(figures.icc) if isinstance(figures.icc, Measured) else None,
                    "bias": _figure(figures.bias),
                    "limits": [round(figures.lower_limit.value, 2), round(figures.upper_limit.value, 2)],
                    "mdc95": _figure(figures.mdc95),
                }
            )
    return rows


def _unit(metric: Metric, scale: Scale) -> str:
    """Of a difference: a share changes by percentage points, what is judged on the log scale by % of itself."""
    if scale is Scale.LOG:
        return "%"
    return "points" if RULES[metric].unit in ("%", "index") else RULES[metric].unit


def _shipped(pairs: _Pairs, anew: Mapping[Key, Sequence[Pair]]) -> dict[str, Any]:
    """The table of ``shipped.json``: of drawn heads by view, of real sites with the lens placed anew."""
    metrics: dict[str, dict[str, Any]] = {}
    alike = people_df(_standardised(pairs), Metric.COVERAGE_INDEX)
    for metric in RULES:
        views = [view for of, view in pairs.sitting if of is metric]
        for view in views:
            metrics.setdefault(metric.value, {})[view.value if view else "any"] = _prior(
                metric, pairs.sitting[metric, view], alike, _visit_sd(pairs, metric)
            )
        if views and None not in views:
            everything = [pair for view in views for pair in pairs.sitting[metric, view]]
            metrics[metric.value]["any"] = _prior(metric, everything, alike, _visit_sd(pairs, metric))
        if sites := anew.get((metric, View.TRICHOSCOPY)):
            metrics[metric.value] = {"any": _prior(metric, sites, alike, 0.0)}
    return {
        "source": "python -m vision study change: drawn heads; real trichoscopy sites with the lens placed anew",
        "metrics": metrics,
    }


def _prior(metric: Metric, sitting: Sequence[Pair], alike: float, visit_sd: float) -> dict[str, float]:
    sd = round(pooled_sd(sitting, metric), 4)
    return {"sd": sd, "visit_sd": round(visit_sd, 4), "people_df": round(alike, 1), "pairs": len(sitting)}


def _visit_sd(pairs: _Pairs, metric: Metric) -> float:
    """What a visit adds, over all views together: of one view alone it is a difference of two noisy variances."""
    views = [view for of, view in pairs.sitting if of is metric]
    sitting = [pair for view in views for pair in pairs.sitting[metric, view]]
    visits = [pair for view in views for pair in pairs.visits[metric, view]]
    return sqrt(max(0.0, pooled_sd(visits, metric) ** 2 - pooled_sd(sitting, metric) ** 2))


def _standardised(pairs: _Pairs) -> list[Pair]:
    """Coverage of all views in units of each view's noise: several pairs per person, to see how alike people are."""
    found = []
    for (metric, view), of_view in pairs.sitting.items():
        if metric is Metric.COVERAGE_INDEX and view is not None:
            sd = pooled_sd(of_view, metric)
            found += [Pair(pair.first / sd, pair.second / sd, pair.person) for pair in of_view]
    return found


def _world(shipped: Mapping[str, Any], metric: Metric, view: View, slope: float = 1.0) -> World:
    of = shipped["metrics"][metric.value]
    figures = of.get(view.value) or of["any"]
    of_log = RULES[metric].scale is Scale.LOG
    return World(figures["sd"], figures["visit_sd"], figures["people_df"], slope, of_log)


def _verdicts(changed: Sequence[_Changed], shipped: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What people would have been told, by the measurements themselves: no noise model, one row per true fall."""
    figures = shipped["metrics"]["coverage_index"]["crown"]
    noise = Noise(
        Metric.COVERAGE_INDEX, figures["sd"], figures["people_df"], NoiseSource.SHIPPED, {NoiseSource.SHIPPED: 1.0},
        visit_sd=figures["visit_sd"],
    )  # fmt: skip
    rows = []
    for fall in (0.0, *FALLS_DRAWN):
        same = [one for one in changed if abs(one.fall - fall) < 1]
        for repeats in (1, 2):
            told = [_told(one, noise, repeats) for one in same]
            rows.append(
                {
                    "true_fall_points": fall,
                    "repeats_per_visit": repeats,
                    **{
                        outcome.value: share.as_dict() if (share := wilson(told.count(outcome), len(told))) else None
                        for outcome in Outcome
                    },
                }
            )
    return rows


def _told(one: _Changed, noise: Noise, repeats: int) -> Outcome:
    then, now = (float(np.mean(takes[:repeats])) for takes in (one.before, one.after))
    found = verdict(
        noise.metric, Measured(then, then, then, "%"), Measured(now, now, now, "%"), noise,
        then_repeats=repeats, now_repeats=repeats,
    )  # fmt: skip
    assert isinstance(found, Verdict)
    return found.outcome


def _curves(world: World) -> dict[str, Any]:
    runs = [right_and_wrong(world, repeats=repeats, falls=FALLS, people=SIMULATED) for repeats in REPEATS]
    return {
        "noise": {
            "sd": round(world.sd, 4),
            "visit_sd": round(world.visit_sd, 4),
            "people_df": world.people_df,
            "slope": round(world.slope, 3),
        },
        "change_in": "% of the number" if world.of_log else "percentage points",
        "repeats_needed_at_a_true_fall_of_5": _needed(world),
        "smallest_fall_seen_in_80_percent": {str(run["repeats"]): _smallest(run) for run in runs},
        "curves": runs,
    }


def _needed(world: World) -> int | None:
    """Fewest repeats per visit that reach the sensitivity asked for; None when not even 40 do."""
    for repeats in range(1, 41):
        run: Any = right_and_wrong(world, repeats=repeats, falls=(TARGET_FALL,), people=SIMULATED // 4)
        if run["sensitivity"][f"{TARGET_FALL:g}"]["value"] >= TARGET_SENSITIVITY:
            return repeats
    return None


def _smallest(run: Mapping[str, Any]) -> float | None:
    seen = [float(fall) for fall, share in run["sensitivity"].items() if share["value"] >= TARGET_SENSITIVITY]
    return min(seen, default=None)


def _figure(found: Measured) -> dict[str, float]:
    return {name: round(float(getattr(found, name)), 3) for name in ("value", "low", "high")}


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """The picture and the table in words beside ``file``, the table in JSON."""
    from vision.evaluation.change_figures import draw, tell

    draw(report, file.with_suffix(".png"))
    file.with_suffix(".md").write_text(tell(report), encoding="utf-8")
