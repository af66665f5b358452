"""Hair by hair: the same trichoscopy spot is proven, and what was kept, lost and new is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vision.change import ComparedPhoto, Fate, PhotoComparison, compare
from vision.change_codec import comparison_from_json, comparison_to_json
from vision.density import group_units
from vision.registration import ComparisonReason, Method, NotComparable
from vision.types import Box, Hair, HairField, HairKind, ImageKind, Measured, Metric, QualityReport, RgbImage, View

SIZE = (640, 512)
PX_PER_MM = 120.0
FRAME = Box(0.1, 0.1, 0.9, 0.9)
Moved = Callable[[np.ndarray], np.ndarray]


def spot(seed: int, units: int = 20) -> np.ndarray:
    """Hairs (N x 5: root, tip in px, width in um) of a spot: units of one to three that keep apart."""
    random = np.random.default_rng(seed)
    placed: list[np.ndarray] = []
    while len(placed) < units:
        one = random.uniform((20, 20), np.array(SIZE) - 20)
        if all(np.linalg.norm(one - other) > 62 for other in placed):
            placed.append(one)
    rows = []
    for centre in placed:
        for _ in range(int(random.integers(1, 4))):
            root = centre + random.normal(0, 5, 2)
            angle = 0.5 + random.normal(0, 0.15)
            tip = root + 55 * np.array((np.cos(angle), np.sin(angle)))
            rows.append((*root, *tip, random.normal(65, 8)))
    return np.array(rows)


def turned(hairs: np.ndarray, degrees: float, shift: tuple[float, float], wobble_px: float, seed: int) -> np.ndarray:
    """The same hairs as the contact plate shows them on another day."""
    random = np.random.default_rng(seed)
    angle, middle = np.radians(degrees), np.array(SIZE) / 2
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    out = hairs.copy()
    for columns in (slice(0, 2), slice(2, 4)):
        out[:, columns] = (hairs[:, columns] - middle) @ spin.T + middle + shift
    out[:, :4] += random.normal(0, wobble_px, (len(out), 4))
    return out


def field(hairs: np.ndarray) -> HairField:
    """What is seen of the hairs: roots inside the picture."""
    inside = hairs[((hairs[:, :2] > 0) & (hairs[:, :2] < SIZE)).all(axis=1)]
    units = group_units(inside[:, :2], PX_PER_MM)
    seen = tuple(
        Hair((x / SIZE[0], y / SIZE[1]), (u / SIZE[0], v / SIZE[1]), HairKind.SINGLE, 0.9, int(unit), True, float(um))
        for (x, y, u, v, um), unit in zip(inside, units, strict=True)
    )
    cm2 = 0.64 * SIZE[0] * SIZE[1] / PX_PER_MM**2 / 100
    return HairField(seen, FRAME, cm2, 30.0, 5.0, ())


def photo(hairs: np.ndarray) -> ComparedPhoto:
    image: RgbImage = np.full((SIZE[1], SIZE[0], 3), 170, np.uint8)
    return ComparedPhoto(image, None, View.TRICHOSCOPY, PX_PER_MM, "profile", field(hairs), QualityReport(()))


def reason(found: PhotoComparison | NotComparable) -> ComparisonReason | None:
    return found.reason if isinstance(found, NotComparable) else None


@pytest.fixture(scope="module")
def comparison() -> PhotoComparison:
    """Turned by 14 degrees; every seventh hair lost, two new units, every kept hair 4 um thinner."""
    then = spot(3)
    kept = np.delete(then, slice(0, None, 7), axis=0)
    now = turned(kept, 14, (40, -25), 0.8, 8)
    now[:, 4] -= 4
    new = turned(np.array([(300, 250, 350, 280, 50), (350, 180, 400, 205, 50.0)]), 14, (40, -25), 0.0, 9)
    found = compare(photo(then), photo(np.concatenate((now, new))))
    assert isinstance(found, PhotoComparison)
    return found


def test_the_spot_is_recognised_and_the_turn_is_undone(comparison: PhotoComparison) -> None:
    assert comparison.registration.method is Method.HAIRS
    assert comparison.registration.turn_degrees == pytest.approx(14, abs=1)
    assert comparison.registration.zoom == pytest.approx(1, abs=0.03)
    assert comparison.hairs is not None
    assert comparison.hairs.false_match_probability < 1e-6
    assert comparison.hairs.share_matched > 0.85


def test_kept_lost_and_new_hairs_are_those_that_were(comparison: PhotoComparison) -> None:
    assert comparison.hairs is not None
    fates = comparison.hairs.fates()
    assert fates[Fate.NEW] == 2
    assert fates[Fate.LOST] == pytest.approx((fates[Fate.KEPT] + fates[Fate.LOST]) / 7, abs=2)
    assert fates[Fate.KEPT] >= 10
    density = comparison.change(Metric.HAIR_DENSITY)
    assert density is not None
    assert isinstance(density.change, Measured)
    assert comparison.hairs.common_cm2 is not None
    assert density.change.value * comparison.hairs.common_cm2 == pytest.approx(2 - fates[Fate.LOST], abs=0.01)


def test_calibre_of_kept_hairs_is_compared_hair_by_hair(comparison: PhotoComparison) -> None:
    assert comparison.hairs is not None
    change = comparison.hairs.calibre_change
    assert isinstance(change, Measured)
    assert change.value == pytest.approx(-4, abs=0.6)
    assert change.low <= -4 <= change.high


def test_the_picture_and_json_carry_the_fates(comparison: PhotoComparison) -> None:
    assert {image.kind for image in comparison.images} == {ImageKind.ALIGNED, ImageKind.HAIR_FATES}
    back = comparison_from_json(json.loads(json.dumps(comparison_to_json(comparison))))
    assert isinstance(back, PhotoComparison)
    assert back.hairs is not None
    assert back.hairs.fates() == comparison.hairs.fates() if comparison.hairs else False


def test_other_spots_are_never_taken_for_the_same() -> None:
    then = photo(spot(3))
    for seed in range(20, 23):
        assert reason(compare(then, photo(spot(seed)))) is ComparisonReason.NOT_THE_SAME_SPOT


def test_a_mirror_image_of_the_spot_is_called_one() -> None:
    hairs = spot(3)
    flipped = hairs.copy()
    flipped[:, [0, 2]] = SIZE[0] - hairs[:, [0, 2]]
    assert reason(compare(photo(hairs), photo(flipped))) is ComparisonReason.MIRRORED


def test_a_spot_seen_at_its_edge_only_and_one_with_few_hairs_are_refused() -> None:
    hairs = spot(3, units=22)
    away = turned(hairs, 0, (400, 220), 0.5, 1)
    assert reason(compare(photo(hairs), photo(away))) in {
        ComparisonReason.TOO_LITTLE_OVERLAP,
        ComparisonReason.NOT_THE_SAME_SPOT,
        ComparisonReason.TOO_FEW_HAIRS,
    }
    few = photo(hairs[:3])
    assert reason(compare(few, few)) is ComparisonReason.TOO_FEW_HAIRS
    assert reason(compare(few, replace(few, hairs=None))) is ComparisonReason.TOO_FEW_HAIRS
