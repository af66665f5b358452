"""Figures of the condition classifier and its training pictures: counted rightly, nobody on two sides of the split."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from vision.evaluation.condition_probes import CENTRAL_MARK, blur_patch, write_mark
from vision.evaluation.conditions import Judged, balanced_accuracy, calibration_error, confusion, evaluate, figures
from vision.evaluation.intervals import bootstrap_over_people, wilson
from vision.release import load_release
from vision.runtime import open_network
from vision.training.condition_augment import augment
from vision.training.condition_pictures import atlas_pictures, condition_named, part_of
from vision.training.data import DataMissing
from vision.types import Condition

EXPECTED_PARTS = ["train", "train", "train", "test", "train", "train"]
THRESHOLDS = {"probability": 0.6}


def judged(truth: list[int], probabilities: list[list[float]], outside: list[bool] | None = None) -> Judged:
    count = len(truth)
    return Judged(
        classes=("alopecia", "psoriasis", "other"),
        truth=np.array(truth, dtype=np.int64),
        probabilities=np.array(probabilities, dtype=np.float32),
        outside=np.array(outside or [False] * count, dtype=np.bool_),
        sources=("one",) * count,
        people=tuple(str(number) for number in range(count)),
    )


def test_precision_and_recall_count_what_they_say() -> None:
    found = figures(
        judged([0, 0, 1, 1], [[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.4, 0.5, 0.1]]), THRESHOLDS
    )
    assert found["precision.alopecia"].value == 1.0
    assert found["recall.alopecia"].value == 0.5
    assert found["precision.psoriasis"].value == pytest.approx(2 / 3)
    assert found["recall.psoriasis"].value == 1.0
    assert "recall.other" not in found  # no such picture: no figure rather than a zero
    assert found["abstained"].value == 0.25  # the last one is below 0.6
    assert found["accuracy_when_shown"].value == pytest.approx(2 / 3)
    assert found["balanced_accuracy"].value == 0.75


def test_a_picture_outside_the_domain_counts_as_abstained_however_probable() -> None:
    found = figures(judged([0, 0], [[0.99, 0.01, 0], [0.99, 0.01, 0]], [False, True]), THRESHOLDS)
    assert found["abstained"].value == 0.5
    assert found["out_of_domain"].value == 0.5


def test_calibration_error_is_the_gap_between_sureness_and_truth() -> None:
    probabilities = np.tile(np.array([[0.75, 0.25]], dtype=np.float32), (4, 1))
    assert calibration_error(probabilities, np.array([0, 0, 0, 1])) == pytest.approx(0.0, abs=1e-6)
    assert calibration_error(probabilities, np.array([0, 1, 1, 1])) == pytest.approx(0.5, abs=1e-6)


def test_confusion_and_balanced_accuracy_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(2)
    truth = random.integers(0, 3, 200)
    probabilities = random.dirichlet([1, 1, 1], 200)
    table = judged(truth.tolist(), probabilities.tolist())
    assert (confusion(table) == metrics.confusion_matrix(truth, table.best)).all()
    assert balanced_accuracy(truth, table.best) == pytest.approx(metrics.balanced_accuracy_score(truth, table.best))


def test_wilson_matches_the_published_example() -> None:
    """18 of 20: 0.699 to 0.972 (the interval that clinical.md quotes for n = 20)."""
    found = wilson(18, 20)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.699, 0.972), abs=0.001)
    assert wilson(0, 0) is None


def test_the_bootstrap_draws_people_not_pictures() -> None:
    """One person with all the pictures leaves nothing to resample: the interval is a point."""
    values = np.array([0.0, 1.0, 1.0, 0.0])
    alone = bootstrap_over_people(lambda rows: float(values[rows].mean()), ["a"] * 4)
    several = bootstrap_over_people(lambda rows: float(values[rows].mean()), ["a", "b", "c", "d"])
    assert alone is not None
    assert several is not None
    assert alone.low == alone.high == 0.5
    assert several.low < 0.5 < several.high
    assert several.n == 4


def write_table(folder: Path) -> None:
    (folder / "images").mkdir()
    with (folder / "labels.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["file", "condition", "subtype", "source", "duplicate_group"])
        for number in range(240):
            table.writerow([f"{number}.jpg", "psoriasis", "scalp_psoriasis", "atlas", str(1000 + number // 2)])
        table.writerow(["aug.jpg", "alopecia", "copy", "eshwar", "9"])
        table.writerow(["ring.jpg", "tinea_capitis", "kerion", "atlas", "8"])


def test_duplicates_and_neighbours_of_an_atlas_stay_on_one_side(tmp_path: Path) -> None:
    write_table(tmp_path)
    pictures = atlas_pictures(tmp_path)
    sides: dict[str, set[str]] = {}
    for picture in pictures:
        sides.setdefault(picture.person, set()).add(picture.part)
        sides.setdefault(picture.group, set()).add(picture.part)
    assert all(len(parts) == 1 for parts in sides.values())
    assert {picture.part for picture in pictures} == {"train", "validation", "test"}


def test_augmented_copies_are_never_trained_or_tested_on(tmp_path: Path) -> None:
    write_table(tmp_path)
    assert "aug.jpg" not in {picture.path.name for picture in atlas_pictures(tmp_path)}
    assert "aug.jpg" in {picture.path.name for picture in atlas_pictures(tmp_path, with_augmented=True)}


def test_what_is_not_named_is_other() -> None:
    assert condition_named("psoriasis_face") is Condition.OTHER
    assert condition_named("Healthy") is Condition.NO_FINDING
    assert condition_named("folliculitis") is Condition.FOLLICULITIS


def test_the_split_never_moves() -> None:
    """Figures of older releases would lose their meaning."""
    assert [part_of(group) for group in ("p000", "p001", "p002", "p003", "p009", "figaro_00001")] == EXPECTED_PARTS


def test_augmenting_keeps_size_and_type_and_changes_the_picture() -> None:
    image = np.random.default_rng(0).integers(0, 255, (120, 90, 3), dtype=np.uint8)
    seen = [augment(image, 64, np.random.default_rng(seed)) for seed in range(40)]
    assert all(one.shape == (64, 64, 3) and one.dtype == np.uint8 for one in seen)
    assert len({one.tobytes() for one in seen}) == 40


def test_marks_are_blurred_where_they_stand_and_nowhere_else() -> None:
    plain = np.full((300, 400, 3), 90, dtype=np.uint8)
    marked = write_mark(plain)
    assert (marked != plain).any()
    blurred = blur_patch(marked, CENTRAL_MARK)
    assert blurred.std() < marked.std()
    assert (blurred[:120] == marked[:120]).all()


def test_a_folder_of_strangers_is_scored_with_what_its_table_says(tmp_path: Path) -> None:
    """No neighbouring folders, no groups, one source unnamed, and a row whose picture is not there."""
    (tmp_path / "images").mkdir()
    random = np.random.default_rng(4)
    rows = [
        ("a.png", "alopecia", "clinic"),
        ("b.png", "psoriasis", "clinic"),
        ("c.png", "healthy", ""),
        ("d.png", "tinea", ""),
    ]
    for name, _, _ in rows[:3]:
        cv2.imwrite(str(tmp_path / "images" / name), random.integers(0, 255, (64, 64, 3), dtype=np.uint8))
    with (tmp_path / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("file", "condition", "source"), *rows])
    release = load_release("scalp-condition")
    report = evaluate(tmp_path, open_network(release), release)
    assert (report["n_images"], report["n_people"]) == (3, 3)
    wanted = {"balanced_accuracy", "ece", "abstained", "recall.alopecia", "recall.psoriasis"}
    assert wanted | {f"{name}@clinic" for name in wanted} <= set(report["metrics"])
    assert not any(name.endswith("@") for name in report["metrics"])


def test_a_folder_without_labels_is_refused_in_words(tmp_path: Path) -> None:
    release = load_release("scalp-condition")
    with pytest.raises(DataMissing, match=r"labels\.csv"):
        evaluate(tmp_path, open_network(release), release)
