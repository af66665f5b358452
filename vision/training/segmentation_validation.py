"""What the segmentation network says about validation people, and what its channels mean.

Shared by the run that fits the network and the step that publishes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vision.preprocess import placement_of, preprocess
from vision.release import InputSpec
from vision.training.data import OUTSIDE, AllowedMap, LabelledPhoto, bits
from vision.training.partial_loss import allowed_channels, marginal_log_loss
from vision.types import RgbImage, ScalpClass

CLASSES = ("background", "dense", "thinning", "bald")
"""The network's channels. Background holds face skin too: no folder tells the two apart, so neither can the network."""

CHANNEL_BITS = (OUTSIDE, bits(ScalpClass.DENSE), bits(ScalpClass.THINNING), bits(ScalpClass.BALD))
DICE_GROUPS = ((1, 2, 3), (2, 3), (3,))  # scalp; thinning or bald; bald
OPTIONS = {"encoder": "timm-tf_efficientnet_lite2", "decoder_channels": [96, 64, 40, 24], "mirror": True}


def predict_logits(network: nn.Module, image: RgbImage, spec: InputSpec) -> Tensor:
    """Logits C x h x w of the photo, without its letterbox: mean over it and its mirror image, as served."""
    inputs, place = preprocess(image, spec)
    batch = torch.from_numpy(inputs)
    with torch.inference_mode():
        seen: Tensor = network(torch.cat([batch, batch.flip(-1)]))
    logits = (seen[0] + seen[1].flip(-1)) / 2
    return logits[:, place.top : place.top + place.height, place.left : place.left + place.width]


def validate(network: nn.Module, photos: Sequence[LabelledPhoto], spec: InputSpec) -> dict[str, float]:
    """Loss and IoU on validation people, through the preprocessing that serves. ``choice`` sums them up.

    Drawn heads among ``photos`` have figures of their own: ``drawn_scalp_iou``, ``drawn_thin_or_bald_iou``
    and ``drawn_affected_mae``.
    """
    figures = _validate([photo for photo in photos if photo.source != "drawn"], network, spec)
    drawn = [photo for photo in photos if photo.source == "drawn"]
    if drawn:
        told = _validate(drawn, network, spec)
        figures |= {f"drawn_{name}": told[name] for name in ("scalp_iou", "thin_or_bald_iou", "affected_mae")}
    return figures


def _validate(photos: Sequence[LabelledPhoto], network: nn.Module, spec: InputSpec) -> dict[str, float]:
    losses: list[float] = []
    overlap = np.zeros((4, 2))  # scalp, thinning or bald, bald, hair: intersection and union
    errors: list[float] = []
    for photo in photos:
        logits = predict_logits(network, photo.image, spec)
        allowed = shrink_labels(photo.allowed, photo.image, spec)
        possible = allowed_channels(torch.from_numpy(allowed)[None], CHANNEL_BITS)
        losses.append(float(marginal_log_loss(logits[None], possible)))
        labels = logits.argmax(0).numpy()
        if photo.source in ("scalp_regions", "drawn"):
            truth = possible[0].int().argmax(0).numpy()
            for row, members in enumerate(DICE_GROUPS):
                overlap[row] += _overlap(np.isin(labels, members), np.isin(truth, members))
            errors.append(abs(_affected(labels) - _affected(truth)))
        else:
            overlap[3] += _overlap(np.isin(labels, (1, 2)), ~possible[0, 0].numpy())
    scalp, thin_or_bald, bald, hair = overlap[:, 0] / np.maximum(overlap[:, 1], 1)
    return {
        "loss": float(np.mean(losses)),
        "scalp_iou": float(scalp),
        "thin_or_bald_iou": float(thin_or_bald),
        "bald_iou": float(bald),
        "hair_iou": float(hair),
        "affected_mae": float(np.mean(errors)) if errors else 0.0,
        "choice": float(scalp + 2 * thin_or_bald + bald + hair) / 5,
    }


def shrink_labels(allowed: AllowedMap, image: RgbImage, spec: InputSpec) -> AllowedMap:
    """Labels at the resolution at which the network sees the photo."""
    place = placement_of(image, spec)
    return np.asarray(cv2.resize(allowed, (place.width, place.height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def _overlap(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> tuple[int, int]:
    return int((predicted & truth).sum()), int((predicted | truth).sum())


def _affected(labels: NDArray[np.integer[Any]]) -> float:
    scalp = max(1, int((labels > 0).sum()))
    return 100 * (int((labels == 3).sum()) + 0.5 * int((labels == 2).sum())) / scalp
