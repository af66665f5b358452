"""The scale bars that trichoscopes burn into their pictures, drawn in the styles there are, with their exact length."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from vision.types import RgbImage


class BarStyle(StrEnum):
    """How the ends of a bar are drawn."""

    PLAIN = "plain"
    TICKS = "ticks"
    HALF_TICKS = "half_ticks"  # upwards only
    CORNER = "corner"  # two arms of one length, as an L
    OUTLINED = "outlined"  # light with a dark rim


INKS: Final = ((255, 255, 255), (0, 0, 0), (250, 230, 40), (200, 30, 30))
"""White, black, yellow and red: what devices use."""


@dataclass(frozen=True, slots=True)
class BarDrawing:
    """A bar to draw: the left (lower for an upright one) end in px, its length and the line's width."""

    style: BarStyle
    at_px: tuple[float, float]
    length_px: float
    width_px: int
    ink: tuple[int, int, int]
    upright: bool = False
    label: str = "1.0 mm"


def draw_scale_bar(image: RgbImage, bar: BarDrawing) -> RgbImage:
    """``image`` with the bar and its label, antialiased: ends lie at fractions of a pixel as asked."""
    ink = np.array(bar.ink, np.float32)
    cover = np.zeros(image.shape[:2], np.float32)
    x, y = bar.at_px
    width, length, half = float(bar.width_px), bar.length_px, bar.width_px / 2
    reach = max(6.0, 3 * width)
    if bar.style in (BarStyle.PLAIN, BarStyle.OUTLINED):
        boxes = [(x, y - half, x + length, y + half)]
    else:
        up = {BarStyle.TICKS: reach, BarStyle.HALF_TICKS: 0.0, BarStyle.CORNER: -half}[bar.style]
        boxes = [(x - half, y - half, x + length, y + half)]
        if bar.style is BarStyle.CORNER:
            boxes.append((x - half, y - length, x + half, y + half))
        else:
            boxes += [(end - half, y - reach, end + half, y + up + half) for end in (x, x + length)]
    if bar.upright:
        boxes = [(y0 - y + x, y - (x1 - x), y1 - y + x, y - (x0 - x)) for x0, y0, x1, y1 in boxes]
    for box in boxes:
        _cover(cover, box)
    shown = image.astype(np.float32)
    if bar.style is BarStyle.OUTLINED:
        rim = cv2.dilate(cover, np.ones((3, 3), np.uint8))
        shown *= 1 - rim[..., None]
    shown = shown * (1 - cover[..., None]) + ink * cover[..., None]
    drawn: RgbImage = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
    if bar.label:
        place = (round(x + 0.3 * length), round(y - reach - 6)) if not bar.upright else (round(x + reach + 4), round(y))
        scale = max(0.4, image.shape[1] / 1600)
        cv2.putText(drawn, bar.label, place, cv2.FONT_HERSHEY_SIMPLEX, scale, bar.ink, 1, cv2.LINE_AA)
    return drawn


def _cover(cover: np.ndarray, box: tuple[float, float, float, float]) -> None:  # type: ignore[type-arg]
    """Share of each pixel inside an axis-aligned box; a pixel's middle has whole coordinates."""
    x0, y0, x1, y1 = box
    columns, rows = np.arange(cover.shape[1]), np.arange(cover.shape[0])
    across = np.clip(np.minimum(columns + 0.5, x1) - np.maximum(columns - 0.5, x0), 0, 1)
    down = np.clip(np.minimum(rows + 0.5, y1) - np.maximum(rows - 0.5, y0), 0, 1)
    np.maximum(cover, np.outer(down, across).astype(np.float32), out=cover)
