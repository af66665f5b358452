"""How far densities and calibres are off on drawn fields of which every hair is known, and on labelled ones held out.

Told apart: what the measures make of hairs that are known (their own bias and the coverage of their intervals), and of
hairs that the shipped network found (which never saw a drawing, so part of what is told is the gap between both).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.calibre import measure_calibres
from vision.decode import decode_image
from vision.density import NO_COUNT_ERROR, CountError
from vision.evaluation.intervals import wilson
from vision.evaluation.trichoscopy_matching import match_hairs
from vision.hairs import Found, hairs_of, look, within_domain
from vision.release import Release, ReleaseMissing, load_release
from vision.render import DrawnHair, DrawnTrichoscopy, draw_trichoscopy
from vision.render.trichoscopy import TAPER, scattered_hairs
from vision.runtime import Network, open_network
from vision.training.hairs_data import KINDS, hairs_on_side, list_hair_files
from vision.trichoscopy import assemble_field, measure_field, stated_errors
from vision.types import HairField, HairKind, Measured, Metric, QualityReport

DENSITIES: Final = (40, 80, 120, 160, 200, 250, 300)
FIELDS: Final = 12
SCATTERED: Final = 600
"""Fields per density whose hairs are known without being drawn."""
SIZE: Final = (832, 666)
"""Of the research trichoscope, at its 233.3 px/mm."""
PX_PER_MM: Final = 233.3
CALIBRES_UM: Final = (20, 30, 40, 50, 60, 70, 80, 90, 100)
CALIBRE_FIELDS: Final = 4
JITTER_PX: Final = 3.0
"""Ends of known hairs are moved by this much (standard deviation): nobody marks them to the pixel."""
REAL_PICTURES: Final = 79
RELEASE: Final = "trichoscopy-hairs"


def study_trichoscopy(data: Path) -> dict[str, Any]:
    """The table of ``docs/studies/trichoscopy.json``."""
    shipped = _shipped()
    given = [_given(density) for density in DENSITIES]
    covers = wilson(sum(row["held"] for row in given), SCATTERED * len(DENSITIES))
    return {
        "command": "python -m vision study trichoscopy --data ../shared/data --json docs/studies/trichoscopy.json",
        "scattered_fields_per_density": SCATTERED,
        "drawn_fields_per_density": FIELDS,
        "given_hairs": {
            "density": given,
            "interval_covers_asked": None if covers is None else covers.as_dict(),
            "calibre": _calibres(),
        },
        "as_detected": None
        if shipped is None
        else {"release": shipped[1].id, "density": [_density(density, shipped) for density in DENSITIES]},
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
    """Bias against the density that was asked for and coverage of its interval, every hair known."""
    found = []
    for number in range(SCATTERED):
        seed = 100_000 + 1_000 * per_cm2 + number
        hairs = scattered_hairs(seed=seed, hairs_per_cm2=per_cm2, px_per_mm=PX_PER_MM, size=SIZE)
        measures = measure_field(_field_of(hairs, PX_PER_MM, SIZE), QualityReport(()), PX_PER_MM, NO_COUNT_ERROR)
        density = measures[Metric.HAIR_DENSITY]
        assert isinstance(density, Measured)
        found.append(density)
    values = np.array([one.value for one in found])
    held = sum(one.low <= per_cm2 <= one.high for one in found)
    covers = wilson(held, len(found))
    half = 1.96 * values.std(ddof=1) / len(values) ** 0.5
    return {
        "asked_per_cm2": per_cm2,
        "mean_per_cm2": _round(values.mean()),
        "bias": _share(values.mean() - per_cm2, per_cm2),
        "bias_half_width": _share(float(half), per_cm2),
        "held": held,
        "interval_covers_asked": None if covers is None else covers.as_dict(),
        "mean_half_width": _share(float(np.mean([(one.high - one.low) / 2 for one in found])), float(values.mean())),
    }


def _density(per_cm2: int, shipped: tuple[Network, Release] | None) -> dict[str, float | int | None]:
    """Bias against the drawn frame's own density and against the density that was asked for, and coverage of that."""
    asked: list[Measured] = []
    of_frame: list[tuple[float, float]] = []
    units: list[tuple[float, float]] = []
    refused = hits = found_hairs = true_hairs = 0
    for seed in range(FIELDS):
        drawing = _drawing(per_cm2, seed)
        known = known_field(drawing)
        if shipped is None:
            field, error = known, None
        else:
            network, release = shipped
            seen = look(drawing.image, PX_PER_MM, network, release)
            refused += not within_domain(seen, release)
            found = hairs_of(seen, PX_PER_MM, release)
            match = match_hairs(found.arrows, drawn_arrows(drawing), PX_PER_MM)
            hits, found_hairs, true_hairs = hits + match.hits, found_hairs + match.found, true_hairs + match.true
            field = assemble_field(found, [None] * len(found.arrows), drawing.image, PX_PER_MM, release.classes)
            error = stated_errors(release.metrics())
        measures = measure_field(field, QualityReport(()), PX_PER_MM, error or CountError(0.0, 1.0, 0.0))
        density, unit_density = measures[Metric.HAIR_DENSITY], measures[Metric.FOLLICULAR_UNIT_DENSITY]
        assert isinstance(density, Measured)
        assert isinstance(unit_density, Measured)
        asked.append(density)
        of_frame.append((density.value, len(known.counted) / known.frame_cm2))
        units.append((unit_density.value, _drawn_units(drawing, known) / known.frame_cm2))
    values, truth = np.array(of_frame).T
    row: dict[str, float | int | None] = {
        "asked_per_cm2": per_cm2,
        "mean_per_cm2": _round(values.mean()),
        "bias_of_frame": _share(values.sum() - truth.sum(), truth.sum()),
        "unit_bias_of_frame": _share(*_difference(units)),
        "interval_covers_asked": _round(np.mean([one.low <= per_cm2 <= one.high for one in asked])),
        "mean_half_width": _share(float(np.mean([(one.high - one.low) / 2 for one in asked])), float(values.mean())),
    }
    if shipped is not None:
        row |= {
            "refused_as_out_of_domain": refused,
            "precision": _share(hits, found_hairs),
            "recall": _share(hits, true_hairs),
        }
    return row


@cache
def _drawing(per_cm2: int, seed: int) -> DrawnTrichoscopy:
    return draw_trichoscopy(seed=1000 + seed, hairs_per_cm2=per_cm2, px_per_mm=PX_PER_MM, size=SIZE)


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
    return _field_of(drawing.hairs, drawing.px_per_mm, size)


def _field_of(hairs: Sequence[DrawnHair], px_per_mm: float, size: tuple[int, int]) -> HairField:
    kinds = np.zeros((len(hairs), len(HairKind)), np.float32)
    kinds[:, 0] = 1
    found = Found(_arrows(hairs), np.ones(len(hairs), np.float32), kinds)
    blank = np.broadcast_to(np.uint8(0), (size[1], size[0], 3))
    return assemble_field(found, [None] * len(hairs), blank, px_per_mm, tuple(HairKind))


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


def _difference(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    found, true = np.array(pairs).T
    return float(found.sum() - true.sum()), float(true.sum())


def _share(part: float, whole: float) -> float | None:
    return round(float(part) / float(whole), 4) if whole else None


def _round(value: Any) -> float:
    return round(float(value), 3)
