"""What a contact trichoscope shows of a field of clipped hairs: skin, light, shafts above and below the surface, lens.

All lengths are in mm of skin, so a field looks alike at every scale. The levels (softness of edges, strength of the
texture at each grain, how a shaft fades into the skin behind its root, tints) are those of contact pictures at 70x as
measured on research photographs; nothing is cut from them. Geometry comes from the caller and stays exact: a shaft
covers what its root, tip and calibre say, but for a bow of about a hundredth of its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.render.geometry import Array
from vision.render.head import HairColour, SkinTone
from vision.types import RgbImage

VELLUS_BELOW_UM: Final = 30.0

FIELD_SKINS: Final[dict[SkinTone, tuple[float, float, float]]] = {
    SkinTone.LIGHT: (158.0, 148.0, 139.0),
    SkinTone.MEDIUM: (145.0, 141.0, 127.0),
    SkinTone.BROWN: (118.0, 98.0, 80.0),
    SkinTone.DARK: (88.0, 69.0, 57.0),
}
"""Display values of skin under the device's own lamp; the research pictures are MEDIUM."""

FIELD_INKS: Final[dict[HairColour, tuple[float, float, float]]] = {
    HairColour.BLACK: (36.0, 35.0, 36.0),
    HairColour.BROWN: (66.0, 50.0, 38.0),
    HairColour.RED: (112.0, 66.0, 38.0),
    HairColour.BLOND: (150.0, 124.0, 86.0),
    HairColour.GREY: (152.0, 151.0, 150.0),
}

TAPER: Final = 0.2
"""A drawn shaft is thinner by this share at its tip than at its root, so 0.9 of the root's calibre on average."""

COARSE: Final = ((0.07, 1.8), (0.14, 2.0), (0.30, 2.2), (0.7, 2.6))
FINE: Final = ((0.009, 0.7), (0.018, 1.0), (0.035, 1.6))
"""Grain of the skin (mm) and its strength (grey values), drawn at a quarter of the size and at the whole."""

BLUE: Final = (4.0, 3.2)
PINK: Final = 1.3
"""Strength of the drift of colour (grey values): blue to yellow over about 1.4 and 0.25 mm, and pink."""
SHINE: Final = (7.0, 5.0)
"""Strength of scales: their body, and their brightest parts."""
FALL: Final = (0.02, 0.07)
"""Least and most loss of light at a distance of half the field from its brightest place."""
CREASE: Final = (0.0, 2.5)
HAZE: Final = (0.05, 0.28)
"""Least and most strength of the bluish haze over a unit's opening."""
RIM: Final = (0.0, 0.16)

BURIED_MM: Final = 0.15
"""Length over which a shaft fades into the skin behind its root (to 1/e)."""
SEEN_AT_ROOT: Final = 0.76
"""How much of the shaft's darkness is seen where it leaves the skin."""
OUT_OF_SKIN_MM: Final = 0.03
"""Length over which it becomes wholly dark after that (to 1/e)."""
DEEP_INK: Final = (25.0, 66.0, 122.0)
"""What hair looks like 0.2 mm deep: short waves scatter, so dark things in skin look blue (Tyndall)."""
DEEP_MM: Final = 0.22

SOFT_MM: Final = 0.0072
"""Blur of the lens where it is sharp (standard deviation)."""
DEPTH_MM: Final = 0.006
"""Further blur of a unit that lies off the plane of focus (median)."""
JPEG_QUALITY: Final = 92


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
class _Scene:
    """What all parts of a picture share."""

    random: np.random.Generator
    size: tuple[int, int]
    px_per_mm: float
    skin: NDArray[np.float32]
    ink: NDArray[np.float32]

    def grain(self, along_mm: float, across_mm: float, turn: float) -> Array:
        """Smooth noise of about unit variance, longer along ``turn`` (radians) than across it; H x W."""
        width, height = self.size
        reach = int(np.ceil(np.hypot(width, height))) + 2
        wide = max(2, round(reach / max(1.0, along_mm * self.px_per_mm)))
        tall = max(2, round(reach / max(1.0, across_mm * self.px_per_mm)))
        coarse = self.random.normal(0, 1.2, (tall + 1, wide + 1)).astype(np.float32)
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        to_grid = np.array(((wide / reach, 0.0), (0.0, tall / reach)))
        linear = to_grid @ np.array(((cos, sin), (-sin, cos)))
        middle = np.array((wide / 2, tall / 2)) - linear @ np.array((width / 2, height / 2))
        return np.asarray(
            cv2.warpAffine(
                coarse,
                np.column_stack((linear, middle)),
                self.size,
                flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REFLECT,
            ),
            np.float32,
        )


def paint_field(
    random: np.random.Generator,
    hairs: Sequence[DrawnHair],
    *,
    px_per_mm: float,
    size: tuple[int, int],
    skin_tone: SkinTone = SkinTone.MEDIUM,
    hair_colour: HairColour = HairColour.BLACK,
) -> RgbImage:
    """The picture of these hairs; ``size`` is width and height in px."""
    skin = np.array(FIELD_SKINS[skin_tone], np.float32) * np.float32(random.normal(1, 0.025))
    scene = _Scene(random, size, px_per_mm, skin, np.array(FIELD_INKS[hair_colour], np.float32))
    canvas = _skin(scene)
    units: dict[int, list[DrawnHair]] = {}
    for hair in hairs:
        units.setdefault(hair.unit, []).append(hair)
    for unit in units.values():
        _opening(canvas, unit, scene)
    for unit in units.values():
        depth = DEPTH_MM * float(np.exp(random.normal(0, 0.5)))
        buried = BURIED_MM * float(np.exp(random.normal(0, 0.35)))
        for hair in unit:
            _shaft(canvas, hair, depth, buried, scene)
    _flecks(canvas, scene)
    return _taken(canvas, scene)


def _skin(scene: _Scene) -> Array:
    """Colour, light and the grain of skin, with its fine creases."""
    random, (width, height) = scene.random, scene.size
    share = float(scene.skin.mean()) / 138
    turn = float(random.uniform(0, np.pi))
    coarse = _coarse(replace(scene, size=(-(-width // 4), -(-height // 4)), px_per_mm=scene.px_per_mm / 4), turn)
    canvas = np.asarray(cv2.resize(coarse, scene.size, interpolation=cv2.INTER_CUBIC), np.float32)
    fine = np.zeros((height, width), np.float32)
    for grain, strength in FINE:
        fine += strength * scene.grain(2.0 * grain, 0.8 * grain, turn + float(random.normal(0, 0.4)))
    canvas *= share
    canvas += share * fine[..., None]
    canvas += scene.skin
    x = np.linspace(-1, 1, width, dtype=np.float32)[None] - np.float32(random.uniform(-0.6, 0.6))
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] - np.float32(random.uniform(-0.6, 0.6))
    canvas *= (1.03 - np.float32(random.uniform(*FALL)) * (x**2 + y**2))[..., None]
    return canvas


def _coarse(scene: _Scene, turn: float) -> Array:
    """What is added to the skin's colour: its coarser grain, creases, and the drift from blue to yellow and to pink."""
    random = scene.random
    grey = np.zeros(scene.size[::-1], np.float32)
    for grain, strength in COARSE:
        lean = turn + float(random.normal(0, 0.5))
        grey += strength * 0.7 * scene.grain(2.2 * grain, 0.7 * grain, lean)
        grey += strength * 0.6 * scene.grain(1.2 * grain, 0.8 * grain, lean + float(random.uniform(0.8, 2.2)))
    for _ in range(3):
        crease = scene.grain(0.8, 0.11, float(random.normal(turn, 0.5)))
        grey -= np.float32(random.uniform(*CREASE)) * np.exp(-((crease / 0.12) ** 2))
    blue = (
        BLUE[0] * scene.grain(1.6, 1.2, turn)
        + BLUE[1] * scene.grain(0.3, 0.2, turn)
        + float(np.clip(random.normal(0, 8), -14, 22))
    )
    pink = scene.grain(1.2, 0.9, turn) + 0.8 * scene.grain(0.25, 0.16, turn)
    added = grey[..., None] + blue[..., None] * np.array((-0.2, 0.05, 1.0), np.float32)
    added += PINK * pink[..., None] * np.array((1.0, -0.7, -0.3), np.float32)
    return np.asarray(added, np.float32)


def _window(scene: _Scene, points: Sequence[NDArray[np.float64]], reach_mm: float) -> tuple[slice, slice] | None:
    """Rows and columns around points; None outside the picture."""
    reach = reach_mm * scene.px_per_mm + 3
    low = np.maximum(np.floor(np.min(points, axis=0) - reach).astype(int), 0)
    high = np.minimum(np.ceil(np.max(points, axis=0) + reach).astype(int), scene.size)
    if (low >= high).any():
        return None
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _places(rows: slice, columns: slice) -> tuple[Array, Array]:
    """y (H x 1) and x (1 x W) of a window."""
    return (
        np.arange(rows.start, rows.stop, dtype=np.float32)[:, None],
        np.arange(columns.start, columns.stop, dtype=np.float32)[None],
    )


def _opening(canvas: Array, unit: Sequence[DrawnHair], scene: _Scene) -> None:
    """Around a unit's opening: a bluish haze, scales above it and a slightly brown rim towards the tips."""
    random = scene.random
    root = np.mean([hair.root for hair in unit], axis=0)
    tip = np.mean([hair.tip for hair in unit], axis=0)
    unit_vector = (tip - root) / max(1e-6, float(np.linalg.norm(tip - root)))
    behind = root - unit_vector * 0.08 * scene.px_per_mm
    found = _window(scene, [behind], 0.5)
    if found is None:
        return
    rows, columns = found
    y, x = _places(rows, columns)
    along = ((x - behind[0]) * unit_vector[0] + (y - behind[1]) * unit_vector[1]) / scene.px_per_mm
    across = (-(x - behind[0]) * unit_vector[1] + (y - behind[1]) * unit_vector[0]) / scene.px_per_mm
    haze = np.exp(-((along / 0.17) ** 2 + (across / 0.11) ** 2)) * float(random.uniform(*HAZE))
    rim = np.exp(-(((along - 0.1) / 0.22) ** 2 + (across / 0.13) ** 2)) * float(random.uniform(*RIM))
    tint = np.array((112.0, 124.0, 142.0), np.float32) * (scene.skin.mean() / 138)
    window = canvas[rows, columns]
    window += haze[..., None] * (tint - window)
    window += rim[..., None] * (scene.skin * np.array((0.72, 0.62, 0.5), np.float32) - window)


def _shaft(canvas: Array, hair: DrawnHair, depth_mm: float, buried_mm: float, scene: _Scene) -> None:
    """A shaft: buried part, part in air with a reflex along it, cut end; blurred by how far it is from focus."""
    random, scale = scene.random, scene.px_per_mm
    root, tip = np.array(hair.root), np.array(hair.tip)
    length = max(1e-6, float(np.linalg.norm(tip - root)))
    unit = (tip - root) / length
    half = hair.calibre_um / 1000 * scale / 2
    found = _window(scene, [root - unit * 3 * buried_mm * scale, tip], hair.calibre_um / 2000 + 4 * depth_mm)
    if found is None:
        return
    rows, columns = found
    y, x = _places(rows, columns)
    along = (x - root[0]) * unit[0] + (y - root[1]) * unit[1]
    across = (x - root[0]) * unit[1] - (y - root[1]) * unit[0]
    part = np.clip(along / length, 0, 1)
    across = across - float(random.normal(0, 0.008)) * length * 4 * part * (1 - part)
    half_there = half * (1 - TAPER * part)
    cut = length - along + float(random.normal(0, 0.35)) * across
    beside = np.clip(half_there - np.abs(across) + 0.5, 0, 1) * np.minimum(1, 2 * half_there)
    seen = np.where(
        along < 0,
        SEEN_AT_ROOT * np.exp(np.minimum(along, 0) / scale / buried_mm),
        1 - (1 - SEEN_AT_ROOT) * np.exp(-np.maximum(along, 0) / scale / OUT_OF_SKIN_MM),
    )
    opaque = min(1.0, 0.55 + hair.calibre_um / 90)
    deep = np.clip(-along / scale / DEEP_MM, 0, 1)[..., None]
    air = (beside * seen * opaque * (along >= 0) * np.clip(cut + 0.5, 0, 1)).astype(np.float32)
    buried = (beside * seen * opaque * (along < 0)).astype(np.float32)
    buried = cv2.GaussianBlur(buried, (0, 0), 0.02 * scale)
    buried = np.where(along < 0, buried, buried * np.exp(-np.maximum(along, 0) / (0.02 * scale))).astype(np.float32)
    if depth_mm * scale > 0.3:
        air = cv2.GaussianBlur(air, (0, 0), depth_mm * scale)
    thin = float(np.clip(1 - (hair.calibre_um - 20) / 40, 0, 1))
    ink = scene.ink * (1 + 0.35 * thin) + np.array((16.0, 9.0, 0.0), np.float32) * thin
    ink = ink + np.float32(random.normal(0, 4)) + np.array((3.0, 1.0, -2.0), np.float32) * float(random.normal(0, 1))
    streak = np.exp(-(((across - half * float(random.uniform(-0.3, 0.3))) / (0.45 * half + 0.5)) ** 2))
    streak *= float(random.uniform(0, 7)) * (1 - thin)
    shaft = ink + (streak[..., None] * np.array((1.0, 0.85, 0.7))).astype(np.float32)
    under = (ink * (1 - deep) + np.array(DEEP_INK) * (scene.skin.mean() / 138) * deep).astype(np.float32)
    window = canvas[rows, columns]
    window += buried[..., None] * (under - window)
    window += air[..., None] * (shaft - window)


def _flecks(canvas: Array, scene: _Scene) -> None:
    """Scales and reflexes: bluish white, in patches, small and irregular."""
    random = scene.random
    turn = float(random.uniform(0, np.pi))
    patches = scene.grain(0.9, 0.6, turn) + 0.8 * scene.grain(0.16, 0.1, turn) + np.float32(random.normal(0.0, 0.4))
    body = np.clip(scene.grain(0.05, 0.025, turn) + 0.6 * scene.grain(0.02, 0.012, turn + 0.7) - 0.6, 0, 2.5)
    shine = (np.clip(patches, 0, 2.5) * (SHINE[0] * body + SHINE[1] * body * np.clip(body - 0.8, 0, 2)))[..., None]
    lit = np.clip(canvas.mean(axis=2, keepdims=True) / scene.skin.mean(), 0.15, 1.2)
    canvas += shine * lit * np.array((0.92, 0.95, 1.1), np.float32)


def _taken(canvas: Array, scene: _Scene) -> RgbImage:
    """Through the lens onto a sensor and into a JPEG."""
    random, (width, height) = scene.random, scene.size
    soft = SOFT_MM * scene.px_per_mm
    if soft > 0.2:
        canvas = cv2.GaussianBlur(canvas, (0, 0), soft)
    grain = random.standard_normal((height, width, 1), dtype=np.float32) * 1.0
    colour = random.standard_normal((height, width, 3), dtype=np.float32) * 0.6
    shown = np.clip(np.round(canvas + grain + colour), 0, 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert decoded is not None, "what was encoded a moment ago can be decoded"
    return np.ascontiguousarray(decoded[..., ::-1], np.uint8)
