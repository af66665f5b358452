"""The true lengths of a drawn head: how wide its parting is in the picture, and where its hairline lies above the eyes.

Read off the shapes that are drawn, not off pixels: the edges of the strip and the border of hair are known surfaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.render.card import CardPose
from vision.render.face import EYES, on_face
from vision.render.geometry import Array, Camera, Capture, Part, above_hairline, camera_for, cranium_normal, moved, see
from vision.render.hair import PARTING_X, Loss, loss_pattern, parting_edge
from vision.types import View

MM_PER_UNIT: Final = 100.0
"""A drawn head is 152 mm wide and 190 mm long."""
CARD_AT: Final = (0.15, 0.86)
"""Where a card lies beside a drawn head, as a share of the picture."""


@dataclass(frozen=True, slots=True)
class DrawnHead:
    """The shapes of one drawing: its camera, and how far loss has gone."""

    camera: Camera
    loss: Loss
    size_px: tuple[int, int]

    @property
    def px_per_mm(self) -> float:
        """Of the plane through the head that faces the camera (the drawing has no perspective)."""
        return self.camera.px_per_unit / MM_PER_UNIT

    @property
    def card(self) -> CardPose:
        """A card beside the head, at its distance."""
        return CardPose(distance_mm=500.0, focal_px=500.0 * self.px_per_mm, centre=CARD_AT)

    @property
    def eyes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Both pupils in fractions of the picture, the one on the picture's left first."""
        columns, rows, _ = self.camera.project(on_face(list(EYES)))
        found = sorted(
            (float(column) / self.size_px[0], float(row) / self.size_px[1])
            for column, row in zip(columns, rows, strict=True)
        )
        return found[0], found[1]

    def part_width_px(self) -> float:
        """Median distance of the strip's two edges across it, in the picture."""
        if self.loss.parting <= 0:
            return 0.0
        first, second = (self._edge(side * self.loss.parting + PARTING_X) for side in (-1.0, 1.0))
        gaps = np.linalg.norm(first[:, None] - second[None], axis=2).min(axis=1)
        inner = gaps[len(gaps) // 10 : -len(gaps) // 10]
        return float(np.median(inner))

    def _edge(self, x: float) -> NDArray[np.float64]:
        points = parting_edge(x)
        columns, rows, _ = self.camera.project(points)
        seen = cranium_normal(points) @ self.camera.towards > 0
        return np.column_stack((columns, rows)).astype(np.float64)[seen & (above_hairline(points) > 0)]

    def hairline_px(self, asides: Sequence[float]) -> list[float | None]:
        """From the line of the eyes up to where scalp with hair begins, ``asides`` pupil distances from the middle.

        None where no hair begins there before the head ends.
        """
        size = np.array(self.size_px, np.float64)
        first, second = (np.array(eye) * size for eye in self.eyes)
        apart = float(np.linalg.norm(second - first))
        along = (second - first) / apart
        up = np.array((along[1], -along[0]))
        surface = see(self.camera, self.size_px)
        point: Array = surface.point
        hair = (surface.part == Part.CRANIUM) & (above_hairline(point) > 0)
        hair[hair] = self.loss.stage(point[hair]) < 2
        starts = [(first + second) / 2 + aside * apart * along for aside in asides]
        return [_first_inside(hair, start, up, (0.5 * apart, 4 * apart)) for start in starts]


def _first_inside(
    mask: NDArray[np.bool_], start: NDArray[np.float64], way: NDArray[np.float64], span: tuple[float, float]
) -> float | None:
    for gone in np.arange(*span, 0.5):
        column, row = start + gone * way
        if not (0 <= column < mask.shape[1] and 0 <= row < mask.shape[0]):
            return None
        if mask[int(row), int(column)]:
            return float(gone)
    return None


def drawn_head(
    view: View,
    *,
    seed: int,
    thinning: float = 0.0,
    bald: float = 0.0,
    parting: float = 0.0,
    size: tuple[int, int] = (1600, 1200),
    capture: Capture | None = None,
) -> DrawnHead:
    """The shapes that :func:`vision.render.draw_head` draws for the same arguments."""
    random = np.random.default_rng(seed)
    loss = loss_pattern(random, thinning, bald, parting)
    random.uniform(0.24, 0.34)
    camera = camera_for(view, size, float(random.normal(0, 4)))
    return DrawnHead(camera if capture is None else moved(camera, capture, size), loss, size)
