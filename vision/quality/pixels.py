"""What the pixels say about sharpness, light and colour: cheap measures on a copy of at most 640 px."""

from __future__ import annotations

from typing import Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.types import RgbImage

WORKING_EDGE_PX: Final = 640
GAMMA: Final = 2.2
"""Stored values are about the 2.2th root of light."""

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
Pixels = TypeVar("Pixels", Grey, RgbImage)


def sharpness(grey: Grey) -> float:
    """Energy of the gradient over what a second blur (2 px) leaves of it; 1 for a picture already blurred.

    The comparison with itself cancels contrast and hair colour (idea: Crete et al. 2007, "The blur effect"). Tiles
    without edges say nothing and count as 0; the upper quartile of tiles is taken, so that a shallow depth of field or
    a plain background does not condemn a sharp scalp. A slight blur first keeps sensor noise from looking sharp.
    """
    calm: Grey = cv2.GaussianBlur(middle(grey, 0.8), (0, 0), 0.7)
    own, left = _edge_energy(calm), _edge_energy(cv2.GaussianBlur(calm, (0, 0), 2.0))
    tiles = [
        float(first.mean() / (second.mean() + 0.3)) if first.mean() > 1 else 0.0
        for first, second in zip(_tiles(own, 6), _tiles(left, 6), strict=True)
    ]
    return float(np.percentile(tiles, 75))


def light_slope_stops(small: RgbImage) -> float:
    """Fall of light across the picture in photographic stops (doublings of linear light).

    Hair beside skin must not count as shade, so brightness is compared within pixels of one chromaticity only: one
    slope common to all, a level of its own for each of 144 bins of red and blue share, fitted robustly.
    """
    pixels = cv2.resize(middle(small, 0.8), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(np.float32) + 2
    total = pixels.sum(axis=2)
    red, blue = (np.clip((pixels[..., band] / total - 0.2) / 0.3 * 12, 0, 11).astype(int) for band in (0, 2))
    material = (red * 12 + blue).ravel()
    rows, columns = np.indices(total.shape, dtype=np.float64)
    height, width = total.shape
    design = np.column_stack([_centred(axis.ravel(), material) for axis in (columns / width, rows / height)])
    stops = GAMMA * _centred(np.log2(total).ravel().astype(np.float64), material)
    weights: NDArray[np.float64] = np.ones(len(stops))
    slope: NDArray[np.float64] = np.zeros(2)
    for _ in range(6):  # reweighted least squares (Cauchy-like), so that a window or a dark coat does not tilt it
        slope = np.asarray(np.linalg.lstsq(design * weights[:, None], stops * weights, rcond=None)[0], float)
        weights = 1 / np.sqrt(1 + ((stops - design @ slope) / 0.9) ** 2)
    return float(np.hypot(slope[0], slope[1]))


def _centred(values: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Values minus the mean of their group."""
    size = np.maximum(np.bincount(group), 1)
    return np.asarray(values - (np.bincount(group, weights=values) / size)[group], float)


def headlike_share(small: RgbImage) -> float:
    """Share of the middle that could be skin or hair: right hue, dark, or grey of middle brightness, and not flat.

    A necessary sign only. Skin of every tone and hair of natural colours lie between red and yellow, or are dark or
    grey; flat areas (local standard deviation under 1 of 255) and paper white are neither.
    """
    inner = middle(small, 0.6)
    hue, saturation, value = cv2.split(cv2.cvtColor(inner, cv2.COLOR_RGB2HSV_FULL).astype(np.float32))
    degrees = hue * (360 / 255)
    warm = ((degrees < 50) | (degrees > 335)) & (saturation > 20) & (saturation < 217) & (value > 38)
    dark = value < 90
    grey_hair = (saturation < 30) & (value >= 60) & (value < 195)
    grey = cv2.cvtColor(inner, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.GaussianBlur(grey, (0, 0), 4)
    textured = cv2.GaussianBlur(grey * grey, (0, 0), 4) - mean * mean > 1.0
    return float(((warm | dark | grey_hair) & textured).mean())


def reduced(image: RgbImage) -> RgbImage:
    """A copy whose longer edge is at most :data:`WORKING_EDGE_PX`."""
    scale = WORKING_EDGE_PX / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def middle(image: Pixels, share: float) -> Pixels:
    """The middle of a picture: ``share`` of each side."""
    rows, columns = image.shape[:2]
    top, left = int(rows * (1 - share) / 2), int(columns * (1 - share) / 2)
    return image[top : rows - top, left : columns - left]


def _edge_energy(grey: Grey) -> Grey:
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(across * across + down * down, dtype=np.float32)


def _tiles(grey: Grey, count: int) -> list[Grey]:
    return [tile for row in np.array_split(grey, count, axis=0) for tile in np.array_split(row, count, axis=1)]
