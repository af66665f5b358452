"""The ordinary way to run the three networks: eager PyTorch, ultralytics' predict, and grad-cam's backward pass.

The weights are those of the releases (batch normalisations already folded, which is in favour of this side).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vision.condition import calibrated
from vision.pipeline import Networks
from vision.preprocess import preprocess
from vision.runtime.architectures import load_module
from vision.runtime.yolo import NETWORK, quiet_ultralytics
from vision.segment import network_input, softmax
from vision.types import RgbImage

THREADS = 2


class Ordinary:
    """The same three releases in the hands of the libraries they came from."""

    def __init__(self, networks: Networks) -> None:
        torch.set_num_threads(THREADS)
        assert networks.segmenter is not None
        assert networks.detector is not None
        assert networks.condition is not None
        quiet_ultralytics(Path(tempfile.mkdtemp(prefix="trichora-bench-")))
        from pytorch_grad_cam import GradCAM
        from ultralytics import YOLO

        self._segmentation = networks.segmenter.release
        self._condition = networks.condition.release
        self._regions = networks.detector.release
        self._unet = load_module(self._segmentation)
        self._yolo = YOLO(str(NETWORK), task="segment", verbose=False)
        self._yolo.model = _as_trained(load_module(self._regions), self._yolo.model)
        self._classifier = load_module(self._condition)
        last: Any = self._classifier.backbone.bn2  # type: ignore[union-attr]
        self._cam = GradCAM(model=_Logits(self._classifier), target_layers=[last])

    def run(self, image: RgbImage) -> tuple[Any, Any, Any]:
        """Segmentation probabilities, ultralytics' results, and (class probabilities, attention map)."""
        batch, place = network_input(image, self._segmentation)
        with torch.no_grad():
            seen = self._unet(torch.from_numpy(np.ascontiguousarray(batch))).numpy()
        logits = seen[0] if len(seen) == 1 else (seen[0] + seen[1][..., ::-1]) / 2
        known = np.asarray(place.cut(logits), np.float32) / np.float32(self._segmentation.temperature)
        probabilities = softmax(known)
        (found,) = self._yolo.predict(
            image[:, :, ::-1], imgsz=self._regions.input.height, conf=0.02, iou=0.6, max_det=50, rect=False,
            verbose=False, device="cpu", save=False,
        )  # fmt: skip
        batch, _ = preprocess(image, self._condition.input)
        inputs = torch.from_numpy(batch)
        with torch.no_grad():
            said = self._classifier(inputs)[0].numpy()
        return probabilities, found, (calibrated(said, self._condition.temperature)[0], self._cam(inputs, None)[0])

    def compare(self, served: tuple[Any, Any, Any], ordinary: tuple[Any, Any, Any]) -> dict[str, float]:
        """How far the answers are apart."""
        scalp, detections, (reading, attention) = served
        probabilities, found, (said, cam) = ordinary
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
        }  # fmt: skip


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
