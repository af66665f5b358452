"""SALT: Olsen's weights, its bands, and no number when a side of the head was not seen."""

from __future__ import annotations

import pytest

from vision.salt import band_of, salt_of
from vision.types import Measured, Measurement, NotMeasurable, Reason, Salt, SaltBand, View

SIDES = (View.CROWN, View.OCCIPUT, View.TEMPLE_LEFT, View.TEMPLE_RIGHT)


def share(value: float, spread: float = 4.0) -> Measured:
    return Measured(value, value - spread, value + spread, "%")


def whole_head(crown: float, occiput: float, left: float, right: float) -> list[tuple[View, Measurement]]:
    return list(zip(SIDES, (share(crown), share(occiput), share(left), share(right)), strict=True))


def test_top_weighs_forty_back_twenty_four_and_each_side_eighteen() -> None:
    found = salt_of(whole_head(100, 0, 0, 0))
    assert isinstance(found, Salt)
    assert found.score.value == pytest.approx(40)
    found = salt_of(whole_head(50, 25, 10, 20))
    assert isinstance(found, Salt)
    assert found.score.value == pytest.approx(50 * 0.40 + 25 * 0.24 + 10 * 0.18 + 20 * 0.18)
    assert (found.score.low, found.score.high) == pytest.approx((found.score.value - 4, found.score.value + 4))


@pytest.mark.parametrize("missing", SIDES)
def test_a_side_that_was_not_photographed_leaves_no_number_and_is_named(missing: View) -> None:
    found = salt_of([pair for pair in whole_head(10, 10, 10, 10) if pair[0] is not missing])
    assert found == NotMeasurable(Reason.VIEWS_MISSING, missing.value)


def test_a_photo_that_could_not_be_measured_counts_as_missing() -> None:
    shares: list[tuple[View, Measurement]] = whole_head(10, 10, 10, 10)[:3]
    shares.append((View.TEMPLE_RIGHT, NotMeasurable(Reason.QUALITY_FAILED)))
    assert salt_of(shares) == NotMeasurable(Reason.VIEWS_MISSING, "temple_right")


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (0.0, SaltBand.NONE), (0.4, SaltBand.NONE), (0.6, SaltBand.LIMITED), (20.4, SaltBand.LIMITED),
        (20.6, SaltBand.MODERATE), (49.4, SaltBand.MODERATE), (49.6, SaltBand.SEVERE), (94.4, SaltBand.SEVERE),
        (94.6, SaltBand.VERY_SEVERE), (100.0, SaltBand.VERY_SEVERE),
    ],
)  # fmt: skip
def test_bands_begin_at_the_rounded_score(score: float, band: SaltBand) -> None:
    assert band_of(score) is band


def test_the_interval_says_which_bands_it_reaches() -> None:
    found = salt_of(whole_head(22, 22, 22, 22))
    assert isinstance(found, Salt)
    assert (found.lowest_band, found.band, found.highest_band) == (
        SaltBand.LIMITED, SaltBand.MODERATE, SaltBand.MODERATE
    )  # fmt: skip
