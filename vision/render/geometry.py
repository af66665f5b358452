"""The shape of a head, and what a camera sees of it: ellipsoids, orthographic rays, views.

Head frame, in units of about half a head's length: x towards the patient's left, y up, z forward.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.types import View

Array = NDArray[np.float32]


class Part(IntEnum):
    """What a ray hits."""

    NOTHING = 0
    CRANIUM = 1
    FACE = 2
    EAR = 3
    NOSE = 4
    NECK = 5
    CLOTH = 6


CRANIUM_AXES: Final = (0.76, 0.88, 0.95)

SHAPES: Final[tuple[tuple[Part, tuple[float, float, float], tuple[float, float, float]], ...]] = (
    (Part.CRANIUM, (0.0, 0.0, 0.0), CRANIUM_AXES),
    (Part.FACE, (0.0, -0.52, 0.24), (0.60, 0.78, 0.66)),
    (Part.EAR, (0.76, -0.26, -0.06), (0.07, 0.22, 0.13)),
    (Part.EAR, (-0.76, -0.26, -0.06), (0.07, 0.22, 0.13)),
    (Part.NOSE, (0.0, -0.50, 0.90), (0.11, 0.19, 0.16)),
    (Part.NECK, (0.0, -1.25, -0.22), (0.44, 0.95, 0.44)),
    (Part.CLOTH, (0.0, -2.45, -0.20), (2.30, 0.98, 0.86)),
)
"""Part, centre, half axes."""

ARRANGEMENTS: Final[dict[View, tuple[tuple[float, float, float], tuple[float, float, float], float, float]]] = {
    View.CROWN: ((0.0, 1.0, -0.12), (0.0, 0.0, -1.0), 2.55, 0.0),
    View.PART: ((0.0, 0.92, 0.40), (0.0, 0.40, -0.92), 2.35, 0.05),
    View.HAIRLINE: ((0.0, 0.42, 0.91), (0.0, 1.0, 0.0), 2.6, -0.12),
    View.TEMPLE_LEFT: ((0.85, 0.22, 0.48), (0.0, 1.0, 0.0), 2.6, -0.15),
    View.TEMPLE_RIGHT: ((-0.85, 0.22, 0.48), (0.0, 1.0, 0.0), 2.6, -0.15),
    View.OCCIPUT: ((0.0, 0.30, -0.95), (0.0, 1.0, 0.0), 2.6, -0.10),
}
"""Direction to the camera, what is up in the picture, units across the short edge, shift of the centre along up."""


@dataclass(frozen=True, slots=True)
class Camera:
    """An orthographic camera: unit vectors to the right, up and towards it, px per unit, and the picture's centre."""

    right: Array
    up: Array
    towards: Array
    px_per_unit: float
    centre: tuple[float, float]

    def project(self, points: Array) -> tuple[Array, Array, Array]:
        """``N x 3`` points to column px, row px and depth towards the camera (units)."""
        columns = self.centre[0] + points @ self.right * self.px_per_unit
        rows = self.centre[1] - points @ self.up * self.px_per_unit
        return columns, rows, points @ self.towards

    def scaled(self, factor: float) -> Camera:
        """The same camera for a picture of another size."""
        centre = (self.centre[0] * factor, self.centre[1] * factor)
        return Camera(self.right, self.up, self.towards, self.px_per_unit * factor, centre)


@dataclass(frozen=True, slots=True)
class Surface:
    """What each pixel sees: the part, the point (head frame), its unit normal and its depth."""

    part: NDArray[np.uint8]
    point: Array
    normal: Array
    depth: Array


def camera_for(view: View, size_px: tuple[int, int], turn_degrees: float) -> Camera:
    """The camera of a view, turned a little about the line of sight as nobody holds a phone straight."""
    if view not in ARRANGEMENTS:
        raise ValueError(f"no head is drawn for {view}")
    towards_raw, up_raw, units, shift = ARRANGEMENTS[view]
    towards = unit(np.array(towards_raw, np.float32))
    up = np.array(up_raw, np.float32)
    up = unit(up - (up @ towards) * towards)
    right = np.cross(up, towards)
    angle = np.deg2rad(turn_degrees)
    right, up = np.cos(angle) * right + np.sin(angle) * up, np.cos(angle) * up - np.sin(angle) * right
    px_per_unit = min(size_px) / units
    centre = (size_px[0] / 2, size_px[1] / 2 + shift * px_per_unit)
    return Camera(right.astype(np.float32), up.astype(np.float32), towards, px_per_unit, centre)


@dataclass(frozen=True, slots=True)
class Capture:
    """How one photograph of a view was taken, against the ideal one: what differs between takes within the protocol.

    Tilts turn the line of sight about the head (degrees up and to the right), ``turn_degrees`` the picture about it.
    ``closer`` scales the head, ``shift`` moves it by fractions of the shorter side, ``lamp_degrees`` moves the light
    sideways. ``light`` and ``light_slope_stops`` as in :func:`vision.render.draw_head`; ``white`` are gains of red,
    green and blue. ``seed`` is the sensor's noise.
    """

    tilt_up_degrees: float = 0.0
    tilt_right_degrees: float = 0.0
    turn_degrees: float = 0.0
    closer: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    lamp_degrees: float = 0.0
    light: float = 1.0
    light_slope_stops: float = 0.0
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)
    blur_px: float = 0.0
    seed: int = 0


def moved(camera: Camera, capture: Capture, size_px: tuple[int, int]) -> Camera:
    """The camera as it was held for one take."""
    right, up, towards = camera.right, camera.up, camera.towards
    for degrees, axis in ((capture.tilt_up_degrees, "up"), (capture.tilt_right_degrees, "right")):
        angle = np.deg2rad(degrees)
        if axis == "up":
            up, towards = np.cos(angle) * up - np.sin(angle) * towards, np.cos(angle) * towards + np.sin(angle) * up
        else:
            right, towards = (
                np.cos(angle) * right - np.sin(angle) * towards,
                np.cos(angle) * towards + np.sin(angle) * right,
            )
    angle = np.deg2rad(capture.turn_degrees)
    right, up = np.cos(angle) * right + np.sin(angle) * up, np.cos(angle) * up - np.sin(angle) * right
    middle = np.array(size_px) / 2
    centre = middle + (np.array(camera.centre) - middle) * capture.closer + np.array(capture.shift) * min(size_px)
    return Camera(
        right.astype(np.float32),
        up.astype(np.float32),
        unit(towards.astype(np.float32)),
        camera.px_per_unit * capture.closer,
        (float(centre[0]), float(centre[1])),
    )


def unit(vectors: Array) -> Array:
    """Vectors of length one along the last axis."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), dtype=np.float32)


def see(camera: Camera, size_px: tuple[int, int]) -> Surface:
    """Cast one ray per pixel; the nearest ellipsoid wins, and normals are blended where parts meet."""
    width, height = size_px
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5)
    across = (columns - camera.centre[0]) / camera.px_per_unit
    along = -(rows - camera.centre[1]) / camera.px_per_unit
    plane = across[..., None] * camera.right + along[..., None] * camera.up
    depth: Array = np.full((height, width), -np.inf, np.float32)
    part = np.zeros((height, width), np.uint8)
    normal: Array = np.zeros((height, width, 3), np.float32)
    for kind, centre, axes in SHAPES:
        scale = np.array(axes, np.float32)
        start = (plane - np.array(centre, np.float32)) / scale
        step = camera.towards / scale
        square, half = step @ step, start @ step
        root = half**2 - square * ((start**2).sum(axis=-1) - 1)
        reach = np.where(root >= 0, (np.sqrt(np.maximum(root, 0)) - half) / square, -np.inf).astype(np.float32)
        nearer = reach > depth
        depth[nearer] = reach[nearer]
        part[nearer] = kind
        normal[nearer] = ((start + np.where(np.isfinite(reach), reach, 0)[..., None] * step) / scale)[nearer]
    normal = unit(normal)
    skin = ((part > 0) & (part != Part.CLOTH)).astype(np.float32)
    spread = camera.px_per_unit * 0.035
    weight = cv2.GaussianBlur(skin, (0, 0), spread)[..., None]
    soft = unit(cv2.GaussianBlur(normal * skin[..., None], (0, 0), spread) / np.maximum(weight, 1e-3))
    normal = np.where(skin[..., None] > 0, soft, normal).astype(np.float32)
    point = plane + np.where(np.isfinite(depth), depth, 0)[..., None] * camera.towards
    return Surface(part, point.astype(np.float32), normal, depth)


def on_cranium(directions: Array) -> Array:
    """Points of the cranium's surface in the given directions."""
    scale = np.array(CRANIUM_AXES, np.float32)
    flat = unit(directions)
    return np.asarray(flat / np.linalg.norm(flat / scale, axis=-1, keepdims=True), dtype=np.float32)


def cranium_normal(points: Array) -> Array:
    """Outward unit normals of the cranium at points on (or near) it."""
    return unit(points / np.square(np.array(CRANIUM_AXES, np.float32)))


HAIRLINE: Final = (
    (0.0, 43.0),
    (28.0, 44.0),
    (44.0, 38.0),
    (56.0, 24.0),
    (66.0, 2.0),
    (74.0, -14.0),
    (82.0, -12.0),
    (90.0, -2.0),
    (102.0, -2.0),
    (112.0, -22.0),
    (140.0, -36.0),
    (180.0, -40.0),
)
"""Azimuth from the front and elevation of the edge of hair-bearing scalp, in degrees (over the ear it rises)."""


def above_hairline(points: Array) -> Array:
    """Degrees of elevation by which a point of the cranium lies above the edge of hair-bearing scalp."""
    direction = unit(points)
    azimuth = np.degrees(np.abs(np.arctan2(direction[..., 0], direction[..., 2])))
    elevation = np.degrees(np.arcsin(np.clip(direction[..., 1], -1, 1)))
    edge = np.interp(azimuth, [a for a, _ in HAIRLINE], [e for _, e in HAIRLINE])
    return np.asarray(elevation - edge, dtype=np.float32)
