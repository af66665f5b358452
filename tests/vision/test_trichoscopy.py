"""From hairs to the numbers of a field: what may exist, what is stored with it, and what it survives."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vision.calibre import Calibre
from vision.codec import field_from_json, field_to_json
from vision.density import counting_frame
from vision.evaluation.trichoscopy_study import known_field
from vision.explain_hairs import hairs_picture
from vision.hairs import MIRRORS, Found, Reading, join, keep_distinct, mean_of_mirrors, read_maps, told_by_unit
from vision.render import draw_trichoscopy
from vision.trichoscopy import CountError, assemble_field, measure_field, stated_errors
from vision.types import (
    CheckResult,
    FieldWarning,
    HairField,
    HairKind,
    ImageKind,
    Measured,
    Metric,
    NotMeasurable,
    QualityCheck,
    QualityReport,
    Reason,
)

GOOD = QualityReport(())
SURE = CountError(0.0, 1.0, 0.0)
KINDS = tuple(HairKind)


def field_of(
    roots: list[tuple[float, float]], widths: list[float | None], size: tuple[int, int] = (832, 666)
) -> HairField:
    """A field of hairs 80 px long with these roots (px) and widths (um) at 233.3 px/mm."""
    arrows = np.array([(x, y, x + 80, y) for x, y in roots], np.float32).reshape(-1, 4)
    kinds = np.tile(np.eye(4, dtype=np.float32)[1], (len(roots), 1))
    found = Found(arrows, np.full(len(roots), 0.8, np.float32), kinds)
    calibres = [None if width is None else Calibre(width, 4.0, 6) for width in widths]
    return assemble_field(found, calibres, np.zeros((size[1], size[0], 3), np.uint8), 233.3, KINDS)


SPREAD = [(150.0, 150.0), (300.0, 200.0), (450.0, 350.0), (600.0, 450.0), (200.0, 500.0), (500.0, 120.0)]


def test_density_and_calibre_of_a_drawn_field() -> None:
    drawing = draw_trichoscopy(seed=8, hairs_per_cm2=160, size=(1664, 1332), px_per_mm=233.3)
    field = known_field(drawing)
    density = measure_field(field, GOOD, 233.3, SURE)[Metric.HAIR_DENSITY]
    assert isinstance(density, Measured)
    assert density.value == pytest.approx(len(field.counted) / counting_frame(1664, 1332, 233.3).area_cm2)
    assert density.low < drawing.hairs_per_cm2 < density.high
    assert density.unit == "per_cm2"
    assert field.warnings == (FieldWarning.FEW_CALIBRES,)  # none was measured; 0.26 cm2 is large enough


def test_a_field_of_the_research_trichoscope_is_small_and_says_so() -> None:
    field = field_of(SPREAD, [60.0] * 6)
    assert field.warnings == (FieldWarning.SMALL_FIELD,)
    assert field.frame_cm2 == pytest.approx(0.0652, abs=1e-4)


def test_units_hold_hairs_with_neighbouring_roots_and_are_counted_by_their_middle() -> None:
    pair_across_the_edge = [(70.0, 300.0), (110.0, 300.0)]  # the frame begins at 83.2: their middle lies inside
    field = field_of([*SPREAD, *pair_across_the_edge], [60.0] * 8)
    measures = measure_field(field, GOOD, 233.3, SURE)
    units, hairs = measures[Metric.FOLLICULAR_UNIT_DENSITY], measures[Metric.HAIR_DENSITY]
    assert isinstance(units, Measured)
    assert isinstance(hairs, Measured)
    assert units.value * field.frame_cm2 == pytest.approx(7)
    assert hairs.value * field.frame_cm2 == pytest.approx(7)
    assert field.hairs[-1].unit == field.hairs[-2].unit
    assert [hair.counted for hair in field.hairs[-2:]] == [False, True]


def test_terminal_and_vellus_are_told_apart_by_the_stored_cut_off() -> None:
    widths: list[float | None] = [20.0, 28.0, 38.0, 60.0, 80.0, None]
    field = field_of(SPREAD, widths)
    assert field.terminal_and_vellus == (3, 2)
    assert replace(field, vellus_cutoff_um=40.0).terminal_and_vellus == (2, 3)
    share = measure_field(field, GOOD, 233.3, SURE)[Metric.VELLUS_SHARE]
    assert isinstance(share, Measured)
    assert share.value == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("change", "px_per_mm", "reason"),
    [
        ({}, 100.0, Reason.TOO_COARSE),  # 30 um are 3 px
        ({"edge_um": 20.0}, 233.3, Reason.NOT_SHARP),
        ({"hairs": ()}, 233.3, Reason.TOO_FEW_HAIRS),
    ],
)
def test_widths_are_refused_where_they_would_be_guesses_and_the_count_stands(
    change: dict[str, object], px_per_mm: float, reason: Reason
) -> None:
    field = replace(field_of(SPREAD, [60.0] * 6), **change)  # type: ignore[arg-type]
    measures = measure_field(field, GOOD, px_per_mm, SURE)
    for metric in (Metric.CALIBRE_MEAN, Metric.VELLUS_SHARE, Metric.CUMULATIVE_THICKNESS):
        refused = measures[metric]
        assert isinstance(refused, NotMeasurable)
        assert refused.reason is reason
    assert isinstance(measures[Metric.HAIR_DENSITY], Measured)


@pytest.mark.parametrize("reason", [Reason.NO_SCALE, Reason.OUT_OF_DOMAIN, Reason.MODEL_OFF])
def test_a_field_that_was_not_counted_has_one_reason_for_everything(reason: Reason) -> None:
    scale = None if reason is Reason.NO_SCALE else 233.3
    measures = measure_field(NotMeasurable(reason, "why"), GOOD, scale)
    for metric in (Metric.HAIR_DENSITY, Metric.FOLLICULAR_UNIT_DENSITY, Metric.CALIBRE_MEAN):
        refused = measures[metric]
        assert isinstance(refused, NotMeasurable)
        assert refused.reason is reason
    assert measures[Metric.BALD_SHARE] == NotMeasurable(Reason.VIEW_NOT_SUPPORTED)


def test_a_blurred_picture_is_not_counted() -> None:
    blurred = QualityReport((CheckResult(QualityCheck.BLUR, 0.4, 1.25, False),))
    refused = measure_field(NotMeasurable(Reason.QUALITY_FAILED), blurred, 233.3)[Metric.HAIR_DENSITY]
    assert refused == NotMeasurable(Reason.QUALITY_FAILED, "blur")


def test_a_field_survives_being_stored() -> None:
    field = field_of(SPREAD, [60.25, None, 28.5, 44.0, 70.0, 80.0])
    again = field_from_json(field_to_json(field))
    assert isinstance(again, HairField)
    assert (again.frame, again.warnings, again.calibres_um) == (field.frame, field.warnings, field.calibres_um)
    assert [hair.unit for hair in again.hairs] == [hair.unit for hair in field.hairs]
    assert again.hairs[0].root == pytest.approx(field.hairs[0].root, abs=1e-4)
    refused = NotMeasurable(Reason.NO_SCALE, "")
    assert field_from_json(field_to_json(refused)) == refused


def test_the_overlay_marks_hairs_where_they_are() -> None:
    drawing = draw_trichoscopy(seed=9, size=(832, 666), px_per_mm=233.3)
    picture = hairs_picture(drawing.image, known_field(drawing))
    assert picture.kind is ImageKind.HAIRS
    shown = np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGB")).astype(int)
    assert shown.shape == drawing.image.shape
    changed = np.abs(shown - drawing.image.astype(int)).max(axis=2) > 60
    hair = next(h for h in drawing.hairs if 120 < h.root[0] < 700 and 100 < h.root[1] < 550)
    x, y = (round(place) for place in hair.root)
    assert changed[y - 8 : y + 9, x - 8 : x + 9].mean() > 0.1
    assert changed.mean() < 0.25


def drawn_maps(arrows: list[tuple[float, float, float, float]]) -> NDArray[np.float32]:
    """Maps (8 x 40 x 60 cells) of a network that sees exactly these hairs (input px, arrow unit 50 px)."""
    maps = np.zeros((8, 40, 60), np.float32)
    maps[:2] = -9.0
    for x0, y0, x1, y1 in arrows:
        column, row = round((x0 - 0.5) / 2), round((y0 - 0.5) / 2)
        maps[0, row, column] = 3.0
        maps[2:4, row, column] = (x1 - x0) / 50, (y1 - y0) / 50
        maps[4 + 1, row, column] = 5.0
    return maps


def test_maps_become_hairs_and_a_second_reading_of_a_hair_is_dropped() -> None:
    first, beside, again = (20.5, 40.5, 60.5, 40.5), (20.5, 50.5, 60.5, 50.5), (26.5, 40.5, 62.5, 40.5)
    found = read_maps(drawn_maps([first, beside, again]), 50.0, 0.0)
    assert len(found.scores) == 3
    kept = keep_distinct(found, Reading(0.3, 0.0, along=10.0, across=2.5, turn=25.0))
    assert len(kept.scores) == 2
    assert kept.kinds.argmax(axis=1).tolist() == [1, 1]
    roots = sorted(map(tuple, kept.arrows[:, :2].round(1).tolist()))
    assert [y for _, y in roots] == [40.5, 50.5]
    assert len(keep_distinct(found, Reading(0.99)).scores) == 0
    assert len(join([found, kept]).scores) == 5


def test_hairs_that_cross_at_the_root_are_two() -> None:
    found = read_maps(drawn_maps([(40.5, 40.5, 80.5, 40.5), (44.5, 40.5, 74.5, 66.5)]), 50.0, 0.0)
    assert len(keep_distinct(found, Reading(0.3, 0.0, along=10.0, across=2.5, turn=25.0)).scores) == 2


def test_what_a_release_states_of_its_counts_widens_the_interval() -> None:
    stated = stated_errors(
        {
            "tasks": {
                "trichoscopy": {
                    "n_hairs": 800,
                    "n_images": 100,
                    "metrics": {"count_error": {"value": 0.1}, "density_bias": {"value": -0.03}},
                }
            }
        }
    )
    assert stated == CountError(random=0.1, at_count=8.0, systematic=0.03)
    assert stated_errors({}) == CountError()


def test_single_or_several_is_told_by_the_neighbours() -> None:
    arrows = np.array([(50, 50, 90, 50), (60, 62, 100, 62), (200, 50, 240, 50), (300, 50, 340, 50)], np.float32)
    kinds = np.array([(0.6, 0.3, 0.1, 0), (0.3, 0.6, 0.1, 0), (0.7, 0.2, 0.1, 0), (0.2, 0.1, 0.7, 0)], np.float32)
    told = told_by_unit(Found(arrows, np.ones(4, np.float32), kinds), 116.65, KINDS).kinds
    assert [KINDS[row.argmax()] for row in told] == [
        HairKind.MULTI_HAIR_UNIT, HairKind.MULTI_HAIR_UNIT, HairKind.SINGLE, HairKind.THIN,
    ]  # fmt: skip
    assert told.sum(axis=1) == pytest.approx(np.ones(4))


def test_mirror_images_are_turned_back_before_they_are_averaged() -> None:
    maps = drawn_maps([(20.5, 30.5, 60.5, 44.5)])
    seen = []
    for y, x in MIRRORS:
        mirrored = maps[:, ::y, ::x].copy()
        mirrored[2] *= x
        mirrored[3] *= y
        seen.append(mirrored)
    assert mean_of_mirrors(np.stack(seen)) == pytest.approx(maps, abs=1e-6)
