"""Reading the condition classifier (A8): calibrated probabilities, abstention, and the exact attention map (A11).

The network ends in mean pooling and one linear layer, and is exported with two outputs: logits and the last feature
map. From these one pass gives everything: temperature-scaled probabilities, the distance of the picture from what the
release was trained on, and the class activation map, which for this head equals Grad-CAM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from vision.preprocess import preprocess
from vision.release import Release
from vision.types import Condition, ConditionReading, FloatMap, Reason, RgbImage

if TYPE_CHECKING:
    from vision.runtime import Network

HEAD_FILE = "head.npz"
"""Linear weights K x C, bias K, reference features N x C (unit length) of training pictures, and the linear reader of
heads (C and one number), float16."""

HEAD_PARTS: Final = ("weight", "bias", "reference", "subject", "subject_bias")

NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class ConditionHead:
    """What the release stores beside its network."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    reference: NDArray[np.float32]
    subject: NDArray[np.float32]
    """C weights over unit-length features: positive for heads and skin seen from afar, negative for anything else."""
    subject_bias: NDArray[np.float32]


def read_condition(image: RgbImage, network: Network, release: Release) -> tuple[ConditionReading, FloatMap]:
    """Condition of one photo, and the attention map (h x w of the feature map, 0..1 over the whole photo).

    ``shown`` is ``UNSURE`` when the picture is outside the release's domain (:func:`outside`;
    ``abstained_because`` OUT_OF_DOMAIN) or when the best probability is below the release's threshold
    (``abstained_because`` None: the probabilities say why). The map belongs to the most probable class either way.
    """
    batch, _ = preprocess(image, release.input)
    logits, features = network.infer(batch)
    head = load_head(release)
    probabilities = calibrated(logits, release.temperature)[0]
    best = int(probabilities.argmax())
    strange = bool(outside(pooled(features), head, release.thresholds)[0])
    reading = decide(release, probabilities, strange=strange)
    return reading, attention(features[0], head.weight[best])


def decide(release: Release, probabilities: NDArray[np.float32], *, strange: bool) -> ConditionReading:
    """The reading for calibrated probabilities K of a picture that is ``strange`` to the release or not."""
    named = {Condition(name): float(value) for name, value in zip(release.classes, probabilities, strict=True)}
    threshold = release.thresholds["probability"]
    best = max(named, key=named.__getitem__)
    if strange:
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


def likeness(vectors: NDArray[np.float32], head: ConditionHead) -> NDArray[np.float32]:
    """How much pooled features B x C speak for a head seen from afar: log odds of a logistic regression that was shown
    heads, and close-ups, rooms and pages (outlier exposure, Hendrycks et al. 2019)."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return np.asarray(unit @ head.subject + head.subject_bias, dtype=np.float32)


def outside(vectors: NDArray[np.float32], head: ConditionHead, thresholds: Mapping[str, float]) -> NDArray[np.bool_]:
    """Which of B pictures are none of the release's subject: farther than the threshold ``distance`` from everything it
    was trained on, or less like a head than ``likeness``.

    The first finds what nobody thought of, the second what is known to be sent by mistake.
    """
    far = distance(vectors, head) > thresholds["distance"]
    return np.asarray(far | (likeness(vectors, head) < thresholds["likeness"]))


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
    half = {name: getattr(head, name).astype(np.float16) for name in HEAD_PARTS}
    np.savez(path, allow_pickle=False, **half)


@lru_cache(maxsize=4)
def _read_head(path: Path) -> ConditionHead:
    with np.load(path, allow_pickle=False) as stored:
        parts = {name: stored[name].astype(np.float32) for name in HEAD_PARTS}
    parts["reference"] /= np.maximum(np.linalg.norm(parts["reference"], axis=1, keepdims=True), 1e-12)
    return ConditionHead(**parts)
