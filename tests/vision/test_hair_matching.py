"""When a found hair is a labelled one, against every possible pairing, and the figures made of it."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.evaluation.trichoscopy_matching import in_frame, match_hairs
from vision.training.hairs_data import hairs_on_side, list_hair_files
from vision.training.split import side_of


def hair(x: float, y: float, degrees: float, length: float = 60.0) -> list[float]:
    angle = np.deg2rad(degrees)
    return [x, y, x + length * np.cos(angle), y + length * np.sin(angle)]


def strewn(random: np.random.Generator) -> list[float]:
    x, y = random.uniform(0, 60, 2)
    return hair(x, y, random.uniform(0, 50))


def arrows(*rows: list[float]) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, 4)


def best_of_all_pairings(found: NDArray[np.float32], true: NDArray[np.float32], px_per_mm: float) -> int:
    """Most pairs, by trying every order."""
    best = 0
    for order in permutations(range(len(true))):
        hits = 0
        for one, other in zip(found, true[list(order)], strict=False):
            near = np.hypot(*(one[:2] - other[:2])) / px_per_mm <= 0.1
            angles = [np.degrees(np.arctan2(row[3] - row[1], row[2] - row[0])) for row in (one, other)]
            turned = abs(angles[0] - angles[1]) % 180
            hits += bool(near and min(turned, 180 - turned) <= 20)
        best = max(best, hits)
    return best


def test_a_hair_matches_within_a_tenth_of_a_millimetre_and_twenty_degrees() -> None:
    true = arrows(hair(100, 100, 0))
    assert match_hairs(arrows(hair(122, 100, 0)), true, 233.3).hits == 1
    assert match_hairs(arrows(hair(124, 100, 0)), true, 233.3).hits == 0
    assert match_hairs(arrows(hair(100, 100, 19)), true, 233.3).hits == 1
    assert match_hairs(arrows(hair(100, 100, 21)), true, 233.3).hits == 0
    assert match_hairs(arrows(hair(100, 100, 175)), true, 233.3).hits == 1  # an axis has no direction


def test_two_readings_of_one_hair_are_one_hit_and_one_false_alarm() -> None:
    match = match_hairs(arrows(hair(100, 100, 0), hair(103, 100, 0)), arrows(hair(101, 100, 0)), 233.3)
    assert (match.hits, match.found, match.true) == (1, 2, 1)
    assert match_hairs(arrows(), arrows(hair(1, 1, 0)), 233.3).hits == 0


@pytest.mark.parametrize("seed", range(8))
def test_the_pairing_has_as_many_pairs_as_any(seed: int) -> None:
    random = np.random.default_rng(seed)
    true = arrows(*(strewn(random) for _ in range(6)))
    found = arrows(*(strewn(random) for _ in range(6)))
    match = match_hairs(found, true, 233.3)
    assert match.hits == best_of_all_pairings(found, true, 233.3)
    assert len(set(match.true_rows.tolist())) == match.hits


def test_the_frame_leaves_a_tenth_of_each_side() -> None:
    inside = in_frame(arrows(hair(10, 5, 0), hair(9, 20, 0), hair(90, 20, 0), hair(50, 45, 0)), 100, 50)
    assert inside.tolist() == [True, False, False, False]


def test_all_sessions_of_a_patient_lie_on_one_side(tmp_path: Path) -> None:
    lines = [f"2201{day:02}_A{day % 7}_1.webp,2201{day:02}_A{day % 7},832,666,233.3" for day in range(1, 29)]
    (tmp_path / "images.csv").write_text("\n".join(["file,session_patient,width,height,px_per_mm", *lines]))
    (tmp_path / "hairs.csv").write_text(
        "file,kind,root_x,root_y,tip_x,tip_y\n220101_A1_1.webp,single,1,2,3,4\n220101_A1_1.webp,undersize,5,6,7,8\n"
    )
    files = list_hair_files(tmp_path)
    assert {file.patient for file in files} == {f"A{number}" for number in range(7)}
    assert files[0].arrows.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert files[0].kinds.tolist() == [1, 2]
    held_out = {file.patient for file in hairs_on_side(files, "test")}
    assert held_out == {f"A{number}" for number in range(7) if side_of(f"A{number}") == "test"}
