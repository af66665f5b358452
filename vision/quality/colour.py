"""Casts of light and reflexes on the scalp."""

from __future__ import annotations

from math import log2
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.quality.pixels import GAMMA, Mask
from vision.types import RgbImage

RED_OF_HEADS: Final = (-0.35, 1.8)
BLUE_OF_HEADS: Final = (-1.3, 0.35)
"""Stops of red and of blue light over green on the lighter half of the scalp, 1st and 99th percentile of the research
photographs under the lamps people have; skin and hair of every tone are redder and less blue than grey."""

WARMTH_OF_HEADS: Final = 0.95
"""Stops of red over blue (:func:`warmth`) that photographs of heads have under the lamps people have. With the limit of
the check above it, under 1 % of the photographs of the men it was chosen on lie beyond; a lamp 2 stops too warm is told
in 9 of 10 photographs of others, one of 1 stop hardly ever (docs/studies/light.md has the other limits)."""
BRIGHTEST: Final = 95  # percentile of light from which a place counts as brightest
LIGHTER: Final = 60  # of the scalp

REFLEX: Final = 215
OVER_SURROUNDINGS: Final = 40
SURROUNDINGS_PX: Final = 16

FEWEST_PX: Final = 50
LEAST_LIGHT: Final = 1e-4

Light = NDArray[np.float32]


def cast_on_head(small: RgbImage, scalp: Mask) -> float:
    """Stops by which the light's colour lies outside what heads have; 0 inside, and where too little is seen."""
    tiny, there = _tiny(small, scalp)
    there &= (tiny.max(axis=2) < 250) & (tiny.min(axis=2) > 8)
    if there.sum() < FEWEST_PX:
        return 0.0
    red, blue = _lighter(_light(tiny), there)
    outside = (RED_OF_HEADS[0] - red, red - RED_OF_HEADS[1], BLUE_OF_HEADS[0] - blue, blue - BLUE_OF_HEADS[1])
    return max(0.0, *outside, warmth(small, scalp) - WARMTH_OF_HEADS)


def warmth(small: RgbImage, scalp: Mask) -> float:
    """How warm the light is, in stops of red over blue: the mean of three witnesses that err for different reasons.

    - edges: mean differences of neighbouring places in blue against red, over the whole picture. What differs across an
      edge is mostly shade, and shade has the light's colour (grey edge; van de Weijer et al. 2007, IEEE TIP 16:2207);
    - the brightest twentieth of the picture, its reflexes and white things (white patch);
    - the lighter part of the scalp, in blue against green: skin of every tone reflects less red than it seems.

    Skin alone cannot tell a lamp: heads under white light go as far as heads under a warm one. ``-inf`` where nothing
    is seen but what is black or burnt out.
    """
    tiny, there = _tiny(small, scalp)
    light = _light(tiny)
    clear = (tiny.max(axis=2) < 250) & (tiny.min(axis=2) > 6)
    seen = there & clear if (there & clear).sum() >= FEWEST_PX else clear
    if seen.sum() < FEWEST_PX:
        return float("-inf")
    total = light.sum(axis=2)
    bluer = np.log2(light[..., 2] / light[..., 0])
    red_edges, blue_edges = (float(np.abs(np.diff(light[..., band], axis=1)).mean()) + LEAST_LIGHT for band in (0, 2))
    brightest = clear & (total >= np.percentile(total[clear], BRIGHTEST))
    witnesses = (log2(blue_edges / red_edges), float(np.median(bluer[brightest])), _lighter(light, seen)[1])
    return -sum(witnesses) / len(witnesses)


def _tiny(small: RgbImage, scalp: Mask) -> tuple[RgbImage, Mask]:
    """Both at 128 px: colour needs no more, and single hairs and noise average out."""
    size = (128, max(1, round(128 * small.shape[0] / small.shape[1])))
    tiny = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
    return tiny, cv2.resize(scalp.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)


def _light(stored: RgbImage) -> Light:
    return np.asarray((stored.astype(np.float32) / 255) ** GAMMA + LEAST_LIGHT, np.float32)


def _lighter(light: Light, there: Mask) -> tuple[float, float]:
    """Stops of red and of blue over green on the lighter part of these places."""
    seen = light[there]
    bright = seen.sum(axis=1) >= np.percentile(seen.sum(axis=1), LIGHTER)
    red, blue = (float(np.median(np.log2(seen[bright, band] / seen[bright, 1]))) for band in (0, 2))
    return red, blue


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
