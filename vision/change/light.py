"""Light of two photographs: how exposure and colour differ, and the later one in the light of the earlier.

Told by the calibration cards where both show one. Else by places of the head that both show, registered: each place
gives the ratio of linear light per channel; hair that came or went and shadows that moved are few against what stayed,
so the medians of places that agree with the median are taken (two rounds, as with Tukey's cut).
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.change.types import CardLight, LightDifference, LightSource
from vision.registration.types import Mask
from vision.types import RgbImage

BLOCK_SHARE: Final = 1 / 64
"""Places are squares of this share of the long edge: larger than what the registration is off by."""

DARKEST: Final = 6
BRIGHTEST: Final = 247
"""Places outside these stored values have drowned or burnt out, and say nothing."""

AGREES_STOPS: Final = 0.5
MIN_PLACES: Final = 20

_LEVELS: Final = np.arange(256) / 255
_LINEAR: Final = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4)
"""Linear light of every stored value (IEC 61966-2-1)."""

_LUMA: Final = np.array((0.2126, 0.7152, 0.0722))


def light_difference(
    then: RgbImage,
    now: RgbImage,
    common: Mask,
    cards: tuple[CardLight | None, CardLight | None] = (None, None),
) -> LightDifference:
    """How the light of ``now`` differs, both pictures on the same grid and ``common`` the head that both show."""
    ratios = _ratios(then, now, common)
    first, second = cards
    if first is not None and second is not None:
        shift = _by_cards(first, second)
        source = LightSource.CARD
    elif len(ratios) >= MIN_PLACES:
        shift = _consensus(ratios)
        source = LightSource.UNCHANGED
    else:
        return LightDifference(0.0, (0.0, 0.0, 0.0), LightSource.UNCHANGED, 0.0, 0.0)
    left = np.abs((ratios - shift) @ _LUMA) if len(ratios) else np.zeros(1)
    exposure = float(shift @ _LUMA)
    red, green, blue = (float(one) for one in shift - exposure)
    return LightDifference(
        exposure_stops=exposure,
        colour_shift=(red, green, blue),
        source=source,
        places=float((left < AGREES_STOPS).mean()),
        residual_stops=float(np.median(left)),
    )


def in_light_of(now: RgbImage, difference: LightDifference) -> RgbImage:
    """``now`` as it would look in the light of ``then``: gains on linear light per channel."""
    gains = np.exp2(-(difference.exposure_stops + np.array(difference.colour_shift)))
    bands = [cv2.LUT(np.ascontiguousarray(now[..., band]), _table(float(gain))) for band, gain in enumerate(gains)]
    return np.asarray(cv2.merge(bands), dtype=np.uint8)


def _table(gain: float) -> NDArray[np.uint8]:
    linear = np.minimum(1.0, _LINEAR * gain)
    stored = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    return np.asarray(np.clip(np.rint(stored * 255), 0, 255), dtype=np.uint8)


def _ratios(then: RgbImage, now: RgbImage, common: Mask) -> NDArray[np.float64]:
    """log2(now / then) of the linear light of every place of the common head, N x 3."""
    block = max(2, round(max(common.shape) * BLOCK_SHARE))
    inside = _block_means(common.astype(np.float64)[..., None], block)[:, 0] > 0.95
    before, after = (_block_means(_LINEAR[picture], block) for picture in (then, now))
    dark, bright = _LINEAR[DARKEST], _LINEAR[BRIGHTEST]
    usable = inside & (np.minimum(before, after) > dark).all(axis=1) & (np.maximum(before, after) < bright).all(axis=1)
    return np.asarray(np.log2(after[usable] / before[usable]), np.float64)


def _block_means(values: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    rows, columns = values.shape[0] // block, values.shape[1] // block
    cut = values[: rows * block, : columns * block]
    means = cut.reshape(rows, block, columns, block, -1).mean(axis=(1, 3))
    return np.asarray(means.reshape(rows * columns, -1))


def _consensus(ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    middle = np.median(ratios, axis=0)
    for _ in range(2):
        apart = np.abs(ratios - middle).max(axis=1)
        near = apart <= max(2.5 * float(np.median(apart)), 0.05)
        middle = np.median(ratios[near], axis=0)
    return np.asarray(middle)


def _by_cards(then: CardLight, now: CardLight) -> NDArray[np.float64]:
    """Stops per channel by which the same grey is brighter in ``now``."""
    balance = np.log2(np.array(then.white_balance) / np.array(now.white_balance))
    return np.asarray(then.exposure_stops - now.exposure_stops + balance)
