"""Changing a trichoscopy picture together with its hairs: turns, size, light, and the marks that devices burn in."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.training.hairs_data import FloatRows, HairPicture
from vision.types import RgbImage

EDGE_SHARE: Final = 0.05
"""Hairs at the edge are often unlabelled: this share of each side teaches little."""
EDGE_WEIGHT: Final = 0.2
OVERLAY_SHARE: Final = 0.25
"""How often marks are drawn, so that the marks some research pictures carry teach nothing."""
INK: Final = ((230, 40, 40), (40, 40, 200), (20, 20, 20), (240, 240, 240), (40, 160, 60))


def place(
    picture: HairPicture, size: tuple[int, int], turned: bool, rng: np.random.Generator
) -> tuple[RgbImage, FloatRows, NDArray[np.float32]]:
    """The picture on a canvas of ``size`` (width, height) px, its arrows there, and a weight per canvas px.

    ``turned`` turns by 90 degrees before the small random turn; flips, size (0.88 to 1.14), shift and colour are drawn
    from ``rng``. Outside the picture the weight is 0 and the canvas grey.
    """
    height, width = picture.image.shape[:2]
    scale = float(np.exp(rng.uniform(-0.13, 0.13)))
    angle = np.deg2rad(rng.uniform(-15, 15)) + (np.pi / 2 if turned else 0.0)
    mirror = np.array((rng.choice((-1.0, 1.0)), rng.choice((-1.0, 1.0))))
    turn = np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle)))) * scale @ np.diag(mirror)
    shift = np.array(size) / 2 + rng.uniform(-18, 18, 2) - turn @ np.array((width / 2, height / 2))
    matrix = np.column_stack((turn, shift)).astype(np.float32)
    image = cv2.warpAffine(picture.image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(127, 127, 127))
    weight = np.full((height, width), EDGE_WEIGHT, np.float32)
    edge_y, edge_x = round(height * EDGE_SHARE), round(width * EDGE_SHARE)
    weight[edge_y:-edge_y, edge_x:-edge_x] = 1.0
    placed = cv2.warpAffine(weight, matrix, size, flags=cv2.INTER_NEAREST, borderValue=0)
    points = picture.arrows.reshape(-1, 2) @ turn.T.astype(np.float32) + shift.astype(np.float32)
    return (
        _relight(_draw_marks(np.asarray(image, np.uint8), rng), rng),
        np.asarray(points.reshape(-1, 4), np.float32),
        np.asarray(placed, np.float32),
    )


def _relight(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    light = image.astype(np.float32) / 255
    light = light ** np.float32(np.exp(rng.uniform(-0.3, 0.3)))
    light = (light - 0.5) * np.float32(rng.uniform(0.75, 1.25)) + np.float32(0.5 + rng.uniform(-0.1, 0.1))
    light = light * rng.uniform(0.9, 1.1, 3).astype(np.float32)
    grey = light.mean(axis=2, keepdims=True)
    light = grey + (light - grey) * np.float32(rng.uniform(0.5, 1.3))
    if rng.random() < 0.2:
        light = cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.4, 1.2)))
    if rng.random() < 0.2:
        light = light + rng.standard_normal(light.shape, dtype=np.float32) * np.float32(rng.uniform(0.005, 0.03))
    return np.asarray(np.clip(light * 255, 0, 255), np.uint8)


def _draw_marks(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Circles, lines, a scale bar, text, a strip: what measuring software leaves in a picture."""
    if rng.random() >= OVERLAY_SHARE:
        return image
    height, width = image.shape[:2]
    image = image.copy()
    ink = INK[int(rng.integers(len(INK)))]
    where = (int(rng.integers(width)), int(rng.integers(height)))
    choice = int(rng.integers(4))
    if choice == 0:
        cv2.circle(image, where, int(rng.integers(60, 320)), ink, 1, cv2.LINE_AA)
        cv2.line(image, where, (int(rng.integers(width)), int(rng.integers(height))), ink, 1, cv2.LINE_AA)
    elif choice == 1:
        other = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.line(image, where, other, ink, int(rng.integers(1, 3)), cv2.LINE_AA)
    elif choice == 2:
        long = int(rng.integers(40, 130))
        cv2.rectangle(image, where, (where[0] + long, where[1] + 3), ink, -1)
        cv2.putText(image, "1.0 mm", (where[0], where[1] - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.35, ink, 1, cv2.LINE_AA)
    else:
        patch = image[where[1] : where[1] + 45, where[0] : where[0] + 90]
        patch[:] = (patch * 0.6 + 90).astype(np.uint8)
        for line in range(3):
            text = f"A={rng.uniform(0, 30):.3f} mm"
            at = (where[0] + 4, where[1] + 12 + 13 * line)
            cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.32, ink, 1, cv2.LINE_AA)
    return image
