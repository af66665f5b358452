"""Hints of a face on the drawn head: enough for a person (and a network) to know front from back."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.render.geometry import SHAPES, Array, Camera, Part, Surface
from vision.types import RgbImage

EYES: Final = ((0.24, -0.36), (-0.24, -0.36))
BROW_RISE: Final = 0.13
MOUTH_Y: Final = -0.84


def draw_face(
    canvas: RgbImage, camera: Camera, surface: Surface, skin: NDArray[np.float64], hair: NDArray[np.float64]
) -> None:
    """Eyes, brows and mouth where the camera can see them, as soft darker shapes on the skin."""
    lip = _display(skin * np.array((0.62, 0.36, 0.36)))
    lid = _display(skin * 0.30)
    brow = _display(hair * 0.8 + skin * 0.04)
    white, iris = (188.0, 180.0, 174.0), (52.0, 38.0, 30.0)
    layer = canvas.copy()
    for x, y in EYES:
        _polygon(layer, camera, surface, _oval(x, y, 0.105, 0.042), white)
        _polygon(layer, camera, surface, _oval(x, y, 0.040, 0.040), iris)
        _line(layer, camera, surface, _arc(x, y, 0.115, 0.052), lid, 0.018)
        _line(layer, camera, surface, _arc(x, y + BROW_RISE, 0.16, 0.05), brow, 0.050)
    _polygon(layer, camera, surface, _oval(0.0, MOUTH_Y, 0.20, 0.045), lip)
    _line(layer, camera, surface, [(-0.19, MOUTH_Y), (0.0, MOUTH_Y - 0.01), (0.19, MOUTH_Y)], lid, 0.012)
    canvas[:] = cv2.GaussianBlur(layer, (0, 0), max(0.8, camera.px_per_unit / 300))


def _display(linear: NDArray[np.float64]) -> tuple[float, float, float]:
    shown = 255 * np.clip(linear, 0, 1) ** (1 / 2.2)
    return float(shown[0]), float(shown[1]), float(shown[2])


def _oval(x: float, y: float, wide: float, tall: float) -> list[tuple[float, float]]:
    angles = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return [(x + wide * float(np.cos(a)), y + tall * float(np.sin(a))) for a in angles]


def _arc(x: float, y: float, wide: float, rise: float) -> list[tuple[float, float]]:
    return [(x + wide * s, y + rise * (1 - s * s)) for s in np.linspace(-1, 1, 15).tolist()]


def on_face(points: list[tuple[float, float]]) -> Array:
    """The points of the head's front that lie at these x and y."""
    flat: Array = np.array(points, np.float32)
    front: Array = np.full(len(flat), -np.inf, np.float32)
    for part, centre, axes in SHAPES:
        if part in (Part.CRANIUM, Part.FACE):
            rest = 1 - ((flat - np.array(centre[:2])) ** 2 / np.array(axes[:2]) ** 2).sum(axis=1)
            reach = (centre[2] + axes[2] * np.sqrt(np.maximum(rest, 0))).astype(np.float32)
            front = np.where(rest > 0, np.maximum(front, reach), front).astype(np.float32)
    return np.column_stack((flat, front)).astype(np.float32)


def _visible(camera: Camera, surface: Surface, points: Array) -> NDArray[np.int32] | None:
    """Fixed-point pixels (4 bits), or None when any of the shape is turned away or hidden."""
    if not np.isfinite(points).all():
        return None
    columns, rows, depth = camera.project(points)
    seen_row = np.clip((rows / 2).astype(int), 0, surface.depth.shape[0] - 1)
    seen_column = np.clip((columns / 2).astype(int), 0, surface.depth.shape[1] - 1)
    if (depth < surface.depth[seen_row, seen_column] - 0.06).mean() > 0.25:
        return None
    return np.round(np.column_stack((columns, rows)) * 16).astype(np.int32)


def _polygon(
    canvas: RgbImage,
    camera: Camera,
    surface: Surface,
    shape: list[tuple[float, float]],
    colour: tuple[float, float, float],
) -> None:
    pixels = _visible(camera, surface, on_face(shape))
    if pixels is not None:
        cv2.fillPoly(canvas, [pixels], colour, cv2.LINE_AA, 4)


def _line(
    canvas: RgbImage,
    camera: Camera,
    surface: Surface,
    shape: list[tuple[float, float]],
    colour: tuple[float, float, float],
    width_units: float,
) -> None:
    pixels = _visible(camera, surface, on_face(shape))
    if pixels is not None:
        width = max(1, round(width_units * camera.px_per_unit))
        cv2.polylines(canvas, [pixels], False, colour, width, cv2.LINE_AA, 4)
