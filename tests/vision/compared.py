"""Two photographs of one made-up scalp: speckled skin in an oval on a floor, seen twice by known cameras."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.change import ComparedPhoto
from vision.render.camera import noise_field
from vision.types import LabelMap, QualityReport, RgbImage, ScalpClass, ScalpMap, View

SIZE = (480, 400)  # width, height


def speckled(seed: int) -> RgbImage:
    """A person: spots of several sizes that only this seed has, on a floor that everybody stands on."""
    random = np.random.default_rng(seed)
    grey = 130 + sum(18 * noise_field(random, SIZE, grain) for grain in (3.0, 7.0, 18.0))
    floor = 120 + 25 * noise_field(np.random.default_rng(99), SIZE, 6.0)
    inside = oval()
    picture = np.where(inside, grey, floor)[..., None] * np.array((1.0, 0.86, 0.76))
    return np.clip(picture, 0, 255).astype(np.uint8)


def oval() -> NDArray[np.bool_]:
    """Where the scalp is."""
    mask = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    cv2.ellipse(mask, (SIZE[0] // 2, SIZE[1] // 2), (165, 150), 0, 0, 360, 1, -1)
    return mask.astype(np.bool_)


def seen_from(picture: NDArray[np.uint8], homography: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The picture (or mask) through a homography in px."""
    rule = cv2.INTER_LINEAR if picture.ndim == 3 else cv2.INTER_NEAREST
    return np.asarray(cv2.warpPerspective(picture, homography, SIZE, flags=rule), np.uint8)


def camera(
    turn: float = 0.0, zoom: float = 1.0, shift: tuple[float, float] = (0.0, 0.0), tilt: float = 0.0
) -> NDArray[np.float64]:
    """A homography about the middle: degrees, factor, px, and perspective (per px)."""
    middle = np.array([[1, 0, -SIZE[0] / 2], [0, 1, -SIZE[1] / 2], [0, 0, 1.0]])
    angle = np.radians(turn)
    spin = np.array(
        [
            [zoom * np.cos(angle), -zoom * np.sin(angle), shift[0]],
            [zoom * np.sin(angle), zoom * np.cos(angle), shift[1]],
            [tilt, 0, 1],
        ]
    )
    return np.asarray(np.linalg.inv(middle) @ spin @ middle, np.float64)


def scalp_map(labels: LabelMap, certainty: float = 0.97) -> ScalpMap:
    """A segmentation that is nearly sure of these labels."""
    probabilities = np.full((len(ScalpClass), *labels.shape), (1 - certainty) / 4, np.float32)
    for kind in ScalpClass:
        probabilities[kind][labels == kind] = certainty
    return ScalpMap(labels, probabilities)


def covered(*bald: tuple[int, int, int]) -> LabelMap:
    """The oval, dense but for bald discs (x, y, radius)."""
    labels = np.where(oval(), np.uint8(ScalpClass.DENSE), np.uint8(ScalpClass.BACKGROUND))
    spots = np.zeros(labels.shape, np.uint8)
    for x, y, radius in bald:
        cv2.circle(spots, (x, y), radius, 1, -1)
    labels[(spots > 0) & oval()] = ScalpClass.BALD
    return np.asarray(labels, np.uint8)


def photo(image: RgbImage, labels: LabelMap, view: View = View.CROWN, px_per_mm: float | None = None) -> ComparedPhoto:
    """A photograph that passed quality, with its segmentation."""
    source = None if px_per_mm is None else "card"
    return ComparedPhoto(image, scalp_map(labels), view, px_per_mm, source, None, QualityReport(()))
