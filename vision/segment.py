"""Scalp segmentation (A2): a photo in, classes and calibrated probabilities out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vision.preprocess import Placement, preprocess
from vision.release import Release
from vision.types import RgbImage, ScalpClass, ScalpMap

if TYPE_CHECKING:
    from vision.runtime import Network


def network_input(image: RgbImage, release: Release) -> tuple[NDArray[np.float32], Placement]:
    """What the network is given for one photo: it, and where ``options["mirror"]`` says so its mirror image too."""
    batch, place = preprocess(image, release.input)
    return (np.concatenate([batch, batch[..., ::-1]]) if release.options.get("mirror") else batch), place


def segment(image: RgbImage, network: Network, release: Release) -> ScalpMap:
    """Classes of every pixel of the photo, at the network's working resolution, letterbox removed.

    Logits are the mean over the photo and its mirror image, for releases that ask for it; probabilities are a softmax
    at the release's temperature. Classes that the release does not know have probability 0.
    """
    batch, place = network_input(image, release)
    (seen, *_) = network.infer(batch)
    logits = seen[0] if len(seen) == 1 else (seen[0] + seen[1][..., ::-1]) / 2
    known = softmax(np.asarray(place.cut(logits), np.float32) / np.float32(release.temperature))
    probabilities = np.zeros((len(ScalpClass), place.height, place.width), np.float32)
    for channel, name in enumerate(release.classes):
        probabilities[ScalpClass[name.upper()]] = known[channel]
    return ScalpMap(labels=probabilities.argmax(axis=0).astype(np.uint8), probabilities=probabilities)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over the first axis."""
    raised = np.exp(logits - logits.max(axis=0, keepdims=True))
    return np.asarray(raised / raised.sum(axis=0, keepdims=True), dtype=np.float32)


def scalp_share(scalp_map: ScalpMap) -> float:
    """Share of the photo, 0..1, that is scalp (dense, thinning or bald)."""
    return float(np.isin(scalp_map.labels, ScalpClass.scalp()).mean())
