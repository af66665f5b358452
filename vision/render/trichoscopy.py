"""Drawn trichoscopy: a field of clipped hairs on skin, with root, tip and calibre of every hair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.render.camera import develop, noise_field, sign_drawing
from vision.render.geometry import Array
from vision.types import RgbImage

VELLUS_BELOW_UM: Final = 30.0
FIELD_SKIN: Final = (176.0, 158.0, 140.0)
HAIR_INK: Final = (34.0, 29.0, 27.0)
TAPER: Final = 0.2
"""A drawn shaft is thinner by this share at its tip than at its root, so 0.9 of the root's calibre on average."""
NOT_SKIN_MARGIN_MM: Final = 0.35
"""Roots are also placed this far outside the frame, so that hairs cross its edge as in a real field."""


@dataclass(frozen=True, slots=True)
class DrawnHair:
    """One hair: root and tip in px (x, y), calibre at the root in micrometres, and its follicular unit."""

    root: tuple[float, float]
    tip: tuple[float, float]
    calibre_um: float
    unit: int

    @property
    def vellus(self) -> bool:
        """Thinner than the customary cut-off of 30 micrometres."""
        return self.calibre_um < VELLUS_BELOW_UM


@dataclass(frozen=True, slots=True)
class DrawnTrichoscopy:
    """A field, its scale, and the hairs whose root lies inside the frame."""

    image: RgbImage
    px_per_mm: float
    hairs: tuple[DrawnHair, ...]

    @property
    def hairs_per_cm2(self) -> float:
        """True density of the drawn field: roots inside the frame over its area."""
        area_cm2 = self.image.shape[0] * self.image.shape[1] / (self.px_per_mm * 10) ** 2
        return len(self.hairs) / area_cm2


def draw_trichoscopy(
    *,
    seed: int,
    hairs_per_cm2: float = 180.0,
    hairs_per_unit: float = 2.0,
    vellus_share: float = 0.1,
    terminal_um: float = 70.0,
    px_per_mm: float = 230.0,
    size: tuple[int, int] = (1280, 960),
) -> DrawnTrichoscopy:
    """A contact field of clipped hair. The number of hairs is random (units are scattered, as on a head) around the
    density asked for; the truth is what was drawn. ``size`` is width and height in px."""
    random = np.random.default_rng(seed)
    hairs = _grow(random, hairs_per_cm2, hairs_per_unit, vellus_share, terminal_um, px_per_mm, size)
    canvas = _skin(random, size)
    for hair in hairs:
        _draw_hair(canvas, hair, px_per_mm)
    image = develop(random, canvas, 1.0, 0.0, px_per_mm / 300, noise=2.0)
    sign_drawing(image)
    return DrawnTrichoscopy(image, px_per_mm, _inside(hairs, size))


def scattered_hairs(
    *, seed: int, hairs_per_cm2: float, px_per_mm: float, size: tuple[int, int], hairs_per_unit: float = 2.0
) -> tuple[DrawnHair, ...]:
    """The hairs that :func:`draw_trichoscopy` draws for the same arguments, without the picture."""
    random = np.random.default_rng(seed)
    return _inside(_grow(random, hairs_per_cm2, hairs_per_unit, 0.1, 70.0, px_per_mm, size), size)


def _inside(hairs: list[DrawnHair], size: tuple[int, int]) -> tuple[DrawnHair, ...]:
    return tuple(hair for hair in hairs if 0 <= hair.root[0] < size[0] and 0 <= hair.root[1] < size[1])


def _grow(
    random: np.random.Generator,
    hairs_per_cm2: float,
    hairs_per_unit: float,
    vellus_share: float,
    terminal_um: float,
    px_per_mm: float,
    size: tuple[int, int],
) -> list[DrawnHair]:
    """Hairs in units over the field and a margin around it."""
    width, height = size
    margin = NOT_SKIN_MARGIN_MM * px_per_mm
    area_cm2 = (width + 2 * margin) * (height + 2 * margin) / (px_per_mm * 10) ** 2
    units = _scatter(random, int(random.poisson(hairs_per_cm2 / hairs_per_unit * area_cm2)), size, margin)
    growth = float(random.uniform(0, 2 * np.pi))

    hairs: list[DrawnHair] = []
    for number, centre in enumerate(units):
        lean = growth + float(random.normal(0, 0.18))
        for _ in range(1 + int(random.poisson(max(0.0, hairs_per_unit - 1)))):
            thin = random.random() < vellus_share
            calibre = float(random.uniform(12, 28) if thin else max(32.0, random.normal(terminal_um, 14)))
            length = float(random.uniform(0.35, 0.65) if not thin else random.uniform(0.15, 0.35)) * px_per_mm
            angle = lean + float(random.normal(0, 0.10))
            root = centre + random.normal(0, 0.035 * px_per_mm, 2)
            tip = root + length * np.array((np.cos(angle), np.sin(angle)))
            hairs.append(DrawnHair(_pair(root), _pair(tip), calibre, number))
    return hairs


def _scatter(
    random: np.random.Generator, count: int, size: tuple[int, int], margin: float
) -> list[NDArray[np.float64]]:
    """Units at random but apart from one another: of five candidates the one farthest from all others is taken.

    Distances go round the field's edges (as on a torus); else the edges, where nobody is beyond, would draw the units
    and leave the middle thinner than was asked for.
    """
    low, high = np.array((-margin, -margin)), np.array((size[0] + margin, size[1] + margin))
    placed: NDArray[np.float64] = np.empty((0, 2))
    for _ in range(count):
        candidates = random.uniform(low, high, (5, 2))
        if len(placed):
            offset = np.abs(candidates[:, None] - placed[None])
            apart = np.linalg.norm(np.minimum(offset, high - low - offset), axis=2).min(axis=1)
            candidates = candidates[apart.argmax()][None]
        placed = np.vstack((placed, candidates[:1]))
    return list(placed)


def _skin(random: np.random.Generator, size: tuple[int, int]) -> Array:
    width, height = size
    tone = np.array(FIELD_SKIN) + random.normal(0, 6, 3)
    canvas = np.ones((height, width, 1), np.float32) * tone.astype(np.float32)
    pink = noise_field(random, size, width / 5)
    canvas += pink[..., None] * np.array((3.0, -1.2, -1.0), np.float32)
    canvas *= np.exp(0.035 * noise_field(random, size, 14) + 0.02 * noise_field(random, size, 4))[..., None]
    creases = np.abs(noise_field(random, size, 60))
    canvas -= (9 * np.exp(-((creases / 0.08) ** 2)))[..., None]
    wet = np.clip(noise_field(random, size, 22) - 1.9, 0, 1)
    canvas += (70 * cv2.GaussianBlur(wet, (0, 0), 2))[..., None]
    return np.asarray(canvas, np.float32)


def _draw_hair(canvas: Array, hair: DrawnHair, px_per_mm: float) -> None:
    """A shaft that tapers by a fifth towards its tip, a bluish shadow at the ostium, and a faint reflex along it."""
    root, tip = np.array(hair.root), np.array(hair.tip)
    half = hair.calibre_um / 1000 * px_per_mm / 2
    reach = int(np.ceil(half * 4 + 6))
    low = np.floor(np.minimum(root, tip) - reach).astype(int)
    high = np.ceil(np.maximum(root, tip) + reach).astype(int)
    low, high = np.maximum(low, 0), np.minimum(high, (canvas.shape[1], canvas.shape[0]))
    if (low >= high).any():
        return
    window = canvas[low[1] : high[1], low[0] : high[0]]
    cover = _shaft_cover((window.shape[0], window.shape[1]), root - low, tip - low, half)
    shadow = np.zeros(window.shape[:2], np.float32)
    cv2.circle(shadow, _fixed(root - low), round(half * 2.2 * 16), 0.35, -1, cv2.LINE_8, 4)
    shadow = cv2.GaussianBlur(shadow, (0, 0), max(1.0, half * 0.9))[..., None]
    opacity = (cover * min(1.0, 0.55 + hair.calibre_um / 90))[..., None].astype(np.float32)
    shaded = window * (1 - shadow) + np.array((96.0, 108.0, 120.0), np.float32) * shadow
    window[:] = shaded * (1 - opacity) + np.array(HAIR_INK, np.float32) * opacity


def _shaft_cover(
    shape: tuple[int, int], root: NDArray[np.float64], tip: NDArray[np.float64], half: float
) -> NDArray[np.float64]:
    """Share of each pixel under the shaft, 0..1. From distances to its edges: drawn polygons come out over a pixel
    wider than they were asked for."""
    length = max(1e-6, float(np.linalg.norm(tip - root)))
    along_unit = (tip - root) / length
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    x, y = x - root[0], y - root[1]
    along = x * along_unit[0] + y * along_unit[1]
    across = np.abs(x * along_unit[1] - y * along_unit[0])
    half_there = half * (1 - TAPER * np.clip(along / length, 0, 1))
    shaft = np.clip(half_there - across + 0.5, 0, 1) * np.clip(along + 0.5, 0, 1) * np.clip(length - along + 0.5, 0, 1)
    bulb = np.clip(half - np.hypot(x, y) + 0.5, 0, 1)
    return np.asarray(np.minimum(np.maximum(shaft, bulb), np.minimum(1, 2 * half_there)))


def _fixed(point: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(point[0]) * 16), round(float(point[1]) * 16)


def _pair(point: NDArray[np.float64]) -> tuple[float, float]:
    return float(point[0]), float(point[1])
