"""The severity index against numbers worked out by hand."""

from __future__ import annotations

import pytest

from vision.severity import SALT_WEIGHTS, index_from_affected_share, severity_of
from vision.types import Measured, Measurement, NotMeasurable, Reason, Severity, View


def share(value: float, spread: float = 0.0) -> Measured:
    return Measured(value, max(0.0, value - spread), min(100.0, value + spread), "%")


def graded(*shares: tuple[View, Measurement]) -> Severity:
    found = severity_of(shares)
    assert isinstance(found, Severity)
    return found


@pytest.mark.parametrize(
    ("percent", "index"),
    [(-3, 1), (0, 1), (10, 2.5), (20, 4), (35, 5.5), (50, 7), (72.5, 8.5), (95, 10), (99, 10), (140, 10)],
)
def test_the_index_goes_through_its_published_points(percent: float, index: float) -> None:
    assert index_from_affected_share(percent) == pytest.approx(index)


def test_a_full_set_of_views_weighs_as_salt_does() -> None:
    found = graded(
        (View.CROWN, share(60)), (View.OCCIPUT, share(5)), (View.TEMPLE_LEFT, share(10)), (View.TEMPLE_RIGHT, share(20))
    )
    # 0.40 x 60 + 0.24 x 5 + 0.18 x 10 + 0.18 x 20 = 30.6; 4 + 3 x 10.6 / 30 = 5.06
    assert found.affected_share.value == pytest.approx(30.6)
    assert found.index.value == pytest.approx(5.06)
    assert (found.index.low, found.index.high) == pytest.approx((5.06, 5.06))
    assert found.missing_views == ()
    assert sum(SALT_WEIGHTS.values()) == pytest.approx(1)


def test_weights_are_renormalised_over_the_views_present() -> None:
    found = graded((View.CROWN, share(50)), (View.OCCIPUT, share(10)))
    # (0.40 x 50 + 0.24 x 10) / 0.64 = 35; 4 + 3 x 15 / 30 = 5.5
    assert found.affected_share.value == pytest.approx(35)
    assert found.index.value == pytest.approx(5.5)
    assert [part.weight for part in found.parts] == [pytest.approx(0.625), pytest.approx(0.375)]
    assert found.missing_views == (View.TEMPLE_LEFT, View.TEMPLE_RIGHT)


def test_a_missing_view_may_be_anything_so_the_range_is_wide() -> None:
    found = graded((View.CROWN, share(50)))
    # low: 0.40 x 50 + 0.60 x 0 = 20; high: 20 + 60 = 80
    assert (found.affected_share.low, found.affected_share.high) == pytest.approx((20, 80))
    assert (found.index.low, found.index.high) == pytest.approx((4, 9))
    assert found.index.low <= found.index.value <= found.index.high


def test_the_parts_uncertainty_reaches_the_index() -> None:
    views = (View.CROWN, View.OCCIPUT, View.TEMPLE_LEFT, View.TEMPLE_RIGHT)
    found = graded(*((view, share(20, spread=10)) for view in views))
    assert (found.affected_share.low, found.affected_share.high) == pytest.approx((10, 30))
    assert (found.index.low, found.index.value, found.index.high) == pytest.approx((2.5, 4, 5))


def test_two_photos_of_one_view_are_averaged() -> None:
    found = graded((View.CROWN, share(40)), (View.CROWN, share(60)))
    assert found.affected_share.value == pytest.approx(50)
    assert len(found.parts) == 1


def test_hairline_and_part_carry_no_weight() -> None:
    full = [(view, share(20)) for view in SALT_WEIGHTS]
    assert graded(*full, (View.HAIRLINE, share(90)), (View.PART, share(90))).index.value == pytest.approx(4)


@pytest.mark.parametrize(
    "shares",
    [
        (),
        ((View.HAIRLINE, share(30)), (View.PART, share(30))),
        ((View.CROWN, NotMeasurable(Reason.QUALITY_FAILED)),),
    ],
)
def test_without_a_view_that_counts_there_is_no_index(shares: tuple[tuple[View, Measurement], ...]) -> None:
    found = severity_of(shares)
    assert isinstance(found, NotMeasurable)
    assert found.reason is Reason.VIEWS_MISSING


def test_a_photo_that_could_not_be_measured_counts_as_missing() -> None:
    found = graded((View.CROWN, share(20)), (View.OCCIPUT, NotMeasurable(Reason.QUALITY_FAILED)))
    assert View.OCCIPUT in found.missing_views
