"""The region detector: raw outputs become outlines and shares of visible scalp, the same way ultralytics does it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vision.areas import affected_areas
from vision.evaluation.regions import PhotoCount, average_precision, count_photo, mask_iou, precision, recall
from vision.regions import FoundArea, decode, detect_regions, detections, find_areas, outline, suppress
from vision.release import InputSpec, Release, load_release
from vision.runtime import open_network
from vision.types import LabelMap, Metric, RgbImage, ScalpClass, ScalpMap

SIDE = 64
"""Input of the made-up network; its prototypes are 16 x 16."""


def column(
    box: tuple[float, float, float, float], scores: tuple[float, float], mask: tuple[float, float]
) -> list[float]:
    """One anchor: centre and size in pixels, scores of thinning and bald, coefficients of two prototypes."""
    return [*box, *scores, *mask]


def prototypes() -> NDArray[np.float32]:
    """The first says yes everywhere, the second yes in the right half and no in the left."""
    both = np.ones((2, 16, 16), dtype=np.float32)
    both[1, :, :8] = -1
    return both


class FixedNetwork:
    """Answers every picture with the same columns."""

    def __init__(self, columns: list[list[float]]) -> None:
        self.columns = np.array(columns, dtype=np.float32).T[None]

    def infer(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        assert batch.shape == (1, 3, SIDE, SIDE)
        return self.columns, prototypes()[None]


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return Release(
        name="scalp-regions",
        version="0.0",
        task="regions",
        architecture="test",
        input=InputSpec(SIDE, SIDE, scale=(255.0,) * 3, shift=(0.0,) * 3),
        classes=("thinning", "bald"),
        temperature=1.0,
        files={},
        trained_on=(),
        licence_note="",
        folder=tmp_path,
        thresholds={"score": 0.5},
    )


def whole_scalp(height: int, width: int) -> ScalpMap:
    return scalp_map(np.full((height, width), ScalpClass.DENSE, dtype=np.uint8))


def scalp_map(labels: LabelMap, sure: float = 1.0) -> ScalpMap:
    """Every pixel has its label's class with this probability; the rest is dense hair."""
    probabilities = np.stack([sure * (labels == kind).astype(np.float32) for kind in ScalpClass])
    probabilities[ScalpClass.DENSE] += 1 - sure
    return ScalpMap(labels, probabilities)


def patched(kind: ScalpClass, top: int = 16, left: int = 16, side: int = 32) -> LabelMap:
    """A scalp all over the picture, dense but for a square."""
    labels = np.full((64, 64), ScalpClass.DENSE, dtype=np.uint8)
    labels[top : top + side, left : left + side] = kind
    return labels


def picture(height: int = 64, width: int = 64) -> RgbImage:
    return np.full((height, width, 3), 90, dtype=np.uint8)


def test_a_region_has_the_shape_the_segmentation_draws(release: Release) -> None:
    """A bald square, and a detection of the same place that is twice as wide."""
    network = FixedNetwork([column((32, 32, 64, 32), (0.1, 0.9), (1, 0))])
    (region,) = detect_regions(picture(), scalp_map(patched(ScalpClass.BALD)), network, release)
    assert region.kind is ScalpClass.BALD
    assert region.share_of_scalp == pytest.approx(25, abs=0.5)
    assert (region.box.left, region.box.right) == pytest.approx((0.25, 0.75), abs=0.02)
    assert region.position == pytest.approx((0.5, 0.5), abs=0.01)
    assert len(region.polygon) >= 3


def test_a_share_has_an_interval_that_widens_with_doubt_and_with_the_releases_error(release: Release) -> None:
    network = FixedNetwork([column((32, 32, 64, 32), (0.1, 0.9), (1, 0))])
    sure, doubtful = (scalp_map(patched(ScalpClass.BALD), certainty) for certainty in (1.0, 0.9))
    ranges = [
        next(iter(detect_regions(picture(), scalp, network, release, {Metric.AFFECTED_SHARE: mae}))).share_range
        for scalp, mae in ((sure, 0.0), (doubtful, 0.0), (sure, 2.0))
    ]
    assert ranges[0] == pytest.approx((25, 25))
    low, high = ranges[1] or (0.0, 0.0)
    assert low < 24 < 26 < high
    # the only bald region bears all of the release's error of the bald share: ln 20 x 1.3 x 2 points
    assert ranges[2] == pytest.approx((25 - 7.789, 25 + 7.789), abs=0.01)


def test_position_is_relative_to_the_visible_scalp(release: Release) -> None:
    labels = np.zeros((64, 64), dtype=np.uint8)
    labels[16:48, 32:64] = ScalpClass.THINNING
    network = FixedNetwork([column((48, 32, 32, 32), (0.8, 0.1), (1, 0))])
    (region,) = detect_regions(picture(), scalp_map(labels), network, release)
    assert region.kind is ScalpClass.THINNING
    assert region.share_of_scalp == pytest.approx(100, abs=0.1)
    assert region.position == pytest.approx((0.5, 0.5), abs=0.01)
    assert region.box.left >= 0.5


def test_both_networks_have_to_agree(release: Release) -> None:
    """Full agreement scores near one; a detection elsewhere, a faint one or a doubtful area scores lower."""
    sure, doubtful = scalp_map(patched(ScalpClass.BALD)), scalp_map(patched(ScalpClass.BALD), 0.65)
    same = column((32, 32, 32, 32), (0.1, 0.99), (1, 0))
    elsewhere = column((8, 56, 12, 12), (0.1, 0.99), (1, 0))
    faint = column((32, 32, 32, 32), (0.1, 0.1), (1, 0))
    scores = [
        find_areas(picture(), scalp, FixedNetwork([one]), release)[0].score
        for scalp, one in ((sure, same), (sure, faint), (sure, elsewhere), (doubtful, same))
    ]
    assert scores[0] > 0.9
    assert scores == sorted(scores, reverse=True)
    assert scores[2] < 0.2
    assert detect_regions(picture(), sure, FixedNetwork([elsewhere]), release) == ()


def test_a_mirrored_photo_has_mirrored_regions(release: Release) -> None:
    labels = patched(ScalpClass.THINNING, left=4)
    there = find_areas(
        picture(), scalp_map(labels), FixedNetwork([column((20, 32, 32, 32), (0.9, 0), (1, 0))]), release
    )
    back = find_areas(
        picture(),
        scalp_map(labels[:, ::-1].copy()),
        FixedNetwork([column((44, 32, 32, 32), (0.9, 0), (1, 0))]),
        release,
    )
    assert there[0].score == pytest.approx(back[0].score, abs=0.02)
    assert (there[0].mask == back[0].mask[:, ::-1]).all()


def test_nothing_is_found_without_scalp_or_below_one_percent(release: Release) -> None:
    network = FixedNetwork([column((32, 32, 32, 32), (0.1, 0.9), (1, 0))])
    bare = scalp_map(np.zeros((64, 64), dtype=np.uint8))
    assert detect_regions(picture(), bare, network, release) == ()
    assert detect_regions(picture(), whole_scalp(64, 64), network, release) == ()
    assert find_areas(picture(), scalp_map(patched(ScalpClass.BALD, side=6)), network, release) == ()


def test_a_wide_photo_is_taken_out_of_its_letterbox(release: Release) -> None:
    """A photo twice as wide as high fills the middle 32 rows; a box over the whole input covers the whole photo."""
    network = FixedNetwork([column((32, 32, 64, 64), (0.9, 0.1), (1, 0))])
    (found,) = detections(picture(50, 100), network, release, 0.5)
    assert found.mask.shape == (32, 64)
    assert found.mask.all()
    assert list(found.box) == [0, 0, 64, 32]


def test_of_two_overlapping_boxes_the_better_stays_and_another_kind_is_untouched() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 10], [20, 20, 30, 30]], dtype=np.float32)
    kept = suppress(boxes, np.array([0.7, 0.9, 0.5, 0.6], dtype=np.float32), np.array([0, 0, 1, 0]), 0.6)
    assert list(kept) == [1, 3, 2]


def test_suppression_agrees_with_torchvision() -> None:
    torch = pytest.importorskip("torch")
    from vision.training.torchvision_compat import ensure_torchvision

    ensure_torchvision()
    from torchvision.ops import batched_nms

    random = np.random.default_rng(4)
    low = random.uniform(0, 200, size=(300, 2))
    boxes = np.concatenate([low, low + random.uniform(5, 80, size=(300, 2))], axis=1).astype(np.float32)
    scores = random.permutation(300).astype(np.float32) / 300
    kinds = random.integers(0, 2, size=300)
    theirs = batched_nms(torch.from_numpy(boxes), torch.from_numpy(scores), torch.from_numpy(kinds), 0.6)
    assert list(suppress(boxes, scores, kinds, 0.6)) == theirs.tolist()


def test_an_outline_follows_the_largest_piece() -> None:
    mask = np.zeros((100, 200), dtype=bool)
    mask[20:80, 50:150] = True
    mask[5:8, 5:8] = True
    across, down = np.array(outline(mask)).T
    assert (across.min(), across.max()) == pytest.approx((0.25, 0.75), abs=0.01)
    assert (down.min(), down.max()) == pytest.approx((0.2, 0.8), abs=0.01)


def test_truth_lists_a_bald_core_inside_its_thinning_area() -> None:
    labels = np.full((100, 100), ScalpClass.DENSE, dtype=np.uint8)
    labels[20:70, 20:70] = ScalpClass.THINNING
    labels[35:55, 35:55] = ScalpClass.BALD
    labels[85:97, 85:97] = ScalpClass.BALD
    labels[2:5, 2:5] = ScalpClass.BALD  # 0.09 % of the scalp: not a region
    found = {(region.kind, round(region.share_of_scalp, 1)) for region in affected_areas(labels)}
    assert found == {(ScalpClass.THINNING, 25.0), (ScalpClass.BALD, 4.0), (ScalpClass.BALD, 1.4)}


def test_each_true_region_is_hit_once() -> None:
    labels = np.full((60, 60), ScalpClass.DENSE, dtype=np.uint8)
    labels[10:40, 10:40] = ScalpClass.BALD
    truth = affected_areas(labels)
    mask = labels == ScalpClass.BALD
    seen = [FoundArea(ScalpClass.BALD, 0.9, mask), FoundArea(ScalpClass.THINNING, 0.8, mask)]
    count = count_photo(seen, truth, "someone")
    assert list(count.hits) == [True, False]
    assert precision([count], 0.5) == 0.5
    assert recall([count], 0.5) == 1.0
    assert precision([count], 0.85) == 1.0
    assert count_photo(seen, truth, "someone", ScalpClass.THINNING).truths == 0


def test_average_precision_of_a_known_ranking() -> None:
    """Hits at ranks 1 and 3 of three truths: 1/3 + 2/3 * 1/3."""
    count = PhotoCount("a", np.array([0.9, 0.8, 0.7], np.float32), np.array([True, False, True]), 3)
    assert average_precision([count]) == pytest.approx(1 / 3 + 2 / 9)


def drawn_head(seed: int) -> RgbImage:
    """A drawn head from above with a pale patch, at the network's own size."""
    random = np.random.default_rng(seed)
    side = load_release("scalp-regions").input.height
    image = np.full((side, side, 3), (150, 160, 170), dtype=np.uint8)
    cv2.ellipse(image, (side // 2, side // 2), (side // 3, int(side * 0.4)), 0, 0, 360, (50, 38, 30), -1)
    centre = (side // 2 + int(random.integers(-15, 15)), side // 2 + int(random.integers(-25, 25)))
    cv2.ellipse(image, centre, (side // 9, side // 8), 0, 0, 360, (205, 165, 140), -1)
    noise = random.normal(0, 12, size=image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 1.5) + noise, 0, 255).astype(np.uint8)


@pytest.mark.filterwarnings("ignore")
def test_decoding_agrees_with_ultralytics_own_predict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped network through ultralytics' predictor against ours, on drawn heads."""
    pytest.importorskip("torch")
    monkeypatch.setenv("YOLO_AUTOINSTALL", "false")
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    from vision.training.torchvision_compat import ensure_torchvision

    ensure_torchvision()
    ultralytics = pytest.importorskip("ultralytics")
    _compile_as_served(monkeypatch)
    shipped = load_release("scalp-regions")
    folder = tmp_path / "regions_openvino_model"
    folder.mkdir()
    shutil.copy(shipped.path("model.xml"), folder / "regions.xml")
    shutil.copy(shipped.path("weights.safetensors"), folder / "regions.bin")
    side = shipped.input.height
    names = "".join(f"\n  {number}: {name}" for number, name in enumerate(shipped.classes))
    (folder / "metadata.yaml").write_text(
        f"stride: 32\ntask: segment\nbatch: 1\nimgsz: [{side}, {side}]\nnames:{names}\nend2end: false\nchannels: 3\n"
    )
    predictor = ultralytics.YOLO(str(folder), task="segment")
    network = open_network(shipped)
    compared = 0
    for seed in range(4):
        image = drawn_head(seed)
        ours = detections(image, network, shipped, 0.02)
        (theirs,) = predictor.predict(
            image[:, :, ::-1], imgsz=side, conf=0.02, iou=0.6, max_det=50, verbose=False, device="cpu", save=False
        )
        assert len(ours) == len(theirs.boxes)
        for index, one in enumerate(ours):
            assert one.score == pytest.approx(float(theirs.boxes.conf[index]), abs=1e-3)
            assert one.kind == int(theirs.boxes.cls[index])
            assert box_iou(one.box, theirs.boxes.xyxy[index].numpy()) > 0.95
            assert mask_iou(one.mask, theirs.masks.data[index].numpy().astype(bool)) > 0.97
            compared += 1
    assert compared > 0


def _compile_as_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenVINO computes in bfloat16 where the processor has it, unless told not to; ultralytics does not tell it."""
    openvino = pytest.importorskip("openvino")
    compiled = openvino.Core.compile_model

    def exactly(core: Any, model: Any, device_name: str, config: dict[str, Any]) -> Any:
        return compiled(core, model, device_name, {**config, "INFERENCE_PRECISION_HINT": "f32"})

    monkeypatch.setattr(openvino.Core, "compile_model", exactly)


def box_iou(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    areas = [float(np.prod(box[2:] - box[:2])) for box in (one, other)]
    return shared / (sum(areas) - shared)


def test_the_shipped_release_finds_nothing_on_a_flat_picture() -> None:
    shipped = load_release("scalp-regions")
    flat = np.full((300, 240, 3), 128, dtype=np.uint8)
    assert detect_regions(flat, whole_scalp(300, 240), open_network(shipped), shipped) == ()


def test_the_card_says_how_good_it_is_on_people_it_has_not_seen() -> None:
    shipped = load_release("scalp-regions")
    figures = shipped.metrics()["test"]["metrics"]
    for name in ("precision", "recall"):
        assert 0 <= figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"] <= 1
    card = shipped.card()
    assert "Research use" in card
    assert "composited" in card


def test_decode_of_nothing_is_nothing() -> None:
    columns = np.zeros((8, 21), dtype=np.float32)
    assert decode(columns, prototypes(), 2, 0.3) == ()
