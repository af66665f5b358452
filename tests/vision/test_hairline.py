"""Where the hairline lies, on segmentations whose hairline is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from tests.vision.conftest import drawn
from vision.hairline import Eyes, find_eyes, measure_hairline
from vision.head_lines import HeadLength, HeadLine
from vision.measure import measure_photo
from vision.types import (
    FloatMap,
    LabelMap,
    Measured,
    Metric,
    NotMeasurable,
    PhotoContext,
    QualityReport,
    Reason,
    ScalpClass,
    ScalpMap,
    View,
)

SIZE = (800, 600)
BLANK = np.zeros((600, 800, 3), np.uint8)
EYES = Eyes((340 / 800, 450 / 600), (460 / 800, 450 / 600))  # 120 px apart
GOOD = QualityReport(())


def front(heights_px: dict[str, float], softness_px: float = 6.0) -> ScalpMap:
    """A front view whose hair begins at these heights above the eyes: middle, left (on the right), right."""
    y, x = np.mgrid[:300, :400] * 2.0 + 1.0
    places = [400 - 86.4, 400, 400 + 86.4]
    edge = np.interp(x, places, [heights_px["right"], heights_px["middle"], heights_px["left"]])
    hair: FloatMap = (1 / (1 + np.exp(-((450 - y) - edge) / softness_px))).astype(np.float32)
    hair[:40] = 0  # beyond the head
    probabilities = np.zeros((5, 300, 400), np.float32)
    probabilities[ScalpClass.DENSE], probabilities[ScalpClass.BALD] = hair, (1 - hair) * (y < 400)
    probabilities[0] = 1 - probabilities.sum(axis=0)
    return ScalpMap(probabilities.argmax(axis=0).astype(np.uint8), probabilities)


def test_heights_are_read_in_the_middle_and_above_the_outer_corners_of_both_eyes() -> None:
    lengths = measure_hairline(BLANK, front({"middle": 140, "left": 190, "right": 160}), SIZE, EYES)
    for line, height in zip(HeadLine, (None, 140, 190, 160), strict=True):
        if height is None:
            continue
        found = lengths[line]
        assert isinstance(found, HeadLength), found
        assert found.px.value == pytest.approx(height, abs=6)
        assert found.px.low < height < found.px.high
        assert found.reference_px == pytest.approx(120)


def test_a_soft_border_has_a_wider_interval() -> None:
    widths = []
    for softness in (2.0, 20.0):
        lengths = measure_hairline(BLANK, front({"middle": 150, "left": 150, "right": 150}, softness), SIZE, EYES)
        found = lengths[HeadLine.HAIRLINE_MIDDLE]
        assert isinstance(found, HeadLength)
        widths.append(found.px.high - found.px.low)
    assert widths[1] > 1.2 * widths[0]


@pytest.mark.parametrize(("height", "reason"), [(70.0, Reason.HAIRLINE_COVERED), (900.0, Reason.HAIRLINE_OUT_OF_SIGHT)])
def test_hair_over_the_forehead_or_none_above_it_is_refused(height: float, reason: Reason) -> None:
    lengths = measure_hairline(BLANK, front({"middle": height, "left": 150, "right": 150}), SIZE, EYES)
    refused = lengths[HeadLine.HAIRLINE_MIDDLE]
    assert isinstance(refused, NotMeasurable)
    assert refused.reason is reason
    assert isinstance(lengths[HeadLine.HAIRLINE_LEFT], HeadLength)


def test_without_eyes_nothing_is_measured_and_the_reason_says_so() -> None:
    scalp_map = front({"middle": 140, "left": 190, "right": 160})
    lengths = measure_hairline(BLANK, scalp_map, SIZE)
    measures = measure_photo(scalp_map, GOOD, PhotoContext(View.HAIRLINE, 4.0), SIZE, {}, lengths)
    for metric in (Metric.HAIRLINE_MIDDLE_MM, Metric.HAIRLINE_LEFT_RATIO):
        refused = measures[metric]
        assert isinstance(refused, NotMeasurable)
        assert refused.reason is Reason.NO_LANDMARKS


def test_mm_with_a_scale_and_share_of_the_pupils_distance_without() -> None:
    scalp_map = front({"middle": 140, "left": 190, "right": 160})
    lengths = measure_hairline(BLANK, scalp_map, SIZE, EYES)
    scaled = measure_photo(scalp_map, GOOD, PhotoContext(View.HAIRLINE, 2.0), SIZE, {}, lengths)
    mm = scaled[Metric.HAIRLINE_LEFT_MM]
    assert isinstance(mm, Measured)
    assert mm.value == pytest.approx(95, abs=3)
    bare = measure_photo(scalp_map, GOOD, PhotoContext(View.HAIRLINE), SIZE, {}, lengths)
    assert bare[Metric.HAIRLINE_LEFT_MM] == NotMeasurable(Reason.NO_SCALE)
    ratio = bare[Metric.HAIRLINE_LEFT_RATIO]
    assert isinstance(ratio, Measured)
    assert ratio.value == pytest.approx(100 * 190 / 120, rel=0.04)
    assert bare[Metric.PART_WIDTH_RATIO] == NotMeasurable(Reason.VIEW_NOT_SUPPORTED)


def sure(labels: LabelMap) -> ScalpMap:
    probabilities = np.zeros((5, *labels.shape), np.float32)
    np.put_along_axis(probabilities, labels[None].astype(int), 1.0, axis=0)
    return ScalpMap(labels, probabilities)


def test_the_eyes_of_a_drawn_face_are_found_where_they_were_drawn() -> None:
    head = drawn(View.HAIRLINE)
    found = find_eyes(head.image, sure(np.asarray(head.truth)[::2, ::2]))
    assert isinstance(found, Eyes), found
    assert found.first[0] < 0.5 < found.second[0]
    assert abs(found.first[1] - found.second[1]) < 0.05


def test_long_hair_does_not_hide_the_eyes_of_a_face() -> None:
    head = drawn(View.HAIRLINE, 10)
    labels = np.asarray(head.truth)[::2, ::2]
    quarter, side = labels.shape[0] // 4, labels.shape[1] // 6
    long = labels.copy()
    long[quarter:, :side] = long[quarter:, -side:] = ScalpClass.DENSE
    long[quarter : quarter + 10] = ScalpClass.DENSE  # one piece with the hair on top
    short_hair, long_hair = find_eyes(head.image, sure(labels)), find_eyes(head.image, sure(long))
    assert isinstance(short_hair, Eyes)
    assert long_hair == short_hair
