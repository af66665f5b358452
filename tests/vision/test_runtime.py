"""Both backends give the same answers from the same release, for every release that ships."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.vision.conftest import drawn
from vision.condition import calibrated
from vision.preprocess import preprocess
from vision.release import RELEASES_DIR, Release, list_releases, load_release
from vision.runtime import best_backend, open_network
from vision.types import RgbImage, View

torch = pytest.importorskip("torch")

RELEASES = [release.id for release in list_releases()]
HEADS = (View.CROWN, View.OCCIPUT)
WEIGHTS = (".bin", ".npz", ".onnx", ".pt", ".safetensors", ".xml")


@cache
def _pictures() -> tuple[RgbImage, ...]:
    rng = np.random.default_rng(3)
    return (*(drawn(view).image for view in HEADS), rng.integers(0, 256, (300, 260, 3), np.uint8))


def _batch(release: Release) -> np.ndarray:
    return np.concatenate([preprocess(image, release.input)[0] for image in _pictures()])


@pytest.mark.parametrize("name", RELEASES)
def test_backends_agree(name: str):
    release = load_release(name)
    from vision.runtime.architectures import BUILDERS

    assert release.architecture in BUILDERS
    batch = _batch(release)
    served = open_network(release).infer(batch)
    reference = open_network(release, "torch").infer(batch)
    assert [one.shape for one in served] == [one.shape for one in reference]
    if release.task == "segmentation":
        assert (served[0].argmax(1) == reference[0].argmax(1)).mean() >= 0.995
        gap = calibrated(served[0].transpose(0, 2, 3, 1), 1.0) - calibrated(reference[0].transpose(0, 2, 3, 1), 1.0)
        assert np.abs(gap).max() <= 0.01
    elif release.task == "conditions":
        gap = calibrated(served[0], release.temperature) - calibrated(reference[0], release.temperature)
        assert np.abs(gap).max() <= 0.01
    else:
        for one, other in zip(served, reference, strict=True):
            assert np.abs(one - other).max() <= 0.01 * max(1.0, np.abs(other).max())


@pytest.mark.parametrize("name", RELEASES)
def test_a_photo_in_a_batch_is_the_photo_alone(name: str):
    release = load_release(name)
    network, batch = open_network(release), _batch(release)
    for together, *alone in zip(network.infer(batch), *(network.infer(one[None]) for one in batch), strict=True):
        for row, single in enumerate(alone):
            np.testing.assert_allclose(together[row], single[0], atol=2e-3 * max(1.0, float(np.abs(single).max())))


@pytest.mark.parametrize("name", RELEASES)
def test_the_same_picture_gives_the_same_numbers_every_time(name: str):
    release = load_release(name)
    batch = _batch(release)[:1]
    first = open_network(release).infer(batch)
    for again in (open_network(release).infer(batch), open_network(release).infer(batch)):
        for one, other in zip(first, again, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_one_weights_file_serves_both_backends(tmp_path: Path, order: torch.memory_format):
    """However the weights lay in memory while they were trained."""
    from torch import nn

    from vision.runtime.openvino import OpenVinoNetwork
    from vision.training.export import export_network, half_precision, tensor_offsets

    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 1)).eval()
    network[1].get_buffer("running_mean").uniform_(-1, 1)
    network[1].get_buffer("running_var").uniform_(0.5, 2)
    network.to(memory_format=order)  # type: ignore[call-overload]
    written = export_network(network, tmp_path, (3, 16, 16))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(written)
    assert isinstance(network[1], nn.BatchNorm2d)  # exporting leaves the network as it was
    assert {"0.weight", "0.bias", "3.weight", "3.bias"} <= set(tensor_offsets(tmp_path / "weights.safetensors"))
    batch = torch.randn(3, 3, 16, 16)
    (served,) = OpenVinoNetwork(tmp_path / "model.xml", tmp_path / "weights.safetensors").infer(batch.numpy())
    with torch.inference_mode():
        expected = half_precision(network)(batch).numpy()
    np.testing.assert_allclose(served, expected, atol=5e-3)


def test_without_a_card_the_cpu_serves():
    if not Path("/dev/nvidiactl").exists():
        assert best_backend() == "openvino"


def test_all_networks_and_readers_together_are_small():
    listed = {release.folder / name for release in list_releases() for name in release.files}
    lying = {path for path in RELEASES_DIR.parent.rglob("*") if path.suffix in WEIGHTS}
    assert sum(path.stat().st_size for path in listed | lying) <= 30e6


def test_one_onnx_file_serves_openvino_opencv_and_torch(tmp_path: Path):
    import cv2
    from torch import nn

    from vision.release import ONNX_FILE
    from vision.runtime.architectures import fold_batch_norms, onnx_weights
    from vision.runtime.openvino import OpenVinoNetwork
    from vision.training.export import export_onnx, half_precision

    torch.manual_seed(2)
    network = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 2, 1)).eval()
    export_onnx(network, tmp_path, (3, 16, 16))
    batch = torch.rand(2, 3, 16, 16)
    rebuilt = fold_batch_norms(network)
    expected = half_precision(rebuilt)(batch).detach().numpy()
    rebuilt.load_state_dict(onnx_weights(tmp_path / ONNX_FILE))
    opened = cv2.dnn.readNetFromONNX(str(tmp_path / ONNX_FILE))
    opened.setInput(batch[:1].numpy())
    np.testing.assert_array_equal(rebuilt(batch).detach().numpy(), expected)
    np.testing.assert_allclose(OpenVinoNetwork(tmp_path / ONNX_FILE, None).infer(batch.numpy())[0], expected, atol=1e-5)
    np.testing.assert_allclose(opened.forward(), expected[:1], atol=1e-5)
