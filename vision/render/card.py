"""The calibration card as a camera sees it: tilted, turned, bent, in a cast of light, laid into any picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.calibration_card import CARD_MM, grey_patches, ink_rectangles
from vision.types import RgbImage

PRINT_PX_PER_MM = 10
"""Every edge of the card lies on a tenth of a millimetre."""


@dataclass(frozen=True, slots=True)
class CardPose:
    """Where the card lies before the camera, and how. The true scale is ``focal_px / distance_mm``."""

    distance_mm: float = 500.0
    focal_px: float = 1500.0
    tilt_degrees: float = 0.0
    tilt_towards_degrees: float = 0.0  # direction of the axis that the card is tilted about
    turn_degrees: float = 0.0
    centre: tuple[float, float] = (0.5, 0.5)  # of the picture
    sag_mm: float = 0.0  # how far its middle bulges towards the camera, as a cylinder
    print_scale: float = 1.0  # 0.97: printed too small

    @property
    def px_per_mm(self) -> float:
        """Pixels per true millimetre on a plane that faces the camera at the card's centre."""
        return self.focal_px / self.distance_mm


def print_card() -> RgbImage:
    """The card flat and alone, :data:`PRINT_PX_PER_MM` px per mm."""
    scale = PRINT_PX_PER_MM
    card = np.full((round(CARD_MM[1] * scale), round(CARD_MM[0] * scale), 3), 255, np.uint8)
    for left, top, width, height in ink_rectangles():
        _fill(card, left, top, width, height, 20)
    for left, top, width, height, grey in grey_patches():
        _fill(card, left, top, width, height, grey)
    return card


def lay_card(
    image: RgbImage,
    pose: CardPose,
    *,
    light: tuple[float, float, float] = (0.8, 0.8, 0.8),
    shade: float = 0.0,
) -> RgbImage:
    """``image`` with the card laid in. ``light`` scales stored red, green and blue; ``shade`` darkens one end of it."""
    card = cv2.GaussianBlur(print_card(), (0, 0), 0.6).astype(np.float32) * np.array(light, np.float32)
    card *= (1 - shade * np.linspace(0, 1, card.shape[1], dtype=np.float32))[None, :, None]
    height, width = image.shape[:2]
    where_x, where_y, inside = _card_seen_from(pose, width, height)
    laid = cv2.remap(card, where_x, where_y, cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    smooth = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.7)[..., None]
    return np.asarray(np.clip(np.rint(image * (1 - smooth) + laid * smooth), 0, 255), dtype=np.uint8)


def _fill(card: RgbImage, left: float, top: float, width: float, height: float, value: int) -> None:
    first_row, last_row = round(top * PRINT_PX_PER_MM), round((top + height) * PRINT_PX_PER_MM)
    first, last = round(left * PRINT_PX_PER_MM), round((left + width) * PRINT_PX_PER_MM)
    card[first_row:last_row, first:last] = value


def _card_seen_from(
    pose: CardPose, width: int, height: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """For every pixel the place on the printed card (px of :func:`print_card`), and whether it lies on the card.

    The card is projected as a fine mesh and the map turned round by linear interpolation in small cells.
    """
    across, down = np.meshgrid(np.linspace(0, CARD_MM[0], 172), np.linspace(0, CARD_MM[1], 109))
    from_middle = np.column_stack([across.ravel() - CARD_MM[0] / 2, down.ravel() - CARD_MM[1] / 2])
    from_middle = from_middle * pose.print_scale
    bulge = -pose.sag_mm * (1 - (from_middle[:, 0] / (CARD_MM[0] / 2)) ** 2)
    points = np.column_stack([from_middle, bulge])
    turn, about = np.deg2rad(pose.turn_degrees), np.deg2rad(pose.tilt_towards_degrees)
    spin, _ = cv2.Rodrigues(np.array([0, 0, turn]))
    lean, _ = cv2.Rodrigues(np.array([np.cos(about), np.sin(about), 0]) * np.deg2rad(pose.tilt_degrees))
    seen = points @ (lean @ spin).T
    depth = pose.distance_mm + seen[:, 2]
    off = (np.array(pose.centre) - 0.5) * (width, height) / pose.px_per_mm
    column = width / 2 + pose.focal_px * (seen[:, 0] + off[0]) / depth
    row = height / 2 + pose.focal_px * (seen[:, 1] + off[1]) / depth
    mesh = np.column_stack([column, row]).reshape(109, 172, 2).astype(np.float32)
    where_x, where_y = np.full((height, width), -1, np.float32), np.full((height, width), -1, np.float32)
    steps_x = np.linspace(0, CARD_MM[0] * PRINT_PX_PER_MM, 172, dtype=np.float32)
    steps_y = np.linspace(0, CARD_MM[1] * PRINT_PX_PER_MM, 109, dtype=np.float32)
    for top in range(0, 108, 4):
        for left in range(0, 171, 9):
            bottom, right = min(108, top + 4), min(171, left + 9)
            quad = np.array([mesh[top, left], mesh[top, right], mesh[bottom, right], mesh[bottom, left]])
            source = np.array(
                [
                    (steps_x[left], steps_y[top]),
                    (steps_x[right], steps_y[top]),
                    (steps_x[right], steps_y[bottom]),
                    (steps_x[left], steps_y[bottom]),
                ],
                np.float32,
            )
            _fill_cell(where_x, where_y, quad, cv2.getPerspectiveTransform(quad, source))
    return where_x, where_y, where_x >= 0


def _fill_cell(
    where_x: NDArray[np.float32], where_y: NDArray[np.float32], quad: NDArray[np.float32], back: NDArray[np.float64]
) -> None:
    height, width = where_x.shape
    low, high = np.floor(quad.min(0)).astype(int), np.ceil(quad.max(0)).astype(int) + 1
    left, top = max(0, low[0]), max(0, low[1])
    right, bottom = min(width, high[0]), min(height, high[1])
    if right <= left or bottom <= top:
        return
    columns, rows = np.meshgrid(np.arange(left, right, dtype=np.float64), np.arange(top, bottom, dtype=np.float64))
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillConvexPoly(mask, np.rint((quad - (left, top)) * 16).astype(np.int32), 1, shift=4)
    mapped = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ back.T
    inside = mask.astype(bool)
    where_x[top:bottom, left:right][inside] = (mapped[..., 0] / mapped[..., 2])[inside]
    where_y[top:bottom, left:right][inside] = (mapped[..., 1] / mapped[..., 2])[inside]
