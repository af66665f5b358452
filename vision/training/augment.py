"""Random changes of a labelled photograph, drawn from one generator so that a run can be repeated and resumed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.preprocess import PADDING_GREY
from vision.training.data import OUTSIDE, AllowedMap, LabelledPhoto
from vision.types import RgbImage

MAX_TURN_DEGREES = 30.0
SCALE_RANGE = (0.6, 1.5)


def augment(photo: LabelledPhoto, side: int, rng: np.random.Generator) -> tuple[RgbImage, AllowedMap]:
    """A turned, scaled, shifted, mirrored and recoloured ``side x side`` version with its allowed classes."""
    image, allowed = _place(photo, side, rng)
    image = _recolour(image, rng)
    return _degrade(image, rng), allowed


def _place(photo: LabelledPhoto, side: int, rng: np.random.Generator) -> tuple[RgbImage, AllowedMap]:
    height, width = photo.image.shape[:2]
    turn = rng.uniform(-MAX_TURN_DEGREES, MAX_TURN_DEGREES)
    if photo.from_above and rng.random() < 0.3:
        turn += rng.choice([90.0, 180.0, 270.0])  # tops are photographed from any side
    scale = side / max(height, width) * np.exp(rng.uniform(*np.log(SCALE_RANGE)))
    stretch = np.exp(rng.uniform(-0.15, 0.15))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
    scaling = np.array([[scale * stretch], [scale / stretch]])
    if rng.random() < 0.5:
        scaling[0] *= -1
    matrix *= scaling
    centre = matrix @ np.array([width / 2, height / 2, 1.0])
    matrix[:, 2] += side / 2 - centre + rng.uniform(-0.15, 0.15, 2) * side
    if rng.random() < 0.6:  # fill with the picture's edge, as a photo that shows more would
        border, value = cv2.BORDER_REFLECT_101, 0
    else:
        border, value = cv2.BORDER_CONSTANT, PADDING_GREY
    reflect_labels = border == cv2.BORDER_REFLECT_101
    # Shrinking by a linear sample alone would alias; average first.
    source = photo.image
    if scale < 0.6:
        source = np.asarray(cv2.blur(source, (2, 2)), dtype=np.uint8)
    image = cv2.warpAffine(source, matrix, (side, side), None, cv2.INTER_LINEAR, border, (value,) * 3)
    allowed = cv2.warpAffine(
        photo.allowed, matrix, (side, side), None, cv2.INTER_NEAREST, border, 0 if reflect_labels else OUTSIDE
    )
    return np.asarray(image, dtype=np.uint8), np.asarray(allowed, dtype=np.uint8)


def _recolour(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    values = np.arange(256, dtype=np.float32) / 255
    table = np.empty((3, 256), np.float32)
    gamma, gain, lift = np.exp(rng.uniform(-0.4, 0.4)), rng.uniform(0.75, 1.25), rng.uniform(-0.08, 0.08)
    for channel, tint in enumerate(rng.uniform(0.88, 1.12, 3)):
        table[channel] = ((values**gamma - 0.5) * gain + 0.5 + lift) * tint
    lookup = np.clip(table * 255, 0, 255).astype(np.uint8)
    changed = np.stack([lookup[channel][image[..., channel]] for channel in range(3)], axis=-1)
    if rng.random() < 0.5:
        grey = cv2.cvtColor(changed, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
        keep = rng.uniform(0.0 if rng.random() < 0.2 else 0.6, 1.4)
        changed = np.clip(grey + (changed.astype(np.float32) - grey) * keep, 0, 255).astype(np.uint8)
    return np.asarray(changed, dtype=np.uint8)


def _degrade(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    if rng.random() < 0.2:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4)), dtype=np.uint8)
    if rng.random() < 0.25:
        noise: NDArray[np.float32] = rng.standard_normal(image.shape, dtype=np.float32) * rng.uniform(2, 12)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)
    return image
