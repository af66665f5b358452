"""Casts of light and reflexes on the scalp."""

from __future__ import annotations

from math import log2
from typing import Final

import cv2
import numpy as np

from vision.quality.pixels import GAMMA, Mask
from vision.types import RgbImage

RED_OF_HEADS: Final = (-0.35, 1.8)
BLUE_OF_HEADS: Final = (-1.3, 0.35)
"""Stops of red and of blue light over green on the lighter half of the scalp, 1st and 99th percentile of the research
photographs under the lamps people have; skin and hair of every tone are redder and less blue than grey."""

REFLEX: Final = 215
OVER_SURROUNDINGS: Final = 40
SURROUNDINGS_PX: Final = 16

FEWEST_PX: Final = 50


def cast_on_head(small: RgbImage, scalp: Mask) -> float:
    """Stops by which the scalp's colour lies outside what heads have; 0 inside, and where too little is seen."""
    size = (128, max(1, round(128 * small.shape[0] / small.shape[1])))
    tiny = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    there = cv2.resize(scalp.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    there &= (tiny.max(axis=2) < 250) & (tiny.min(axis=2) > 8)
    if there.sum() < FEWEST_PX:
        return 0.0
    light = (tiny[there].astype(np.float32) / 255) ** GAMMA + 1e-4
    bright = light.sum(axis=1) >= np.percentile(light.sum(axis=1), 60)
    red, blue = (float(np.median(np.log2(light[bright, band] / light[bright, 1]))) for band in (0, 2))
    outside = (RED_OF_HEADS[0] - red, red - RED_OF_HEADS[1], BLUE_OF_HEADS[0] - blue, blue - BLUE_OF_HEADS[1])
    return max(0.0, *outside)


def cast_on_card(white_balance: tuple[float, float, float]) -> float:
    """Stops between green and the weaker or stronger of red and blue, from the factors that make the greys grey."""
    red, green, blue = white_balance
    return max(abs(log2(red / green)), abs(log2(blue / green)))


def glare_share(small: RgbImage, scalp: Mask) -> float:
    """Share of the scalp in reflexes: nearly white, and much lighter than what lies around them."""
    if scalp.sum() < FEWEST_PX:
        return 0.0
    darkest = small.min(axis=2).astype(np.float32)
    around = cv2.GaussianBlur(darkest, (0, 0), SURROUNDINGS_PX)
    reflexes = (darkest >= REFLEX) & (darkest - around > OVER_SURROUNDINGS)
    return float(reflexes[scalp].mean())
