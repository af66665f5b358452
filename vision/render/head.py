"""Drawn photographs of a head, with the truth of every pixel.

Light is added up in linear colour, hair is thousands of antialiased strands over shaded skin, and the camera's faults
(exposure, blur, noise) come last, as in a camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.render.camera import develop, noise_field, sign_drawing
from vision.render.face import draw_face
from vision.render.geometry import (
    Array,
    Camera,
    Capture,
    Part,
    Surface,
    above_hairline,
    camera_for,
    cranium_normal,
    moved,
    see,
    unit,
)
from vision.render.hair import Strands, grow, loss_pattern
from vision.types import LabelMap, RgbImage, ScalpClass, View


class HairColour(StrEnum):
    """Hair colours on offer."""

    BLACK = "black"
    BROWN = "brown"
    RED = "red"
    BLOND = "blond"
    GREY = "grey"


class SkinTone(StrEnum):
    """Skin tones on offer, from light to dark."""

    LIGHT = "light"
    MEDIUM = "medium"
    BROWN = "brown"
    DARK = "dark"


HAIR_COLOURS: Final[dict[HairColour, tuple[float, float, float]]] = {
    HairColour.BLACK: (0.012, 0.010, 0.010),
    HairColour.BROWN: (0.070, 0.038, 0.020),
    HairColour.RED: (0.170, 0.060, 0.022),
    HairColour.BLOND: (0.300, 0.200, 0.095),
    HairColour.GREY: (0.240, 0.235, 0.230),
}
"""Linear reflectance."""

SKIN_TONES: Final[dict[SkinTone, tuple[float, float, float]]] = {
    SkinTone.LIGHT: (0.66, 0.42, 0.33),
    SkinTone.MEDIUM: (0.52, 0.30, 0.20),
    SkinTone.BROWN: (0.30, 0.155, 0.090),
    SkinTone.DARK: (0.120, 0.062, 0.040),
}
"""Linear reflectance."""

STRANDS: Final = 28_000
LAYERS: Final = 24
"""Strands are drawn from the far to the near side in this many layers, pieces of one shade of a layer in one call."""
TONES: Final = 28
STAGE_LABELS: Final = np.array((ScalpClass.DENSE, ScalpClass.THINNING, ScalpClass.BALD), np.uint8)


@dataclass(frozen=True, slots=True)
class DrawnPhoto:
    """A drawing, its truth per pixel (the segmentation's classes), and what was asked for."""

    image: RgbImage
    truth: LabelMap
    view: View
    seed: int


def draw_head(
    view: View,
    *,
    seed: int,
    thinning: float = 0.0,
    bald: float = 0.0,
    parting: float = 0.0,
    hair_colour: HairColour = HairColour.BROWN,
    skin_tone: SkinTone = SkinTone.LIGHT,
    light: float = 1.0,
    light_slope_stops: float = 0.0,
    blur_px: float = 0.0,
    size: tuple[int, int] = (1600, 1200),
    capture: Capture | None = None,
    combed: int = 0,
    held_back: bool = False,
) -> DrawnPhoto:
    """A head seen from one of the overview views.

    ``thinning`` and ``bald`` are shares 0..1 of the *whole* scalp, taken in the order of pattern loss, so that one seed
    gives the same head from every side. ``parting`` is the half width of a parting in head units (0.01 narrow, 0.06
    wide). ``light`` scales the exposure, ``light_slope_stops`` darkens towards one side, ``blur_px`` is the standard
    deviation of the blur, ``size`` is width and height in px. Raises ValueError for trichoscopy.

    The same head again: ``capture`` says how this photograph was taken (its light and blur come on top), ``combed``
    other than 0 lays the same hair anew, as on another day. ``held_back``: no hair hangs over the forehead.
    """
    random = np.random.default_rng(seed)
    loss = loss_pattern(random, thinning, bald, parting)
    length, turn = float(random.uniform(0.24, 0.34)), float(random.normal(0, 4))
    ideal = camera_for(view, size, turn)
    camera = ideal if capture is None else moved(ideal, capture, size)
    strands = grow(random, loss, STRANDS, length, camera.towards, combed, held_back)
    aside = float(random.uniform(-0.5, 0.5)) + (
        0.0 if capture is None else float(np.tan(np.deg2rad(capture.lamp_degrees)))
    )
    sun = unit(ideal.up * 0.55 + ideal.right * aside + ideal.towards * 0.9)

    surface = see(camera.scaled(0.5), (size[0] // 2, size[1] // 2))
    scalp = (surface.part == Part.CRANIUM) & (above_hairline(surface.point) > 0)
    stage = loss.stage(surface.point)
    skin, hair = np.array(SKIN_TONES[skin_tone]), np.array(HAIR_COLOURS[hair_colour])
    small = _shade(random, surface, scalp, stage, skin, hair, sun, camera, parted=parting > 0)
    canvas = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    grain = noise_field(random, size, 2.0) * 0.045 + noise_field(random, size, 9.0) * 0.03
    canvas *= np.exp(grain)[..., None]
    shown = np.round(_to_display(canvas)).astype(np.uint8)  # OpenCV draws antialiased lines on bytes only
    draw_face(shown, camera, surface, skin, hair)
    _draw_strands(random, shown, strands, camera, surface, hair, sun)
    taken = shown.astype(np.float32)
    if capture is not None:
        random = np.random.default_rng((seed, capture.seed))
        taken *= np.array(capture.white, np.float32)
        light, light_slope_stops = light * capture.light, light_slope_stops + capture.light_slope_stops
        blur_px = float(np.hypot(blur_px, capture.blur_px))
    image = develop(random, taken, light, light_slope_stops, blur_px)
    sign_drawing(image)

    labels = np.full(scalp.shape, ScalpClass.BACKGROUND, np.uint8)
    labels[(surface.part > 0) & (surface.part != Part.CLOTH)] = ScalpClass.SKIN
    labels[scalp] = STAGE_LABELS[stage[scalp]]
    truth = np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    return DrawnPhoto(image, truth, view, seed)


def true_labels(view: View, *, seed: int, thinning: float, bald: float, size: tuple[int, int]) -> LabelMap:
    """The truth of :func:`draw_head` at the ideal camera, without drawing a strand."""
    random = np.random.default_rng(seed)
    loss = loss_pattern(random, thinning, bald, 0.0)
    random.uniform(0.24, 0.34)
    camera = camera_for(view, size, float(random.normal(0, 4)))
    surface = see(camera, size)
    scalp = (surface.part == Part.CRANIUM) & (above_hairline(surface.point) > 0)
    labels = np.full(scalp.shape, ScalpClass.BACKGROUND, np.uint8)
    labels[scalp] = STAGE_LABELS[loss.stage(surface.point)[scalp]]
    return labels


def _shade(
    random: np.random.Generator,
    surface: Surface,
    scalp: NDArray[np.bool_],
    stage: NDArray[np.uint8],
    skin: NDArray[np.float64],
    hair: NDArray[np.float64],
    sun: Array,
    camera: Camera,
    *,
    parted: bool,
) -> Array:
    """Linear colour of everything but strands: backdrop, cloth, skin, and the shade that dense hair casts on scalp."""
    height, width = surface.part.shape
    size = (width, height)
    lit = np.clip(surface.normal @ sun, 0, 1)
    facing = np.clip(surface.normal @ camera.towards, 0, 1)
    diffuse = 0.30 + 0.62 * lit + 0.12 * facing
    halfway = unit(sun + camera.towards)
    shine = np.clip(surface.normal @ halfway, 0, 1)

    backdrop = np.array((0.42, 0.43, 0.44)) * float(random.uniform(0.55, 1.1))
    ramp = np.linspace(1.12, 0.78, height, dtype=np.float32)[:, None] * (1 + 0.025 * noise_field(random, size, 160))
    picture = (ramp[..., None] * backdrop).astype(np.float32)

    cloth = surface.part == Part.CLOTH
    weave = 1 + 0.10 * noise_field(random, size, 3) + 0.18 * noise_field(random, size, 30)
    tint = np.array(((0.05, 0.07, 0.11), (0.10, 0.10, 0.11), (0.14, 0.06, 0.06), (0.05, 0.09, 0.08)))
    sunk = np.clip(1 + 0.5 * (surface.depth + 0.4), 0.45, 1)
    picture[cloth] = (tint[random.integers(len(tint))] * (diffuse * weave * sunk)[..., None])[cloth]

    bare = (surface.part > 0) & ~cloth
    mottle = 0.030 * noise_field(random, size, 10) + 0.035 * noise_field(random, size, 45)
    blush = np.stack((0.25 * mottle, mottle, mottle), axis=-1)
    gloss = 0.10 * shine**18 + 0.20 * shine**70 * scalp
    rim = np.clip(facing, 0.25, 1) ** 0.35
    tone = skin * np.exp(blush) * (diffuse * rim)[..., None] * 1.15 + gloss[..., None]
    picture[bare] = tone[bare]

    dots = np.clip(noise_field(random, size, 1.1) - 1.1, 0, None)
    stubble = np.where(stage == 2, 0.05, 0.30) * scalp
    under = np.where(scalp & (stage == 0), 0.80, 0.0).astype(np.float32)
    under = cv2.GaussianBlur(under, (0, 0), camera.px_per_unit * (0.002 if parted else 0.008))
    cover = np.clip(under + stubble * dots, 0, 0.92)[..., None]
    shadow = (0.55 * hair + 0.03 * skin) * diffuse[..., None]
    picture = np.where(bare[..., None], picture * (1 - cover) + shadow * cover, picture)
    return _soft_edges(np.asarray(picture, np.float32), surface)


def _soft_edges(picture: Array, surface: Surface) -> Array:
    """Blend the stairs where one part ends and another begins."""
    edge = cv2.morphologyEx(surface.part, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    soft = cv2.GaussianBlur(picture, (0, 0), 1.1)
    return np.where(edge[..., None], soft, picture).astype(np.float32)


def _to_display(linear: Array) -> Array:
    """Linear to display values 0..255, float, with a shoulder instead of a hard clip."""
    rolled = np.where(linear > 0.8, 0.8 + 0.2 * np.tanh((linear - 0.8) / 0.2), linear)
    return np.asarray(255 * np.clip(rolled, 0, 1) ** (1 / 2.2), dtype=np.float32)


def _draw_strands(
    random: np.random.Generator,
    canvas: RgbImage,
    strands: Strands,
    camera: Camera,
    surface: Surface,
    hair: NDArray[np.float64],
    sun: Array,
) -> None:
    """Draw every visible piece of every strand, with the sheen of a cylinder (Kajiya and Kay 1989)."""
    points = strands.points
    count, steps = points.shape[:2]
    columns, rows, depth = (part.reshape(count, steps) for part in camera.project(points.reshape(-1, 3)))
    middle = 0.5 * (points[:, 1:] + points[:, :-1])
    tangent = unit(points[:, 1:] - points[:, :-1])
    normal = cranium_normal(middle)
    colour = _strand_colours(tangent, normal, strands, hair, sun, camera.towards, random)

    behind = np.clip((rows[:, :-1] / 2).astype(int), 0, surface.depth.shape[0] - 1)
    beside = np.clip((columns[:, :-1] / 2).astype(int), 0, surface.depth.shape[1] - 1)
    hidden = depth[:, :-1] < surface.depth[behind, beside] - 0.03
    faces = normal @ camera.towards > -0.12
    drawn = faces & ~hidden & (np.arange(steps - 1) < strands.steps[:, None] - 1)

    fixed = np.round(np.stack((columns, rows), axis=-1) * 16).astype(np.int32)
    pieces = np.stack((fixed[:, :-1], fixed[:, 1:]), axis=2)
    thick = np.maximum(1, np.round(camera.px_per_unit / 460 * 1.7 * strands.width)).astype(np.int64)
    layer = np.argsort(np.argsort(depth.mean(axis=1) + random.normal(0, 0.12, count))) * LAYERS // count
    brightness = colour.mean(axis=-1)
    step_of_tone = np.clip((brightness / (256 / TONES)).astype(int), 0, TONES - 1)
    group = (layer[:, None] * TONES + random.permutation(TONES)[step_of_tone]) * 8 + thick[:, None]
    chosen, groups = pieces[drawn], group[drawn]
    shades = colour[drawn]
    order = np.argsort(groups, kind="stable")
    for same in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        if not len(same):
            continue
        shade = shades[same].mean(axis=0)
        ink = (float(shade[0]), float(shade[1]), float(shade[2]))
        cv2.polylines(canvas, list(chosen[same]), False, ink, int(groups[same[0]] % 8), cv2.LINE_AA, 4)


def _strand_colours(
    tangent: Array,
    normal: Array,
    strands: Strands,
    hair: NDArray[np.float64],
    sun: Array,
    towards: Array,
    random: np.random.Generator,
) -> Array:
    """Display colour of every piece, N x (STEPS - 1) x 3."""
    along_sun, along_eye = tangent @ sun, tangent @ towards
    across_sun, across_eye = np.sqrt(1 - np.clip(along_sun**2, 0, 1)), np.sqrt(1 - np.clip(along_eye**2, 0, 1))
    lit = np.clip(0.45 + 0.6 * (normal @ sun), 0.12, 1)
    sheen = np.clip(across_sun * across_eye - along_sun * along_eye, 0, 1)
    root = np.linspace(0.72, 1.12, tangent.shape[1], dtype=np.float32)
    body = (0.30 + 0.80 * across_sun) * lit * root * strands.shade[:, None]
    tint = hair * np.exp(random.normal(0, 0.10, (len(tangent), 1, 3)))
    gloss = (0.030 * sheen**8 + 0.040 * sheen**30) * lit * strands.shade[:, None] ** 3
    linear = tint * body[..., None] * 1.5 + gloss[..., None] * (0.35 + 0.65 * hair / hair.max())
    return _to_display(linear.astype(np.float32))


def truth_share(truth: LabelMap, weights: tuple[float, float, float]) -> float:
    """Share (%) of the drawn scalp, dense, thinning and bald pixels counted with ``weights``."""
    counts = [int((truth == kind).sum()) for kind in ScalpClass.scalp()]
    total = sum(counts)
    return 100.0 * sum(w * c for w, c in zip(weights, counts, strict=True)) / total if total else 0.0
