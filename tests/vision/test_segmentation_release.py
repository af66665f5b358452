"""The shipped segmentation: the same answer from both backends and every time, and as good as its card says."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from vision.release import Release, load_release
from vision.runtime import Network, open_network
from vision.segment import scalp_share, segment
from vision.training.data import DEFAULT_DATA
from vision.types import ScalpClass

needs_data = pytest.mark.skipif(
    not (DEFAULT_DATA / "scalp_regions").is_dir(), reason="research pictures are not here (RESEARCH_DATA)"
)


@cache
def _shipped() -> tuple[Network, Release]:
    release = load_release("scalp-segmentation")
    return open_network(release), release


def drawn_pictures() -> list[np.ndarray]:
    """Noise, gradients and a head-like disc, in several shapes."""
    rng = np.random.default_rng(5)
    ramp = np.linspace(0, 255, 300, dtype=np.uint8)
    gradient = np.stack([np.tile(ramp, (200, 1)), np.tile(ramp[::-1], (200, 1)), np.full((200, 300), 90)], -1)
    rows, columns = np.mgrid[:320, :240]
    radius = np.hypot((rows - 150) / 120, (columns - 120) / 90)
    head = np.full((320, 240, 3), (180, 190, 200), np.uint8)
    head[radius < 1] = (40, 30, 25)
    head[radius < 0.4] = (205, 160, 135)
    noisy = np.clip(head + rng.normal(0, 12, head.shape), 0, 255)
    return [gradient.astype(np.uint8), head, noisy.astype(np.uint8), rng.integers(0, 256, (256, 256, 3), np.uint8)]


def test_both_backends_draw_the_same_mask():
    pytest.importorskip("torch")
    network, release = _shipped()
    reference = open_network(release, "torch")
    for image in drawn_pictures():
        served, expected = segment(image, network, release), segment(image, reference, release)
        assert (served.labels == expected.labels).mean() >= 0.995
        assert np.abs(served.probabilities - expected.probabilities).max() <= 0.02
        assert np.abs(served.probabilities - expected.probabilities).mean() <= 0.001


def test_the_same_photo_gives_the_same_numbers():
    network, release = _shipped()
    image = drawn_pictures()[2]
    first = segment(image, network, release)
    again = segment(image, open_network(release), release)
    assert (first.labels == again.labels).all()
    assert (first.probabilities == again.probabilities).all()


def test_photos_of_a_session_can_go_in_one_batch():
    network, release = _shipped()
    rng = np.random.default_rng(1)
    batch = rng.normal(size=(3, 3, release.input.height, release.input.width)).astype(np.float32)
    (together,) = network.infer(batch)
    (alone,) = network.infer(batch[1:2])
    assert together.shape == (3, len(release.classes), release.input.height, release.input.width)
    np.testing.assert_allclose(together[1], alone[0], atol=1e-3)


def test_channels_are_classes_of_the_contract():
    _, release = _shipped()
    assert [ScalpClass[name.upper()] for name in release.classes] == [
        ScalpClass.BACKGROUND,
        ScalpClass.DENSE,
        ScalpClass.THINNING,
        ScalpClass.BALD,
    ]


def test_plain_walls_are_no_scalp():
    network, release = _shipped()
    for colour in ((255, 255, 255), (20, 20, 20), (120, 160, 90)):
        assert scalp_share(segment(np.full((200, 260, 3), colour, np.uint8), network, release)) < 0.06


def test_the_card_quotes_its_figures():
    _, release = _shipped()
    figures = release.metrics()["tasks"]["scalp_regions"]["metrics"]
    for name in ("scalp_iou", "thin_or_bald_iou", "bald_iou"):
        assert f"{figures[name]['value']:.3f}" in release.card()
    assert "Research use" in release.card()


@needs_data
@pytest.mark.research
def test_held_out_people_are_segmented_as_well_as_the_card_says():
    from vision.evaluation.segmentation import evaluate_scalp_regions

    network, release = _shipped()
    stated = release.metrics()["tasks"]["scalp_regions"]
    found = evaluate_scalp_regions(DEFAULT_DATA, network, release, split="test")
    assert found["n_people"] == stated["n_people"]
    for name in ("scalp_iou", "thin_or_bald_iou", "bald_iou"):
        assert found["metrics"][name]["value"] == pytest.approx(stated["metrics"][name]["value"], abs=0.005)
    assert found["metrics"]["affected_share_mae"]["value"] <= stated["metrics"]["affected_share_mae"]["high"]


@needs_data
@pytest.mark.research
def test_held_out_heads_are_measured():
    from vision.evaluation.domain import evaluate_domain

    network, release = _shipped()
    assert evaluate_domain(DEFAULT_DATA, network, release)["metrics"]["heads_refused"]["value"] <= 0.1


def test_serving_loads_no_torch():
    program = (
        "import sys; import numpy as np;"
        "from vision.release import load_release; from vision.runtime import open_network;"
        "from vision.segment import segment;"
        "release = load_release('scalp-segmentation');"
        "segment(np.zeros((64, 80, 3), np.uint8), open_network(release), release);"
        "sys.exit(any(name in sys.modules for name in ('torch', 'segmentation_models_pytorch', 'torchvision')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
