"""Figures of the segmentation against scikit-learn, scikit-image and closed forms."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vision.__main__ import main
from vision.evaluation.commands import labels_of_region_masks
from vision.evaluation.overlap import overlaps
from vision.evaluation.segmentation import (
    convex_hull,
    count_pair,
    evaluate_hair_masks,
    evaluate_region_masks,
    evaluate_scalp_regions,
    percentages,
)
from vision.release import InputSpec, Release
from vision.training.split import side_of
from vision.types import Metric, ScalpClass

CLASSES = ("background", "dense", "thinning", "bald")


def test_overlap_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(2)
    pairs = [(rng.random((30, 20)) < p, rng.random((30, 20)) < 0.4) for p in (0.2, 0.5, 0.8)]
    counted = overlaps([count_pair(predicted, truth) for predicted, truth in pairs])
    every = np.arange(3)
    predicted = np.concatenate([p.ravel() for p, _ in pairs])
    truth = np.concatenate([t.ravel() for _, t in pairs])
    assert counted.iou(every) == pytest.approx(metrics.jaccard_score(truth, predicted))
    assert counted.f1(every) == pytest.approx(metrics.f1_score(truth, predicted))
    each_iou = [metrics.jaccard_score(t.ravel(), p.ravel()) for p, t in pairs]
    each_f1 = [metrics.f1_score(t.ravel(), p.ravel()) for p, t in pairs]
    assert counted.iou_image(every) == pytest.approx(np.mean(each_iou))
    assert counted.f1_image(every) == pytest.approx(np.mean(each_f1))
    assert counted.iou(np.array([1, 1])) == pytest.approx(each_iou[1])


def test_two_empty_masks_agree_and_pooled_nothing_is_no_figure():
    nothing = np.zeros((4, 4), bool)
    counted = overlaps([count_pair(nothing, nothing)])
    assert counted.iou(np.array([0])) is None
    assert counted.iou_image(np.array([0])) == 1.0


def test_hull_is_that_of_scikit_image():
    morphology = pytest.importorskip("skimage.morphology")
    rows, columns = np.mgrid[:120, :160]
    ring = np.abs(np.hypot(rows - 60, columns - 80) - 40) < 6
    ring[60:] = False
    expected = morphology.convex_hull_image(ring)
    assert (convex_hull(ring) == expected).mean() > 0.99
    assert not convex_hull(np.zeros((5, 5), bool)).any()


def test_shares_of_a_scalp_counted_by_hand():
    labels = np.repeat(
        np.array([ScalpClass.BACKGROUND, ScalpClass.DENSE, ScalpClass.THINNING, ScalpClass.BALD], np.uint8),
        [9, 5, 3, 2],
    )[None]
    shares = percentages(labels)
    assert shares[Metric.THINNING_SHARE] == pytest.approx(30)
    assert shares[Metric.BALD_SHARE] == pytest.approx(20)
    assert shares[Metric.AFFECTED_SHARE] == pytest.approx(35)
    assert shares[Metric.COVERAGE_INDEX] == pytest.approx(65)
    assert shares[Metric.SCALP_VISIBILITY] == pytest.approx(50)


def test_bald_is_read_only_inside_the_hull_of_the_hair():
    mask = np.zeros((60, 60), np.uint8)
    mask[10:50, 10:20] = mask[10:50, 40:50] = 255
    mask[10:14, 20:40] = 128
    labels = labels_of_region_masks(mask)
    assert labels[30, 30] == ScalpClass.BALD
    assert labels[55, 30] == ScalpClass.BACKGROUND
    assert labels[12, 30] == ScalpClass.THINNING


class Painted:
    """A network that reads the class off the red channel of pictures painted for the test."""

    def infer(self, batch):
        value = np.round((batch[:, :1] + 1) * 127.5 / 60)
        channels = np.arange(4, dtype=np.float32).reshape(1, 4, 1, 1)
        return ((-10 * np.abs(channels - value)).astype(np.float32),)


@pytest.fixture
def painted(tmp_path):
    """Two pictures of one held-out person and one of a person trained on; labels as ``Painted`` will read them."""
    held_out = next(f"p{n:03d}" for n in range(99) if side_of(f"p{n:03d}") == "test")
    trained = next(f"p{n:03d}" for n in range(99) if side_of(f"p{n:03d}") == "train")
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for stem in (f"norwood_{held_out}_top_down", f"norwood_{held_out}_front", f"norwood_{trained}_front"):
        mask = np.zeros((64, 64), np.uint8)
        mask[8:56, 8:56], mask[16:40, 16:40], mask[20:30, 20:30] = 1, 2, 3
        seen = mask.copy()
        if stem.endswith(f"{held_out}_front"):
            seen[16:40, 16:28] = 1  # half of the loss is missed
        cv2.imwrite(str(tmp_path / "masks" / f"{stem}.png"), mask)
        cv2.imwrite(str(tmp_path / "images" / f"{stem}.png"), np.repeat(seen[..., None] * 60, 3, axis=2))
    release = Release(
        name="painted",
        version="1",
        task="segmentation",
        architecture="none",
        input=InputSpec(64, 64),
        classes=CLASSES,
        temperature=1.0,
        files={},
        trained_on=(),
        licence_note="",
        folder=tmp_path,
    )
    return tmp_path, release


def test_scalp_region_figures_are_pooled_and_counted_by_person(painted):
    folder, release = painted
    report = evaluate_scalp_regions(folder, Painted(), release)
    assert (report["n_images"], report["n_people"], report["release"]) == (3, 2, "painted-1")
    assert report["metrics"]["scalp_iou"]["value"] == 1.0
    assert report["metrics"]["thin_or_bald_iou"]["value"] == pytest.approx((2 * 576 + 288) / (3 * 576), abs=1e-4)
    figure = report["metrics"]["affected_share_mae"]
    assert figure["low"] <= figure["value"] <= figure["high"]


def test_only_held_out_people_are_scored_on_request(painted):
    folder, release = painted
    report = evaluate_scalp_regions(folder, Painted(), release, split="test")
    assert (report["n_images"], report["n_people"]) == (2, 1)
    assert report["metrics"]["thin_or_bald_iou"]["value"] == pytest.approx(0.75, abs=1e-4)
    assert report["measures"]["affected_share"]["bias"] < 0


def test_hair_figures_take_dense_and_thinning_for_hair(painted):
    folder, release = painted
    for path in (folder / "masks").iterdir():
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(path), np.isin(mask, (1, 2)).astype(np.uint8) * 255)
    report = evaluate_hair_masks(folder, Painted(), release)
    hair, bald_missed = 48 * 48 - 100, 8 * 10
    expected = 3 * hair / (3 * hair + bald_missed)
    assert report["metrics"]["iou"]["value"] == pytest.approx(expected, abs=1e-4)
    assert report["metrics"]["f1"]["value"] == pytest.approx(2 * expected / (1 + expected), abs=1e-4)


def test_coarse_masks_score_loss_inside_the_hull(painted):
    folder, release = painted
    for path in (folder / "masks").iterdir():
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(path), np.array([0, 255, 128, 0], np.uint8)[mask])
    report = evaluate_region_masks(folder, Painted(), release)
    assert report["metrics"]["thin_or_bald_iou"]["value"] == pytest.approx((2 * 576 + 288) / (3 * 576), abs=1e-4)


def test_an_unknown_task_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "toenails", "--data", "nowhere"])
    assert "hair_masks" in capsys.readouterr().err


def test_missing_pictures_are_said_in_a_sentence(tmp_path, capsys):
    assert main(["evaluate", "hair_masks", "--data", str(tmp_path)]) == 1
    assert "research pictures" in capsys.readouterr().err
