"""Where the scalp is, at the moment of upload: the segmentation's network, run by OpenCV.

A web process must not load a library of networks (torch, OpenVINO); OpenCV is there anyway and runs the ``model.onnx``
that the workers serve. Only where the scalp is and how much of it is asked here; nothing
that a person reads is measured. Reasons: docs/adr (a network at the gate).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.preprocess import Placement, preprocess
from vision.quality.pixels import Mask
from vision.release import ONNX_FILE, Release, load_release
from vision.segment import softmax
from vision.types import RgbImage

NAME: Final = "scalp-segmentation"
"""The release whose newest version looks; its first class is the background."""

DEEP: Final = "onnx_node!/encoder/blocks.6/blocks.6.0/bn2/Clip"
MIDDLE: Final = "onnx_node!/encoder/blocks.4/blocks.4.3/Add"
"""Layers of the encoder that the gate's readers look at: 1248 maps of 9 x 9, and 120 of 18 x 18."""

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
    batch, place = preprocess(image, release().input)
    with _one_at_a_time:
        network, outputs = _network()
        network.setInput(batch)
        logits, *maps = (np.array(found[0]) for found in network.forward(outputs))
    known = softmax(np.asarray(place.cut(logits), np.float32) / np.float32(release().temperature))
    scalp: NDArray[np.bool_] = known[0] < 0.5
    certainty = float(known.max(axis=0)[scalp].mean()) if scalp.any() else 0.0
    return HeadLook(scalp, certainty, Seen(maps[0], maps[1], place) if len(maps) == 2 else None)


@cache
def release() -> Release:
    """The release whose network looks, its files checked. Raises as :func:`vision.release.load_release`."""
    return load_release(NAME)


def network_sha256() -> str:
    """Of the network's file; the readers name it with which they were fitted."""
    return release().files[ONNX_FILE]


@cache
def _network() -> tuple[Any, list[str]]:
    network = cv2.dnn.readNetFromONNX(str(release().path(ONNX_FILE)))
    layers = (DEEP, MIDDLE) if {DEEP, MIDDLE} <= set(network.getLayerNames()) else ()
    return network, [*network.getUnconnectedOutLayersNames(), *layers]
