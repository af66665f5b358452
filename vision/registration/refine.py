"""From a homography to the last pixels: places followed from picture to picture, and a smooth correction of the rest.

A head is curved: seen from a little further to one side, its middle moves against its rim, which no homography shows.
The correction is a grid of offsets under a bending penalty, kept only if it brings places nearer that it was not
fitted on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.registration.features import Matches, Working
from vision.registration.types import Mask, Points, Refinement, through

CORNERS: Final = 700
WINDOW_PX: Final = 25
RETURN_PX: Final = 0.8
"""A place followed there and back has to come out this near (px of the working picture)."""

FARTHEST: Final = 0.03
"""Followed places may move by this much (share of the long edge) from where the homography puts them."""

KNOTS: Final = (7, 7)
STIFFNESS: Final = 0.4
MIN_PLACES: Final = 60
HELD_OUT: Final = 3
"""Every third place takes no part in the fit."""

BETTER_BY: Final = 0.95
"""The correction has to lower the held-out median error to this share of what it was."""


@dataclass(frozen=True, slots=True)
class Refined:
    """The homography after a last fit, the correction if it helps, and the held-out median error in reference px."""

    matrix: NDArray[np.float64]
    refinement: Refinement | None
    error_px: float
    places: int


def refine(reference: Working, moving: Working, matrix: NDArray[np.float64], matches: Matches) -> Refined:
    """Follow places of the common scalp, fit the homography to them and to the matches that agreed, and correct; then
    once more from there, which reaches the rim of a head that was turned."""
    best = _refined_once(reference, moving, matrix, None, matches)
    if best.refinement is None:
        return best
    again = _refined_once(reference, moving, best.matrix, best.refinement, matches)
    return again if again.refinement is not None and again.places >= best.places else best


def _refined_once(
    reference: Working,
    moving: Working,
    matrix: NDArray[np.float64],
    correction: Refinement | None,
    matches: Matches,
) -> Refined:
    size = np.array(reference.size, np.float64)
    followed = follow(reference, moving, matrix, correction)
    together = Matches(
        np.concatenate((matches.reference, followed.reference)), np.concatenate((matches.moving, followed.moving))
    )
    test = np.arange(len(together.reference)) % HELD_OUT == 0
    fitted = matrix if correction is not None else _refit(matrix, together, ~test, 2 * FARTHEST * float(size.max()))
    plain = _residuals(fitted, together)
    before = float(np.median(np.linalg.norm(plain[test], axis=1))) if test.any() else float("inf")
    if len(together.reference) >= MIN_PLACES:
        places = together.reference / size
        grid = fit_grid(places[~test], plain[~test], KNOTS)
        found = Refinement(_fractions(grid, *reference.size))
        left = plain[test] - found.at(places[test]) * size
        after = float(np.median(np.linalg.norm(left, axis=1)))
        if after < BETTER_BY * before and _smooth(grid, *reference.size):
            return Refined(fitted, found, after, len(together.reference))
    return Refined(fitted, None, before, len(together.reference))


def follow(
    reference: Working, moving: Working, matrix: NDArray[np.float64], correction: Refinement | None = None
) -> Matches:
    """Corners of the reference's head found again in the moving picture near where homography and correction put them.

    Lucas and Kanade's method in pyramids (Bouguet 2001) on the moving picture as laid onto the reference, there and
    back; ``moving`` places are in px of the moving picture.
    """
    size = reference.size
    columns, rows = np.meshgrid(np.arange(size[0], dtype=np.float64), np.arange(size[1], dtype=np.float64))
    there_at = _to_moving(np.column_stack((columns.ravel(), rows.ravel())), matrix, correction, size)
    where = there_at.astype(np.float32).reshape(size[1], size[0], 2)
    laid = np.asarray(cv2.remap(moving.grey, where, None, cv2.INTER_LINEAR), np.uint8)
    shown = cv2.remap(moving.head.astype(np.uint8), where, None, cv2.INTER_NEAREST)
    both: Mask = reference.head & shown.astype(np.bool_)
    inner = cv2.erode(both.astype(np.uint8), np.ones((WINDOW_PX, WINDOW_PX), np.uint8))
    spacing = max(4.0, float(np.sqrt(both.sum() / CORNERS)) * 0.8)
    corners = cv2.goodFeaturesToTrack(reference.grey, CORNERS, 0.01, spacing, mask=inner)
    if corners is None:
        return Matches(np.zeros((0, 2)), np.zeros((0, 2)))
    there, seen = _followed(reference.grey, laid, corners)
    back, seen_back = _followed(laid, reference.grey, there)
    start, end, returned = corners[:, 0], there[:, 0], back[:, 0]
    good = (seen[:, 0] > 0) & (seen_back[:, 0] > 0)
    good &= np.linalg.norm(returned - start, axis=1) < RETURN_PX
    good &= np.linalg.norm(end - start, axis=1) < FARTHEST * max(size)
    good &= _alike(reference.grey, laid, start, end) > 0.6
    return Matches(start[good].astype(np.float64), _to_moving(end[good].astype(np.float64), matrix, correction, size))


def _to_moving(
    points: Points, matrix: NDArray[np.float64], correction: Refinement | None, size: tuple[int, int]
) -> Points:
    """Places of the reference (px) in the moving picture (px)."""
    if correction is not None:
        points = points + correction.at((points + 0.5) / size) * size
    return through(_inverse(matrix), points)


def _followed(
    first: NDArray[np.uint8], second: NDArray[np.uint8], places: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    start: Any = places
    found, seen, _ = cv2.calcOpticalFlowPyrLK(first, second, start, None, winSize=(WINDOW_PX, WINDOW_PX), maxLevel=2)
    return found, seen


def fit_grid(places: Points, offsets: NDArray[np.float64], knots: tuple[int, int]) -> NDArray[np.float64]:
    """Offsets (rows x columns x 2) on a grid over 0..1 that follow N offsets at N places, under a bending penalty.

    Bilinear between knots, second differences penalised, outliers weighted down (Huber 1964) in four rounds.
    """
    rows, columns = knots
    across, down = np.clip(places[:, 0], 0, 1) * (columns - 1), np.clip(places[:, 1], 0, 1) * (rows - 1)
    left, top = np.minimum(across.astype(int), columns - 2), np.minimum(down.astype(int), rows - 2)
    x, y = across - left, down - top
    basis = np.zeros((len(places), rows * columns))
    every = np.arange(len(places))
    for row, share_y in ((0, 1 - y), (1, y)):
        for column, share_x in ((0, 1 - x), (1, x)):
            basis[every, (top + row) * columns + left + column] = share_x * share_y
    bending = _second_differences(rows, columns)
    penalty = STIFFNESS * len(places) / (rows * columns) * bending.T @ bending + 1e-6 * np.eye(rows * columns)
    weights = np.ones(len(places))
    solved: NDArray[np.float64] = np.zeros((rows * columns, 2))
    for _ in range(4):
        weighted = basis * weights[:, None]
        solved = np.asarray(np.linalg.solve(weighted.T @ basis + penalty, weighted.T @ offsets), np.float64)
        left_over = np.linalg.norm(offsets - basis @ solved, axis=1)
        limit = max(1e-9, 1.5 * float(np.median(left_over)))
        weights = np.minimum(1.0, limit / np.maximum(left_over, 1e-9))
    return np.asarray(solved.reshape(rows, columns, 2))


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _second_differences(rows: int, columns: int) -> NDArray[np.float64]:
    numbers = np.arange(rows * columns).reshape(rows, columns)
    lines = []
    for triples in (
        np.stack((numbers[:, :-2], numbers[:, 1:-1], numbers[:, 2:]), -1).reshape(-1, 3),
        np.stack((numbers[:-2], numbers[1:-1], numbers[2:]), -1).reshape(-1, 3),
    ):
        for first, middle, last in triples:
            line = np.zeros(rows * columns)
            line[[first, middle, last]] = 1.0, -2.0, 1.0
            lines.append(line)
    return np.array(lines)


def _smooth(grid: NDArray[np.float64], width: int, height: int) -> bool:
    """Whether the correction neither folds nor stretches by more than a third between two knots (px)."""
    rows, columns = grid.shape[:2]
    across = np.abs(np.diff(grid, axis=1)).max() / (width / (columns - 1))
    down = np.abs(np.diff(grid, axis=0)).max() / (height / (rows - 1))
    return bool(max(across, down) < 1 / 3)


def _fractions(grid: NDArray[np.float64], width: int, height: int) -> tuple[tuple[tuple[float, float], ...], ...]:
    return tuple(tuple((float(x) / width, float(y) / height) for x, y in row) for row in grid)


def _residuals(matrix: NDArray[np.float64], matches: Matches) -> NDArray[np.float64]:
    """Where the homography puts each match, minus where it is, px of the reference (N x 2)."""
    return np.asarray(through(matrix, matches.moving) - matches.reference)


def _refit(
    matrix: NDArray[np.float64], matches: Matches, rows: NDArray[np.bool_], limit_px: float
) -> NDArray[np.float64]:
    """The homography through the matches of ``rows``, least median first; the old one where they do not suffice."""
    near = rows & (np.linalg.norm(_residuals(matrix, matches), axis=1) < limit_px)
    if near.sum() < 12:
        return matrix
    again, _ = cv2.findHomography(matches.moving[near], matches.reference[near], cv2.LMEDS)
    if again is None or not np.isfinite(again).all():
        return matrix
    laid = np.asarray(again, np.float64) / again[2, 2]
    old = np.median(np.linalg.norm(_residuals(matrix, matches)[near], axis=1))
    new = np.median(np.linalg.norm(_residuals(laid, matches)[near], axis=1))
    return laid if new < old else matrix


def _alike(
    reference: NDArray[np.uint8], laid: NDArray[np.uint8], start: NDArray[np.float32], end: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Correlation of the patches around each pair of places."""
    patches = []
    for picture, places in ((reference, start), (laid, end)):
        cut = [cv2.getRectSubPix(picture, (WINDOW_PX, WINDOW_PX), (float(x), float(y))) for x, y in places]
        flat = np.array(cut, np.float32).reshape(len(places), -1)
        flat -= flat.mean(axis=1, keepdims=True)
        patches.append(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6))
    return np.asarray((patches[0] * patches[1]).sum(axis=1), np.float64)
