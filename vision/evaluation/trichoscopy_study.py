"""How far densities and calibres are off on drawn fields of which every hair is known, and on labelled ones held out.

Told apart: what the measures make of hairs that are known (their own bias and the coverage of their intervals), and of
hairs that the shipped network found (which never saw a drawing when it was trained).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.calibre import Calibre, measure_calibres
from vision.decode import decode_image
from vision.density import NO_COUNT_ERROR, counting_frame
from vision.evaluation.density_scatter import HAIRS_PER_UNIT, PX_PER_MM, SIZE, study_scatter
from vision.evaluation.intervals import bootstrap_over_people, wilson
from vision.evaluation.trichoscopy_matching import in_frame, match_hairs
from vision.hairs import Found, hairs_of, look, within_domain
from vision.release import Release, ReleaseMissing, load_release
from vision.render import DrawnHair, DrawnTrichoscopy, SkinTone, draw_trichoscopy
from vision.render.trichoscopy import TAPER, scattered_hairs
from vision.runtime import Network, open_network
from vision.training.hairs_data import KINDS, hairs_on_side, list_hair_files
from vision.trichoscopy import assemble_field, measure_field, stated_errors
from vision.types import HairField, HairKind, Measured, Metric, QualityReport

DENSITIES: Final = (40, 80, 120, 160, 200, 250, 300)
FIELDS: Final = 4
TONE_FIELDS: Final = 3
SCATTERED_HAIRS: Final = 400_000
"""Fields of known hairs per density, times the density: bias is told to 1 to 2 % at each."""
CALIBRES_UM: Final = (20, 30, 40, 50, 60, 70, 80, 90, 100)
CALIBRE_FIELDS: Final = 3
JITTER_PX: Final = 3.0
"""Ends of known hairs are moved by this much (standard deviation): nobody marks them to the pixel."""
REAL_PICTURES: Final = 40
RELEASE: Final = "trichoscopy-hairs"


def study_trichoscopy(data: Path) -> dict[str, Any]:
    """The table of ``docs/studies/trichoscopy.json``."""
    shipped = _shipped()
    given = [_given(density) for density in DENSITIES]
    held = sum(row["held"] for row in given)
    covers = wilson(held, sum(row["fields"] for row in given))
    detected = None
    if shipped is not None:
        fields = [_detect(density, seed, SkinTone.MEDIUM, shipped) for density in DENSITIES for seed in range(FIELDS)]
        others = (SkinTone.LIGHT, SkinTone.BROWN, SkinTone.DARK)
        tones = {tone: [_detect(140, 50 + seed, tone, shipped) for seed in range(TONE_FIELDS)] for tone in others}
        detected = {
            "release": shipped[1].id,
            "all": _summary(fields),
            "density": [
                {"asked_per_cm2": density} | _summary([one for one in fields if one.asked == density])
                for density in DENSITIES
            ],
            "skin_tone": {tone.value: _summary(found) for tone, found in tones.items()},
        }
    return {
        "command": "python -m vision study trichoscopy --data ../shared/data --json docs/studies/trichoscopy.json",
        "given_hairs": {
            "density": given,
            "interval_covers_asked": None if covers is None else covers.as_dict(),
            "calibre": _calibres(),
        },
        "interval_constants": study_scatter(data, DENSITIES),
        "as_detected": detected,
        "labelled_pictures_held_out": _labelled(data, shipped),
    }


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """A picture and tables beside the JSON."""
    from vision.evaluation.trichoscopy_figures import draw, tell

    draw(report, file.with_suffix(".png"))
    file.with_suffix(".md").write_text(tell(report), encoding="utf-8")


def _shipped() -> tuple[Network, Release] | None:
    try:
        release = load_release(RELEASE)
    except ReleaseMissing:
        return None
    return open_network(release), release


def _given(per_cm2: int) -> dict[str, Any]:
    """Of hairs, units and cumulative thickness: bias against what was asked for and coverage of the interval."""
    fields = SCATTERED_HAIRS // per_cm2
    asked = {
        Metric.HAIR_DENSITY: float(per_cm2),
        Metric.FOLLICULAR_UNIT_DENSITY: per_cm2 / HAIRS_PER_UNIT,
        Metric.CUMULATIVE_THICKNESS: per_cm2 * _mean_width_um() / 1000,
    }
    found: dict[Metric, list[Measured]] = {metric: [] for metric in asked}
    for number in range(fields):
        seed = 100_000 * per_cm2 + number
        hairs = scattered_hairs(
            seed=seed, hairs_per_cm2=per_cm2, px_per_mm=PX_PER_MM, size=SIZE, hairs_per_unit=HAIRS_PER_UNIT
        )
        measures = measure_field(_field_of(hairs, PX_PER_MM, SIZE), QualityReport(()), PX_PER_MM, NO_COUNT_ERROR)
        for metric, values in found.items():
            if isinstance(value := measures[metric], Measured):
                values.append(value)
    density = _against(found[Metric.HAIR_DENSITY], per_cm2)
    return {
        "asked_per_cm2": per_cm2,
        "fields": fields,
        **density,
        "units": _against(found[Metric.FOLLICULAR_UNIT_DENSITY], asked[Metric.FOLLICULAR_UNIT_DENSITY]),
        "cumulative_thickness": _against(
            found[Metric.CUMULATIVE_THICKNESS], asked[Metric.CUMULATIVE_THICKNESS], fields
        ),
    }


def _against(found: Sequence[Measured], asked: float, fields: int | None = None) -> dict[str, Any]:
    """Bias with the half width of its 95 % interval, coverage, and how wide intervals are; shares of ``asked``."""
    if len(found) < 2:
        return {"measured": _share(len(found), fields or 1), "bias": None, "interval_covers_asked": None, "held": 0}
    values = np.array([one.value for one in found])
    held = sum(one.low <= asked <= one.high for one in found)
    covers = wilson(held, len(found))
    return {
        "measured": _share(len(found), fields or len(found)),
        "bias": _share(values.mean() - asked, asked),
        "bias_half_width": _share(1.96 * float(values.std(ddof=1)) / len(values) ** 0.5, asked),
        "variance_over_mean": _round(values.var(ddof=1) / values.mean() * _frame_cm2()),
        "held": held,
        "interval_covers_asked": None if covers is None else covers.as_dict(),
        "mean_half_width": _share(float(np.mean([(one.high - one.low) / 2 for one in found])), asked),
    }


def _frame_cm2() -> float:
    return counting_frame(*SIZE, PX_PER_MM).area_cm2


@cache
def _mean_width_um() -> float:
    """Mean width of the shafts that are drawn, over many."""
    hairs = [
        hair
        for seed in range(60)
        for hair in scattered_hairs(seed=seed, hairs_per_cm2=200, px_per_mm=60.0, size=(1200, 1200))
    ]
    return float((1 - TAPER / 2) * np.mean([hair.calibre_um for hair in hairs]))


@dataclass(frozen=True, slots=True)
class _Detected:
    """One drawn field through the network, inside its counting frame."""

    asked: int
    accepted: bool
    hits: int
    found: int
    true: int
    units: float
    true_units: float
    held: bool


def _detect(per_cm2: int, seed: int, tone: SkinTone, shipped: tuple[Network, Release]) -> _Detected:
    network, release = shipped
    drawing = draw_trichoscopy(
        seed=1000 + 100 * per_cm2 + seed, hairs_per_cm2=per_cm2, px_per_mm=PX_PER_MM, size=SIZE, skin_tone=tone
    )
    known = known_field(drawing)
    seen = look(drawing.image, PX_PER_MM, network, release)
    found = hairs_of(seen, PX_PER_MM, release)
    field = assemble_field(found, [None] * len(found.arrows), drawing.image, PX_PER_MM, release.classes)
    measures = measure_field(field, QualityReport(()), PX_PER_MM, stated_errors(release.metrics()))
    density, units = measures[Metric.HAIR_DENSITY], measures[Metric.FOLLICULAR_UNIT_DENSITY]
    assert isinstance(density, Measured)
    assert isinstance(units, Measured)
    true = drawn_arrows(drawing)
    match = match_hairs(found.arrows[in_frame(found.arrows, *SIZE)], true[in_frame(true, *SIZE)], PX_PER_MM)
    return _Detected(
        asked=per_cm2,
        accepted=within_domain(seen, release),
        hits=match.hits,
        found=len(field.counted),
        true=len(known.counted),
        units=units.value * known.frame_cm2,
        true_units=_drawn_units(drawing, known),
        held=density.low <= per_cm2 <= density.high,
    )


def _summary(fields: Sequence[_Detected]) -> dict[str, Any]:
    """Over fields: accepted as in the domain, hairs found, and bias of counts against the drawn frame's own."""
    names = [str(number) for number in range(len(fields))]

    def figure(of: Callable[[Sequence[_Detected]], float | None]) -> dict[str, float] | None:
        found = bootstrap_over_people(lambda rows: of([fields[row] for row in rows]), names)
        return None if found is None else found.as_dict()

    accepted, held = (
        wilson(sum(values), len(fields)) for values in zip(*((f.accepted, f.held) for f in fields), strict=True)
    )
    return {
        "fields": len(fields),
        "accepted": None if accepted is None else accepted.as_dict(),
        "f1": figure(lambda some: _share(2 * sum(f.hits for f in some), sum(f.found + f.true for f in some))),
        "precision": figure(lambda some: _share(sum(f.hits for f in some), sum(f.found for f in some))),
        "recall": figure(lambda some: _share(sum(f.hits for f in some), sum(f.true for f in some))),
        "density_bias": figure(lambda some: _share(sum(f.found - f.true for f in some), sum(f.true for f in some))),
        "unit_density_bias": figure(
            lambda some: _share(sum(f.units - f.true_units for f in some), sum(f.true_units for f in some))
        ),
        "interval_covers_asked": None if held is None else held.as_dict(),
    }


@dataclass(frozen=True, slots=True)
class _Width:
    true_um: float
    measured_um: float | None


def _calibres() -> list[dict[str, float | int | None]]:
    """Error of the mean width by true width, from known hairs whose ends are moved by :data:`JITTER_PX`."""
    widths: list[_Width] = []
    for terminal in CALIBRES_UM:
        for seed in range(CALIBRE_FIELDS):
            drawing = draw_trichoscopy(
                seed=2000 + seed,
                hairs_per_cm2=120,
                hairs_per_unit=1.3,
                vellus_share=0.9 if terminal <= 30 else 0.1,
                terminal_um=max(40, terminal),
                px_per_mm=PX_PER_MM,
                size=SIZE,
            )
            random = np.random.default_rng(seed)
            arrows = drawn_arrows(drawing) + random.normal(0, JITTER_PX, (len(drawing.hairs), 4)).astype(np.float32)
            for hair, calibre in zip(drawing.hairs, measure_calibres(drawing.image, arrows, PX_PER_MM), strict=True):
                widths.append(_Width((1 - TAPER / 2) * hair.calibre_um, None if calibre is None else calibre.width_um))
    rows = []
    for low, high in zip((10, 20, 30, 40, 50, 60, 70, 80, 90), (20, 30, 40, 50, 60, 70, 80, 90, 110), strict=True):
        drawn = [one for one in widths if low <= one.true_um < high]
        errors = np.array([one.measured_um - one.true_um for one in drawn if one.measured_um is not None])
        rows.append(
            {
                "true_from_um": low,
                "true_to_um": high,
                "hairs": len(drawn),
                "measured": _share(len(errors), len(drawn)),
                "bias_um": _round(errors.mean()) if len(errors) else None,
                "median_error_um": _round(np.median(errors)) if len(errors) else None,
                "spread_um": _round(errors.std()) if len(errors) else None,
            }
        )
    return rows


def _labelled(data: Path, shipped: tuple[Network, Release] | None) -> dict[str, Any]:
    """Held-out patients: widths of marked hairs by the kind readers gave them, and how often the interval held."""
    files = hairs_on_side(list_hair_files(data), "test")
    files = files[:: max(1, len(files) // REAL_PICTURES)][:REAL_PICTURES]
    widths: dict[str, list[float]] = {kind: [] for kind in KINDS}
    marked = dict.fromkeys(KINDS, 0)
    covered: list[bool] = []
    for file in files:
        image = decode_image(file.image.read_bytes())
        for kind, calibre in zip(file.kinds, measure_calibres(image, file.arrows, file.px_per_mm), strict=True):
            marked[KINDS[kind]] += 1
            if calibre is not None:
                widths[KINDS[kind]].append(calibre.width_um)
        if shipped is not None:
            network, release = shipped
            found = hairs_of(look(image, file.px_per_mm, network, release), file.px_per_mm, release)
            shown = assemble_field(found, [None] * len(found.arrows), image, file.px_per_mm, release.classes)
            measured = measure_field(shown, QualityReport(()), file.px_per_mm, stated_errors(release.metrics()))
            density = measured[Metric.HAIR_DENSITY]
            box = shown.frame
            size = np.array((image.shape[1], image.shape[0]))
            places = file.arrows[:, :2] / size
            inside = (places >= (box.left, box.top)).all(1) & (places < (box.right, box.bottom)).all(1)
            assert isinstance(density, Measured)
            covered.append(density.low <= inside.sum() / shown.frame_cm2 <= density.high)
    return {
        "pictures": len(files),
        "interval_covers_labelled_density": _round(np.mean(covered)) if covered else None,
        "width_of_marked_hairs_um": {
            kind: {
                "marked": marked[kind],
                "measured": _share(len(found), marked[kind]),
                "median": _round(np.median(found)) if found else None,
                "tenth": _round(np.quantile(found, 0.1)) if found else None,
                "ninth_tenth": _round(np.quantile(found, 0.9)) if found else None,
            }
            for kind, found in widths.items()
        },
    }


def known_field(drawing: DrawnTrichoscopy) -> HairField:
    """The field of a drawing as if all its hairs had been found exactly."""
    size = (drawing.image.shape[1], drawing.image.shape[0])
    return _field_of(drawing.hairs, drawing.px_per_mm, size, widths_known=False)


def _field_of(
    hairs: Sequence[DrawnHair], px_per_mm: float, size: tuple[int, int], *, widths_known: bool = True
) -> HairField:
    kinds = np.zeros((len(hairs), len(HairKind)), np.float32)
    kinds[:, 0] = 1
    found = Found(_arrows(hairs), np.ones(len(hairs), np.float32), kinds)
    blank = np.broadcast_to(np.uint8(0), (size[1], size[0], 3))
    widths = (
        [Calibre((1 - TAPER / 2) * hair.calibre_um, 0.0, 6) for hair in hairs] if widths_known else [None] * len(hairs)
    )
    return assemble_field(found, widths, blank, px_per_mm, tuple(HairKind))


def drawn_arrows(drawing: DrawnTrichoscopy) -> NDArray[np.float32]:
    """Its hairs, N x 4: root x, y, tip x, y."""
    return _arrows(drawing.hairs)


def _arrows(hairs: Sequence[DrawnHair]) -> NDArray[np.float32]:
    return np.array([(*hair.root, *hair.tip) for hair in hairs], np.float32).reshape(-1, 4)


def _drawn_units(drawing: DrawnTrichoscopy, known: HairField) -> int:
    """Units as drawn whose mean root lies in the frame."""
    size = np.array((drawing.image.shape[1], drawing.image.shape[0]))
    box, inside = known.frame, 0
    for unit in {hair.unit for hair in drawing.hairs}:
        x, y = np.mean([hair.root for hair in drawing.hairs if hair.unit == unit], axis=0) / size
        inside += box.left <= x < box.right and box.top <= y < box.bottom
    return inside


def _share(part: float, whole: float) -> float | None:
    return round(float(part) / float(whole), 4) if whole else None


def _round(value: Any) -> float:
    return round(float(value), 3)
