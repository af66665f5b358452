"""The calibration card: what a camera sees of it gives true lengths, or a reason."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vision.calibration_card import CardReading, normalise_by_card, read_card
from vision.render import draw_head
from vision.render.card import CardPose, lay_card
from vision.types import Reason, RgbImage, View


@pytest.fixture(scope="module")
def head() -> RgbImage:
    return draw_head(View.CROWN, seed=5, thinning=0.3, size=(1600, 1200)).image


def read(image: RgbImage) -> CardReading:
    found = read_card(image)
    assert isinstance(found, CardReading), found
    return found


@pytest.mark.parametrize("tilt", [0, 15, 25])
@pytest.mark.parametrize("turn", [0, 70, 200])
def test_lengths_are_true_to_two_percent(head: RgbImage, tilt: float, turn: float) -> None:
    pose = CardPose(
        tilt_degrees=tilt, tilt_towards_degrees=40, turn_degrees=turn, centre=(0.25, 0.75), focal_px=1700, sag_mm=2
    )
    picture = lay_card(head, pose, light=(0.8, 0.7, 0.55), shade=0.4)
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), np.uint8)
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 75])
    found = read(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8))
    assert found.px_per_mm == pytest.approx(pose.px_per_mm, rel=0.02)


def test_a_print_of_97_percent_shows_in_the_scale(head: RgbImage) -> None:
    """The picture alone cannot tell it: that is why the print is checked with a ruler."""
    found = read(lay_card(head, CardPose(print_scale=0.97)))
    assert found.px_per_mm == pytest.approx(0.97 * CardPose().px_per_mm, rel=0.01)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda head: head, Reason.NO_SCALE),
        (lambda head: np.ascontiguousarray(lay_card(head, CardPose())[:, ::-1]), Reason.CARD_MIRRORED),
        (
            lambda head: np.ascontiguousarray(lay_card(head, CardPose(centre=(0.5, 0.97)))[:, ::-1]),
            Reason.CARD_MIRRORED,
        ),
        (
            lambda head: lay_card(lay_card(head, CardPose(centre=(0.25, 0.5))), CardPose(centre=(0.75, 0.5))),
            Reason.SEVERAL_CARDS,
        ),
        (lambda head: lay_card(head, CardPose(tilt_degrees=50, focal_px=2400)), Reason.CARD_UNUSABLE),
        (lambda head: lay_card(head, CardPose(sag_mm=14, tilt_degrees=22, focal_px=2400)), Reason.CARD_UNUSABLE),
        (lambda head: lay_card(head, CardPose(focal_px=850)), Reason.CARD_UNUSABLE),
    ],
    ids=["no card", "mirror image", "mirror image cut off", "two cards", "tilted", "bent", "too small"],
)
def test_a_card_that_gives_no_scale_says_why(head: RgbImage, spoil, reason: Reason) -> None:
    found = read_card(spoil(head))
    assert not isinstance(found, CardReading), f"read as {found.px_per_mm:.2f} px/mm, tilt {found.tilt_degrees:.0f}"
    assert found.reason is reason


def test_the_greys_take_a_cast_of_light_away(head: RgbImage) -> None:
    cast = (0.85, 0.7, 0.5)
    warm = lay_card((head * np.array(cast)).astype(np.uint8), CardPose(), light=cast)
    even = lay_card((head * 0.7).astype(np.uint8), CardPose(), light=(0.7, 0.7, 0.7))
    one, other = normalise_by_card(warm, read(warm)), normalise_by_card(even, read(even))
    before = np.abs(warm.astype(float) - even).mean()
    assert np.abs(one.astype(float) - other).mean() < before / 4
