"""Views of a photo for looking at (A1): denoised, edges, equalised. **Never measured.**

Smoothing deletes vellus hairs and moves widths, equalisation invents contrast: every number in this project is read
from the untouched original.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from vision.encode import fitted, jpeg, png
from vision.types import EncodedImage, ImageKind, RgbImage

DENOISE_SIGMA: Final = 1 / 800
"""Standard deviation of the Gaussian, in shares of the long edge (1.6 px at 1280)."""

CLAHE_LIMIT: Final = 2.5
CLAHE_TILES: Final = 8


def display_pictures(image: RgbImage) -> tuple[EncodedImage, ...]:
    """The three views, on a copy of at most 1280 px."""
    return tuple(draw() for draw in display_views(fitted(image)))


def display_views(shown: RgbImage) -> tuple[Callable[[], EncodedImage], ...]:
    """What draws each of the three views of a picture that is already small enough; any order, any thread."""
    return (
        lambda: jpeg(ImageKind.DENOISED, denoised(shown)),
        lambda: png(ImageKind.EDGES, edges(shown)[..., 0]),
        lambda: jpeg(ImageKind.EQUALISED, equalised(shown)),
    )


def denoised(image: RgbImage) -> RgbImage:
    """Gaussian smoothing."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.6, DENOISE_SIGMA * max(image.shape[:2]))), dtype=np.uint8)


def edges(image: RgbImage) -> RgbImage:
    """Canny edges, dark on light; thresholds follow the picture's own gradients, so dim photos show outlines too."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 1.2)
    across, down = cv2.Sobel(grey, cv2.CV_16S, 1, 0), cv2.Sobel(grey, cv2.CV_16S, 0, 1)
    strength = np.hypot(across[::4, ::4].astype(np.float32), down[::4, ::4].astype(np.float32))  # a sample of places
    upper = float(np.clip(np.percentile(strength, 88), 40, 400))
    found = cv2.Canny(across, down, 0.4 * upper, upper)
    return np.asarray(cv2.cvtColor(255 - found, cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def equalised(image: RgbImage) -> RgbImage:
    """Contrast-limited adaptive histogram equalisation (CLAHE) of the lightness; colours stay."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    clahe = cv2.createCLAHE(clipLimit=CLAHE_LIMIT, tileGridSize=(CLAHE_TILES, CLAHE_TILES))
    lab[..., 0] = clahe.apply(lab[..., 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.uint8)
