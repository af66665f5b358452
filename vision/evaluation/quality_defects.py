"""Faults of photographs, made at strengths a person can picture: what the quality gate is tried on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.quality import WORKING_EDGE_PX
from vision.quality.head import look_for_head
from vision.types import QualityCheck, RgbImage

Defect = Callable[[RgbImage, float], RgbImage]


def blurred(image: RgbImage, sigma: float) -> RgbImage:
    """Gaussian blur of ``sigma`` px at the gate's working size of 640 px."""
    scale = max(image.shape[:2]) / WORKING_EDGE_PX
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma * scale), dtype=np.uint8)


def exposed(image: RgbImage, stops: float) -> RgbImage:
    """Exposure changed by ``stops`` in linear light, clipped as a sensor clips."""
    return _stored(_light(image) * 2.0**stops)


def flattened(image: RgbImage, contrast: float) -> RgbImage:
    """Contrast reduced to a share around the mean, as haze or a smeared lens does."""
    mean = float(image.mean())
    return np.asarray(np.clip(mean + (image.astype(np.float32) - mean) * contrast, 0, 255), dtype=np.uint8)


def side_lit(image: RgbImage, stops: float) -> RgbImage:
    """Light that falls by ``stops`` from the left edge to the right, the lit side kept as it was."""
    fall = 2.0 ** (-stops * np.linspace(0, 1, image.shape[1], dtype=np.float32))[None, :, None]
    return _stored(_light(image) * fall)


def coloured(image: RgbImage, stops: float) -> RgbImage:
    """Light that is bluer by ``stops`` (redder where negative): blue against red, green between."""
    return _stored(_light(image) * np.array([2.0 ** (-stops / 2), 1.0, 2.0 ** (stops / 2)], np.float32))


def greened(image: RgbImage, stops: float) -> RgbImage:
    """Red and blue weakened by ``stops`` against green, as old fluorescent tubes do; negative: strengthened."""
    return _stored(_light(image) * np.array([2.0**-stops, 1.0, 2.0**-stops], np.float32))


def glossy(image: RgbImage, share: float) -> RgbImage:
    """Short soft reflexes over ``share`` of the scalp, as on wet or oiled hair under a lamp."""
    random = np.random.default_rng(5)
    scalp = look_for_head(image).mask(image.shape[1], image.shape[0])
    rows, columns = np.nonzero(scalp)
    if not len(rows):
        return image
    reflex = np.zeros(image.shape[:2], np.float32)
    unit = max(image.shape[:2]) / WORKING_EDGE_PX
    while (reflex[scalp] > 0.5).mean() < share:
        for _ in range(8):
            at = int(random.integers(len(rows)))
            axes = (round(unit * random.uniform(3, 9)), max(1, round(unit * random.uniform(1, 2.5))))
            centre = (int(columns[at]), int(rows[at]))
            cv2.ellipse(reflex, centre, axes, float(random.uniform(0, 180)), 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(reflex, (0, 0), 0.8 * unit)[..., None]
    return np.asarray(np.clip(image + (250.0 - image) * soft, 0, 255), dtype=np.uint8)


def distant(image: RgbImage, factor: float) -> RgbImage:
    """The camera farther away: the picture shrunk to ``factor`` before a wall of its own border's colour."""
    border = np.concatenate([image[:8].reshape(-1, 3), image[:, :8].reshape(-1, 3), image[:, -8:].reshape(-1, 3)])
    canvas = _cloth(image.shape[:2], np.median(border, axis=0), 0.02)
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    top, left = ((whole - part) // 2 for whole, part in zip(image.shape[:2], small.shape[:2], strict=True))
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return np.asarray(canvas, dtype=np.uint8)


def turned(image: RgbImage, degrees: float) -> RgbImage:
    """The camera rolled by ``degrees``."""
    height, width = image.shape[:2]
    roll = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(image, roll, (width, height), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


def banded(image: RgbImage, width: float) -> RgbImage:
    """A cloth band across the middle of the scalp, ``width`` of its height."""
    left, top, right, bottom = _box(image)
    mask = np.zeros(image.shape[:2], np.uint8)
    row = top + 0.45 * (bottom - top)
    cv2.line(
        mask, (int(left) - 20, int(row)), (int(right) + 20, int(row)), 1, max(1, round(width * (bottom - top)))
    )  # fmt: skip
    return _laid(image, mask, (60, 70, 120))


def under_a_hand(image: RgbImage, size: float) -> RgbImage:
    """A hand of skin colour on the scalp, its palm ``size`` of the scalp's width."""
    left, top, right, bottom = _box(image)
    width, height = right - left, bottom - top
    mask = np.zeros(image.shape[:2], np.uint8)
    x, y = left + 0.5 * width, top + 0.55 * height
    cv2.ellipse(
        mask, (int(x), int(y)), (max(1, int(size / 2 * width)), max(1, int(0.6 * size * width))), 20, 0, 360, 1, -1
    )
    for finger in range(4):
        start = (int(x + (finger - 1.5) * size / 4 * width), int(y))
        end = (int(x + (finger - 2.2) * size / 3 * width), int(y - 1.4 * size * width))
        cv2.line(mask, start, end, 1, max(1, round(size / 5 * width)))
    return _laid(image, mask, (205, 150, 125))


def under_a_hat(image: RgbImage, share: float) -> RgbImage:
    """A cloth hat over the upper ``share`` of the scalp."""
    left, top, right, bottom = _box(image)
    mask = np.zeros(image.shape[:2], np.uint8)
    middle = (int((left + right) / 2), int(top + share / 2 * (bottom - top)))
    cv2.ellipse(
        mask, middle, (int(0.56 * (right - left)), max(1, int(0.56 * share * (bottom - top)))), 0, 0, 360, 1, -1
    )
    return _laid(image, mask, (110, 60, 50))


DEFECTS: Final[Mapping[QualityCheck, tuple[tuple[str, Defect, tuple[float, ...]], ...]]] = {
    QualityCheck.BLUR: (("Gaussian blur, px at 640 px", blurred, (2.0, 3.0, 4.0, 6.0)),),
    QualityCheck.TOO_DARK: (("exposure, stops", exposed, (-2.0, -3.0, -4.0, -5.0)),),
    QualityCheck.BURNT_OUT: (("exposure, stops", exposed, (2.0, 3.0, 4.0)),),
    QualityCheck.LOW_CONTRAST: (("contrast left", flattened, (0.5, 0.35, 0.2)),),
    QualityCheck.UNEVEN_LIGHT: (("fall of light across the frame, stops in linear light", side_lit, (6.0, 8.0, 10.0)),),
}
"""What is tried on every picture, close-ups too."""

HEAD_DEFECTS: Final[Mapping[QualityCheck, tuple[tuple[str, Defect, tuple[float, ...]], ...]]] = {
    QualityCheck.TOO_FAR: (("shrunk to", distant, (0.5, 0.35, 0.25)),),
    QualityCheck.COLOUR_CAST: (
        ("blue against red, stops", coloured, (-3.0, -2.0, 2.0, 3.0)),
        ("green against both, stops", greened, (-1.0, 1.0, 1.5)),
    ),
    QualityCheck.GLARE: (("share of the scalp in reflexes", glossy, (0.02, 0.04, 0.08)),),
    QualityCheck.COVERED: (
        ("band across, share of the scalp's height", banded, (0.1, 0.2, 0.3)),
        ("hand, share of the scalp's width", under_a_hand, (0.25, 0.4)),
        ("hat, share of the scalp's height", under_a_hat, (0.5, 0.9)),
    ),
}
"""What is tried on overviews."""


def _light(image: RgbImage) -> NDArray[np.float32]:
    return np.asarray((image.astype(np.float32) / 255) ** 2.2, np.float32)


def _stored(light: NDArray[np.float32]) -> RgbImage:
    return np.asarray(np.round(255 * np.clip(light, 0, 1) ** (1 / 2.2)), dtype=np.uint8)


def _box(image: RgbImage) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the scalp as the network sees it, the farthest 2 % cut off; else of the picture."""
    rows, columns = np.nonzero(look_for_head(image).mask(image.shape[1], image.shape[0]))
    if not len(rows):
        return 0.0, 0.0, float(image.shape[1]), float(image.shape[0])
    (left, right), (top, bottom) = np.percentile(columns, (2, 98)), np.percentile(rows, (2, 98))
    return float(left), float(top), float(right), float(bottom)


def _cloth(shape: tuple[int, ...], colour: NDArray[np.float64], grain: float = 0.08) -> NDArray[np.float32]:
    random = np.random.default_rng(9)
    noise = cv2.resize(random.normal(0, grain, (shape[0] // 2, shape[1] // 2)).astype(np.float32), shape[1::-1])
    fall = np.linspace(1.15, 0.85, shape[1], dtype=np.float32)[None, :, None]
    clipped = np.clip(np.asarray(colour, np.float32)[None, None] * (1 + noise[..., None]) * fall, 0, 255)
    return np.asarray(clipped, np.float32)


def _laid(image: RgbImage, mask: NDArray[np.uint8], colour: tuple[int, int, int]) -> RgbImage:
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 2.0)[..., None]
    return np.asarray(image * (1 - soft) + _cloth(image.shape, np.array(colour, float)) * soft, dtype=np.uint8)
