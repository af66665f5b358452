"""The ordinary way to run the networks of an overview: eager PyTorch, ultralytics' predict, grad-cam's backward pass.

The weights are those of the releases. smp and timm run their networks with the batch normalisations they were trained
with; ultralytics folds its own. Every library decodes nothing and resizes for itself: it is given the pixels that the
portal gives its own networks, reduced as the portal reduces them, so that the answers can be compared.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vision.condition import calibrated
from vision.norwood import turned_features
from vision.pipeline import Networks
from vision.preprocess import placement_of, preprocess, resize
from vision.release import Release
from vision.runtime.architectures import build, foldable, load_module, stored_weights
from vision.runtime.yolo import NETWORK, quiet_ultralytics
from vision.segment import network_input, softmax
from vision.types import RgbImage, ScalpMap

THREADS = 2


class Ordinary:
    """The same four releases in the hands of the libraries they came from."""

    def __init__(self, networks: Networks) -> None:
        torch.set_num_threads(THREADS)
        assert networks.segmenter is not None
        assert networks.detector is not None
        assert networks.condition is not None
        assert networks.norwood is not None
        quiet_ultralytics(Path(tempfile.mkdtemp(prefix="trichora-bench-")))
        from pytorch_grad_cam import GradCAM
        from ultralytics import YOLO

        self._segmentation = networks.segmenter.release
        self._condition = networks.condition.release
        self._regions = networks.detector.release
        self._norwood = networks.norwood.release
        self._unet = with_batch_norms(self._segmentation)
        self._yolo = YOLO(str(NETWORK), task="segment", verbose=False)
        self._yolo.model = _as_trained(load_module(self._regions), self._yolo.model)
        self._grader = _Plain(with_batch_norms(self._norwood))
        self._classifier = with_batch_norms(self._condition)
        last: Any = self._classifier.backbone.bn2  # type: ignore[union-attr]
        self._cam = GradCAM(model=_Logits(self._classifier), target_layers=[last])

    def run(self, image: RgbImage, scalp: ScalpMap) -> tuple[Any, Any, Any, Any]:
        """Segmentation probabilities, ultralytics' results, (class probabilities, attention map), Norwood features.

        ``scalp`` is where the Norwood network looks; the segmentation above is not used for it, so that all four are
        compared on equal pixels.
        """
        batch, place = network_input(image, self._segmentation)
        with torch.no_grad():
            seen = self._unet(torch.from_numpy(np.ascontiguousarray(batch))).numpy()
        logits = seen[0] if len(seen) == 1 else (seen[0] + seen[1][..., ::-1]) / 2
        known = np.asarray(place.cut(logits), np.float32) / np.float32(self._segmentation.temperature)
        probabilities = softmax(known)
        place = placement_of(image, self._regions.input)
        reduced = np.ascontiguousarray(resize(image, place.height, place.width)[:, :, ::-1])
        (found,) = self._yolo.predict(
            reduced, imgsz=self._regions.input.height, conf=0.02, iou=0.6, max_det=50, rect=False,
            verbose=False, device="cpu", save=False,
        )  # fmt: skip
        batch, _ = preprocess(image, self._condition.input)
        inputs = torch.from_numpy(batch)
        with torch.no_grad():
            said = self._classifier(inputs)[0].numpy()
        reading = calibrated(said, self._condition.temperature)[0], self._cam(inputs, None)[0]
        return probabilities, found, reading, turned_features(image, scalp, self._grader, self._norwood.input)

    def compare(self, served: tuple[Any, Any, Any, Any], ordinary: tuple[Any, Any, Any, Any]) -> dict[str, float]:
        """How far the answers are apart."""
        scalp, detections, (reading, attention), features = served
        probabilities, found, (said, cam), known_features = ordinary
        known = [int(np.flatnonzero(np.array([m.name.lower() for m in _classes()]) == name)[0])
                 for name in self._segmentation.classes]  # fmt: skip
        scores = found.boxes.conf.numpy()
        best = np.array([found.score for found in detections], np.float32)
        both = min(len(best), len(scores))
        read = np.array([reading.probabilities[kind] for kind in reading.probabilities], np.float32)
        enlarged = _enlarged(attention, cam.shape)
        agree = float((scalp.probabilities[known].argmax(0) == probabilities.argmax(0)).mean())
        return {
            "masks_agree_percent": round(100 * agree, 3),
            "segmentation_probability_gap": round(float(np.abs(scalp.probabilities[known] - probabilities).max()), 5),
            "detections": len(detections),
            "detections_ordinary": len(scores),
            "detection_score_gap": round(float(np.abs(best[:both] - scores[:both]).max(initial=0)), 5),
            "condition_probability_gap": round(float(np.abs(read - said).max()), 5),
            "attention_correlation": round(float(np.corrcoef(enlarged.ravel(), cam.ravel())[0, 1]), 4),
            "norwood_feature_gap": round(float(np.abs(features - known_features).max()), 5),
        }  # fmt: skip


class _Plain:
    """Eager PyTorch behind the door that the portal's own networks have."""

    def __init__(self, network: torch.nn.Module) -> None:
        self._network = network

    def infer(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """One forward pass."""
        with torch.no_grad():
            found = self._network(torch.from_numpy(batch))
        return tuple(one.numpy() for one in (found if isinstance(found, tuple) else (found,)))


def with_batch_norms(release: Release) -> torch.nn.Module:
    """The network as its library builds it, with the normalisations that releases have folded away.

    The folded scale stays in the convolution; the normalisation keeps the folded shift and does its work for every
    pixel, as it does in the trained network.
    """
    network, weights = build(release), stored_weights(release)
    if any(name.endswith("running_mean") for name in weights):
        network.load_state_dict(weights)
        return network.eval()
    whole = dict(network.state_dict())
    for path, parent, first, second in foldable(network):
        norm: Any = getattr(parent, second)
        at = f"{path}." if path else ""
        weights[f"{at}{second}.bias"] = weights.pop(f"{at}{first}.bias")
        weights[f"{at}{second}.weight"] = torch.ones_like(norm.weight)
        weights[f"{at}{second}.running_mean"] = torch.zeros_like(norm.running_mean)
        weights[f"{at}{second}.running_var"] = torch.full_like(norm.running_var, 1 - norm.eps)
    counters = {name: value for name, value in whole.items() if name.endswith("num_batches_tracked")}
    network.load_state_dict(weights | counters)
    return network.eval()


class _Logits(torch.nn.Module):
    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(batch)[0]
        return logits


def _as_trained(served: torch.nn.Module, template: Any) -> Any:
    """The served detector with the head that ultralytics' own predictor expects."""
    from ultralytics.nn.modules.head import Detect

    network: Any = served
    for module in network.modules():
        if isinstance(module, Detect):
            module.export, module.dynamic, module.format, module.shape = False, False, None, None
    network.names, network.args = template.names, template.args
    return network


def _classes() -> list[Any]:
    from vision.types import ScalpClass

    return list(ScalpClass)


def _enlarged(attention: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    import cv2

    return np.asarray(cv2.resize(attention, (shape[1], shape[0])), dtype=np.float32)
