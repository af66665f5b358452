"""Where the hairline lies (A15): from the line of the eyes up to where hair begins, in the middle and at the temples.

Landmarks. The pupils, found by the cascades that OpenCV ships (Viola and Jones 2001) as a pair alike in size, level,
and as far apart as eyes are: in a face where the face's own cascade finds one, for long hair says nothing of a head's
width; else, on a head of the scalp's width, below it. Closed or averted eyes, glasses that shine and a head tipped far
down leave no pair, and then there is no number: nothing else on a face is found reliably enough to measure a few
millimetres from.

Reading. With u the unit vector along the pupils' line, n the one across it towards the scalp, m the middle between the
pupils and d their distance: along m + t d u + s n the probability of hair (dense or thinning; bald scalp and forehead
are both bare) is followed upwards, for t = 0 and for t = +-:data:`TEMPLE_AT`, above the outer corners of the eyes,
where a hairline recedes first. The hairline is where it first passes one half and stays there.

Interval. Where the probability passes :data:`BAND`, how far the eyes are mistaken, and how far the segmentation is. All
lengths are those of the picture's plane: a head tipped by 10 degrees moves them by several mm, in every photograph
alike only when the pose is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import hypot
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.head_lines import HeadLength, HeadLine, Lengths
from vision.types import Measured, NotMeasurable, Reason, RgbImage, ScalpClass, ScalpMap

LOOKED_AT_PX: Final = 640
"""Long edge of the picture in which eyes are looked for."""
CASCADES: Final = ("haarcascade_eye.xml", "haarcascade_eye_tree_eyeglasses.xml")
FACE: Final = "haarcascade_frontalface_alt2.xml"
FACE_NEIGHBOURS: Final = 4
"""Windows that must agree on a face; fewer find faces in hair."""
FACE_SHRINK: Final = 2.0
"""A face is looked for in a picture smaller by this."""
LEAST_FACE: Final = 0.12
"""Smallest face, in shares of the picture's longer edge."""
LARGEST_SLOPE: Final = 0.35
"""Height over distance of the two eyes: a head may lie askew by 19 degrees."""
ALIKE: Final = 1.7
"""One eye's window may be this many times as large as the other's."""
MOST_HAIR: Final = 0.3
"""Probability of hair at an eye beyond which it is none."""
WINDOW: Final = (0.28, 0.85)
"""Size of an eye's window in distances of the pupils."""

TEMPLE_AT: Final = 0.72
"""Outer corners of the eyes from the middle, in distances of the pupils (90 mm over 62 mm, halved)."""
LOOK_FROM, LOOK_TO = 0.5, 4.0
"""Where along the way up hair is looked for, in distances of the pupils: from above the brows to beyond a forehead."""
LOWEST: Final = 0.75
"""Hair that begins nearer to the eyes than this hangs over the forehead (47 mm of 62: no bare forehead is lower)."""
STEP: Final = 0.01
STAYS: Final = 0.12
"""Hair is where it stays for this long."""
HALF_BAND: Final = 0.08
"""To either side of the line that is followed, probabilities are averaged over this."""
BAND: Final = (0.25, 0.75)
"""Probabilities of hair between which its edge lies."""
EYE_ERROR: Final = 0.06
"""Relative half width of the 95 % interval of the pupils' distance and of their line's height."""
MODEL_ERROR: Final = 0.17
"""How far the segmentation misplaces the hairline on people held out, beyond its own doubt: with this half width, in
distances of the pupils, 95 % of intervals hold the hairline of a drawn hair mask (``docs/studies/geometry.json``)."""

TIMES: Final = {HeadLine.HAIRLINE_MIDDLE: 0.0, HeadLine.HAIRLINE_LEFT: TEMPLE_AT, HeadLine.HAIRLINE_RIGHT: -TEMPLE_AT}
"""Along the line of the eyes; the patient's left is on the picture's right."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Proportions:
    """Where eyes lie in a box (a face's window or the scalp), all but ``level`` in its widths; ranges are inclusive."""

    window: tuple[float, float]  # of one eye
    apart: tuple[float, float]  # of the pupils
    off_middle: float  # of the middle between them, to either side of the box's
    level: tuple[float, float] | None  # of that middle below the box's top, in its heights


IN_FACE: Final = _Proportions((0.14, 0.42), (0.28, 0.52), 0.10, (0.31, 0.48))
"""In windows of the face's cascade, with room to spare around the pairs found in faces of people trained on; how often
both eyes are found in faces of others stands in ``docs/studies/geometry.json``."""
BELOW_SCALP: Final = _Proportions((0.08, 0.32), (0.28, 0.60), 0.16, None)
"""62 mm between the pupils of a head about 155 mm wide, hair added."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """Centres of both eyes as fractions of the picture's width and height, the one on the picture's left first."""

    first: Point
    second: Point


def measure_hairline(
    image: RgbImage, scalp_map: ScalpMap, size_px: tuple[int, int], eyes: Eyes | NotMeasurable | None = None
) -> Lengths:
    """The three lengths of a front view in px of the photo (``size_px`` wide and high), each measured or refused.

    ``eyes`` are looked for in ``image`` unless they are known.
    """
    found = find_eyes(image, scalp_map) if eyes is None else eyes
    if isinstance(found, NotMeasurable):
        return dict.fromkeys(TIMES, found)
    return {line: _position(scalp_map, found, size_px, times) for line, times in TIMES.items()}


def find_eyes(image: RgbImage, scalp_map: ScalpMap) -> Eyes | NotMeasurable:
    """Both eyes of an upright head; NO_LANDMARKS where no pair of windows can be a pair of eyes."""
    shrink = LOOKED_AT_PX / max(image.shape[:2])
    size = (round(image.shape[1] * shrink), round(image.shape[0] * shrink))
    grey = cv2.equalizeHist(cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY))
    scalp = _scalp_box(scalp_map, size)
    if scalp is None:
        return NotMeasurable(Reason.NO_LANDMARKS, "no scalp to look below")
    face = _face_below(grey, scalp)
    box, proportions = (scalp, BELOW_SCALP) if face is None else (face, IN_FACE)
    windows = list(_eye_windows(grey, _eyes_within(box, proportions), proportions.window, box.width))
    windows = [one for one in windows if _hair_at(scalp_map, np.array((one.x, one.y)) / size) < MOST_HAIR]
    pairs = [pair for pair in combinations(windows, 2) if _may_be_eyes(*pair, box, proportions)]
    if not pairs:
        return NotMeasurable(Reason.NO_LANDMARKS, f"{len(windows)} windows, no pair")
    pair = max(pairs, key=lambda pair: pair[0].weight + pair[1].weight)
    first, second = sorted(pair, key=lambda window: window.x)
    return Eyes((first.x / size[0], first.y / size[1]), (second.x / size[0], second.y / size[1]))


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class _Window:
    x: float
    y: float
    side: float
    weight: float


def _scalp_box(scalp_map: ScalpMap, size: tuple[int, int]) -> _Box | None:
    mask = np.isin(scalp_map.labels, ScalpClass.scalp()).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return None
    left, top, width, height, _area = stats[1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())]
    across, down = size[0] / mask.shape[1], size[1] / mask.shape[0]
    return _Box(left * across, top * down, width * across, height * down)


@lru_cache(maxsize=1)
def _cascades() -> tuple[cv2.CascadeClassifier, ...]:
    folder = Path(cv2.__file__).parent / "data"
    return tuple(cv2.CascadeClassifier(str(folder / name)) for name in CASCADES)


@lru_cache(maxsize=1)
def _face_cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / FACE))


def _face_below(grey: NDArray[np.uint8], scalp: _Box) -> _Box | None:
    """The largest face that has the scalp above it: its middle lies within the scalp's width and below its top."""
    small = cv2.resize(grey, None, fx=1 / FACE_SHRINK, fy=1 / FACE_SHRINK, interpolation=cv2.INTER_AREA)
    least = round(LEAST_FACE * max(small.shape))
    boxes = _face_cascade().detectMultiScale(small, 1.1, FACE_NEIGHBOURS, minSize=(least, least))
    faces = [_Box(*(FACE_SHRINK * float(value) for value in box)) for box in boxes]
    below = [
        face
        for face in faces
        if 0 < face.left + face.width / 2 - scalp.left < scalp.width and face.top + face.height / 2 > scalp.top
    ]
    return max(below, key=lambda face: face.width, default=None)


def _eyes_within(box: _Box, proportions: _Proportions) -> _Box:
    """The part of a face's window, or of the scalp's box and what lies below it, in which eyes are looked for."""
    if proportions.level is None:
        top, bottom = box.top + 0.25 * box.height, box.top + box.height + 0.9 * box.width
    else:
        margin = proportions.window[1] * box.width / 2
        top, bottom = (box.top + level * box.height for level in proportions.level)
        top, bottom = top - margin, bottom + margin
    return _Box(box.left, top, box.width, bottom - top)


def _eye_windows(grey: NDArray[np.uint8], within: _Box, shares: tuple[float, float], width: float) -> Iterator[_Window]:
    """Windows of both cascades, ``shares`` of a width large; one found by both weighs more."""
    top, bottom = max(0, round(within.top)), min(grey.shape[0], round(within.top + within.height))
    left, right = max(0, round(within.left)), min(grey.shape[1], round(within.left + within.width))
    part = np.ascontiguousarray(grey[top:bottom, left:right])
    low, high = (max(12, round(share * width)) for share in shares)
    if min(part.shape) <= low:
        return
    kept: list[_Window] = []
    for cascade in _cascades():
        boxes, _, weights = cascade.detectMultiScale3(
            part, 1.06, 2, minSize=(low, low), maxSize=(high, high), outputRejectLevels=True
        )
        for (x, y, wide, _tall), weight in zip(boxes, weights, strict=True):
            one = _Window(left + x + wide / 2, top + y + wide / 2, float(wide), max(0.0, float(weight)))
            twin = next((k for k in kept if hypot(k.x - one.x, k.y - one.y) < 0.3 * one.side), None)
            if twin is not None:
                kept.remove(twin)
                one = _Window(
                    (twin.x + one.x) / 2, (twin.y + one.y) / 2, (twin.side + one.side) / 2, twin.weight + one.weight + 1
                )
            kept.append(one)
    yield from kept


def _may_be_eyes(one: _Window, other: _Window, box: _Box, proportions: _Proportions) -> bool:
    across, down = abs(one.x - other.x), abs(one.y - other.y)
    apart = hypot(across, down)
    middle = abs((one.x + other.x) / 2 - (box.left + box.width / 2))
    level = ((one.y + other.y) / 2 - box.top) / box.height
    small, large = sorted((one.side, other.side))
    return (
        proportions.apart[0] * box.width <= apart <= proportions.apart[1] * box.width
        and down <= LARGEST_SLOPE * across
        and middle <= proportions.off_middle * box.width
        and (proportions.level is None or proportions.level[0] <= level <= proportions.level[1])
        and large <= ALIKE * small
        and WINDOW[0] * apart <= small
        and large <= WINDOW[1] * apart
    )


def _position(scalp_map: ScalpMap, eyes: Eyes, size_px: tuple[int, int], times: float) -> HeadLength | NotMeasurable:
    size = np.array(size_px, np.float64)
    first, second = np.array(eyes.first) * size, np.array(eyes.second) * size
    apart = float(np.linalg.norm(second - first))
    along = (second - first) / apart
    up = np.array((along[1], -along[0]))
    start = (first + second) / 2 + times * apart * along
    reach = np.arange(LOOK_FROM, LOOK_TO, STEP)
    beside = np.linspace(-HALF_BAND, HALF_BAND, 5)
    places = start + apart * (reach[:, None, None] * up + beside[None, :, None] * along)
    inside = (places >= 0).all((1, 2)) & (places < size).all((1, 2))
    hair = _hair_at(scalp_map, places / size).mean(axis=1)[inside]
    reach = reach[inside]
    ends = [_first_stay(hair, level) for level in (BAND[0], 0.5, BAND[1])]
    if ends[1] is None:
        return NotMeasurable(
            Reason.HAIRLINE_OUT_OF_SIGHT, f"up to {reach[-1] if len(reach) else 0:.1f} pupil distances"
        )
    value = float(reach[ends[1]])
    if value < LOWEST:
        return NotMeasurable(Reason.HAIRLINE_COVERED, f"hair from {value:.2f} pupil distances above the eyes")
    low = float(reach[ends[0]]) if ends[0] is not None else value
    high = float(reach[ends[2]]) if ends[2] is not None else float(reach[-1])
    below = hypot(value - min(low, value), EYE_ERROR, MODEL_ERROR)
    above = hypot(max(high, value) - value, EYE_ERROR, MODEL_ERROR)
    px = Measured(value * apart, max(0.0, value - below) * apart, (value + above) * apart, "px")
    return HeadLength(px, apart, EYE_ERROR)


def _hair_at(scalp_map: ScalpMap, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of hair at places given as fractions of the picture."""
    hair = scalp_map.probabilities[ScalpClass.DENSE] + scalp_map.probabilities[ScalpClass.THINNING]
    flat = np.atleast_2d(places.reshape(-1, 2)) * (hair.shape[1], hair.shape[0]) - 0.5
    x, y = flat[:, :1].astype(np.float32), flat[:, 1:].astype(np.float32)
    seen = cv2.remap(hair, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float64).reshape(places.shape[:-1])


def _first_stay(hair: Sequence[float] | NDArray[np.float64], level: float) -> int | None:
    """The first place from which the mean over :data:`STAYS` and the place itself reach the level."""
    long = max(1, round(STAYS / STEP))
    for place in range(len(hair) - long + 1):
        if hair[place] >= level and float(np.mean(hair[place : place + long])) >= level:
            return place
    return None
