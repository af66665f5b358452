"""Colour maps for people: perceptually even, safe for colour-blind readers, and computed rather than copied.

The density map runs from deep blue over green (covered) and pale yellow to red (thin). Stops are joined in Oklab
(Ottosson 2020), whose distances follow what an eye sees, and the table is spaced evenly along the path. Blue and red
ends differ in lightness and hue, so the order survives every common colour-vision deficiency.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.types import ScalpClass

Rgb = tuple[int, int, int]

DENSITY_STOPS: Final[tuple[Rgb, ...]] = (
    (38, 76, 150),  # covered: deep blue
    (18, 122, 130),  # teal
    (126, 182, 120),  # green
    (246, 226, 130),  # pale yellow
    (236, 146, 64),  # orange
    (140, 14, 44),  # thin: deep red
)

CLASS_COLOURS: Final[dict[ScalpClass, Rgb]] = {
    ScalpClass.DENSE: (0, 114, 178),  # blue
    ScalpClass.THINNING: (240, 228, 66),  # yellow
    ScalpClass.BALD: (213, 94, 0),  # vermillion
}
"""Colours of the overlay, from the palette of Okabe and Ito (2008) for every kind of colour vision."""

_TO_LMS = np.array(
    (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    )
)
_TO_LAB = np.array(
    (
        (0.2104542553, 0.7936177850, -0.0040720468),
        (1.9779984951, -2.4285922050, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.8086757660),
    )
)


def to_oklab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """``N x 3`` sRGB in 0..1 to Oklab."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T)


def from_oklab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """``N x 3`` Oklab to sRGB, clipped to 0..1."""
    linear = ((lab @ np.linalg.inv(_TO_LAB).T) ** 3) @ np.linalg.inv(_TO_LMS).T
    linear = np.clip(linear, 0, 1)
    return np.asarray(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


@cache
def density_table() -> NDArray[np.uint8]:
    """256 x 3 sRGB, index 0 covered .. 255 thin, equal steps along the path in Oklab."""
    stops = to_oklab(np.array(DENSITY_STOPS, dtype=np.float64) / 255)
    along = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(stops, axis=0), axis=1))))
    where = np.linspace(0, along[-1], 256)
    path = np.column_stack([np.interp(where, along, stops[:, axis]) for axis in range(3)])
    table = np.round(from_oklab(path) * 255).astype(np.uint8)
    table.setflags(write=False)
    return table
