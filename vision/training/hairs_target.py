"""What the hair network should answer for a picture, and how wrong an answer is.

Root and middle of every hair are drawn as Gaussians that are long along the hair and narrow across it: people agree
less on where along its shaft a hair begins than on which of two neighbours it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cosine_similarity, cross_entropy, logsigmoid, smooth_l1_loss

from vision.hairs import CELL_PX
from vision.training.hairs_data import FloatRows

ARROW_PX: Final = 50.0
ALONG_CELLS: Final = 2.2
ACROSS_CELLS: Final = 1.1
REACH_CELLS: Final = 7
NO_HAIR: Final = -1
LENGTH_WEIGHT: Final = 3.0
"""Lengths are learnt last, and a line beyond a hair's tip is the first thing that a reader sees."""
TURN_WEIGHT: Final = 2.0
KIND_WEIGHT: Final = 0.3


@dataclass(frozen=True, slots=True)
class Target:
    """``heat`` 2 x h x w (roots, middles), ``weight`` h x w, ``arrow`` 2 x h x w, ``kind`` h x w (-1: no root near)."""

    heat: NDArray[np.float32]
    weight: NDArray[np.float32]
    arrow: NDArray[np.float32]
    kind: NDArray[np.int64]


def draw_target(arrows: FloatRows, kinds: NDArray[np.int64], weight: NDArray[np.float32]) -> Target:
    """Target of a canvas whose px weights are ``weight`` (H x W, sides even)."""
    height, width = weight.shape[0] // CELL_PX, weight.shape[1] // CELL_PX
    heat = np.zeros((2, height, width), np.float32)
    arrow = np.zeros((2, height, width), np.float32)
    kind = np.full((height, width), NO_HAIR, np.int64)
    nearest = np.full((height, width), np.inf, np.float32)
    for row, one_kind in zip(arrows, kinds, strict=True):
        vector = row[2:] - row[:2]
        length = float(np.linalg.norm(vector))
        unit = vector / max(length, 1e-6)
        root = (row[:2] - (CELL_PX - 1) / 2) / CELL_PX
        middle = root + vector / 2 / CELL_PX
        _stamp(heat[0], root, unit)
        _stamp(heat[1], middle, unit)
        column, line = round(float(root[0])), round(float(root[1]))
        for y in range(max(0, line - 1), min(height, line + 2)):
            for x in range(max(0, column - 1), min(width, column + 2)):
                apart = float(np.hypot(x - root[0], y - root[1]))
                if apart < nearest[y, x]:
                    nearest[y, x] = apart
                    arrow[:, y, x] = vector / ARROW_PX
                    kind[y, x] = one_kind
    small = weight[::CELL_PX, ::CELL_PX]
    return Target(heat, np.ascontiguousarray(small), arrow, kind)


def _stamp(heat: NDArray[np.float32], centre: NDArray[np.float32], unit: NDArray[np.float32]) -> None:
    column, line = round(float(centre[0])), round(float(centre[1]))
    height, width = heat.shape
    if not (0 <= column < width and 0 <= line < height):
        return
    top, bottom = max(0, line - REACH_CELLS), min(height, line + REACH_CELLS + 1)
    left, right = max(0, column - REACH_CELLS), min(width, column + REACH_CELLS + 1)
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    x, y = x - column, y - line
    along, across = x * unit[0] + y * unit[1], x * unit[1] - y * unit[0]
    drawn = np.exp(-((along / ALONG_CELLS) ** 2 + (across / ACROSS_CELLS) ** 2) / 2)
    np.maximum(heat[top:bottom, left:right], drawn, out=heat[top:bottom, left:right])


def hair_loss(
    maps: Tensor, heat: Tensor, weight: Tensor, arrow: Tensor, kind: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """Penalty-reduced focal loss of both heat maps (Zhou 2019), arrow in length and direction, kind; and the parts."""
    points = focal_loss(maps[:, :2], heat, weight[:, None])
    there = kind != NO_HAIR
    told, wanted = maps[:, 2:4].permute(0, 2, 3, 1)[there], arrow.permute(0, 2, 3, 1)[there]
    length = smooth_l1_loss(told, wanted, beta=0.1)
    turn = (1 - cosine_similarity(told, wanted, dim=1, eps=1e-3)).mean()
    kinds = cross_entropy(maps[:, 4:].permute(0, 2, 3, 1)[there], kind[there])
    total = points + LENGTH_WEIGHT * length + TURN_WEIGHT * turn + KIND_WEIGHT * kinds
    parts = {"points_loss": points, "length_loss": length, "turn_loss": turn, "kind_loss": kinds}
    return total, {name: float(value.detach()) for name, value in parts.items()}


def focal_loss(logits: Tensor, heat: Tensor, weight: Tensor) -> Tensor:
    """Both maps' loss per labelled hair; near a labelled point a wrong 'yes' costs less."""
    certain = heat >= 0.999
    chance = torch.sigmoid(logits)
    yes = (1 - chance) ** 2 * logsigmoid(logits)
    no = (1 - heat) ** 4 * chance**2 * logsigmoid(-logits) * weight
    return -torch.where(certain, yes, no).sum() / certain.sum().clamp(min=1)
