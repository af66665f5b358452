"""Reading the condition classifier (A8): calibrated probabilities, abstention, and the exact attention map (A11).

The network ends in mean pooling and one linear layer, and is exported with two outputs: logits and the last feature
map. From these one pass gives everything: temperature-scaled probabilities, the distance of the picture from what the
release was trained on, and the class activation map, which for this head equals Grad-CAM.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vision.preprocess import preprocess
from vision.release import Release
from vision.types import Condition, ConditionReading, FloatMap, Reason, RgbImage

if TYPE_CHECKING:
    from vision.runtime import Network

HEAD_FILE = "head.npz"
"""Linear weights K x C, bias K, and reference features N x C (unit length) of training pictures, float16."""

NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class ConditionHead:
    """What the release stores beside its network."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    reference: NDArray[np.float32]


def read_condition(image: RgbImage, network: Network, release: Release) -> tuple[ConditionReading, FloatMap]:
    """Condition of one photo, and the attention map (h x w of the feature map, 0..1 over the whole photo).

    ``shown`` is ``UNSURE`` when the picture is far from everything the release was trained on
    (``abstained_because`` OUT_OF_DOMAIN) or when the best probability is below the release's threshold
    (``abstained_because`` None: the probabilities say why). The map belongs to the most probable class either way.
    """
    batch, _ = preprocess(image, release.input)
    logits, features = network.infer(batch)
    head = load_head(release)
    probabilities = calibrated(logits, release.temperature)[0]
    best = int(probabilities.argmax())
    reading = decide(release, probabilities, float(distance(pooled(features), head)[0]))
    return reading, attention(features[0], head.weight[best])


def decide(release: Release, probabilities: NDArray[np.float32], far: float) -> ConditionReading:
    """The reading for calibrated probabilities K and a distance ``far`` from the training pictures."""
    named = {Condition(name): float(value) for name, value in zip(release.classes, probabilities, strict=True)}
    threshold = release.thresholds["probability"]
    best = max(named, key=named.__getitem__)
    if far > release.thresholds["distance"]:
        return ConditionReading(named, Condition.UNSURE, threshold, Reason.OUT_OF_DOMAIN)
    return ConditionReading(named, best if named[best] >= threshold else Condition.UNSURE, threshold)


def calibrated(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Softmax of ``logits / temperature`` along the last axis (temperature scaling, Guo et al. 2017)."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    weights = np.exp(scaled)
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), dtype=np.float32)


def pooled(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of a B x C x h x w feature map over its places: B x C."""
    return np.asarray(features.mean(axis=(2, 3)), dtype=np.float32)


def distance(vectors: NDArray[np.float32], head: ConditionHead, skip: int = 0) -> NDArray[np.float32]:
    """How far pooled features B x C lie from the training pictures: 1 - mean cosine of the nearest references.

    Deep nearest neighbours (Sun et al. 2022). ``skip`` leaves out the nearest (1: the picture is itself a reference).
    """
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    similar = np.sort(unit @ head.reference.T, axis=1)[:, ::-1]
    return np.asarray(1.0 - similar[:, skip : skip + NEIGHBOURS].mean(axis=1), dtype=np.float32)


def attention(features: NDArray[np.float32], weight: NDArray[np.float32]) -> FloatMap:
    """Class activation map ReLU(sum over c of weight_c * features_c), divided by its maximum; C x h x w to h x w."""
    raw = np.maximum(np.tensordot(weight, features, axes=(0, 0)), 0.0)
    top = float(raw.max())
    return np.asarray(raw / top if top > 0 else raw, dtype=np.float32)


def load_head(release: Release) -> ConditionHead:
    """The head stored with a release (kept in memory after the first time)."""
    return _read_head(release.path(HEAD_FILE))


def save_head(path: Path, head: ConditionHead) -> None:
    """Write a head in the form that :func:`load_head` reads."""
    half = {name: getattr(head, name).astype(np.float16) for name in ("weight", "bias", "reference")}
    np.savez(path, allow_pickle=False, **half)


@lru_cache(maxsize=4)
def _read_head(path: Path) -> ConditionHead:
    with np.load(path, allow_pickle=False) as stored:
        weight, bias, reference = (stored[name].astype(np.float32) for name in ("weight", "bias", "reference"))
    reference /= np.maximum(np.linalg.norm(reference, axis=1, keepdims=True), 1e-12)
    return ConditionHead(weight, bias, reference)
