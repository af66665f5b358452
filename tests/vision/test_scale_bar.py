"""The burned-in bar: its length in every style, and no bar where there is none or where there are two."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vision.render import draw_trichoscopy
from vision.render.scale_bar import INKS, BarDrawing, BarStyle, draw_scale_bar
from vision.scale_bar import ScaleBar, enlarged, find_scale_bar, scale_of_bar
from vision.types import NotMeasurable, Reason, RgbImage


@pytest.fixture(scope="module")
def field() -> RgbImage:
    return draw_trichoscopy(seed=11, size=(832, 666), hairs_per_cm2=60).image


def jpeg(image: RgbImage) -> RgbImage:
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize("style", list(BarStyle))
@pytest.mark.parametrize("ink", [INKS[0], INKS[2]], ids=["white", "yellow"])
def test_the_length_of_a_bar_is_found_to_one_percent(
    field: RgbImage, style: BarStyle, ink: tuple[int, int, int]
) -> None:
    bar = BarDrawing(style, (40.0, 632.0), 187.4, 3, ink, label="")
    found = find_scale_bar(jpeg(draw_scale_bar(field, bar)))
    assert isinstance(found, ScaleBar), found
    assert found.length_px == pytest.approx(bar.length_px, rel=0.01)
    assert scale_of_bar(enlarged(found, 2.0), 0.5) == pytest.approx(4 * bar.length_px, rel=0.01)


def test_an_upright_bar_is_found_too(field: RgbImage) -> None:
    bar = BarDrawing(BarStyle.TICKS, (800.0, 640.0), 210.0, 3, INKS[0], upright=True, label="")
    found = find_scale_bar(draw_scale_bar(field, bar))
    assert isinstance(found, ScaleBar)
    assert found.length_px == pytest.approx(210, rel=0.01)


def test_two_lengths_are_refused(field: RgbImage) -> None:
    first = BarDrawing(BarStyle.PLAIN, (40.0, 632.0), 180.0, 3, INKS[0], label="")
    second = BarDrawing(BarStyle.PLAIN, (500.0, 632.0), 120.0, 3, INKS[0], label="")
    found = find_scale_bar(draw_scale_bar(draw_scale_bar(field, first), second))
    assert isinstance(found, NotMeasurable)
    assert found.reason is Reason.SEVERAL_BARS


@pytest.mark.parametrize("seed", range(3))
def test_hairs_are_no_bar(seed: int) -> None:
    found = find_scale_bar(draw_trichoscopy(seed=seed, size=(832, 666)).image)
    assert isinstance(found, NotMeasurable)
    assert found.reason is Reason.NO_SCALE
