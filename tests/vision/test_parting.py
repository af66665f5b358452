"""How wide a parting is, in pictures whose strip is painted to the pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vision.head_lines import HeadLength, HeadLine
from vision.measure import measure_photo
from vision.parting import find_parting, measure_parting
from vision.types import (
    Measured,
    Metric,
    NotMeasurable,
    PhotoContext,
    QualityReport,
    Reason,
    RgbImage,
    ScalpClass,
    ScalpMap,
    View,
)

SIZE = (640, 480)
HEAD_PX = 360
GOOD = QualityReport(())


def head(strip_px: float, *, angle: float = 0.0, label: ScalpClass = ScalpClass.DENSE, shift: int = 0) -> RgbImage:
    """Dark streaky hair on a round head with a strip of skin of that width through its middle."""
    random = np.random.default_rng(3)
    width, height = SIZE
    hair = np.array((52.0, 40.0, 33.0)) * np.exp(0.25 * random.standard_normal((height, width, 1)))
    hair = cv2.GaussianBlur(hair, (0, 0), 1.2)
    y, x = np.mgrid[:height, :width] + 0.5
    x, y = x - width / 2 - shift, y - height / 2
    turn = np.deg2rad(angle)
    across, along = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    strip = np.clip(strip_px / 2 - np.abs(across) + 0.5, 0, 1) * (np.abs(along) < 130)
    picture = hair * (1 - strip[..., None]) + np.array((205.0, 168.0, 150.0)) * strip[..., None]
    picture[np.hypot(x, y) > HEAD_PX / 2] = (120, 124, 128)
    return np.clip(picture + random.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


def scalp(label: ScalpClass = ScalpClass.DENSE, shift: int = 0) -> ScalpMap:
    """A round head of one class, as a segmentation at a quarter of the size would see it."""
    y, x = np.mgrid[:120, :160] + 0.5
    inside = np.hypot(x - 80 - shift / 4, y - 60) < HEAD_PX / 8
    labels = np.where(inside, np.uint8(label), np.uint8(0))
    probabilities = np.full((5, 120, 160), 0.01, np.float32)
    np.put_along_axis(probabilities, labels[None].astype(int), 0.96, axis=0)
    return ScalpMap(labels, probabilities)


def length(picture: RgbImage, scalp_map: ScalpMap, size: tuple[int, int] = SIZE) -> HeadLength | NotMeasurable:
    return measure_parting(picture, scalp_map, size)[HeadLine.PART_WIDTH]


@pytest.mark.parametrize(("strip", "angle"), [(6, 0), (12, 35), (24, -70), (36, 90)])
def test_the_width_is_the_painted_one_in_any_direction(strip: float, angle: float) -> None:
    found = length(head(strip, angle=angle), scalp())
    assert isinstance(found, HeadLength), found
    assert found.px.value == pytest.approx(strip, abs=0.8)
    assert found.px.low <= strip <= found.px.high
    assert found.reference_px == pytest.approx(HEAD_PX, rel=0.04)


def test_it_is_counted_in_px_of_the_stored_photo() -> None:
    found = length(head(12), scalp(), (2560, 1920))
    assert isinstance(found, HeadLength)
    assert found.px.value == pytest.approx(48, abs=3)


def test_a_parting_that_was_taken_for_background_is_measured_all_the_same() -> None:
    seen = scalp()
    _y, x = np.mgrid[:120, :160] + 0.5
    strip = np.abs(x - 80) < 4.5  # from one edge of the head to the other, in two parts then
    seen.labels[strip] = ScalpClass.BACKGROUND
    seen.probabilities[:, strip] = 0.01
    seen.probabilities[ScalpClass.BACKGROUND, strip] = 0.96
    found = length(head(36), seen)
    assert isinstance(found, HeadLength), found
    assert found.px.low <= 36 <= found.px.high


def test_hair_without_a_parting_has_no_width() -> None:
    found = length(head(0), scalp())
    assert isinstance(found, NotMeasurable)
    assert found.reason is Reason.NO_PARTING


def test_a_line_on_a_bald_crown_is_no_parting() -> None:
    found = length(head(12), scalp(ScalpClass.BALD))
    assert isinstance(found, NotMeasurable)
    assert found.reason is Reason.WIDER_THAN_A_PARTING


def test_a_blurred_parting_is_refused_or_uncertain() -> None:
    sharp, soft = head(8), cv2.GaussianBlur(head(8), (0, 0), 9)
    found, sure = length(np.asarray(soft, np.uint8), scalp()), length(sharp, scalp())
    assert isinstance(sure, HeadLength)
    if isinstance(found, HeadLength):
        assert found.px.high - found.px.low > 3 * (sure.px.high - sure.px.low)
    else:
        assert found.reason in (Reason.NOT_SHARP, Reason.NO_PARTING)


def test_a_head_cut_off_has_a_width_in_mm_and_no_ratio() -> None:
    picture, scalp_map = head(12, shift=170), scalp(shift=170)
    lengths = measure_parting(picture, scalp_map, SIZE)
    context = PhotoContext(View.PART, px_per_mm=3.0)
    measures = measure_photo(scalp_map, GOOD, context, SIZE, {}, lengths)
    mm, ratio = measures[Metric.PART_WIDTH_MM], measures[Metric.PART_WIDTH_RATIO]
    assert isinstance(mm, Measured)
    assert mm.value == pytest.approx(4, abs=0.3)
    assert mm.unit == "mm"
    assert isinstance(ratio, NotMeasurable)
    assert ratio.reason is Reason.HEAD_CUT_OFF


def test_without_a_scale_there_is_a_ratio_and_a_reason_for_the_millimetres() -> None:
    lengths = measure_parting(head(12), scalp(), SIZE)
    measures = measure_photo(scalp(), GOOD, PhotoContext(View.PART), SIZE, {}, lengths)
    assert measures[Metric.PART_WIDTH_MM] == NotMeasurable(Reason.NO_SCALE)
    ratio = measures[Metric.PART_WIDTH_RATIO]
    assert isinstance(ratio, Measured)
    assert ratio.low < 100 * 12 / HEAD_PX < ratio.high
    elsewhere = measure_photo(scalp(), GOOD, PhotoContext(View.CROWN, 3.0), SIZE, {}, lengths)
    assert elsewhere[Metric.PART_WIDTH_RATIO] == NotMeasurable(Reason.VIEW_NOT_SUPPORTED)


def test_how_much_the_width_varies_along_the_line_is_known() -> None:
    found = find_parting(head(12), scalp(), SIZE)
    assert not isinstance(found, NotMeasurable)
    assert found.variation < 0.2
    assert found.line_px[:, 1].max() - found.line_px[:, 1].min() > 0.4 * HEAD_PX
