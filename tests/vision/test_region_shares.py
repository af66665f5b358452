"""What the share of a region is held against when it is studied."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.areas import Area
from vision.evaluation.region_shares import Listed, counterparts, error_over_half, figures, widening
from vision.types import Measured, ScalpClass


def strip(first: int, last: int) -> NDArray[np.bool_]:
    """Columns ``first`` to ``last`` of a scalp of 100 columns; each is 1 % of it."""
    mask = np.zeros((4, 100), np.bool_)
    mask[:, first:last] = True
    return mask


def area(first: int, last: int) -> Area:
    return Area(ScalpClass.BALD, strip(first, last), float(last - first))


def test_a_region_stands_for_the_true_area_under_it_however_badly_it_is_outlined() -> None:
    assert counterparts([strip(10, 20)], [area(12, 40)]) == [28.0]


def test_a_region_over_two_true_areas_stands_for_both() -> None:
    assert counterparts([strip(0, 60)], [area(0, 20), area(40, 55)]) == [35.0]


def test_a_piece_of_a_true_area_stands_for_all_of_it() -> None:
    assert counterparts([strip(0, 30), strip(35, 45)], [area(0, 50)]) == [50.0, 50.0]


def test_an_invented_region_stands_for_nothing() -> None:
    assert counterparts([strip(0, 10)], [area(50, 60)]) == [None]
    assert counterparts([strip(0, 10)], []) == [None]
    assert counterparts([], [area(50, 60)]) == []


def told(value: float, half: float) -> Measured:
    return Measured(value, max(0.0, value - half), value + half, "%")


def test_invented_regions_are_counted_apart() -> None:
    rows = [
        Listed(ScalpClass.BALD, told(10, 4), 12.0, there=True, person="a"),
        Listed(ScalpClass.BALD, told(10, 4), 0.0, there=False, person="b"),
    ]
    found = figures(rows)
    assert (found["regions"], found["not_there"], found["bias"]) == (1, 1, -2.0)
    assert found["interval_holds"]["value"] == 1.0
    assert found["interval_holds_with_invented_ones"]["value"] == 0.5


def test_the_widening_is_what_the_intervals_lacked() -> None:
    rows = [Listed(ScalpClass.BALD, told(30, 10), 30.0 + off, there=True, person=str(off)) for off in range(20)]
    assert widening(rows) == pytest.approx(1.9)  # the largest but none of twenty: 95 % lie within
    assert widening(rows[:5]) == 1.0
    assert error_over_half(told(30, 10), 25.0) == pytest.approx(0.5)
