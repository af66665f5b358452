"""Pictures that are no scalp, for the abstention tests: a wall, a document, a landscape, a desk of shapes."""

from __future__ import annotations

from enum import StrEnum

import cv2
import numpy as np

from vision.render.camera import develop, noise_field, sign_drawing
from vision.render.geometry import Array
from vision.types import RgbImage


class Scene(StrEnum):
    """What is drawn instead of a head."""

    WALL = "wall"
    DOCUMENT = "document"
    LANDSCAPE = "landscape"
    SHAPES = "shapes"


def draw_non_scalp(scene: Scene, *, seed: int, size: tuple[int, int] = (1600, 1200)) -> RgbImage:
    """A picture without a head; ``size`` is width and height in px."""
    random = np.random.default_rng(seed)
    draw = {Scene.WALL: _wall, Scene.DOCUMENT: _document, Scene.LANDSCAPE: _landscape, Scene.SHAPES: _shapes}[scene]
    image = develop(random, draw(random, size), 1.0, 0.0, 0.8)
    sign_drawing(image)
    return image


def _plain(size: tuple[int, int], colour: tuple[float, float, float]) -> Array:
    return np.full((size[1], size[0], 3), colour, np.float32)


def _wall(random: np.random.Generator, size: tuple[int, int]) -> Array:
    tone = float(random.uniform(170, 215))
    return _plain(size, (tone, tone - 4, tone - 10)) * np.linspace(1.04, 0.94, size[0], dtype=np.float32)[None, :, None]


def _document(random: np.random.Generator, size: tuple[int, int]) -> Array:
    width, height = size
    page = _plain(size, (244, 243, 240))
    line = height // 34
    for row in range(2 * line, height - 2 * line, round(1.5 * line)):
        column = width // 12
        stop = int(width * random.uniform(0.6, 0.92))
        while column < stop:
            word = int(random.integers(2, 10)) * line // 3
            cv2.rectangle(page, (column, row), (min(stop, column + word), row + line // 3), (52, 52, 56), -1)
            column += word + line // 2
    return page


def _landscape(random: np.random.Generator, size: tuple[int, int]) -> Array:
    width, height = size
    horizon = int(height * random.uniform(0.45, 0.6))
    picture = np.empty((height, width, 3), np.float32)
    fall = np.linspace(0, 1, horizon, dtype=np.float32)[:, None, None]
    picture[:horizon] = np.array((92, 148, 214)) * (1 - fall) + np.array((196, 216, 236)) * fall
    cloud = np.clip(noise_field(random, (width, horizon), 150), 0, 2)[..., None] * 28
    picture[:horizon] += cloud
    grass = np.exp(0.22 * noise_field(random, (width, height - horizon), 5))[..., None]
    picture[horizon:] = np.array((72, 126, 48)) * grass
    ridge = horizon - 60 + 40 * noise_field(random, (width, 3), 130)[1]
    outline = np.column_stack((np.arange(width), ridge)).astype(np.int32)
    corners = np.array(((width - 1, horizon), (0, horizon)), np.int32)
    cv2.fillPoly(picture, [np.vstack((outline, corners))], (70, 96, 110))
    return picture


def _shapes(random: np.random.Generator, size: tuple[int, int]) -> Array:
    width, height = size
    picture = _plain(size, (206, 208, 210))
    for _ in range(14):
        colour = [float(c) for c in random.uniform(20, 235, 3)]
        centre = (int(random.integers(width)), int(random.integers(height)))
        reach = int(random.integers(height // 14, height // 5))
        if random.random() < 0.5:
            cv2.circle(picture, centre, reach, colour, -1)
        else:
            cv2.rectangle(picture, centre, (centre[0] + reach, centre[1] + reach // 2), colour, -1)
    return picture
