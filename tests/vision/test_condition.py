"""The condition classifier as a person meets it: what is shown, when it abstains, and what the attention map means."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.condition import (
    HEAD_FILE,
    ConditionHead,
    attention,
    calibrated,
    decide,
    distance,
    likeness,
    load_head,
    outside,
    pooled,
    read_condition,
    save_head,
)
from vision.release import InputSpec, Release, ReleaseCorrupt, load_release, sha256_of
from vision.runtime import open_network
from vision.types import Condition, Reason

CLASSES = ("alopecia", "psoriasis", "folliculitis", "no_finding", "other")


class FixedNetwork:
    """Answers every picture with the same logits and feature map."""

    def __init__(self, logits: list[float], features: NDArray[np.float32]) -> None:
        self.logits = np.array([logits], dtype=np.float32)
        self.features = features[None]

    def infer(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        assert batch.shape == (1, 3, 64, 64)
        return self.logits, self.features


def head_of(weight: NDArray[np.float32], reference: NDArray[np.float32]) -> ConditionHead:
    against_second = np.array([1.0, -2.0, 0.0, 0.0], dtype=np.float32)
    return ConditionHead(weight, np.zeros(5, np.float32), reference, against_second, np.asarray(0.25, np.float32))


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """A release whose reference pictures all point along the first of four channels; its reader of heads is against
    the second."""
    weight = np.eye(5, 4, dtype=np.float32)
    reference = np.tile(np.array([[1.0, 0.0, 0.0, 0.0]], dtype=np.float32), (8, 1))
    save_head(tmp_path / HEAD_FILE, head_of(weight, reference))
    return Release(
        name="scalp-condition",
        version="0.0",
        task="condition",
        architecture="test",
        input=InputSpec(64, 64, resize="stretch"),
        classes=CLASSES,
        temperature=2.0,
        files={HEAD_FILE: sha256_of(tmp_path / HEAD_FILE)},
        trained_on=(),
        licence_note="",
        folder=tmp_path,
        thresholds={"probability": 0.6, "distance": 0.4, "likeness": 0.0},
    )


def picture() -> NDArray[np.uint8]:
    return np.full((80, 60, 3), 120, dtype=np.uint8)


def feature_map(channel: int) -> NDArray[np.float32]:
    features = np.zeros((4, 2, 2), dtype=np.float32)
    features[channel, 1, 0] = 4.0
    return features


def test_a_sure_reading_is_shown_with_calibrated_probabilities(release: Release) -> None:
    reading, _ = read_condition(picture(), FixedNetwork([8, 0, 0, 0, 0], feature_map(0)), release)
    assert reading.shown is Condition.ALOPECIA
    assert reading.abstained_because is None
    # softmax of (8, 0, 0, 0, 0) / 2 in closed form
    assert reading.probabilities[Condition.ALOPECIA] == pytest.approx(np.exp(4) / (np.exp(4) + 4), rel=1e-5)
    assert sum(reading.probabilities.values()) == pytest.approx(1.0, abs=1e-5)


def test_below_the_threshold_nothing_but_unsure_is_shown(release: Release) -> None:
    reading, _ = read_condition(picture(), FixedNetwork([1, 0.8, 0, 0, 0], feature_map(0)), release)
    assert reading.shown is Condition.UNSURE
    assert reading.abstained_because is None
    assert reading.threshold == 0.6
    assert Condition.UNSURE not in reading.probabilities


def test_a_picture_unlike_the_training_pictures_is_out_of_domain_however_sure_the_network(release: Release) -> None:
    reading, _ = read_condition(picture(), FixedNetwork([30, 0, 0, 0, 0], feature_map(3)), release)
    assert reading.shown is Condition.UNSURE
    assert reading.abstained_because is Reason.OUT_OF_DOMAIN


def test_attention_lies_where_the_class_evidence_lies(release: Release) -> None:
    _, level = read_condition(picture(), FixedNetwork([8, 0, 0, 0, 0], feature_map(0)), release)
    assert level.shape == (2, 2)
    assert level[1, 0] == pytest.approx(1.0)
    assert level.sum() == pytest.approx(1.0)


def test_attention_is_empty_when_nothing_speaks_for_the_class() -> None:
    level = attention(feature_map(0), np.array([-1.0, 0, 0, 0], dtype=np.float32))
    assert not level.any()


def test_a_threshold_never_shows_the_second_best(release: Release) -> None:
    probabilities = np.array([0.61, 0.39, 0, 0, 0], dtype=np.float32)
    assert decide(release, probabilities, strange=False).shown is Condition.ALOPECIA
    strict = replace(release, thresholds={**release.thresholds, "probability": 0.7})
    assert decide(strict, probabilities, strange=False).shown is Condition.UNSURE


def test_distance_is_zero_on_a_reference_and_grows_to_one_at_a_right_angle(release: Release) -> None:
    head = head_of(np.zeros((5, 4), np.float32), np.tile(np.eye(1, 4, dtype=np.float32), (6, 1)))
    vectors = np.array([[3, 0, 0, 0], [1, 1, 0, 0], [0, 2, 0, 0]], dtype=np.float32)
    assert distance(vectors, head) == pytest.approx([0.0, 1 - np.sqrt(0.5), 1.0], abs=1e-6)


def test_a_picture_near_the_training_pictures_is_still_outside_when_it_reads_as_no_head(release: Release) -> None:
    head = load_head(release)
    vectors = np.array([[3, 0, 0, 0], [3, 2.4, 0, 0], [0, 0, 2, 0]], dtype=np.float32)
    assert distance(vectors, head)[1] < release.thresholds["distance"] < distance(vectors, head)[2]
    # (1 x 3 - 2 x 2.4) / |(3, 2.4)| + 0.25
    assert likeness(vectors, head)[1] == pytest.approx(-1.8 / np.hypot(3, 2.4) + 0.25, abs=1e-3)
    assert list(outside(vectors, head, release.thresholds)) == [False, True, True]


def test_temperature_softens_without_changing_the_order() -> None:
    logits = np.array([[4.0, 1.0, 0.0]], dtype=np.float32)
    sharp, soft = calibrated(logits, 1.0)[0], calibrated(logits, 3.0)[0]
    assert soft[0] < sharp[0]
    assert list(np.argsort(soft)) == list(np.argsort(sharp))
    assert np.isfinite(calibrated(np.array([[900.0, -900.0]], dtype=np.float32), 0.5)).all()


def test_attention_equals_grad_cam() -> None:
    """The exact map against the pytorch-grad-cam package, on an untrained network of the shipped architecture."""
    torch = pytest.importorskip("torch")
    from vision.training.torchvision_compat import ensure_torchvision

    ensure_torchvision()
    grad_cam = pytest.importorskip("pytorch_grad_cam")
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    from vision.training.condition_network import ConditionNetwork

    torch.manual_seed(1)
    network = ConditionNetwork(5).eval()

    class LogitsOnly(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            return self.network(batch)[0]

    batch = torch.rand(1, 3, 96, 96) * 2 - 1
    with torch.no_grad():
        _, features = network(batch)
    layer = network.backbone.bn2
    for index in range(5):
        ours = attention(features[0].numpy(), network.head.weight[index].detach().numpy())
        target = [ClassifierOutputTarget(index)]
        with grad_cam.GradCAM(model=LogitsOnly(), target_layers=[layer]) as cam:
            cam(batch, targets=target)
            passed = cam.activations_and_grads
            # the package's own map before it enlarges and rescales it
            raw = cam.get_cam_image(
                batch, layer, target, passed.activations[0].numpy(), passed.gradients[0].numpy(), False
            )[0]
        theirs = np.maximum(raw, 0)
        assert ours == pytest.approx(theirs / theirs.max() if theirs.max() > 0 else theirs, abs=1e-4)


def test_the_exported_network_answers_as_the_trained_one() -> None:
    """OpenVINO against PyTorch with the release's own weights, and logits against the stored head."""
    torch = pytest.importorskip("torch")
    from vision.runtime.architectures import load_module

    release = load_release("scalp-condition")
    network = load_module(release)
    batch = np.random.default_rng(3).uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)
    logits, features = open_network(release).infer(batch)
    with torch.no_grad():
        expected = network(torch.from_numpy(batch))[0].numpy()
    assert logits == pytest.approx(expected, abs=0.05)
    head = load_head(release)
    assert logits == pytest.approx(pooled(features) @ head.weight.T + head.bias, abs=0.05)


@pytest.fixture(scope="module")
def shipped() -> Release:
    """The release in the tree."""
    return load_release("scalp-condition")


def test_the_shipped_release_comes_with_figures_and_a_card(shipped: Release) -> None:
    metrics = shipped.metrics()["test"]["metrics"]
    for name in shipped.classes:
        figure = metrics[f"recall.{name}"]
        assert figure["low"] <= figure["value"] <= figure["high"]
    card = shipped.card().lower()
    assert "research use" in card
    assert "abstain" in card


def test_a_changed_head_is_refused(shipped: Release, tmp_path: Path) -> None:
    copy = tmp_path / shipped.id
    shutil.copytree(shipped.folder, copy)
    content = bytearray((copy / HEAD_FILE).read_bytes())
    content[-40] ^= 1
    (copy / HEAD_FILE).write_bytes(bytes(content))
    with pytest.raises(ReleaseCorrupt, match=HEAD_FILE):
        load_release("scalp-condition", tmp_path)
