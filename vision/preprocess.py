"""The one way a photograph becomes a network's input; training, evaluation and serving all come through here.

``letterbox``: the whole photo is scaled so that its longer side fills the network's input, and the rest is filled with
mid-grey, centred; the aspect ratio survives. ``stretch``: both sides are scaled to fit. ``centre_crop``: the largest
centred square. :class:`Placement` remembers where the photo lies so that a result can be taken out again.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.release import InputSpec
from vision.types import RgbImage

PADDING_GREY = 127
"""Fill of a letterbox; close to zero after normalisation."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the photo lies in the network's input, in input pixels (half-open)."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, array: NDArray[np.generic]) -> NDArray[np.generic]:
        """The part of ``... x H x W`` that shows the photo."""
        return array[..., self.top : self.top + self.height, self.left : self.left + self.width]


def placement_of(image: RgbImage, spec: InputSpec) -> Placement:
    """Where ``image`` comes to lie under the spec's resize rule."""
    if spec.resize != "letterbox":
        return Placement(0, 0, spec.height, spec.width)
    height, width = image.shape[:2]
    factor = min(spec.height / height, spec.width / width)
    inner_height = min(spec.height, max(1, round(height * factor)))
    inner_width = min(spec.width, max(1, round(width * factor)))
    return Placement((spec.height - inner_height) // 2, (spec.width - inner_width) // 2, inner_height, inner_width)


def preprocess(image: RgbImage, spec: InputSpec) -> tuple[NDArray[np.float32], Placement]:
    """Network input ``1 x 3 x H x W`` and the photo's place in it.

    Raises ``ValueError`` on anything but H x W x 3 uint8.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected H x W x 3 uint8, got {image.shape} {image.dtype}")
    place = placement_of(image, spec)
    if spec.resize == "centre_crop":
        image = _centre_square(image)
    resized = resize(image, place.height, place.width)
    if (place.height, place.width) == (spec.height, spec.width):
        return normalise(resized, spec)[None], place
    canvas = np.full((spec.height, spec.width, 3), PADDING_GREY, np.uint8)
    canvas[place.top : place.top + place.height, place.left : place.left + place.width] = resized
    return normalise(canvas, spec)[None], place


def normalise(image: RgbImage, spec: InputSpec) -> NDArray[np.float32]:
    """``3 x H x W`` float32: ``value / scale - shift`` per channel."""
    scaled = image.astype(np.float32) / np.array(spec.scale, np.float32) - np.array(spec.shift, np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def resize(image: RgbImage, height: int, width: int) -> RgbImage:
    """Area averaging when the picture shrinks, bilinear when it grows."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = height * width < image.shape[0] * image.shape[1]
    rule = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=rule), dtype=np.uint8)


def _centre_square(image: RgbImage) -> RgbImage:
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]
