"""The true lengths of drawn heads, which studies hold measurements against."""

from __future__ import annotations

import numpy as np
import pytest

from vision.calibration_card import CardReading, read_card
from vision.render.card import lay_card
from vision.render.geometry import Capture
from vision.render.lines import drawn_head
from vision.types import View

SIZE = (640, 480)


@pytest.mark.parametrize("width_mm", [2.0, 6.0, 12.0])
def test_a_parting_is_as_wide_in_mm_as_it_was_asked_for(width_mm: float) -> None:
    head = drawn_head(View.PART, seed=3, parting=width_mm / 200, size=SIZE)
    assert head.part_width_px() / head.px_per_mm == pytest.approx(width_mm, rel=0.01)


def test_a_camera_from_aside_narrows_it_and_never_widens_it() -> None:
    straight = drawn_head(View.PART, seed=3, parting=0.03, size=SIZE)
    aside = drawn_head(View.PART, seed=3, parting=0.03, size=SIZE, capture=Capture(tilt_right_degrees=30))
    assert 0.6 * straight.part_width_px() < aside.part_width_px() < straight.part_width_px()


def test_a_hairline_lies_above_the_eyes_and_further_where_the_front_is_bald() -> None:
    asides = (0.0, 0.72, -0.72)
    full = drawn_head(View.HAIRLINE, seed=3, size=SIZE).hairline_px(asides)
    bald = drawn_head(View.HAIRLINE, seed=3, bald=0.25, size=SIZE).hairline_px(asides)
    assert all(height is not None and 60 < height < 250 for height in full)
    assert bald[1] is None or bald[1] > (full[1] or 0) + 5
    assert drawn_head(View.PART, seed=3, size=SIZE).part_width_px() == 0


def test_the_card_beside_a_head_gives_its_scale() -> None:
    head = drawn_head(View.PART, seed=3, parting=0.03, size=(1280, 960))
    found = read_card(lay_card(np.full((960, 1280, 3), 120, np.uint8), head.card))
    assert isinstance(found, CardReading)
    assert found.px_per_mm == pytest.approx(head.px_per_mm, rel=0.01)
