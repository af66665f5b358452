"""Where the scalp is, at the moment of upload: the segmentation's network, run by OpenCV.

A web process must not load a library of networks (torch, OpenVINO); OpenCV is there anyway and runs this one in about
50 ms. ``head.onnx`` holds the weights of :data:`RELEASE`, which served when the gate's limits were studied. Only where
the scalp is and how much of it is asked here; nothing that a person reads is measured.
Reasons: docs/adr (a network at the gate).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.preprocess import Placement, preprocess
from vision.quality.pixels import Mask
from vision.release import InputSpec
from vision.segment import softmax
from vision.types import RgbImage

RELEASE: Final = "scalp-segmentation-0.2"
MODEL: Final = Path(__file__).with_name("head.onnx")
INPUT: Final = InputSpec(256, 256)
TEMPERATURE: Final = 1.287
"""Input and temperature as of :data:`RELEASE`; its first class is the background."""

DEEP: Final = "onnx_node!/encoder/features.18/features.18.2/Clip"
MIDDLE: Final = "onnx_node!/encoder/features.13/Add"
"""Layers of the encoder that the gate's readers look at: 1280 maps of 8 x 8, and 96 of 16 x 16."""

Maps = NDArray[np.float32]

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Seen:
    """What the network's encoder makes of the picture on its canvas: C x H x W, and where the picture lies there."""

    deep: Maps
    middle: Maps
    place: Placement


@dataclass(frozen=True, slots=True)
class HeadLook:
    """Scalp as the network sees it: at most 256 px a side, the whole picture."""

    scalp: Mask
    certainty: float  # mean probability of the class chosen, over the scalp; 0 without scalp
    seen: Seen | None = None  # None where the network has no such layers

    @property
    def share(self) -> float:
        """Share of the picture that is scalp."""
        return float(self.scalp.mean())

    def mask(self, width: int, height: int) -> Mask:
        """The scalp at another size of the same picture."""
        sized = cv2.resize(self.scalp.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        return np.asarray(sized, dtype=np.bool_)


def look_for_head(image: RgbImage) -> HeadLook:
    """Run the network on a photo."""
    batch, place = preprocess(image, INPUT)
    with _one_at_a_time:
        network, outputs = _network()
        network.setInput(batch)
        logits, *maps = (np.array(found[0]) for found in network.forward(outputs))
    known = softmax(np.asarray(place.cut(logits), np.float32) / np.float32(TEMPERATURE))
    scalp: NDArray[np.bool_] = known[0] < 0.5
    certainty = float(known.max(axis=0)[scalp].mean()) if scalp.any() else 0.0
    return HeadLook(scalp, certainty, Seen(maps[0], maps[1], place) if len(maps) == 2 else None)


@cache
def _network() -> tuple[Any, list[str]]:
    network = cv2.dnn.readNetFromONNX(str(MODEL))
    layers = (DEEP, MIDDLE) if {DEEP, MIDDLE} <= set(network.getLayerNames()) else ()
    return network, [*network.getUnconnectedOutLayersNames(), *layers]
