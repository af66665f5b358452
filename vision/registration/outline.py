"""Where to begin when features alone do not say: the scalp's outline, laid over the other's by size, place and turn."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.registration.features import Working, resized_mask
from vision.registration.types import Mask

GRID_PX: Final = 96
TURNS: Final = tuple(range(-40, 41, 8))


def lay_outline(reference: Working, moving: Working) -> NDArray[np.float64] | None:
    """The similarity (moving -> reference, 3 x 3 px) under which both scalps overlap best; None without outlines.

    A mask that fills the picture has no outline. Heads are held upright: turns beyond 40 degrees are not tried.
    """
    if reference.scalp.all() or moving.scalp.all() or not reference.scalp.any() or not moving.scalp.any():
        return None
    best: tuple[float, NDArray[np.float64]] | None = None
    goal, scale = _small(reference.scalp)
    for turn in TURNS:
        matrix = _by_moments(reference.scalp, moving.scalp, float(turn))
        small = np.diag((scale, scale, 1.0)) @ matrix
        laid = cv2.warpAffine(
            moving.scalp.astype(np.uint8), small[:2], (goal.shape[1], goal.shape[0]), flags=cv2.INTER_NEAREST
        ).astype(np.bool_)
        overlap = float((laid & goal).sum()) / max(1.0, float((laid | goal).sum()))
        if best is None or overlap > best[0]:
            best = overlap, matrix
    return None if best is None else best[1]


def _small(mask: Mask) -> tuple[Mask, float]:
    scale = GRID_PX / max(mask.shape)
    size = (round(mask.shape[1] * scale), round(mask.shape[0] * scale))
    return resized_mask(mask, size), scale


def _by_moments(reference: Mask, moving: Mask, turn: float) -> NDArray[np.float64]:
    """Same area, same centre, turned by ``turn`` degrees."""
    zoom = float(np.sqrt(reference.sum() / moving.sum()))
    goal = np.argwhere(reference).mean(axis=0)[::-1]
    start = np.argwhere(moving).mean(axis=0)[::-1]
    angle = np.radians(turn)
    spin = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.eye(3)
    matrix[:2, :2] = spin
    matrix[:2, 2] = goal - spin @ start
    return matrix
