"""Whether something lies across the head: a linear reader of the cells in which the gate's network sees a picture.

Its weights (``cover_reader.npz``, some kilobytes) are written by ``python -m vision train gate_covers`` and hold for
the very network they were fitted on: with any other the gate does not ask, and a test fails. It learnt from covers laid
over photographs of heads.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.quality.head import HeadLook, Seen, release
from vision.quality.readers import Numbers, Reader, shipped_reader

COVER_WEIGHTS: Final = Path(__file__).with_name("cover_reader.npz")
CELLS: Final = 9
MOST_COVERED: Final = 8
"""Cells that speak for a picture: about a tenth of it."""
SILENT: Final = -99.0
"""Told where the reader was fitted on another network."""


def cover_score(look: HeadLook) -> float:
    """Log odds that a cover lies on the cells that look most like it."""
    reader = cover_reader()
    if look.seen is None or not reader.knows_the_network:
        return SILENT
    features, _ = cell_features(look.seen)
    return score(features, reader)


def score(features: Numbers, reader: Reader) -> float:
    """Mean log odds of the :data:`MOST_COVERED` cells. ``features``: cells x features."""
    odds = (features @ reader.weights + reader.bias) @ np.array((-1.0, 1.0), np.float32)
    return float(np.sort(odds)[-MOST_COVERED:].mean())


def cell_features(seen: Seen) -> tuple[Numbers, NDArray[np.bool_]]:
    """Features of the cells that show the picture (cells x 1368), and which of the 81 these are."""
    middle = cv2.resize(seen.middle.transpose(1, 2, 0), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    features = np.concatenate([np.sqrt(np.maximum(seen.deep, 0)).transpose(1, 2, 0), middle], axis=2)
    step, place = release().input.height / CELLS, seen.place
    centres = (np.arange(CELLS) + 0.5) * step
    rows = (centres >= place.top) & (centres < place.top + place.height)
    columns = (centres >= place.left) & (centres < place.left + place.width)
    inside = (rows[:, None] & columns[None]).ravel()
    return np.asarray(features.reshape(CELLS * CELLS, -1)[inside], np.float32), inside


@cache
def cover_reader() -> Reader:
    """The shipped reader of covers."""
    return shipped_reader(COVER_WEIGHTS)
