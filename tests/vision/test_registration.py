"""Registration: where one photograph lies in another, and which pairs are refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.vision.compared import SIZE, camera, oval, seen_from, speckled
from vision.registration import ComparisonReason, NotComparable, Registration, register
from vision.registration.evidence import evidence
from vision.registration.features import find_features, match, mirrored, working_picture
from vision.registration.refine import fit_grid
from vision.registration.types import Refinement, through
from vision.types import RgbImage


def pair(homography: np.ndarray, seed: int = 1) -> tuple[RgbImage, np.ndarray, RgbImage, np.ndarray]:
    image, mask = speckled(seed), oval()
    return image, mask, seen_from(image, homography), seen_from(mask.astype(np.uint8), homography) > 0


def laid(homography: np.ndarray, seed: int = 1) -> Registration | NotComparable:
    image, mask, other, other_mask = pair(homography, seed)
    return register(image, other, reference_scalp=mask, moving_scalp=other_mask)


@pytest.mark.parametrize(
    "seen",
    [camera(turn=12, zoom=1.15, shift=(20, -14)), camera(turn=-8, zoom=0.85, tilt=3e-4), camera(zoom=1.4)],
    ids=["turned and nearer", "from a side", "much nearer"],
)
def test_the_same_scalp_is_laid_within_half_a_percent_of_its_width(seen: np.ndarray) -> None:
    found = laid(seen)
    assert isinstance(found, Registration)
    rows, columns = np.nonzero(oval())
    spots = np.column_stack((columns, rows))[::997].astype(float) + 0.5
    there = through(seen, spots - 0.5) + 0.5
    inside = ((there > 0) & (there < SIZE)).all(axis=1)
    back = found.to_reference(there[inside] / SIZE) * SIZE
    assert np.linalg.norm(back - spots[inside], axis=1).max() < 0.005 * SIZE[0]
    assert np.abs(found.to_moving(back / SIZE) * SIZE - there[inside]).max() < 0.2
    assert found.error < 0.005


def test_zoom_and_turn_say_how_the_later_photograph_was_taken() -> None:
    found = laid(camera(turn=12, zoom=1.15))
    assert isinstance(found, Registration)
    assert found.zoom == pytest.approx(1.15, abs=0.02)
    assert found.turn_degrees == pytest.approx(12, abs=1)
    assert found.tilt > 0.95
    assert found.overlap > 0.9


def test_the_later_photograph_and_its_mask_are_warped_onto_the_earlier() -> None:
    image, mask, other, other_mask = pair(camera(turn=12, zoom=1.1))
    found = register(image, other, reference_scalp=mask, moving_scalp=other_mask)
    assert isinstance(found, Registration)
    warped, warped_mask = found.warp(other, SIZE), found.warp(other_mask, SIZE)
    both = mask & warped_mask
    assert both.sum() > 0.97 * mask.sum()
    assert np.abs(warped[both].astype(int) - image[both]).mean() < 6
    assert warped_mask.dtype == np.bool_
    assert not found.covers(SIZE).all()


def reason(found: Registration | NotComparable) -> ComparisonReason | None:
    return found.reason if isinstance(found, NotComparable) else None


def test_another_person_is_refused_though_the_floor_is_the_same() -> None:
    for seed in (2, 3):
        found = register(speckled(1), speckled(seed), reference_scalp=oval(), moving_scalp=oval())
        assert reason(found) is ComparisonReason.TOO_FEW_MATCHES


def test_a_mirror_image_is_told_from_another_person() -> None:
    image = speckled(1)
    found = register(image, image[:, ::-1].copy(), reference_scalp=oval(), moving_scalp=oval()[:, ::-1])
    assert reason(found) is ComparisonReason.MIRRORED


def test_too_little_in_common_and_too_different_a_side_are_refused() -> None:
    assert reason(laid(camera(shift=(300, 60)))) is ComparisonReason.TOO_LITTLE_OVERLAP
    narrowed = camera()
    narrowed[0] = (0.55, 0, 0.225 * SIZE[0])
    assert reason(laid(narrowed)) is ComparisonReason.TOO_TILTED
    nothing = np.zeros_like(oval())
    empty = register(speckled(1), speckled(1), reference_scalp=oval(), moving_scalp=nothing)
    assert reason(empty) is ComparisonReason.NO_SCALP


def test_a_plain_picture_without_features_is_refused_not_crashed_on() -> None:
    plain = np.full((200, 260, 3), 128, np.uint8)
    assert reason(register(plain, plain)) is ComparisonReason.TOO_FEW_MATCHES


def test_mirrored_features_are_those_of_the_mirror_image() -> None:
    image = speckled(1)
    seen, flipped = (find_features(working_picture(one, None)) for one in (image, image[:, ::-1].copy()))
    width = working_picture(image, None).size[0]
    agree = match(flipped, mirrored(seen, width))
    near = np.linalg.norm(agree.reference - agree.moving, axis=1) < 2
    assert near.sum() > 0.8 * len(near) > 100


def test_evidence_grows_with_agreement_and_falls_with_the_number_of_matches() -> None:
    assert evidence(40, 30, 1e-3) > evidence(40, 15, 1e-3) > evidence(400, 15, 1e-3)
    assert evidence(300, 6, 1e-3) < 0 < evidence(20, 10, 1e-3)


def test_a_smooth_bend_is_followed_and_outliers_are_not() -> None:
    random = np.random.default_rng(0)
    places = random.random((300, 2))
    bend = np.column_stack((4 * places[:, 1] ** 2, 2 * np.sin(2 * places[:, 0])))
    spoiled = bend + np.where(np.arange(300)[:, None] % 10 == 0, 25.0, 0.0)
    grid = fit_grid(places, spoiled, (7, 7))
    correction = Refinement(tuple(tuple((float(x), float(y)) for x, y in row) for row in grid))
    inner = (np.abs(places - 0.5) < 0.4).all(axis=1)
    assert np.median(np.abs(correction.at(places[inner]) - bend[inner])) < 0.2
