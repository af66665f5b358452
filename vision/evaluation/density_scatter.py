"""Where the constants of a density's interval (:mod:`vision.density`) come from, found again from their sources.

Labelled pictures (people trained on, four side by side of one site) tell how much counts scatter between neighbouring
frames, how many hairs stand in a unit and how many units a full stock has. Drawn fields of known hairs tell how much
hairs scatter in the drawings on which coverage is reported, and the continuity correction: the least of none, a quarter
and a half with which the interval holds at least :data:`LEAST_COVERAGE` at every density. Its fields are drawn from
seeds of their own (:data:`SEEDS_FROM`), which those that report coverage never reach.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.density import (
    FULL_STOCK_PER_CM2,
    HAIR_SCATTER,
    UNIT_SCATTER,
    CountingFrame,
    Scatter,
    counting_frame,
    density_per_cm2,
    group_units,
    unit_places,
)
from vision.evaluation.intervals import Figure, bootstrap_over_people
from vision.render.trichoscopy import scattered_hairs
from vision.training.hairs_data import HairFile, hairs_on_side, list_hair_files

SEEDS_FROM: Final = 70_000_000
FIELDS: Final = 3000
HAIRS_PER_UNIT: Final = 2.0
SIZE: Final = (832, 666)
"""Of the research trichoscope, at its 233.3 px/mm."""
PX_PER_MM: Final = 233.3
SIDE_BY_SIDE: Final = 4
"""Pictures that the research set has of one site."""

CORRECTIONS: Final = (0.0, 0.25, 0.5)
"""Of continuity: none, half of Yates', Yates' (1934)."""
LEAST_COVERAGE: Final = 0.93
RESOLUTION: Final[Mapping[str, float]] = {
    "hairs_full": 0.1,
    "units_full": 0.01,
    "size": 0.01,
    "square": 0.01,
    "full_stock_per_cm2": 5.0,
}
"""To what each constant is rounded. Hairs of drawn fields scatter 0.7 to within 0.03."""

Clusters = tuple[int, ...]
"""How many hairs of each unit lie in the frame, ascending."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields of one density, as counted in the frame: hairs by unit, and units by their middle."""

    asked: float
    clusters: tuple[Clusters, ...]
    units: tuple[int, ...]

    @property
    def hairs(self) -> NDArray[np.int64]:
        return np.array([sum(field) for field in self.clusters], np.int64)


def study_scatter(data: Path, densities: Sequence[int]) -> dict[str, Any]:
    """What the sources say, the constants that follow, those that ship, and whether they are the same."""
    labelled = labelled_scatter(data)
    full = draw_fields(round(FULL_STOCK_PER_CM2 * HAIRS_PER_UNIT), FIELDS)
    drawn_full = _resampled(full.hairs)
    drawn = [draw_fields(density, FIELDS) for density in densities]
    hair = Scatter(
        full=_rounded(drawn_full.value, "hairs_full"),
        size=_rounded(labelled["unit_size"], "size"),
        square=_rounded(labelled["unit_square"], "square"),
        weight=HAIR_SCATTER.weight,
        correction=0.0,
    )
    unit = replace(UNIT_SCATTER, full=_rounded(labelled["units"]["value"], "units_full"), correction=0.0)
    of_hairs = {cc: _hair_coverage(drawn, replace(hair, correction=cc)) for cc in CORRECTIONS}
    of_units = {cc: _unit_coverage(drawn, replace(unit, correction=cc)) for cc in CORRECTIONS}
    found = {
        "hairs": _constants(replace(hair, correction=least_correction(of_hairs))),
        "units": _constants(replace(unit, correction=least_correction(of_units))),
        "full_stock_per_cm2": _rounded(labelled["full_stock_per_cm2"], "full_stock_per_cm2"),
    }
    return {
        "labelled": labelled,
        "drawn": {
            "seeds_from": SEEDS_FROM,
            "fields_of_each_density": FIELDS,
            "densities": list(densities),
            "full_stock": {"hairs": drawn_full.as_dict(), "units": _resampled(np.array(full.units)).as_dict()},
            "coverage_of_hairs": {str(cc): held for cc, held in of_hairs.items()},
            "coverage_of_units": {str(cc): held for cc, held in of_units.items()},
        },
        "resolution": dict(RESOLUTION),
        "found": found,
        "shipped": shipped_constants(),
        "shipped_is_what_was_found": found == shipped_constants(),
    }


def shipped_constants() -> dict[str, Any]:
    """Those of :mod:`vision.density`; weights are set, not found: coverage is the same from 2 to 8."""
    return {
        "hairs": _constants(HAIR_SCATTER),
        "units": _constants(UNIT_SCATTER),
        "full_stock_per_cm2": FULL_STOCK_PER_CM2,
    }


def labelled_scatter(data: Path) -> dict[str, Any]:
    """Variance over mean between frames side by side (patients resampled), size of units, and units per cm2."""
    sites: dict[str, list[HairFile]] = defaultdict(list)
    for file in hairs_on_side(list_hair_files(data), "train"):
        sites[file.image.stem.rpartition("_")[0]].append(file)
    frame = _frame()
    hairs: list[list[int]] = []
    units: list[list[int]] = []
    people: list[str] = []
    sizes: list[int] = []
    for files in sites.values():
        if len(files) != SIDE_BY_SIDE:
            continue
        grouped = [(file.arrows[:, :2], group_units(file.arrows[:, :2], file.px_per_mm)) for file in files]
        hairs.append([int(frame.holds(roots).sum()) for roots, _ in grouped])
        units.append([int(frame.holds(unit_places(roots, unit)).sum()) for roots, unit in grouped])
        sizes += [int(size) for _, unit in grouped for size in np.bincount(unit)]
        people.append(files[0].patient)
    return {
        "sites": len(people),
        "patients": len(set(people)),
        "hairs": _between(np.array(hairs, np.float64), people).as_dict(),
        "units": _between(np.array(units, np.float64), people).as_dict(),
        "unit_size": round(float(np.mean(sizes)), 4),
        "unit_square": round(float(np.mean(np.square(sizes))), 4),
        "full_stock_per_cm2": round(float(np.mean(units)) / frame.area_cm2, 2),
    }


def draw_fields(per_cm2: int, fields: int) -> Fields:
    """Counts in ``fields`` drawn fields."""
    frame, clusters, units = _frame(), [], []
    for number in range(fields):
        hairs = scattered_hairs(
            seed=SEEDS_FROM + 100_000 * per_cm2 + number,
            hairs_per_cm2=per_cm2,
            px_per_mm=PX_PER_MM,
            size=SIZE,
            hairs_per_unit=HAIRS_PER_UNIT,
        )
        roots = np.array([hair.root for hair in hairs]).reshape(-1, 2)
        unit = group_units(roots, PX_PER_MM)
        counted = np.bincount(unit[frame.holds(roots)])
        clusters.append(tuple(sorted(int(size) for size in counted if size)))
        units.append(int(frame.holds(unit_places(roots, unit)).sum()))
    return Fields(float(per_cm2), tuple(clusters), tuple(units))


def least_correction(coverage: Mapping[float, Sequence[float]]) -> float:
    """The least one that holds often enough everywhere; the greatest if none does."""
    return next((cc for cc in sorted(coverage) if min(coverage[cc]) >= LEAST_COVERAGE), max(coverage))


def _hair_coverage(drawn: Sequence[Fields], scatter: Scatter) -> list[float]:
    return [_coverage(Counter(fields.clusters), fields.asked, scatter) for fields in drawn]


def _unit_coverage(drawn: Sequence[Fields], scatter: Scatter) -> list[float]:
    return [
        _coverage(Counter((1,) * count for count in fields.units), fields.asked / HAIRS_PER_UNIT, scatter)
        for fields in drawn
    ]


def _coverage(counted: Mapping[Clusters, int], asked: float, scatter: Scatter) -> float:
    """Share of fields whose interval holds the density asked for; equal fields are looked at once."""
    area, held = _frame().area_cm2, 0
    for clusters, fields in counted.items():
        density = density_per_cm2(clusters, area, scatter=scatter)
        held += fields * (density.low <= asked <= density.high)
    return round(held / sum(counted.values()), 4)


def _between(counts: NDArray[np.float64], people: Sequence[str]) -> Figure:
    """Variance between the frames of one site over the mean. ``counts``: sites x frames."""

    def scatter(rows: NDArray[np.int64]) -> float:
        return float(counts[rows].var(axis=1, ddof=1).mean() / counts[rows].mean())

    return _told(bootstrap_over_people(scatter, people))


def _resampled(counts: NDArray[np.int64]) -> Figure:
    """Variance over mean of drawn fields, fields resampled."""

    def scatter(rows: NDArray[np.int64]) -> float:
        return float(counts[rows].var(ddof=1) / counts[rows].mean())

    return _told(bootstrap_over_people(scatter, [str(number) for number in range(len(counts))]))


def _told(figure: Figure | None) -> Figure:
    assert figure is not None, "there are counts"
    return figure


def _constants(scatter: Scatter) -> dict[str, float]:
    return {name: getattr(scatter, name) for name in ("full", "size", "square", "weight", "correction")}


def _rounded(value: float, constant: str) -> float:
    step = RESOLUTION[constant]
    return round(round(value / step) * step, 6)


def _frame() -> CountingFrame:
    return counting_frame(*SIZE, PX_PER_MM)


def tell(found: Mapping[str, Any]) -> Iterator[str]:
    """The sources and the constants as Markdown."""
    real, drawn, shipped = found["labelled"], found["drawn"], found["shipped"]
    yield "## Where the interval's constants come from"
    yield ""
    yield (
        f"Variance over mean between four labelled pictures side by side ({real['sites']} sites of {real['patients']} "
        f"patients trained on): {_figure(real['hairs'])} for hairs, {_figure(real['units'])} for units; "
        f"{real['unit_size']:.2f} hairs a unit (mean square {real['unit_square']:.2f}), "
        f"{real['full_stock_per_cm2']:.1f} units/cm²."
    )
    full = drawn["full_stock"]
    yield (
        f"In drawn fields of full stock: {_figure(full['hairs'])} for hairs, {_figure(full['units'])} for units "
        f"({drawn['fields_of_each_density']} fields a density, drawn from other seeds than those reported above)."
    )
    yield ""
    yield "The drawn hairs scatter more than labelled ones do, so their figure is shipped: it errs on the wide side."
    yield "The correction for continuity is the least with which the interval holds 93 % or more at every density:"
    yield ""
    yield "| correction, counts | " + " | ".join(f"{density}/cm²" for density in drawn["densities"]) + " |"
    yield "|---|" + "---:|" * len(drawn["densities"])
    for name in ("hairs", "units"):
        for correction, held in drawn[f"coverage_of_{name}"].items():
            taken = " (shipped)" if float(correction) == shipped[name]["correction"] else ""
            cells = " | ".join(f"{100 * share:.2f} %" for share in held)
            yield f"| {name}, {correction}{taken} | {cells} |"
    yield ""
    same = "are" if found["shipped_is_what_was_found"] else "ARE NOT"
    steps = ", ".join(f"{name.replace('_', ' ')} {step:g}" for name, step in found["resolution"].items())
    yield f"The constants of `vision/density.py` {same} those found here, to these steps: {steps}."
    yield ""


def _figure(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"
