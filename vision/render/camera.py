"""What a camera does to a scene: exposure, uneven light, blur, noise; and the label every drawing carries."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.render.geometry import Array
from vision.types import RgbImage

LABEL: Final = "drawn, not a photograph"


def noise_field(random: np.random.Generator, size_px: tuple[int, int], grain_px: float) -> Array:
    """Smooth noise of about unit variance whose features are ``grain_px`` large, H x W."""
    width, height = size_px
    coarse = (max(3, round(width / grain_px)), max(3, round(height / grain_px)))
    field = random.normal(0, 1.2, (coarse[1], coarse[0])).astype(np.float32)
    return np.asarray(cv2.resize(field, size_px, interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def develop(
    random: np.random.Generator, shown: Array, light: float, slope_stops: float, blur_px: float, noise: float = 2.2
) -> RgbImage:
    """Display values 0..255 (float) to the picture: exposure factor ``light`` in linear light, blur, then noise."""
    height, width = shown.shape[:2]
    if light != 1.0 or slope_stops:
        fall = np.exp2(-slope_stops * np.linspace(-0.5, 0.5, width, dtype=np.float32))[None, :, None]
        shown = 255 * np.clip((shown / 255) ** 2.2 * light * fall, 0, 1) ** (1 / 2.2)
    if blur_px > 0:
        shown = cv2.GaussianBlur(shown, (0, 0), blur_px)
    grain = random.standard_normal((height, width, 1), dtype=np.float32) * noise
    return np.clip(np.round(shown + grain), 0, 255).astype(np.uint8)


def sign_drawing(image: NDArray[np.uint8]) -> None:
    """Write the label into the lower left corner, small."""
    height, width = image.shape[:2]
    scale = max(0.32, width / 3200)
    (wide, tall), below = cv2.getTextSize(LABEL, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    pad = max(2, round(6 * scale))
    box = image[height - tall - below - 2 * pad :, : wide + 2 * pad]
    box[:] = (box * 0.45).astype(np.uint8)
    corner = (pad, height - below - pad)
    cv2.putText(image, LABEL, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, (235, 235, 235), 1, cv2.LINE_AA)
