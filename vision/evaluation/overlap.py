"""Overlap of masks, pooled over pixels or averaged over pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Pixels of each of N pictures: in both masks, only predicted, only true."""

    both: NDArray[np.int64]
    only_predicted: NDArray[np.int64]
    only_true: NDArray[np.int64]

    def iou(self, rows: NDArray[np.int64]) -> float | None:
        """Intersection over union of all pixels together; None when neither mask has any."""
        both, union = self._sums(rows)
        return both / union if union else None

    def f1(self, rows: NDArray[np.int64]) -> float | None:
        """2·both / (predicted + true) of all pixels together (Dice); None when neither mask has any."""
        both, union = self._sums(rows)
        return 2 * both / (both + union) if union else None

    def iou_image(self, rows: NDArray[np.int64]) -> float | None:
        """Mean over pictures; a picture where both masks are empty agrees fully."""
        return float(self._iou_each()[rows].mean()) if len(rows) else None

    def f1_image(self, rows: NDArray[np.int64]) -> float | None:
        """Mean over pictures of f1 = 2·iou / (1 + iou)."""
        if not len(rows):
            return None
        iou = self._iou_each()[rows]
        return float((2 * iou / (1 + iou)).mean())

    def _sums(self, rows: NDArray[np.int64]) -> tuple[int, int]:
        both = int(self.both[rows].sum())
        return both, both + int(self.only_predicted[rows].sum()) + int(self.only_true[rows].sum())

    def _iou_each(self) -> NDArray[np.float64]:
        union = self.both + self.only_predicted + self.only_true
        return np.asarray(np.where(union > 0, self.both / np.maximum(union, 1), 1.0), dtype=np.float64)


def overlaps(counts: Sequence[tuple[int, int, int]]) -> Overlaps:
    """From one (both, only predicted, only true) per picture."""
    table = np.array(counts, dtype=np.int64).reshape(-1, 3)
    return Overlaps(table[:, 0], table[:, 1], table[:, 2])
