"""Two numbers and their difference, or one difference of a pair: which tells a smaller change?

A verdict rests on the difference of two numbers, each read from its own photograph. The comparison registers the two
photographs and reads both on the scalp they share, in one light and one frame: what the camera did falls out. Here both
differences are taken of the same pairs: real heads taken twice in one sitting, real heads combed in between, and drawn
heads of two visits with falls that are known; and hair density of real trichoscopy sites of held-out patients, the lens
put back on the spot, where a pair is counted hair by hair in the field both show. Noise of a difference, how much of a
true fall is in it, and what follows for a verdict with one to six repeats per visit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import expm1, log, sqrt
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from vision.change import Area, ComparedPhoto, Measure, PhotoComparison, by_networks, compare
from vision.change.cover import share_on
from vision.decode import decode_image
from vision.evaluation.change_renders import (
    Head,
    bald_after,
    draw_people,
    picture_of,
    real_sites,
    site_picture,
    true_coverage,
)
from vision.evaluation.change_simulation import World, right_and_wrong
from vision.evaluation.intervals import wilson
from vision.evaluation.registration_study import COMBED, TWICE
from vision.release import load_release
from vision.repeatability.pairs import Z95, sd_interval
from vision.runtime import open_network
from vision.trichoscopy import measure_field
from vision.types import Measured, Metric, QualityReport, RgbImage, ScalpClass, View

COVER: Final = Metric.COVERAGE_INDEX
DENSE: Final = Metric.HAIR_DENSITY
DENSITY: Final = "hair density, the lens put back on the spot"
SITES: Final = 40
PASSED: Final = QualityReport(())
PEOPLE: Final = 8
FALLS_DRAWN: Final = (0.0, 5.0, 10.0)
FALLS: Final = tuple(float(size) for size in range(1, 21))
REPEATS: Final = (1, 2, 3, 4, 6)
SIMULATED: Final = 20_000
PEOPLE_DF: Final = 4.0
"""How alike the noise of people is: the least that is assumed where there are no several pairs of each."""
WAYS: Final = ("apart", "together")
COMMAND: Final = "python -m vision study repeats --data ../shared/data --json docs/studies/repeats.json"


@dataclass(frozen=True, slots=True)
class Difference:
    """Now less then, in points (densities: of logarithms): of two numbers read apart, and of the pair read together.

    None for the pair: it was refused.
    """

    apart: float
    together: float | None
    true: float = 0.0
    person: str = ""
    holds: bool | None = None  # whether the interval that the comparison states for the pair holds the truth


def study_repeats(data: Path) -> dict[str, Any]:
    """``noise`` and ``curves`` by kind of pair and way of reading. Raises FileNotFoundError without clinic tops."""
    folder = data / "clinic_tops" / "images"
    if not folder.is_dir():
        raise FileNotFoundError(f"no photographs in {folder}")
    cv2.setNumThreads(1)
    release = load_release("scalp-segmentation")
    measure = by_networks((open_network(release), release), None, 30.0)
    twice, combed = (_real(folder, pairs, measure) for pairs in (TWICE, COMBED))
    drawn = [one for head in draw_people(PEOPLE) for one in _drawn(head, measure)]
    still = [one for one in drawn if one.true == 0]
    sites = list(_sites(data))
    slopes = {way: _slope(drawn, way) for way in WAYS}
    noise = {
        "real heads, taken twice": {way: _noise(twice, way) for way in WAYS},
        "real heads, combed in between": {way: _noise(combed, way) for way in WAYS},
        "drawn heads, two visits": {way: _noise(still, way) for way in WAYS},
        DENSITY: {way: _noise(sites, way) for way in WAYS},
    }
    return {
        "command": COMMAND,
        "release": release.id,
        "pairs": {"twice": len(twice), "combed": len(combed), "drawn": len(still), "sites": len(sites)},
        "drawn_people": PEOPLE,
        "noise": noise,
        "share_of_a_true_fall_seen": slopes,
        "curves": {
            "real heads, taken twice": {way: _curves(noise["real heads, taken twice"][way], 1.0) for way in WAYS},
            "drawn heads, two visits": {
                way: _curves(noise["drawn heads, two visits"][way], slopes[way]["value"]) for way in WAYS
            },
            DENSITY: {way: _curves(noise[DENSITY][way], 1.0, of_log=True) for way in WAYS},
        },
    }


def _real(folder: Path, pairs: Sequence[tuple[str, str]], measure: Measure) -> list[Difference]:
    found = []
    for names in pairs:
        files = [folder / f"top_{name}.jpg" for name in names]
        if all(file.is_file() for file in files):
            then, now = (_photo(decode_image(file.read_bytes()), measure) for file in files)
            found.append(_difference(then, now, measure))
    return found


def _drawn(head: Head, measure: Measure) -> Iterator[Difference]:
    """Two takes of a first visit against two of a second, after each fall."""
    view = View.CROWN
    before = true_coverage(head, view, head.bald)
    then = [_photo(picture_of(head, view, visit=0, take=take), measure) for take in (0, 1)]
    for fall in FALLS_DRAWN:
        bald = bald_after(head, view, fall) if fall else head.bald
        now = [_photo(picture_of(head, view, visit=1, take=take, bald=bald), measure) for take in (0, 1)]
        true = true_coverage(head, view, bald) - before if fall else 0.0
        for first, second in zip(then, now, strict=True):
            yield _difference(first, second, measure, true, str(head.seed))


def _sites(data: Path) -> Iterator[Difference]:
    """Hair density of one spot seen twice, as the difference of logarithms."""
    release = load_release("trichoscopy-hairs")
    measure = by_networks(None, (open_network(release), release), 30.0)
    for site in real_sites(data, SITES):
        then, now = (
            measure(
                ComparedPhoto(
                    site_picture(site, take=take, same_spot=True),
                    None,
                    View.TRICHOSCOPY,
                    site.px_per_mm,
                    "profile",
                    None,
                    PASSED,
                )
            )
            for take in (0, 1)
        )
        if then.hairs is None or now.hairs is None:
            continue  # refused by the network: no number stands at all
        own = [measure_field(one.hairs, PASSED, site.px_per_mm)[DENSE] for one in (then, now) if one.hairs is not None]
        if not all(isinstance(one, Measured) and one.value > 0 for one in own):
            continue
        apart = [log(one.value) for one in own if isinstance(one, Measured)]
        together, holds = _in_one_field(then, now)
        yield Difference(apart[1] - apart[0], together, 0.0, str(site.seed), holds)


def _in_one_field(then: ComparedPhoto, now: ComparedPhoto) -> tuple[float | None, bool | None]:
    found = compare(then, now)
    stated = found.change(DENSE, Area.COMMON) if isinstance(found, PhotoComparison) else None
    if stated is None or not isinstance(stated.then, Measured) or not isinstance(stated.change, Measured):
        return None, None
    before, after = stated.then.value, stated.then.value + stated.change.value
    if min(before, after) <= 0:
        return None, None
    return log(after / before), stated.change.low <= 0 <= stated.change.high


def _photo(image: RgbImage, measure: Measure) -> ComparedPhoto:
    return measure(ComparedPhoto(image, None, View.CROWN, None, None, None, PASSED))


def _difference(
    then: ComparedPhoto, now: ComparedPhoto, measure: Measure, true: float = 0.0, person: str = ""
) -> Difference:
    found = compare(then, now, measure=measure)
    together = holds = None
    if isinstance(found, PhotoComparison):
        stated = found.change(COVER, Area.COMMON)
        if stated is not None and isinstance(stated.change, Measured):
            together = stated.change.value
            holds = stated.change.low <= true <= stated.change.high
    return Difference(_own(now) - _own(then), together, true, person, holds)


def _own(photo: ComparedPhoto) -> float:
    assert photo.scalp is not None, "measured"
    labels = photo.scalp.labels
    return share_on(labels, np.isin(labels, ScalpClass.scalp()), COVER)


def _values(found: Sequence[Difference], way: str) -> list[float]:
    return [value for one in found if (value := getattr(one, way)) is not None]


def _noise(found: Sequence[Difference], way: str) -> dict[str, Any]:
    """Standard deviation of one take that explains the differences, and the smallest change that can be told."""
    values = _values(found, way)
    if len(values) < 3:
        return {"pairs": len(values)}
    sd = sqrt(float(np.square(values).mean()) / 2)
    low, high = sd_interval(sd, len(values))
    factor = Z95 * sqrt(2)
    kept = [one.holds for one in found if one.holds is not None] if way == "together" else []
    share = wilson(sum(kept), len(kept))
    return {
        "pairs": len(values),
        "interval_holds": None if share is None else share.as_dict(),
        "sd": _figure(sd, low, high),
        "mdc95": _figure(factor * sd, factor * low, factor * high),
        "mean": round(float(np.mean(values)), 2),
    }


def _slope(drawn: Sequence[Difference], way: str) -> dict[str, float]:
    """How many points of one true point the difference shows: through the origin, interval over people (jackknife)."""
    used = [(one.person, one.true, getattr(one, way)) for one in drawn if one.true and getattr(one, way) is not None]
    still = {one.person: getattr(one, way) for one in drawn if not one.true and getattr(one, way) is not None}
    used = [(person, true, value - still.get(person, 0.0)) for person, true, value in used]
    people = sorted({person for person, _, _ in used})
    value = _through_origin(used)
    left_out = [_through_origin([row for row in used if row[0] != person]) for person in people]
    spread = sqrt((len(people) - 1) / len(people) * sum((one - value) ** 2 for one in left_out))
    return _figure(value, value - Z95 * spread, value + Z95 * spread)


def _through_origin(rows: Sequence[tuple[str, float, float]]) -> float:
    return sum(true * value for _, true, value in rows) / sum(true**2 for _, true, _ in rows)


def _curves(noise: Mapping[str, Any], slope: float, *, of_log: bool = False) -> dict[str, Any] | None:
    if "sd" not in noise:
        return None
    world = World(noise["sd"]["value"], 0.0, PEOPLE_DF, slope, of_log)
    runs = [right_and_wrong(world, repeats=repeats, falls=FALLS, people=SIMULATED) for repeats in REPEATS]
    return {"sd": world.sd, "slope": round(slope, 3), "runs": runs}


def _figure(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": round(value, 3), "low": round(low, 3), "high": round(high, 3)}


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """The picture and the table in words beside ``file``."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(14, 4), layout="constrained", sharey=True)
    for axis, (name, ways) in zip(axes, report["curves"].items(), strict=True):
        for way, style in zip(WAYS, ("--", "-"), strict=True):
            for repeats, colour in ((1, "#d55e00"), (2, "#0072b2"), (4, "#009e73")):
                run = _run(ways[way], repeats)
                if run:
                    told = [run["sensitivity"][f"{fall:g}"]["value"] for fall in FALLS]
                    axis.plot(FALLS, told, style, color=colour, label=f"{repeats} per visit, read {way}")
        axis.axhline(0.8, color="#999", linewidth=0.8)
        axis.set_title(name)
        axis.set_xlabel("true fall, %" if name == DENSITY else "true fall of coverage, points")
    axes[0].set_ylabel("told worse")
    axes[0].legend(fontsize="small")
    figure.savefig(file.with_suffix(".png"), dpi=110)
    plt.close(figure)
    file.with_suffix(".md").write_text("\n".join(_table(report)) + "\n", encoding="utf-8")


def _run(curves: Mapping[str, Any] | None, repeats: int) -> Any:
    return None if curves is None else next(run for run in curves["runs"] if run["repeats"] == repeats)


def _table(report: Mapping[str, Any]) -> Iterator[str]:
    yield "# Two numbers apart, or one pair together"
    yield ""
    yield f"`{report['command']}`; release {report['release']}. Coverage of the crown in points, hair density in %."
    yield ""
    yield "![Sensitivity](repeats.png)"
    yield ""
    yield "Apart: each photograph's own number, as verdicts take them. Together: the change that the comparison states,"
    yield "both read on the scalp they share, in one light and frame."
    yield ""
    yield "| pairs without a change | read | pairs | sd of a take | MDC95 | the pair's own interval holds 0 |"
    yield "|---|---|---:|---:|---:|---:|"
    for name, ways in report["noise"].items():
        for way, one in ways.items():
            figures = "– | –"
            if "sd" in one:
                figures = " | ".join(_words(one[what], of_log=name == DENSITY) for what in ("sd", "mdc95"))
            holds = one.get("interval_holds")
            kept = f"{holds['value']:.2f} ({holds['low']:.2f}–{holds['high']:.2f})" if holds else "–"
            yield f"| {name} | {way} | {one['pairs']} | {figures} | {kept} |"
    yield ""
    seen = report["share_of_a_true_fall_seen"]
    yield (
        "Of a true fall on drawn heads, " + ", ".join(f"read {way}: {_words(seen[way])}" for way in WAYS) + " is seen."
    )
    yield ""
    yield f"## Simulated, {SIMULATED} people with this noise"
    yield ""
    yield "| noise of | read | repeats per visit | false alarms | told at 5 | told at 10 | told at 20 |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for name, ways in report["curves"].items():
        for way in WAYS:
            for run in (ways[way] or {}).get("runs", ()):
                told = " | ".join(f"{run['sensitivity'][size]['value']:.2f}" for size in ("5", "10", "20"))
                yield f"| {name} | {way} | {run['repeats']} | {run['false_alarms']['value']:.3f} | {told} |"
    yield ""
    yield "The whole curves from 1 to 20 points stand in the JSON file. Real heads were taken twice in one sitting, in"
    yield "a clinic, and no real pair with a known fall was at hand: for them it is assumed that all of a fall is seen,"
    yield "and what another day, another lamp and a patient's own hand add is not in it. The portal and"
    yield "[change](change.md) go on with the larger noise of drawn heads until a clinic's own repeats say otherwise."
    yield ""
    yield "On drawn heads reading together makes the noise smaller; how much of a fall it sees stands above. The"
    yield "segmentation learnt from drawn heads (others than these), so their noise is that of pictures it knows."
    yield "Hair density counted hair by hair varies less than half as much. Verdicts rest on signed numbers, which are"
    yield "read apart; the change of a pair is shown beside them once a clinician released the comparison."


def _words(figure: Mapping[str, float], *, of_log: bool = False) -> str:
    """With its 95 % interval; differences of logarithms as the rise that they are, in %."""
    value, low, high = (100 * expm1(figure[name]) if of_log else figure[name] for name in ("value", "low", "high"))
    return f"{value:.1f} % ({low:.1f}–{high:.1f})" if of_log else f"{value:.2f} ({low:.2f}–{high:.2f})"
