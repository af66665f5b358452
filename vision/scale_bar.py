"""The scale bar that a trichoscope burns into its pictures (C6): where it is, and how long, to a fraction of a pixel.

A burned-in bar is a drawing, and that is how it is told from hairs: it runs exactly along the picture's rows or
columns, it is thin, and it has one brightness from end to end. How many millimetres it stands for is printed beside it
and not read here: the clinic states it once for its trichoscope. Two bars of different length are refused, never chosen
between.

Length: from end to end of a plain bar, and between the middles of the end ticks (or of the two arms of a corner) where
it has them, as drawing programs place them. Over clipped hair a bar that is read is true to 2 %; over unclipped hair,
which may run on from its end, one in four is not (docs/studies/bar.json, ``python -m vision study bar``). No hairs are
counted there in any case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.types import NotMeasurable, Reason, RgbImage

MIN_LENGTH: Final = 0.08
"""Shares of the picture's longer side; shorter lines are hairs, letters and ticks."""

MAX_LENGTH: Final = 0.7
SEED: Final = 0.025
"""A stretch of the bar that is seen against even ground; hairs beneath the bar cut it into several."""

MAX_WIDTH: Final = 0.012
"""Of the longer side: a bar is a line, and a strip with text is not."""

MARGIN: Final = 0.3
"""Bars lie along an edge of the picture: their middle is within this share of the height or width from one."""

MIN_CONTRAST: Final = 22.0
"""Grey levels between the bar and what lies on both sides of it, and beyond its ends."""

MAX_SPREAD: Final = (8.0, 0.16)
"""Standard deviation of grey along the bar, in levels, or as a share of its contrast: a drawn line keeps its level
through JPEG, a hair's reflexes make 15 and more."""

MAX_LOPSIDED: Final = 0.6
"""Difference of the ground on both sides, as a share of the contrast: more makes it the rim of a box, not a line."""

MIN_CLEAR: Final = 0.85
"""Share of the bar's length over which each side stands off from it: letters on one side mean a box with text."""

MAX_TAPER: Final = 1.4
"""The thickest third of a stretch over its thinnest, counted in light: a drawn line does not taper."""

MAX_BEND_PX: Final = 0.4
"""How far the bar's middle line may leave a row: a circle's arc and a hair do."""

SAME_LENGTH: Final = 0.015
"""The two arms of a corner bar agree to this share."""

MOST_OFF: Final = 24.0
"""Grey levels by which the line may differ where it crosses a hair."""

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A bar: its length and its two ends (x, y) in px."""

    length_px: float
    ends_px: tuple[tuple[float, float], tuple[float, float]]
    ticks: bool  # whether both ends are marked, and the length is counted between the middles of the marks


def find_scale_bar(image: RgbImage) -> ScaleBar | NotMeasurable:
    """The one scale bar of a trichoscope picture: ``NO_SCALE`` without one, ``SEVERAL_BARS`` when lengths differ."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    found = [*_along_rows(grey), *(_turned(bar) for bar in _along_rows(np.ascontiguousarray(grey.T)))]
    if not found:
        return NotMeasurable(Reason.NO_SCALE)
    first, *others = found
    if any(abs(other.length_px / first.length_px - 1) > SAME_LENGTH for other in others):
        return NotMeasurable(Reason.SEVERAL_BARS, f"{len(found)} lines of different length")
    return replace(first, length_px=float(np.mean([bar.length_px for bar in found])))


def scale_of_bar(bar: ScaleBar, length_mm: float) -> float:
    """Pixels per millimetre of a bar that stands for ``length_mm``. Raises ValueError unless that is above 0."""
    if not length_mm > 0:
        raise ValueError("a bar stands for some length")
    return bar.length_px / length_mm


def enlarged(bar: ScaleBar, factor: float) -> ScaleBar:
    """The same bar in a picture ``factor`` times as large."""
    first, second = ((x * factor, y * factor) for x, y in bar.ends_px)
    return replace(bar, length_px=bar.length_px * factor, ends_px=(first, second))


def _turned(bar: ScaleBar) -> ScaleBar:
    first, second = ((y, x) for x, y in bar.ends_px)
    return replace(bar, ends_px=(first, second))


@dataclass(frozen=True, slots=True)
class _Line:
    """A straight stretch of one brightness along a row; ``level`` and ``contrast`` in grey, light on dark."""

    left: int
    right: int
    row: float
    rows: int
    level: float
    contrast: float


def _along_rows(grey: Grey) -> list[ScaleBar]:
    """Bars that lie along a row, light or dark."""
    widest = max(3, round(MAX_WIDTH * max(grey.shape)))
    seen: list[tuple[float, ScaleBar]] = []
    for sign in (1.0, -1.0):
        lit = np.asarray(sign * grey, np.float32)
        for line in _joined(lit, _stretches(lit, widest)):
            bar = _measured(lit, line, widest)
            if bar is not None and _of_a_bars_size(bar, grey.shape):
                seen.append((line.contrast, bar))
    found: list[ScaleBar] = []
    for _, bar in sorted(seen, key=lambda pair: -pair[0]):
        if not any(_beside(bar, other, 2 * widest) for other in found):
            found.append(bar)
    return found


def _stretches(grey: Grey, widest: int) -> list[_Line]:
    """Light lines at most ``widest`` px high that run along a row (two morphological openings: what a column's
    opening takes away is thin, and of that what a row's opening leaves is long)."""
    least = max(12, round(SEED * max(grey.shape)))
    calm = cv2.blur(grey, (5, 1))
    column = cv2.getStructuringElement(cv2.MORPH_RECT, (1, 2 * (widest // 2) + 3))
    row = cv2.getStructuringElement(cv2.MORPH_RECT, (least, 1))
    thin = calm - cv2.morphologyEx(calm, cv2.MORPH_OPEN, column)
    lines = cv2.morphologyEx(thin, cv2.MORPH_OPEN, row) > MIN_CONTRAST
    count, _, boxes, _ = cv2.connectedComponentsWithStats(lines.astype(np.uint8), connectivity=8)
    stretches = []
    for left, top, width, height, _area in boxes[1:count]:
        line = _stretch(grey, int(left), int(top), int(width), int(height), widest)
        if line is not None:
            stretches.append(line)
    return stretches


def _stretch(grey: Grey, left: int, top: int, width: int, height: int, widest: int) -> _Line | None:
    """What a box holds, if it is level, straight, and stands out from both sides alike."""
    gap = max(2, widest // 3)
    first, last = top - gap - 2, top + height + gap + 2
    if height > widest or first < 0 or last > grey.shape[0]:
        return None
    band = grey[first:last, left + 2 : left + width - 2]
    above, below = np.median(band[:3], axis=0), np.median(band[-3:], axis=0)
    lit = np.clip(band - np.maximum(above, below), 0, None)
    middle = (lit * np.arange(first, last)[:, None]).sum(axis=0) / np.maximum(lit.sum(axis=0), 1e-6)
    parts = np.array([np.median(part) for part in np.array_split(middle, 4)])
    row = float(np.median(parts))
    level = grey[round(row), left + 2 : left + width - 2]
    thick = lit.sum(axis=0) / np.maximum(level - np.maximum(above, below), 1)
    weight = np.array([np.median(part) for part in np.array_split(thick, 3)])
    contrast = float(np.median(level - np.maximum(above, below)))
    clear = [float((level - side > contrast / 2).mean()) for side in (above, below)]
    lopsided = abs(float(np.median(above) - np.median(below)))
    if np.abs(parts - row).max() > MAX_BEND_PX or contrast < MIN_CONTRAST:
        return None
    if lopsided > MAX_LOPSIDED * contrast or min(clear) < MIN_CLEAR or weight.max() > MAX_TAPER * weight.min():
        return None
    return _Line(left, left + width, row, height, float(np.median(level)), contrast) if _even(level, contrast) else None


def _even(level: NDArray[np.float32], contrast: float) -> bool:
    most, share = MAX_SPREAD
    return float(level.std()) <= max(most, share * contrast)


def _joined(grey: Grey, stretches: list[_Line]) -> list[_Line]:
    """Stretches of one row and level become one line where the level holds between them."""
    lines: list[_Line] = []
    for line in sorted(stretches, key=lambda one: (round(one.row), one.left)):
        last = next((one for one in lines if abs(one.row - line.row) <= 1 and abs(one.level - line.level) <= 14), None)
        if last is not None and _holds(grey[round(line.row), last.right - 2 : line.left + 2], line.level):
            lines.remove(last)
            line = _Line(
                min(last.left, line.left), max(last.right, line.right), (last.row + line.row) / 2,
                max(last.rows, line.rows), (last.level + line.level) / 2, max(last.contrast, line.contrast),
            )  # fmt: skip
        lines.append(line)
    return lines


def _holds(between: Grey, level: float) -> bool:
    """Whether the line's brightness goes on between two stretches, which may overlap."""
    return len(between) == 0 or float(np.abs(between - level).max()) <= MOST_OFF


def _measured(grey: Grey, line: _Line, widest: int) -> ScaleBar | None:
    """The bar that a line is, with its ends; None where an end cannot be told."""
    level = grey[round(line.row)]
    start = _end(level, line.left + 3, -1, line)
    stop = _end(level, line.right - 4, 1, line)
    if start is None or stop is None:
        return None
    ticks = [_tick(grey, line, start, widest), _tick(grey, line, stop, widest)]
    start, stop = (end if tick is None else tick for end, tick in zip((start, stop), ticks, strict=True))
    return ScaleBar(stop - start, ((start, line.row), (stop, line.row)), None not in ticks)


def _end(level: NDArray[np.float32], place: int, step: int, line: _Line) -> float | None:
    """Where the line stops: between pixels, halfway from its brightness to what lies beyond. None unless it keeps its
    brightness up to a sharp edge with clearly darker ground beyond: on a hair of the bar's colour nobody can tell."""
    uneven = max(MAX_SPREAD[0] + 4, 0.3 * line.contrast)
    at = place
    while 0 <= at + 12 * step < len(level) and abs(level[at + step] - line.level) <= uneven:
        at += step
    beyond = level[at + 3 * step : at + 11 * step : step]
    if len(beyond) < 8:
        return None
    ground = float(np.median(beyond[:4]))
    drop = line.level - ground
    if drop < max(MIN_CONTRAST, 0.4 * line.contrast) or level[at + 3 * step] > ground + 0.3 * drop:
        return None
    half = (line.level + ground) / 2
    for here in range(at, at + 3 * step, step):
        now, following = float(level[here]), float(level[here + step])
        if now >= half > following:
            return here + step * (now - half) / max(1e-6, now - following)
    return None


def _tick(grey: Grey, line: _Line, end: float, widest: int) -> float | None:
    """The middle of a mark across the bar's end, None where there is none: light well above or below the bar."""
    columns = np.arange(round(end) - 2 * widest, round(end) + 2 * widest + 1)
    if columns[0] < 1 or columns[-1] >= grey.shape[1] - 1:
        return None
    best: float | None = None
    strength = 0.5 * line.contrast
    for side in (-1, 1):
        there = [round(line.row + side * (line.rows / 2 + distance)) for distance in (3, 4, 5)]
        if min(there) < 0 or max(there) >= grey.shape[0]:
            continue
        profile = grey[there][:, columns].mean(axis=0)
        ground = float(np.median(profile))
        rise = np.clip((profile - ground) / max(1e-6, float(profile.max()) - ground) - 0.3, 0, None)
        peak = float(profile.max()) - ground
        if peak > strength and (rise > 0).sum() <= widest + 2:
            middle = float((rise * columns).sum() / rise.sum())
            if abs(middle - end) <= widest / 2 + 1.5:
                strength, best = peak, middle
    return best


def _of_a_bars_size(bar: ScaleBar, shape: tuple[int, ...]) -> bool:
    (x0, y0), (x1, y1) = bar.ends_px
    across, down = (x0 + x1) / 2 / shape[1], (y0 + y1) / 2 / shape[0]
    long_enough = MIN_LENGTH * max(shape) <= bar.length_px <= MAX_LENGTH * shape[1]
    return long_enough and (min(across, 1 - across) < MARGIN or min(down, 1 - down) < MARGIN)


def _beside(bar: ScaleBar, other: ScaleBar, reach: float) -> bool:
    """A rim of a bar that is already known, or its echo: parallel, near, and along it."""
    (x0, y0), (x1, _) = bar.ends_px
    (left, row), (right, _) = other.ends_px
    return abs(y0 - row) <= reach and min(x1, right) - max(x0, left) > 0.5 * (x1 - x0)
