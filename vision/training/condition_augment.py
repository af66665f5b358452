"""Changes made to a training picture of the condition classifier so that it learns lesions, not atlases.

An atlas can be told by its watermark, its border, its dark ground and its film. Each of these is therefore given to
every picture at random or taken away from it: marks are written over pictures of all sources, edges and corners are
painted over, colours and sharpness vary widely, and small crops show a lesion without its surroundings.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from vision.types import RgbImage

_MARKS = ("Skin Atlas", "(c) Atlas.com", "DERMA", "Health Library", "www.skin.org", "stock photo", "12.03.2011")
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)


def augment(image: RgbImage, size: int, random: np.random.Generator) -> RgbImage:
    """A changed copy of ``image``, ``size`` x ``size``."""
    picture = _crop(image, size, random)
    picture = _turn(picture, random)
    if random.random() < 0.5:
        picture = _mark(picture, random)
    if random.random() < 0.35:
        picture = _paint_edges(picture, random)
    if random.random() < 0.15:
        picture = _on_plain_ground(picture, random)
    picture = _recolour(picture, random)
    if random.random() < 0.4:
        picture = _degrade(picture, random)
    return picture


def _crop(image: RgbImage, size: int, random: np.random.Generator) -> RgbImage:
    height, width = image.shape[:2]
    area = random.uniform(0.3, 1.0) if random.random() < 0.8 else 1.0
    ratio = np.exp(random.uniform(-0.4, 0.4))
    crop_width = int(np.clip(width * np.sqrt(area) * ratio, 32, width))
    crop_height = int(np.clip(height * np.sqrt(area) / ratio, 32, height))
    left = int(random.integers(0, width - crop_width + 1))
    top = int(random.integers(0, height - crop_height + 1))
    crop = image[top : top + crop_height, left : left + crop_width]
    return cast(RgbImage, cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA))


def _turn(image: RgbImage, random: np.random.Generator) -> RgbImage:
    if random.random() < 0.5:
        image = image[:, ::-1]
    if random.random() < 0.15:
        image = np.rot90(image, int(random.integers(1, 4)))
    image = np.ascontiguousarray(image)
    if random.random() < 0.4:
        size = image.shape[0]
        turn = cv2.getRotationMatrix2D((size / 2, size / 2), random.uniform(-25, 25), random.uniform(1.0, 1.25))
        image = cast(RgbImage, cv2.warpAffine(image, turn, (size, size), borderMode=cv2.BORDER_REFLECT_101))
    return image


def _mark(image: RgbImage, random: np.random.Generator) -> RgbImage:
    size = image.shape[0]
    layer = image.copy()
    for _ in range(int(random.integers(1, 3))):
        text = _MARKS[int(random.integers(len(_MARKS)))]
        central = random.random() < 0.6
        scale = random.uniform(0.5, 1.3) if central else random.uniform(0.3, 0.6)
        x = int(random.uniform(0.0, 0.35) * size)
        y = int(random.uniform(0.4, 0.65) * size) if central else int(random.choice([0.08, 0.95]) * size)
        shade = int(random.choice([20, 128, 235]))
        font = _FONTS[int(random.integers(len(_FONTS)))]
        thickness = int(random.integers(1, 3))
        cv2.putText(layer, text, (x, y), font, scale, (shade, shade, shade), thickness, cv2.LINE_AA)
        if random.random() < 0.25:
            corner = (int(random.uniform(0.03, 0.8) * size), int(random.uniform(0.75, 0.92) * size))
            cv2.circle(layer, corner, int(random.uniform(0.04, 0.1) * size), (shade, shade, shade), -1, cv2.LINE_AA)
    strength = random.uniform(0.25, 0.9)
    return cast(RgbImage, cv2.addWeighted(layer, strength, image, 1.0 - strength, 0.0))


def _paint_edges(image: RgbImage, random: np.random.Generator) -> RgbImage:
    size = image.shape[0]
    painted = image.copy()
    for _ in range(int(random.integers(1, 4))):
        colour = _paint(random)
        depth = int(random.uniform(0.04, 0.18) * size)
        kind = int(random.integers(6))
        if kind == 0:
            painted[:depth] = colour
        elif kind == 1:
            painted[-depth:] = colour
        elif kind == 2:
            painted[:, :depth] = colour
        elif kind == 3:
            painted[:, -depth:] = colour
        else:  # a corner, where the atlases put their badge
            high, wide = int(random.uniform(0.08, 0.25) * size), int(random.uniform(0.1, 0.4) * size)
            top = slice(0, high) if random.random() < 0.3 else slice(size - high, size)
            side = slice(0, wide) if random.random() < 0.5 else slice(size - wide, size)
            painted[top, side] = colour
    return painted


def _paint(random: np.random.Generator) -> RgbImage:
    if random.random() < 0.4:
        return np.full(3, int(random.choice([0, 255])), dtype=np.uint8)
    return random.integers(0, 256, size=3, dtype=np.uint8)


def _on_plain_ground(image: RgbImage, random: np.random.Generator) -> RgbImage:
    """The picture smaller, on a plain ground: neither a dark nor a bright surround may tell the class."""
    size = image.shape[0]
    inner = int(random.uniform(0.65, 0.92) * size)
    ground = np.empty_like(image)
    ground[:] = _paint(random)
    top, left = (int(random.integers(0, size - inner + 1)) for _ in range(2))
    ground[top : top + inner, left : left + inner] = cv2.resize(image, (inner, inner), interpolation=cv2.INTER_AREA)
    return ground


def _recolour(image: RgbImage, random: np.random.Generator) -> RgbImage:
    values = image.astype(np.float32) / 255.0
    values = values ** np.float32(np.exp(random.normal(0.0, 0.3)))
    grey = values.mean(axis=2, keepdims=True)
    if random.random() < 0.12:
        values = np.repeat(grey, 3, axis=2)
    else:
        values = grey + (values - grey) * np.float32(random.uniform(0.4, 1.6))
        values = values * np.exp(random.normal(0.0, 0.13, size=3)).astype(np.float32)
    values = (values - values.mean()) * np.float32(random.uniform(0.7, 1.4)) + values.mean()
    values = values + np.float32(random.normal(0.0, 0.05))
    return np.asarray(np.clip(values * 255.0, 0, 255), dtype=np.uint8)


def _degrade(image: RgbImage, random: np.random.Generator) -> RgbImage:
    size = image.shape[0]
    kind = int(random.integers(3))
    if kind == 0:
        return cast(RgbImage, cv2.GaussianBlur(image, (0, 0), random.uniform(0.5, 2.0)))
    if kind == 1:
        small = int(size * random.uniform(0.35, 0.8))
        reduced = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        return cast(RgbImage, cv2.resize(reduced, (size, size), interpolation=cv2.INTER_LINEAR))
    quality = int(random.integers(25, 80))
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cast(RgbImage, cv2.imdecode(encoded, cv2.IMREAD_COLOR))
