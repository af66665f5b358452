"""Counting frames, follicular units and the interval of a density."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from vision.density import (
    CountError,
    counting_frame,
    density_per_cm2,
    group_units,
    score_interval,
    unit_places,
)
from vision.evaluation.density_scatter import (
    CORRECTIONS,
    SEEDS_FROM,
    draw_fields,
    least_correction,
    shipped_constants,
)
from vision.evaluation.trichoscopy_study import DENSITIES, SCATTERED_HAIRS
from vision.render.trichoscopy import scattered_hairs

STUDY = Path(__file__).parents[2] / "docs/studies/trichoscopy.json"


def test_a_root_on_the_left_and_top_of_the_frame_counts_and_on_the_right_and_bottom_does_not() -> None:
    frame = counting_frame(100, 50, px_per_mm=10.0)
    corners = np.array([(10.0, 5.0), (89.9, 44.9), (90.0, 20.0), (20.0, 45.0), (9.9, 20.0)])
    assert frame.holds(corners).tolist() == [True, True, False, False, False]
    assert frame.area_cm2 == pytest.approx(8.0 * 4.0 / 100)


def test_frames_side_by_side_count_every_root_once() -> None:
    roots = np.random.default_rng(3).uniform(0, 300, (500, 2))
    roots[:40, 0] = 100.0  # exactly on the line between two frames
    frames = [counting_frame(100, 300, 1.0, inset=0.0) for _ in range(3)]
    counted = sum(frame.holds(roots - (100 * number, 0)).sum() for number, frame in enumerate(frames))
    assert counted == len(roots)


def test_the_score_interval_ends_where_the_count_is_1_96_standard_deviations_off() -> None:
    for full_stock in (4.0, 9.0, 40.0):
        for mean, sign in zip(score_interval(12, 2.0, 0.6, full_stock), (1, -1), strict=True):
            phi = max(0.6, 2.0 - 1.4 * mean / full_stock)
            assert sign * (12 - mean) == pytest.approx(1.959964 * np.sqrt(mean * phi), abs=1e-9)
    assert score_interval(0, 2.0, 0.6, 9.0, 0.5)[0] == 0.0


def test_hairs_that_come_in_threes_make_a_wider_interval_than_hairs_that_come_alone() -> None:
    alone, in_threes = density_per_cm2([1] * 12, 0.1), density_per_cm2([3] * 4, 0.1)
    assert alone.value == in_threes.value == pytest.approx(120)
    assert in_threes.high - in_threes.low > 1.1 * (alone.high - alone.low)
    assert alone.low < 120 < alone.high


def test_an_empty_field_has_a_density_of_zero_and_a_limit_above() -> None:
    empty = density_per_cm2([], 0.1, CountError())
    assert (empty.value, empty.low) == (0.0, 0.0)
    assert empty.high == pytest.approx(59.6, abs=0.1)


def test_a_detector_that_errs_widens_the_interval_and_less_so_in_a_large_field() -> None:
    error = CountError(random=0.15, at_count=8, systematic=0.02)
    sure, unsure = density_per_cm2([1] * 8, 0.1), density_per_cm2([1] * 8, 0.1, error)
    assert unsure.low < sure.low
    assert unsure.high > sure.high
    assert error.half_width(800) < error.half_width(8) / 3


@pytest.mark.parametrize("per_cm2", [60, 160, 260])
def test_the_interval_covers_the_density_of_drawn_hairs(per_cm2: int) -> None:
    held = 0
    frame = counting_frame(832, 666, 233.3)
    for seed in range(150):
        hairs = scattered_hairs(seed=seed, hairs_per_cm2=per_cm2, px_per_mm=233.3, size=(832, 666))
        roots = np.array([hair.root for hair in hairs]).reshape(-1, 2)
        sizes = np.bincount(group_units(roots, 233.3)[frame.holds(roots)]) if len(roots) else np.zeros(0, np.int64)
        density = density_per_cm2([int(size) for size in sizes if size], frame.area_cm2)
        held += density.low <= per_cm2 <= density.high
    assert 0.90 <= held / 150 <= 0.993


def test_the_interval_ships_with_the_constants_that_the_study_found() -> None:
    told = json.loads(STUDY.read_text())["interval_constants"]
    assert told["found"] == shipped_constants(), "run it again: python -m vision study trichoscopy"
    assert told["shipped"] == told["found"]


def test_constants_are_found_on_other_drawings_than_coverage_is_told_on() -> None:
    reported = (100_000 * density + SCATTERED_HAIRS // density for density in DENSITIES)
    assert max(reported) < SEEDS_FROM


def test_drawn_hairs_scatter_as_the_interval_takes_them_to() -> None:
    hairs = draw_fields(170, 150).hairs
    assert hairs.var(ddof=1) / hairs.mean() == pytest.approx(shipped_constants()["hairs"]["full"], abs=0.2)


def test_the_least_correction_that_holds_at_every_density_is_taken() -> None:
    coverage = dict(zip(CORRECTIONS, ([0.97, 0.92], [0.97, 0.93], [0.99, 0.97]), strict=True))
    assert least_correction(coverage) == 0.25


def test_units_are_the_single_linkage_clusters_of_the_roots() -> None:
    roots = np.random.default_rng(1).uniform(0, 800, (60, 2))
    units = group_units(roots, px_per_mm=230.0, gap_mm=0.25)
    oracle = fcluster(linkage(roots, "single"), 0.25 * 230.0, "distance")
    same, same_there = units[:, None] == units[None], oracle[:, None] == oracle[None]
    assert (same == same_there).all()
    assert sorted(set(units)) == list(range(len(set(units))))
    assert len(unit_places(roots, units)) == len(set(units))
