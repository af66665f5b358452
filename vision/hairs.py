"""Hairs in a trichoscopy picture, from the network's maps: one arrow root to tip per hair, with its kind.

The picture is brought to the release's scale (px/mm), cut into overlapping tiles of the network's input where it is
larger, and every tile's maps are read: a hair is a peak of the root map, its arrow is read there, and the middle map
may have a say in its score.
Two hairs of one unit may cross or lie side by side, so a second reading of the same hair is told by its place *along*
and *across* the first one's axis, never by overlapping boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.density import group_units
from vision.preprocess import PADDING_GREY, normalise, resize
from vision.release import Release
from vision.types import HairKind, RgbImage

if TYPE_CHECKING:
    from vision.runtime import Network

FloatArray = NDArray[np.float32]

CELL_PX: Final = 2
"""Input px per cell of the network's maps."""
FLOOR: Final = 0.03
"""Peaks below this are not looked at."""
MIDDLE_PARTS: Final = (0.25, 0.35, 0.5, 0.65, 0.75)
"""Where along an arrow its hair's middle is looked for."""
MIRRORS: Final = ((1, 1), (1, -1), (-1, 1), (-1, -1))
"""Steps along y and x: the tile, mirrored left to right, top to bottom, and both. A field has no up."""
MOST: Final = 400
"""Candidates looked at per tile, best first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How maps become hairs; chosen on validation people and kept in the release's thresholds. Lengths in input px."""

    score: float
    middle_share: float = 0.0  # weight of the middle map in a hair's score, the rest is the root map's
    along: float = 10.0  # a second root nearer than this along an axis and
    across: float = 2.5  # this across it and
    turn: float = 25.0  # turned by less than this (degrees) is the same hair

    @classmethod
    def of(cls, thresholds: Mapping[str, float]) -> Reading:
        """From a release's thresholds."""
        return cls(**{name: thresholds[name] for name in cls.__dataclass_fields__ if name in thresholds})


@dataclass(frozen=True, slots=True)
class Found:
    """Hairs found: ``arrows`` N x 4 (root x, y, tip x, y), ``scores`` N falling, ``kinds`` N x K probabilities."""

    arrows: FloatArray
    scores: FloatArray
    kinds: FloatArray

    def chosen(self, keep: NDArray[Any]) -> Found:
        """Only these rows."""
        return Found(self.arrows[keep], self.scores[keep], self.kinds[keep])


def read_maps(maps: FloatArray, arrow_px: float, middle_share: float) -> Found:
    """Candidates of one tile (8 x h x w maps), by falling score, in input px. Nothing is suppressed yet."""
    root, middle = _sigmoid(maps[0]), _sigmoid(maps[1])
    peaks = (root >= cv2.dilate(root, np.ones((3, 3), np.uint8))) & (root > FLOOR)
    rows, columns = np.nonzero(peaks)
    order = np.argsort(-root[rows, columns], kind="stable")[:MOST]
    rows, columns = rows[order], columns[order]
    roots = np.stack((columns, rows), 1).astype(np.float32) + _sub_cell(root, rows, columns)
    roots = roots * CELL_PX + (CELL_PX - 1) / 2
    arrows = maps[2:4, rows, columns].T * np.float32(arrow_px)
    scores = root[rows, columns]
    if middle_share > 0:
        scores = scores ** (1 - middle_share) * _support(middle, roots, arrows, scores) ** middle_share
    logits = maps[4:, rows, columns].T
    kinds = np.exp(logits - logits.max(1, keepdims=True)) if len(logits) else logits
    found = Found(
        np.concatenate((roots, roots + arrows), 1).astype(np.float32),
        scores.astype(np.float32),
        (kinds / kinds.sum(1, keepdims=True)).astype(np.float32) if len(kinds) else kinds,
    )
    return found.chosen(np.argsort(-found.scores, kind="stable"))


def _support(middle: FloatArray, roots: FloatArray, arrows: FloatArray, otherwise: FloatArray) -> FloatArray:
    """The highest value of the middle map about halfway along each arrow; ``otherwise`` where that is off the tile.

    Lengths are told less well than directions, so a stretch of the arrow is searched.
    """
    spread = cv2.dilate(middle, np.ones((3, 3), np.uint8))
    height, width = middle.shape
    best = np.zeros(len(roots), np.float32)
    outside = np.zeros(len(roots), bool)
    for part in MIDDLE_PARTS:
        places = (roots + part * arrows) / CELL_PX
        off = ((places < 0) | (places >= (width, height))).any(1)
        where = np.clip(places.astype(int), 0, (width - 1, height - 1))
        best = np.maximum(best, np.where(off, 0, spread[where[:, 1], where[:, 0]]))
        outside |= off
    return np.asarray(np.where(outside, np.maximum(best, otherwise), best), np.float32)


def keep_distinct(found: Found, reading: Reading) -> Found:
    """One reading per hair, those above the score; ``found`` must be ordered by falling score."""
    found = found.chosen(found.scores >= reading.score)
    roots, vectors = found.arrows[:, :2], found.arrows[:, 2:] - found.arrows[:, :2]
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    kept: list[int] = []
    for index in range(len(roots)):
        apart = roots[index] - roots[kept]
        axes = units[kept]
        along = np.abs((apart * axes).sum(1))
        across = np.abs(apart[:, 0] * axes[:, 1] - apart[:, 1] * axes[:, 0])
        same_way = (axes * units[index]).sum(1) > np.cos(np.deg2rad(reading.turn))
        if not ((along < reading.along) & (across < reading.across) & same_way).any():
            kept.append(index)
    return found.chosen(np.array(kept, np.int64))


@dataclass(frozen=True, slots=True)
class Look:
    """What the network says of a picture: candidates in px at the release's scale, and how far the picture lies from
    those it was trained on (mean over tiles; a training picture lies at about 1)."""

    candidates: Found
    distance: float


def detect(image: RgbImage, px_per_mm: float, network: Network, release: Release) -> Found:
    """The hairs of a picture, in its own px, by falling score. The network sees it at the release's scale."""
    return hairs_of(look(image, px_per_mm, network, release), px_per_mm, release)


def hairs_of(seen: Look, px_per_mm: float, release: Release) -> Found:
    """One reading per hair above the release's score, in px of the picture as given."""
    found = keep_distinct(seen.candidates, Reading.of(release.thresholds))
    found = told_by_unit(found, float(release.options["px_per_mm"]), release.classes)
    factor = np.float32(px_per_mm / float(release.options["px_per_mm"]))
    return Found(found.arrows * factor, found.scores, found.kinds)


def told_by_unit(found: Found, px_per_mm: float, kinds: Sequence[str]) -> Found:
    """Whether a hair is single or of a multi-hair unit, told by its neighbours; the network sees that less well.

    What the network gives to both kinds together goes to the one that its follicular unit's size says.
    """
    if not len(found.scores):
        return found
    units = group_units(found.arrows[:, :2], px_per_mm)
    together = np.bincount(units)[units] > 1
    several, single = kinds.index(HairKind.MULTI_HAIR_UNIT), kinds.index(HairKind.SINGLE)
    told = found.kinds.copy()
    either = told[:, several] + told[:, single]
    told[:, several], told[:, single] = np.where(together, either, 0), np.where(together, 0, either)
    return Found(found.arrows, found.scores, told)


def within_domain(seen: Look, release: Release) -> bool:
    """Whether the picture is like those that the release was trained on: clipped hair at the magnification stated."""
    return seen.distance <= release.thresholds["distance"]


def look(image: RgbImage, px_per_mm: float, network: Network, release: Release) -> Look:
    """Everything that may be a hair, before suppression, and the distance. Tiles run one after another."""
    small = at_release_scale(image, px_per_mm, release)
    height, width = release.input.height, release.input.width
    overlap = int(release.options["tile_overlap_px"])
    arrow_px = float(release.options["arrow_px"])
    share = Reading.of(release.thresholds).middle_share
    parts: list[Found] = []
    distances: list[float] = []
    for top, y_core in _tiles(small.shape[0], height, overlap):
        for left, x_core in _tiles(small.shape[1], width, overlap):
            canvas = np.full((height, width, 3), PADDING_GREY, np.uint8)
            piece = small[top : top + height, left : left + width]
            canvas[: piece.shape[0], : piece.shape[1]] = piece
            maps, distance = _infer(normalise(canvas, release.input), network, bool(release.options.get("flips")))
            seen = maps[:, : -(-piece.shape[0] // CELL_PX), : -(-piece.shape[1] // CELL_PX)]
            found = read_maps(seen, arrow_px, share)
            moved = found.arrows + np.array((left, top, left, top), np.float32)
            mine = (moved[:, 0] >= x_core[0]) & (moved[:, 0] < x_core[1])
            mine &= (moved[:, 1] >= y_core[0]) & (moved[:, 1] < y_core[1])
            parts.append(Found(moved, found.scores, found.kinds).chosen(mine))
            distances.append(distance)
    return Look(join(parts), float(np.mean(distances)))


def _infer(tile: FloatArray, network: Network, flips: bool) -> tuple[FloatArray, float]:
    """Maps and distance of one tile (3 x H x W). With ``flips`` the maps are the mean over its four mirror images."""
    views = np.stack([tile[:, ::y, ::x] for y, x in (MIRRORS if flips else MIRRORS[:1])])
    maps, distances = network.infer(views)
    return mean_of_mirrors(maps), float(distances.reshape(-1)[0])


def mean_of_mirrors(maps: FloatArray) -> FloatArray:
    """Maps of the first N of :data:`MIRRORS` (N x 8 x h x w) turned back and averaged: 8 x h x w."""
    turned = []
    for seen, (y, x) in zip(maps, MIRRORS, strict=False):
        back = seen[:, ::y, ::x].copy()
        back[2] *= x
        back[3] *= y
        turned.append(back)
    return np.asarray(np.mean(turned, axis=0), np.float32)


def join(parts: Sequence[Found]) -> Found:
    """Several tiles' candidates as one list, by falling score."""
    together = Found(
        np.concatenate([part.arrows for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.kinds for part in parts]),
    )
    return together.chosen(np.argsort(-together.scores, kind="stable"))


def at_release_scale(image: RgbImage, px_per_mm: float, release: Release) -> RgbImage:
    """The picture resized to the px/mm that the network was trained at."""
    factor = float(release.options["px_per_mm"]) / px_per_mm
    return resize(image, max(1, round(image.shape[0] * factor)), max(1, round(image.shape[1] * factor)))


def _tiles(length: int, size: int, overlap: int) -> list[tuple[int, tuple[float, float]]]:
    """Starts of tiles along one side, each with the stretch (half-open) whose roots it answers for."""
    if length <= size:
        return [(0, (-np.inf, np.inf))]
    count = -(-(length - overlap) // (size - overlap))
    starts = np.linspace(0, length - size, count).round().astype(int)
    cuts = [-np.inf, *((a + size + b) / 2 for a, b in pairwise(starts)), np.inf]
    return [(int(start), (cuts[i], cuts[i + 1])) for i, start in enumerate(starts)]


def _sub_cell(heat: FloatArray, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> FloatArray:
    """Where the parabola through a peak and its neighbours has its top, in cells (x, y), at most half a cell off."""
    padded = np.pad(np.log(np.maximum(heat, 1e-6)), 1, mode="edge")
    r, c = rows + 1, columns + 1
    moves = []
    for before, after in ((padded[r, c - 1], padded[r, c + 1]), (padded[r - 1, c], padded[r + 1, c])):
        bend = before - 2 * padded[r, c] + after
        moves.append(np.where(bend < -1e-6, 0.5 * (before - after) / np.minimum(bend, -1e-6), 0))
    return np.clip(np.stack(moves, 1), -0.5, 0.5).astype(np.float32)


def _sigmoid(logits: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
