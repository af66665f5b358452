"""How wide a parting is (A6): its line, its width all along, and how sure both are.

Line. Bare skin differs from the hair around it: the picture is turned into how far each pixel's colour is from that of
the hair of this head (Mahalanobis distance of Lab colours from the median over scalp that the segmentation calls
covered). A parting is a ridge of that map. Its line is the path of greatest summed ridge strength (dynamic programming
over paths that start and end anywhere, tried in several directions) inside the scalp and away from its border, with the
segmentation's probability of thinning or bald scalp added to the ridge's own strength.

Width. Profiles across the line, each the mean over a short stretch of it, are fitted by a plateau whose edges are soft
(:func:`vision.calibre.fit_profiles`): the width is that of the plateau, between the places where its edges are half
way. The value is the median over the stretches. The picture is a projection: a parting on the side of the head, or a
camera from aside, narrows it.

Interval. Half widths in quadrature: 1.96 times the standard error of the median over stretches (stretches beside one
another go together), and how far the two edges move when they are set at :data:`BAND` of their height in place of one
half, which is what the hair's uneven edge leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, pi, sqrt
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from vision.calibre import SAMPLES_PER_PX, fit_profiles
from vision.head_lines import HeadLength, HeadLine, Lengths
from vision.types import Measured, NotMeasurable, Reason, RgbImage, ScalpClass, ScalpMap

WORKED_AT: Final = 320
"""Long edge in px of the map in which the line is looked for."""
WIDTHS: Final = (0.007, 0.014, 0.028, 0.05)
"""Half widths of ridges that are looked for, in widths of the head."""
DIRECTIONS: Final = 8
BRIDGED: Final = 0.1
"""A wide, light parting may be taken for background: a strip narrower than this between scalp and scalp belongs to the
scalp (widths of the head)."""
NEAR_BORDER: Final = 0.07
"""Ridges this near to the border of the scalp are its edge (widths of the head)."""
RIDGE_FROM: Final = 0.35
"""A ridge weaker than this (standard deviations of the colour of hair) ends a line."""
FROM_SEGMENTATION: Final = 0.25
"""What a probability of 1 of thinning or bald scalp adds to the strength of a ridge."""
SHORTEST: Final = 0.3
"""A line shorter than this is no parting (widths of the head)."""

SAMPLES: Final = 121
"""Places of a profile."""
STRETCH: Final = 0.05
"""Length of one stretch along the line (widths of the head)."""
REACHES: Final = (0.14, 0.08, 0.045)
"""How far profiles reach to either side (widths of the head); of these the one at which most stretches can be read is
taken: a thin bright line in a thinning strip has its edges near, a wide parting has them far."""
ASIDE: Final = (0.06, 0.12)
"""Where the hair beside a parting is looked at (widths of the head)."""
LEAST_CONTRAST: Final = 1.0
"""How far the skin of the parting is from the hair beside it, in standard deviations of that hair's colour."""
LEAST_DEPTH: Final = 25.0
MOST_ASIDE: Final = 45.0
"""In % of the contrast between skin and hair: least height of a plateau, most that is left at a profile's ends."""
MOST_BALD: Final = 0.5
"""Mean probability of bald scalp beside the line from which it is no parting."""
WIDEST: Final = 0.13
"""A wider bare strip is no parting (widths of the head, about 2 cm)."""
MIN_FIT: Final = 0.6
"""Share of a profile's variance that the plateau must explain."""
MIN_GOOD: Final = 0.4
"""Share of the stretches whose edges must be found."""
SOFTEST: Final = 0.8
"""Edges may be blurred by at most this share of the width (standard deviation), or of 0.02 widths of the head."""
MOST_VARIED: Final = 0.8
"""Coefficient of variation of the width along the line beyond which edges were taken for what they are not."""
BAND: Final = (0.35, 0.65)
TOGETHER: Final = 1
"""Stretches beside one another that vary together."""
WIDTH_ERROR: Final = 0.03
"""Relative half width of the 95 % interval of the head's width, read off the border of the scalp."""


@dataclass(frozen=True, slots=True)
class Parting:
    """A parting in px of the photo: its line (N x 2), the width at each stretch whose edges were found, the blur of the
    edges (standard deviation), and the head's width across the line."""

    line_px: NDArray[np.float64]
    widths_px: NDArray[np.float64]
    edge_px: float
    head_px: float | NotMeasurable

    @property
    def variation(self) -> float:
        """Coefficient of variation of the width along the line (interquartile range / 1.349 over the median)."""
        low, middle, high = np.quantile(self.widths_px, (0.25, 0.5, 0.75))
        return float((high - low) / 1.349 / middle)


def measure_parting(image: RgbImage, scalp_map: ScalpMap, size_px: tuple[int, int]) -> Lengths:
    """The part width of a photo taken along a parting, in px of the photo (``size_px`` wide and high), or why not."""
    found = find_parting(image, scalp_map, size_px)
    if isinstance(found, NotMeasurable):
        return {HeadLine.PART_WIDTH: found}
    return {HeadLine.PART_WIDTH: width_of(found)}


def width_of(parting: Parting) -> HeadLength:
    """Median width with its interval."""
    widths = parting.widths_px
    value = float(np.median(widths))
    low, high = np.quantile(widths, (0.25, 0.75))
    spread = float(high - low) / 1.349
    of_line = 1.96 * sqrt(pi / 2) * spread / sqrt(max(1.0, len(widths) / TOGETHER))
    of_edges = 2 * float(ndtri(BAND[1])) * parting.edge_px
    half = hypot(of_line, of_edges)
    return HeadLength(Measured(value, max(0.0, value - half), value + half, "px"), parting.head_px, WIDTH_ERROR)


def find_parting(image: RgbImage, scalp_map: ScalpMap, size_px: tuple[int, int]) -> Parting | NotMeasurable:
    """The parting of a photo; NO_PARTING, WIDER_THAN_A_PARTING or NOT_SHARP where none can be measured."""
    small = WORKED_AT / max(image.shape[:2])
    size = (round(image.shape[1] * small), round(image.shape[0] * small))
    scalp = _largest(_bridged(_sized(np.isin(scalp_map.labels, ScalpClass.scalp()).astype(np.float32), size) > 0.5))
    if not scalp.any():
        return NotMeasurable(Reason.NO_PARTING, "no scalp")
    bare = _sized(scalp_map.probabilities[[ScalpClass.THINNING, ScalpClass.BALD]].sum(axis=0), size)
    wide = 2 * sqrt(float(scalp.sum()) / pi)
    line = _best_line(_off_hair(cv2.resize(image, size, interpolation=cv2.INTER_AREA), scalp, bare), bare, scalp, wide)
    length = 0.0 if line is None else float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
    if line is None or length < SHORTEST * wide:
        return NotMeasurable(Reason.NO_PARTING, f"a line of {length / wide:.2f} head widths")
    head = _head_width(scalp, line)
    line = _smoothed(line, wide) / small
    wide /= small
    if _bald_beside(scalp_map, image.shape, line, wide) > MOST_BALD:
        return NotMeasurable(Reason.WIDER_THAN_A_PARTING, "bald scalp beside the line")
    skin, contrast = _skin_against_hair(image, line, wide)
    if contrast < LEAST_CONTRAST:
        return NotMeasurable(Reason.NO_PARTING, f"contrast {contrast:.1f}")
    tried = [_fit_along(skin, line, wide, reach) for reach in REACHES]
    fits = max(tried, key=lambda fits: int(fits.good.sum()))
    refused = _refusal(fits, wide)
    if refused is not None:
        return refused
    grow = size_px[0] / image.shape[1]
    return Parting(
        line_px=line * grow,
        widths_px=fits.width[fits.good] * grow,
        edge_px=float(np.median(fits.blur[fits.good])) * grow,
        head_px=head if isinstance(head, NotMeasurable) else head / small * grow,
    )


@dataclass(frozen=True, slots=True)
class _Fits:
    """Of each stretch, in px of the picture: width, blur of the edges, whether there is a strip between hair, and
    whether its edges are sharp as well."""

    width: NDArray[np.float64]
    blur: NDArray[np.float64]
    strip: NDArray[np.bool_]
    good: NDArray[np.bool_]


def _refusal(fits: _Fits, wide: float) -> NotMeasurable | None:
    count, good = len(fits.good), int(fits.good.sum())
    found = f"{good} of {count} stretches"
    if good < max(3, MIN_GOOD * count):
        soft = int(fits.strip.sum()) >= max(3, MIN_GOOD * count)
        return NotMeasurable(Reason.NOT_SHARP if soft else Reason.NO_PARTING, found)
    low, width, high = np.quantile(fits.width[fits.good], (0.25, 0.5, 0.75))
    if (high - low) / 1.349 > MOST_VARIED * width:
        return NotMeasurable(Reason.NOT_SHARP, f"width varies from {low / wide:.3f} to {high / wide:.3f} head widths")
    if width > WIDEST * wide:
        return NotMeasurable(Reason.WIDER_THAN_A_PARTING, f"{100 * width / wide:.1f} % of the head")
    return None


def _bald_beside(scalp_map: ScalpMap, shape: tuple[int, ...], line: NDArray[np.float64], wide: float) -> float:
    """Mean probability of bald scalp to both sides of the line."""
    bald = scalp_map.probabilities[ScalpClass.BALD]
    shrink = np.array((bald.shape[1] / shape[1], bald.shape[0] / shape[0]))
    places, normals = _along(line, wide / 50)
    aside = np.r_[-ASIDE[1], -ASIDE[0], ASIDE[0], ASIDE[1]] * wide
    beside = (places[:, None] + aside[None, :, None] * normals[:, None]) * shrink - 0.5
    return float(_sampled(bald, beside).mean())


def _bridged(scalp: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The scalp with the strips closed that part it."""
    width = BRIDGED * 2 * sqrt(float(scalp.sum()) / pi)
    edge = 1 + 2 * max(1, round(width / 2))
    round_piece = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (edge, edge))
    return np.asarray(cv2.morphologyEx(scalp.astype(np.uint8), cv2.MORPH_CLOSE, round_piece), np.bool_)


def _off_hair(image: RgbImage, scalp: NDArray[np.bool_], bare: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel is from the colour of this head's hair, in standard deviations of that colour, at most 6."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    covered = scalp & (bare <= np.median(bare[scalp]))
    hair = lab[covered]
    middle = np.median(hair, axis=0)
    apart = hair - middle
    spread = (apart.T @ apart) / len(hair) + np.diag((9.0, 4.0, 4.0))
    away = lab - middle
    squared = np.einsum("hwi,ij,hwj->hw", away, np.linalg.inv(spread), away)
    return np.asarray(np.minimum(np.sqrt(np.maximum(squared, 0)), 6.0), np.float32)


def _best_line(
    off_hair: NDArray[np.float32], bare: NDArray[np.float32], scalp: NDArray[np.bool_], wide: float
) -> NDArray[np.float64] | None:
    """Path of greatest summed ridge strength, N x 2 (x, y) in px of the small map; None where no ridge is there."""
    inside = cv2.distanceTransform(scalp.astype(np.uint8), cv2.DIST_L2, 5) > NEAR_BORDER * wide
    padded = np.where(scalp, off_hair, float(np.median(off_hair[scalp]))).astype(np.float32)
    scaled = [(padded, sigma * wide) for sigma in WIDTHS]
    best_score, best = 0.0, None
    for angle in np.arange(DIRECTIONS) * (180 / DIRECTIONS):
        turn, back, size = _turn(off_hair.shape, float(angle))
        strength: NDArray[np.float32] = np.full((size[1], size[0]), -np.inf, np.float32)
        for picture, sigma in scaled:
            strength = np.maximum(strength, _ridge(_turned(picture, turn, size), sigma))
        strength += FROM_SEGMENTATION * _turned(bare, turn, size)
        allowed = _turned(inside.astype(np.float32), turn, size) > 0.5
        score, path = _strongest_path(np.where(allowed, strength - RIDGE_FROM, -10.0).astype(np.float32))
        if score > best_score:
            best_score = score
            best = np.column_stack((path[:, 0], path[:, 1], np.ones(len(path)))) @ back.T
    return best


def _ridge(picture: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Strength of upright ridges: second derivative across at the scale, against a strip as wide to either side."""
    soft = cv2.GaussianBlur(picture, (0, 0), sigma)
    along = cv2.GaussianBlur(soft, (1, 0), sigmaX=0.1, sigmaY=2 * sigma) if sigma > 0 else soft
    far = max(1, round(2.2 * sigma))
    left, right = np.roll(along, far, axis=1), np.roll(along, -far, axis=1)
    return np.asarray(along - np.maximum(left, right), np.float32)


def _strongest_path(gain: NDArray[np.float32]) -> tuple[float, NDArray[np.float64]]:
    """Path from row to row, at most one column aside each, that starts and ends anywhere; its summed gain, and x, y."""
    rows, columns = gain.shape
    total = np.empty_like(gain)
    came = np.zeros(gain.shape, np.int8)
    total[0] = gain[0]
    for row in range(1, rows):
        before = total[row - 1]
        sides = np.stack((np.r_[-np.inf, before[:-1]], before, np.r_[before[1:], -np.inf]))
        choice = sides.argmax(axis=0)
        reached = sides[choice, np.arange(columns)]
        start = reached <= 0
        total[row] = gain[row] + np.where(start, 0, reached)
        came[row] = np.where(start, 2, choice - 1)
    row, column = (int(place) for place in np.unravel_index(int(total.argmax()), total.shape))
    score = float(total[row, column])
    path = [(column, row)]
    while row > 0 and came[row, column] != 2:
        column += int(came[row, column])
        row -= 1
        path.append((column, row))
    return score, np.array(path, np.float64)


def _turn(shape: tuple[int, ...], angle: float) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[int, int]]:
    """Matrix that turns a picture about its middle onto a canvas that holds it, its inverse, and the canvas's size."""
    height, width = shape[:2]
    side = round(hypot(width, height)) + 2
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    matrix[:, 2] += ((side - width) / 2, (side - height) / 2)
    return matrix, cv2.invertAffineTransform(matrix), (side, side)


def _turned(picture: NDArray[np.float32], turn: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.warpAffine(picture, turn, size, flags=cv2.INTER_LINEAR), np.float32)


def _smoothed(line: NDArray[np.float64], wide: float) -> NDArray[np.float64]:
    """The line with its steps smoothed over a twelfth of the head's width."""
    sigma = wide / 24
    reach = max(1, round(3 * sigma))
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    first, last = line[:1], line[-1:]
    padded = np.vstack((2 * first - line[1 : reach + 1][::-1], line, 2 * last - line[-reach - 1 : -1][::-1]))
    return np.column_stack([np.convolve(padded[:, i], kernel, mode="valid") for i in (0, 1)])


def _along(line: NDArray[np.float64], step: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places every ``step`` px along the line, and the unit normals there."""
    gone = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    at = np.arange(0, gone[-1], step)
    places = np.column_stack([np.interp(at, gone, line[:, i]) for i in (0, 1)])
    along = np.gradient(places, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    return places, np.column_stack((-along[:, 1], along[:, 0]))


def _skin_against_hair(image: RgbImage, line: NDArray[np.float64], wide: float) -> tuple[NDArray[np.float32], float]:
    """The picture on the axis of colour that tells this parting's skin (100) from the hair beside it (0) best, and how
    many standard deviations of the hair's colour lie between both."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    places, normals = _along(line, wide / 200)
    middle = _sampled(lab, places[:, None] + np.zeros((1, 1, 2)))
    aside = np.r_[np.linspace(-ASIDE[1], -ASIDE[0], 7), np.linspace(ASIDE[0], ASIDE[1], 7)] * wide
    beside = _sampled(lab, places[:, None] + aside[None, :, None] * normals[:, None])
    skin, hair = np.median(middle.reshape(-1, 3), axis=0), np.median(beside.reshape(-1, 3), axis=0)
    apart = beside.reshape(-1, 3) - hair
    spread = apart.T @ apart / len(apart) + np.diag((9.0, 4.0, 4.0))
    axis = np.linalg.solve(spread, skin - hair)
    squared = max(float((skin - hair) @ axis), 1e-6)
    return np.asarray(100 * ((lab - hair) @ axis) / squared, np.float32), sqrt(squared)


def _sampled(picture: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float32]:
    x, y = places[..., 0].astype(np.float32), places[..., 1].astype(np.float32)
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _fit_along(skin: NDArray[np.float32], line: NDArray[np.float64], wide: float, reach: float) -> _Fits:
    """Plateaus fitted to the mean profile of every stretch of the line."""
    per_stretch = 16
    places, normals = _along(line, STRETCH * wide / per_stretch)
    count = len(places) // per_stretch
    step = 2 * reach * wide / SAMPLES
    across = (np.arange(SAMPLES) - (SAMPLES - 1) / 2) * step
    sampled = _sampled(skin, places[:, None] + across[None, :, None] * normals[:, None])
    profiles = np.clip(sampled[: count * per_stretch], -60, 180).reshape(count, per_stretch, -1).mean(axis=1)
    unit = step * SAMPLES_PER_PX
    parameters, explained = fit_profiles(np.asarray(across / unit, np.float64), -profiles.astype(np.float64))
    level, slope, depth, centre, width, blur = parameters.T
    width, blur, end = width * unit, blur * unit, reach * wide
    aside = -level + np.abs(slope) * end / unit
    strip = (explained >= MIN_FIT) & (depth > LEAST_DEPTH) & (aside < MOST_ASIDE) & (np.abs(centre) * unit < 0.4 * end)
    strip &= (width < 1.6 * end) & (width > 0.5 * unit) & (blur < 0.4 * end)
    return _Fits(width, blur, strip, strip & (blur <= SOFTEST * np.maximum(width, 0.02 * wide)))


def _head_width(scalp: NDArray[np.bool_], line: NDArray[np.float64]) -> float | NotMeasurable:
    """Extent of the scalp across the line's direction; HEAD_CUT_OFF where the picture's border ends it."""
    direction = line[-1] - line[0]
    direction = direction / max(float(np.linalg.norm(direction)), 1e-9)
    y, x = np.nonzero(scalp)
    across = x * -direction[1] + y * direction[0]
    low, high = float(across.min()), float(across.max())
    margin = 1.5
    for end in (low, high):
        at = np.abs(across - end) < margin
        if ((x[at] < margin) | (y[at] < margin)).any() or (
            (x[at] > scalp.shape[1] - 1 - margin) | (y[at] > scalp.shape[0] - 1 - margin)
        ).any():
            return NotMeasurable(Reason.HEAD_CUT_OFF)
    return high - low


def _sized(picture: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected part, with its holes filled."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    canvas = np.zeros(mask.shape, np.uint8)
    if outlines:
        cv2.drawContours(canvas, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return canvas > 0
