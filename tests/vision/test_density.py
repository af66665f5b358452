"""Counting frames, follicular units and the interval of a density."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.stats import poisson

from vision.density import (
    CountError,
    counting_frame,
    density_per_cm2,
    group_units,
    poisson_interval,
    unit_places,
)


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


def test_the_poisson_interval_has_the_tails_it_promises() -> None:
    low, high = poisson_interval(12)
    assert poisson.sf(11, low) == pytest.approx(0.025, abs=1e-9)
    assert poisson.cdf(12, high) == pytest.approx(0.025, abs=1e-9)
    assert poisson_interval(0)[0] == 0.0


def test_hairs_that_come_in_threes_make_a_wider_interval_than_hairs_that_come_alone() -> None:
    alone, in_threes = density_per_cm2([1] * 12, 0.1), density_per_cm2([3] * 4, 0.1)
    assert alone.value == in_threes.value == pytest.approx(120)
    assert in_threes.high - in_threes.low > 1.5 * (alone.high - alone.low)
    assert alone.low < 120 < alone.high


def test_an_empty_field_has_a_density_of_zero_and_a_limit_above() -> None:
    empty = density_per_cm2([], 0.1, CountError())
    assert (empty.value, empty.low) == (0.0, 0.0)
    assert empty.high == pytest.approx(36.9, abs=0.1)  # 3.689 / 0.1 cm2


def test_a_detector_that_errs_widens_the_interval_and_less_so_in_a_large_field() -> None:
    error = CountError(random=0.15, at_count=8, systematic=0.02)
    sure, unsure = density_per_cm2([1] * 8, 0.1), density_per_cm2([1] * 8, 0.1, error)
    assert unsure.low < sure.low
    assert unsure.high > sure.high
    assert error.half_width(800) < error.half_width(8) / 3


def test_the_interval_covers_the_density_of_clustered_hairs() -> None:
    random = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        sizes = random.integers(1, 4, size=random.poisson(9))
        density = density_per_cm2(sizes.tolist(), 0.1)
        held += density.low <= 180 <= density.high
    assert held / 400 >= 0.92


def test_units_are_the_single_linkage_clusters_of_the_roots() -> None:
    roots = np.random.default_rng(1).uniform(0, 800, (60, 2))
    units = group_units(roots, px_per_mm=230.0, gap_mm=0.25)
    oracle = fcluster(linkage(roots, "single"), 0.25 * 230.0, "distance")
    same, same_there = units[:, None] == units[None], oracle[:, None] == oracle[None]
    assert (same == same_there).all()
    assert sorted(set(units)) == list(range(len(set(units))))
    assert len(unit_places(roots, units)) == len(set(units))
