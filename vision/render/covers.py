"""Hands, hats and bands laid over a head, of many shapes, colours and cloths: what the gate learns covers from.

The cloth is drawn, or cut from a photograph that is handed in. Either way these are pictures put together, not
photographs of hats; the study (docs/studies/covers.md) says so too.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.render.camera import noise_field
from vision.types import RgbImage

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of the scalp in px."""

KEPT_OUT_HUES: Final = ((0.0, 30.0), (205.0, 255.0))
"""Degrees of hue that no drawn cloth has: those of the flat covers of the quality study, to be others than learnt."""

PALE_SKIN: Final = np.array((226, 178, 152), np.float32)
DARK_SKIN: Final = np.array((92, 60, 44), np.float32)


class Cover(StrEnum):
    """What is drawn over the scalp."""

    BAND = "band"
    HAT = "hat"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class CoveredPhoto:
    """The picture with the cover, and how much of each pixel the cover takes, 0..1."""

    image: RgbImage
    share: NDArray[np.float32]


def draw_cover(
    image: RgbImage, scalp: Box, kind: Cover, random: np.random.Generator, stuff: RgbImage | None = None
) -> CoveredPhoto:
    """``image`` with a cover of this kind over the scalp, in the picture's own light.

    ``stuff``: cloth or skin cut from a photograph, of any size; without it the cover's surface is drawn.
    """
    shape = {Cover.BAND: _band, Cover.HAT: _hat, Cover.HAND: _hand}[kind](size_of(image), scalp, random)
    height, width = shape.shape
    if stuff is not None:
        surface = fill(stuff, (width, height))
    else:
        surface = _skin(random) if kind is Cover.HAND else _cloth((width, height), random)
    return lay_cover(image, shape, surface, random)


def lay_cover(
    image: RgbImage, shape: NDArray[np.float32], stuff: NDArray[np.float32], random: np.random.Generator
) -> CoveredPhoto:
    """``stuff`` (0..255) laid over ``image`` where ``shape`` is 1: rounded by light, with a shadow around it."""
    height, width = shape.shape
    unit = max(height, width) / 640
    lit = np.clip(np.percentile(image.max(axis=2), 75) / 190, 0.35, 1.15) * random.uniform(0.85, 1.1)
    shown = np.clip(stuff * (lit * _relief(shape, random))[..., None], 0, 255)
    shadow = cv2.GaussianBlur(shape, (0, 0), 7 * unit + 0.5) * random.uniform(0.1, 0.4)
    around = image.astype(np.float32) * (1 - shadow * (shape < 0.5))[..., None]
    share = cv2.GaussianBlur(shape, (0, 0), random.uniform(0.5, 1.4) * unit + 0.2)
    noise = random.standard_normal((height, width, 1), dtype=np.float32) * 2.0
    laid = around * (1 - share[..., None]) + (shown + noise) * share[..., None]
    return CoveredPhoto(np.asarray(np.clip(laid, 0, 255), np.uint8), np.asarray(share, np.float32))


def size_of(image: RgbImage) -> tuple[int, int]:
    """Height and width in px."""
    return image.shape[0], image.shape[1]


def fill(stuff: RgbImage, size: tuple[int, int]) -> NDArray[np.float32]:
    """A piece of cloth or skin over a whole picture, mirrored at its edges as often as it takes."""
    width, height = size
    reach = max(width, height) / 2.5
    piece = cv2.resize(stuff, None, fx=reach / stuff.shape[1], fy=reach / stuff.shape[0], interpolation=cv2.INTER_CUBIC)
    twice = np.concatenate([piece, piece[:, ::-1]], axis=1)
    tile = np.concatenate([twice, twice[::-1]], axis=0)
    tiled = np.tile(tile, (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1))
    return np.asarray(tiled[:height, :width], np.float32)


def _band(size: tuple[int, int], scalp: Box, random: np.random.Generator) -> NDArray[np.float32]:
    """A strip across, straight or bowed, at any angle."""
    left, top, right, bottom = scalp
    reach, thick = float(np.hypot(right - left, bottom - top)), random.uniform(0.07, 0.32) * (bottom - top)
    along = np.linspace(-0.6, 0.6, 24)
    bow = random.uniform(-0.35, 0.35) * (0.36 - along**2)
    angle = random.uniform(0, np.pi) if random.random() < 0.4 else random.normal(0, 0.25)
    across = random.uniform(-0.25, 0.25)
    x = (left + right) / 2 + reach * (along * np.cos(angle) - (bow + across) * np.sin(angle))
    y = (top + bottom) / 2 + reach * (along * np.sin(angle) + (bow + across) * np.cos(angle))
    shape = np.zeros(size, np.uint8)
    cv2.polylines(shape, [_points(x, y)], isClosed=False, color=1, thickness=max(2, round(thick)))
    return shape.astype(np.float32)


def _hat(size: tuple[int, int], scalp: Box, random: np.random.Generator) -> NDArray[np.float32]:
    """A crown of cloth over part or all of the scalp, now and then with a peak, put on from any side."""
    left, top, right, bottom = scalp
    wide, high = right - left, bottom - top
    turn = random.choice((0.0, 0.0, 0.0, 90.0, 180.0, 270.0)) + random.normal(0, 12)
    middle = np.array(((left + right) / 2, (top + bottom) / 2))
    cover = random.uniform(0.45, 1.15)
    up = np.array((np.sin(np.deg2rad(turn)), -np.cos(np.deg2rad(turn))))
    span = abs(up) @ np.array((wide, high))
    centre = middle + up * span * (1 - min(cover, 1.0)) / 2
    axes = (random.uniform(0.5, 0.66) * (wide + high - span), random.uniform(0.52, 0.66) * span * cover)
    shape = np.zeros(size, np.uint8)
    cv2.ellipse(shape, _point(centre), _axes(axes), turn, 0, 360, 1, -1)
    if random.random() < 0.4:
        peak = centre - up * axes[1] * random.uniform(0.7, 0.95)
        cv2.ellipse(shape, _point(peak), _axes((0.8 * axes[0], 0.35 * axes[1])), turn, 0, 360, 1, -1)
    return shape.astype(np.float32)


def _hand(size: tuple[int, int], scalp: Box, random: np.random.Generator) -> NDArray[np.float32]:
    """A palm with four fingers and a thumb, the arm reaching in from any side."""
    left, top, right, bottom = scalp
    palm = random.uniform(0.18, 0.42) * (right - left)
    middle = np.array((random.uniform(left, right), random.uniform(top, bottom)))
    towards = random.uniform(0, 2 * np.pi)
    shape = np.zeros(size, np.uint8)
    cv2.ellipse(shape, _point(middle), _axes((0.62 * palm, 0.5 * palm)), float(np.rad2deg(towards)), 0, 360, 1, -1)
    spread, bent = random.uniform(0.05, 0.3), random.uniform(-0.25, 0.25)
    for finger in (-1.5, -0.5, 0.5, 1.5):
        angle = towards + finger * spread
        root = middle + palm * (0.45 * _way(towards) + 0.24 * finger * _way(towards + np.pi / 2))
        joint = root + palm * random.uniform(0.4, 0.55) * _way(angle)
        tip = joint + palm * random.uniform(0.3, 0.5) * _way(angle + bent)
        cv2.line(shape, _point(root), _point(joint), 1, max(2, round(0.24 * palm)))
        cv2.line(shape, _point(joint), _point(tip), 1, max(2, round(0.2 * palm)))
    thumb = towards + random.choice((-1.0, 1.0)) * random.uniform(0.7, 1.3)
    cv2.line(shape, _point(middle), _point(middle + 0.95 * palm * _way(thumb)), 1, max(2, round(0.26 * palm)))
    arm = middle - palm * 12 * _way(towards + random.uniform(-0.3, 0.3))
    cv2.line(shape, _point(middle - 0.3 * palm * _way(towards)), _point(arm), 1, max(2, round(0.6 * palm)))
    return shape.astype(np.float32)


def _cloth(size: tuple[int, int], random: np.random.Generator) -> NDArray[np.float32]:
    """Cloth filling the picture: plain, knitted, striped or checked, with folds."""
    width, height = size
    unit = max(size) / 640
    rows, columns = np.indices((height, width), dtype=np.float32)
    lean = random.uniform(0, np.pi)
    along = columns * np.cos(lean) + rows * np.sin(lean)
    across = -columns * np.sin(lean) + rows * np.cos(lean)
    one, other = _dye(random), _dye(random)
    step = random.uniform(10, 50) * unit
    stripes = (np.sin(2 * np.pi * along / step) > random.uniform(-0.5, 0.8)).astype(np.float32)
    checks = 0.5 * stripes + 0.5 * (np.sin(2 * np.pi * across / step) > 0).astype(np.float32)
    mixed = random.choice(("plain", "plain", "knit", "knit", "stripes", "checks"))
    pattern = {"stripes": stripes, "checks": checks}.get(str(mixed), np.zeros_like(along))
    cloth = one + (other - one) * pattern[..., None]
    grain = noise_field(random, size, max(1.0, 1.5 * unit)) * random.uniform(0.01, 0.08)
    if mixed == "knit":
        rib = random.uniform(4, 10) * unit
        grain += (
            random.uniform(0.08, 0.22)
            * np.sin(2 * np.pi * along / rib)
            * (0.6 + 0.4 * np.sin(2 * np.pi * across / (0.7 * rib)))
        )
    folds = noise_field(random, size, random.uniform(40, 160) * unit) * random.uniform(0.02, 0.12)
    return np.asarray(cloth * np.exp(grain + folds)[..., None], np.float32)


def _skin(random: np.random.Generator) -> NDArray[np.float32]:
    tone = DARK_SKIN + (PALE_SKIN - DARK_SKIN) * random.uniform(0, 1)
    return np.asarray(tone * random.normal(1, 0.04, 3), np.float32)[None, None]


def _dye(random: np.random.Generator) -> NDArray[np.float32]:
    """A colour of cloth: often black, grey, white or dull, seldom loud, and never of :data:`KEPT_OUT_HUES`."""
    while any(low <= (hue := random.uniform(0, 360)) <= high for low, high in KEPT_OUT_HUES):
        pass
    dull = random.random() < 0.45
    saturation = random.uniform(0, 0.15) if dull else random.uniform(0.2, 0.9)
    return np.asarray(colorsys.hsv_to_rgb(hue / 360, saturation, random.uniform(0.08, 1.0)), np.float32) * 255


def _relief(shape: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Light on something round: darker to its edges, and to one side."""
    depth = cv2.distanceTransform((shape > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    bulge = np.sqrt(depth / max(1.0, float(depth.max())))
    height, width = shape.shape
    side = (
        random.uniform(-0.25, 0.25) * np.linspace(-1, 1, width)[None]
        + random.uniform(-0.25, 0.25) * np.linspace(-1, 1, height)[:, None]
    )
    edge = random.uniform(0.55, 0.95)
    return np.asarray((edge + (1 - edge) * bulge) * (1 + side), np.float32)


def _way(angle: float) -> NDArray[np.float64]:
    return np.array((np.cos(angle), np.sin(angle)))


def _points(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.column_stack([x, y]).round().astype(np.int32)


def _point(place: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))


def _axes(axes: tuple[float, float]) -> tuple[int, int]:
    return max(2, round(axes[0])), max(2, round(axes[1]))
