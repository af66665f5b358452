"""When a found hair is a labelled one: roots within 0.1 mm, axes within 20 degrees, one to one, inside a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

MATCH_MM: Final = 0.1
MATCH_DEGREES: Final = 20.0
FRAME_INSET: Final = 0.1
"""Share of each side left out: hairs at the edge of the research pictures are often unlabelled."""

Arrows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Match:
    """Rows of the found and of the labelled hairs that belong together, and how many there were of each."""

    found_rows: NDArray[np.int64]
    true_rows: NDArray[np.int64]
    found: int
    true: int

    @property
    def hits(self) -> int:
        """Pairs."""
        return len(self.found_rows)


def in_frame(arrows: Arrows, width: int, height: int, inset: float = FRAME_INSET) -> NDArray[np.bool_]:
    """Which roots lie inside the frame inset by a share of each side (half-open)."""
    x, y = arrows[:, 0], arrows[:, 1]
    return np.asarray(
        (x >= inset * width) & (x < (1 - inset) * width) & (y >= inset * height) & (y < (1 - inset) * height)
    )


def match_hairs(found: Arrows, true: Arrows, px_per_mm: float) -> Match:
    """The pairing with the most pairs, and of those the nearest (Kuhn's assignment). Axes have no direction."""
    empty = np.zeros(0, np.int64)
    if not len(found) or not len(true):
        return Match(empty, empty, len(found), len(true))
    apart = np.linalg.norm(found[:, None, :2] - true[None, :, :2], axis=2) / px_per_mm
    turned = np.abs(_axis_degrees(found)[:, None] - _axis_degrees(true)[None]) % 180
    fits = (apart <= MATCH_MM) & (np.minimum(turned, 180 - turned) <= MATCH_DEGREES)
    rows, columns = linear_sum_assignment(np.where(fits, apart - 1000.0, 0.0))
    good = fits[rows, columns]
    return Match(rows[good].astype(np.int64), columns[good].astype(np.int64), len(found), len(true))


def _axis_degrees(arrows: Arrows) -> NDArray[np.float64]:
    degrees = np.degrees(np.arctan2(arrows[:, 3] - arrows[:, 1], arrows[:, 2] - arrows[:, 0]))
    return np.asarray(degrees % 180, np.float64)
