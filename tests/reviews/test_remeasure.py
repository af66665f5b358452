"""Numbers follow the corrected outlines: counted on the mask, never on boxes, and once where outlines overlap."""

from __future__ import annotations

import numpy as np
import pytest

from accounts.errors import Invalid
from reviews.outlines import merged, px_per_mm
from reviews.payloads import own_region
from reviews.remeasure import measure_again, projected_mm2, share_of
from vision.corrections import Outlined, redraw
from vision.types import Measured, Metric, NotMeasurable, Reason, ScalpClass, View

SQUARE = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]
LEFT = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
STORED = {
    Metric.AFFECTED_SHARE: Measured(12.5, 8.0, 18.0, "%"),
    Metric.THINNING_SHARE: Measured(25.0, 20.0, 31.0, "%"),
    Metric.BALD_SHARE: Measured(0.0, 0.0, 4.0, "%"),
    Metric.THINNING_AREA_MM2: NotMeasurable(Reason.NO_SCALE),
    Metric.BALD_AREA_MM2: NotMeasurable(Reason.NO_SCALE),
}


def head() -> np.ndarray:
    """400 x 400, all scalp: a quarter of it thinning, in the middle."""
    labels = np.full((400, 400), ScalpClass.DENSE, np.uint8)
    labels[100:300, 100:300] = ScalpClass.THINNING
    return labels


def thinning(**more) -> Outlined:
    return Outlined("thinning", SQUARE, **more)


def test_a_rejected_region_counts_as_covered_again_and_an_accepted_one_stays():
    assert share_of(Metric.THINNING_SHARE, redraw(head(), [thinning(touched=False)], []).labels) == pytest.approx(25)
    assert share_of(Metric.THINNING_SHARE, redraw(head(), [thinning(touched=True)], []).labels) == pytest.approx(
        0, abs=1
    )


def test_a_redrawn_region_counts_where_it_was_redrawn_only():
    top = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.5], [0.25, 0.5]]
    now = redraw(head(), [thinning(touched=True, kind_now="thinning", now=top)], []).labels
    assert share_of(Metric.THINNING_SHARE, now) == pytest.approx(12.5, abs=0.6)
    assert now[310, 200] == ScalpClass.DENSE


def test_another_kind_moves_the_area_from_one_share_to_the_other():
    now = redraw(head(), [thinning(touched=True, kind_now="bald", now=SQUARE)], []).labels
    assert share_of(Metric.BALD_SHARE, now) == pytest.approx(25, abs=0.6)
    assert share_of(Metric.THINNING_SHARE, now) == pytest.approx(0, abs=0.6)


def test_outlines_that_overlap_are_counted_once_and_a_bald_core_stays_bald():
    own = [("bald", SQUARE), ("bald", SQUARE), ("thinning", LEFT)]
    now = redraw(head(), [], own).labels
    assert share_of(Metric.BALD_SHARE, now) == pytest.approx(25, abs=0.6)
    assert share_of(Metric.THINNING_SHARE, now) == pytest.approx(50 - 12.5, abs=0.8)


def test_a_region_that_still_stands_keeps_the_pixels_of_one_that_was_rejected():
    other = Outlined("thinning", LEFT, touched=False)
    now = redraw(head(), [thinning(touched=True), other], []).labels
    assert share_of(Metric.THINNING_SHARE, now) == pytest.approx(12.5, abs=0.6)


def test_an_outline_beyond_the_scalp_makes_scalp_of_what_it_covers():
    labels = np.full((100, 100), ScalpClass.BACKGROUND, np.uint8)
    labels[:, 50:] = ScalpClass.DENSE
    now = redraw(labels, [], [("bald", LEFT)]).labels
    assert share_of(Metric.BALD_SHARE, now) == pytest.approx(50, abs=1)


def test_the_range_is_the_models_for_what_was_not_redrawn():
    redrawn = redraw(head(), [thinning(touched=True)], [])
    now = measure_again(STORED, redrawn, view=View.CROWN, size_px=(400, 400), px_per_mm=None)
    found = now[Metric.AFFECTED_SHARE]
    assert isinstance(found, Measured)
    assert found.value == pytest.approx(0, abs=0.6)
    assert found.high - found.value == pytest.approx(5.5 * 0.75, abs=0.1)
    assert found.low == 0


def test_areas_exist_with_a_scale_only_and_never_on_a_close_up():
    plain = measure_again(STORED, None, view=View.CROWN, size_px=(4000, 4000), px_per_mm=20, labels=head())
    area = plain[Metric.THINNING_AREA_MM2]
    assert isinstance(area, Measured)
    assert area.value == pytest.approx(0.25 * 200 * 200)
    without = measure_again(STORED, None, view=View.CROWN, size_px=(4000, 4000), px_per_mm=None, labels=head())
    assert without[Metric.THINNING_AREA_MM2] == NotMeasurable(Reason.NO_SCALE)
    close = measure_again(STORED, None, view=View.TRICHOSCOPY, size_px=(4000, 4000), px_per_mm=20, labels=head())
    assert close[Metric.THINNING_AREA_MM2] == NotMeasurable(Reason.VIEW_NOT_SUPPORTED)


def test_the_area_of_an_outline_is_its_own_and_not_its_boxs():
    triangle = [[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]]
    assert projected_mm2(triangle, "crown", (1000, 1000), 10) == pytest.approx(50 * 50 / 2)
    assert projected_mm2(triangle, "crown", (1000, 1000), None) is None
    assert projected_mm2(triangle, "trichoscopy", (1000, 1000), 10) is None


def test_outlines_that_touch_become_one_and_others_are_refused():
    left = [[0.1, 0.2], [0.5, 0.2], [0.5, 0.6], [0.1, 0.6]]
    right = [[0.4, 0.2], [0.8, 0.2], [0.8, 0.6], [0.4, 0.6]]
    xs = [x for x, _y in merged([left, right], 1000, 1000)]
    assert (min(xs), max(xs)) == pytest.approx((0.1, 0.8), abs=0.01)
    with pytest.raises(Invalid) as refused:
        merged([left, [[0.9, 0.9], [0.99, 0.9], [0.99, 0.99]]], 1000, 1000)
    assert refused.value.code == "not_touching"


def test_two_points_give_pixels_per_millimetre():
    assert px_per_mm([[0.1, 0.5], [0.9, 0.5]], 40, 1000, 500) == pytest.approx(20)
    assert px_per_mm([[0.5, 0.0], [0.5, 1.0]], 50, 1000, 500) == pytest.approx(10)


@pytest.mark.parametrize(
    ("points", "length"), [([[0.1, 0.1], [0.101, 0.1]], 10), ([[0.1, 0.1], [1.4, 0.1]], 10), ([[0, 0], [1, 1]], 0)]
)
def test_a_scale_of_a_slip_is_refused(points, length):
    with pytest.raises(Invalid):
        px_per_mm(points, length, 1000, 1000)


def test_an_outline_dragged_past_the_edge_keeps_what_lies_in_the_picture():
    labels = np.full((100, 100), ScalpClass.DENSE, np.uint8)
    payload = own_region(kind="bald", polygon=[(0.5, -0.3), (0.9, -0.3), (0.9, 0.2), (0.5, 0.2)], labels=labels)
    assert {y for _x, y in payload["polygon"]} == {0.0, 0.2}
    assert payload["share_of_scalp"] == pytest.approx(8, abs=1)
    with pytest.raises(Invalid, match="in the picture"):
        own_region(kind="bald", polygon=[(1.2, 0.1), (1.5, 0.1), (1.5, 0.4)], labels=labels)
