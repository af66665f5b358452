"""The quality gate (C5): is this photo good enough to measure, and if not, what should change?

Cheap enough for the moment of upload: everything is computed on a copy of at most 640 px, which is also about the
scale at which the networks look, so "sharp" here means sharp enough to be measured, not sharp enough for a poster.
numpy and OpenCV only. The thresholds are data (:data:`THRESHOLDS`), each with its reason; how often they are wrong on
real photographs is measured by ``python -m vision study quality`` and kept in docs/studies/quality.json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.types import CheckResult, QualityCheck, QualityReport, RgbImage, View

WORKING_EDGE_PX: Final = 640
GAMMA: Final = 2.2
"""Stored values are about the 2.2th root of light."""

Grey = NDArray[np.float32]
Pixels = TypeVar("Pixels", Grey, RgbImage)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit and which side of it fails. ``reason`` says where the number comes from."""

    limit: float
    fails: Literal["below", "above"]
    reason: str

    def passes(self, value: float) -> bool:
        return value >= self.limit if self.fails == "below" else value <= self.limit


THRESHOLDS: Final[Mapping[QualityCheck, Threshold]] = {
    QualityCheck.SIZE: Threshold(
        400, "below", "short edge in px; the segmentation works at about this size, less would be invented by enlarging"
    ),
    QualityCheck.BLUR: Threshold(
        1.6,
        "below",
        "edge energy kept against a second blur of 2 px, upper quartile of 36 tiles; sharp phone and clinic photographs"
        " have 2 to 8, a blur of 3 px at 640 px brings most below 1.6",
    ),
    QualityCheck.TOO_DARK: Threshold(
        84,
        "below",
        "95th percentile of grey (0..255) in the middle; 99 % of Norwood photographs, dark skin among them, have 110"
        " or more: dark skin must not be called a dark photo",
    ),
    QualityCheck.BURNT_OUT: Threshold(
        0.25, "above", "share of the middle at 250 or more, where structure is lost; clinic flash stays under 0.2"
    ),
    QualityCheck.LOW_CONTRAST: Threshold(
        70, "below", "98th minus 2nd percentile of grey; haze, a smeared lens or a blank surface stays below"
    ),
    QualityCheck.UNEVEN_LIGHT: Threshold(
        7.5,
        "above",
        "stops of light from one side of the picture to the other, compared within one chromaticity; black hair beside"
        " pale skin makes up to 7 under even light, so only hard side light is caught",
    ),
    QualityCheck.NO_SCALP: Threshold(
        0.25,
        "below",
        "share of the middle that could be skin or hair by hue and has texture; rejects only blank walls, paper, sky"
        " and foliage, everything else is for the network in the worker to decide",
    ),
}
"""Limits for the overview views."""

FULL_OF_HAIR: Final = Threshold(
    66, "below", "as for the other views, but a back of black hair shows no skin: in fair light it goes down to 70"
)
"""``too_dark`` of the occiput."""

TRICHOSCOPY_THRESHOLDS: Final[Mapping[QualityCheck, Threshold]] = {
    QualityCheck.SIZE: Threshold(400, "below", "short edge in px; research trichoscopes have 462 and 666"),
    QualityCheck.BLUR: Threshold(
        1.25, "below", "as for overviews; contact trichoscopy has soft skin between few hairs, 1st percentile 1.28"
    ),
    QualityCheck.TOO_DARK: Threshold(80, "below", "95th percentile of grey; the lamp is built in, darkness is a fault"),
    QualityCheck.BURNT_OUT: Threshold(0.15, "above", "share at 250 or more: reflections of the plate hide hairs"),
    QualityCheck.LOW_CONTRAST: Threshold(40, "below", "98th minus 2nd percentile of grey: no hair against the skin"),
    QualityCheck.UNEVEN_LIGHT: Threshold(2.0, "above", "stops across the field; a ring light in contact is even"),
}
"""Limits for trichoscopy. There is no ``no_scalp``: a field of skin without hair is a finding, not a fault."""


def thresholds_for(view: View) -> Mapping[QualityCheck, Threshold]:
    """The limits that hold for a view."""
    if view is View.OCCIPUT:
        return {**THRESHOLDS, QualityCheck.TOO_DARK: FULL_OF_HAIR}
    return THRESHOLDS if view.is_global else TRICHOSCOPY_THRESHOLDS


def check_quality(image: RgbImage, view: View, short_edge_px: int | None = None) -> QualityReport:
    """Every check of the view, whether or not an earlier one failed, so that a person hears all reasons at once.

    ``short_edge_px`` is that of the stored photo, when ``image`` is a reduced copy (not under 640 px).
    """
    limits = thresholds_for(view)
    small = _reduced(image)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    measures: Mapping[QualityCheck, Callable[[], float]] = {
        QualityCheck.SIZE: lambda: float(short_edge_px or min(image.shape[:2])),
        QualityCheck.BLUR: lambda: sharpness(grey),
        QualityCheck.TOO_DARK: lambda: float(np.percentile(_middle(grey, 0.7), 95)),
        QualityCheck.BURNT_OUT: lambda: float((_middle(grey, 0.7) >= 250).mean()),
        QualityCheck.LOW_CONTRAST: lambda: float(np.subtract(*np.percentile(_middle(grey, 0.8), (98, 2)))),
        QualityCheck.UNEVEN_LIGHT: lambda: light_slope_stops(small),
        QualityCheck.NO_SCALP: lambda: headlike_share(small),
    }
    results = []
    for check, threshold in limits.items():
        value = round(measures[check](), 4)
        results.append(CheckResult(check, value, threshold.limit, threshold.passes(value)))
    return QualityReport(tuple(results))


def sharpness(grey: Grey) -> float:
    """Energy of the gradient over what a second blur (2 px) leaves of it; 1 for a picture already blurred.

    The comparison with itself cancels contrast and hair colour (idea: Crete et al. 2007, "The blur effect"). Tiles
    without edges say nothing and count as 0; the upper quartile of tiles is taken, so that a shallow depth of field or
    a plain background does not condemn a sharp scalp. A slight blur first keeps sensor noise from looking sharp.
    """
    calm: Grey = cv2.GaussianBlur(_middle(grey, 0.8), (0, 0), 0.7)
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
    pixels = (
        cv2.resize(_middle(small, 0.8), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(np.float32) + 2
    )
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
    middle = _middle(small, 0.6)
    hue, saturation, value = cv2.split(cv2.cvtColor(middle, cv2.COLOR_RGB2HSV_FULL).astype(np.float32))
    degrees = hue * (360 / 255)
    warm = ((degrees < 50) | (degrees > 335)) & (saturation > 20) & (saturation < 217) & (value > 38)
    dark = value < 90
    grey_hair = (saturation < 30) & (value >= 60) & (value < 195)
    grey = cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.GaussianBlur(grey, (0, 0), 4)
    textured = cv2.GaussianBlur(grey * grey, (0, 0), 4) - mean * mean > 1.0
    return float(((warm | dark | grey_hair) & textured).mean())


def _reduced(image: RgbImage) -> RgbImage:
    scale = WORKING_EDGE_PX / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _middle(image: Pixels, share: float) -> Pixels:
    rows, columns = image.shape[:2]
    top, left = int(rows * (1 - share) / 2), int(columns * (1 - share) / 2)
    return image[top : rows - top, left : columns - left]


def _edge_energy(grey: Grey) -> Grey:
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(across * across + down * down, dtype=np.float32)


def _tiles(grey: Grey, count: int) -> list[Grey]:
    return [tile for row in np.array_split(grey, count, axis=0) for tile in np.array_split(row, count, axis=1)]
