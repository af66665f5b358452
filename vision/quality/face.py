"""Whether a face looks into the camera, and how upright: OpenCV's own cascade (Viola and Jones 2001), no network."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from vision.types import RgbImage

LOOK_EDGE_PX: Final = 240
SMALLEST_PX: Final = 40
NEIGHBOURS: Final = 4
"""Windows that must agree; fewer find faces in hair."""

STEP_DEGREES: Final = 15
FARTHEST_DEGREES: Final = 45

_one_at_a_time = threading.Lock()


def face_turn(image: RgbImage, *, turned: bool) -> float | None:
    """Degrees (anticlockwise) by which the face in the picture is turned, in steps of 15; None without a face.

    ``turned`` False looks for an upright face only. The turn is where the cascade, which knows upright faces only, is
    most certain.
    """
    scale = min(1.0, LOOK_EDGE_PX / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    reach = FARTHEST_DEGREES if turned else 0
    found = {angle: _certainty(grey, angle) for angle in range(-reach, reach + 1, STEP_DEGREES)}
    best = max(found, key=lambda angle: (found[angle], -abs(angle)))
    return float(best) if found[best] > 0 else None


def _certainty(grey: np.ndarray, degrees: int) -> float:  # type: ignore[type-arg]
    """How sure the cascade is of its best face after the picture was turned back by ``degrees``; 0 without one."""
    height, width = grey.shape
    if degrees:
        back = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
        grey = cv2.warpAffine(grey, back, (width, height), borderMode=cv2.BORDER_REPLICATE)
    with _one_at_a_time:
        _, _, weights = _cascade().detectMultiScale3(
            grey, 1.15, NEIGHBOURS, minSize=(SMALLEST_PX, SMALLEST_PX), outputRejectLevels=True
        )
    return max((float(weight) for weight in np.ravel(weights)), default=0.0)


@cache
def _cascade() -> Any:
    return cv2.CascadeClassifier(str(Path(str(cv2.__file__)).parent / "data" / "haarcascade_frontalface_alt2.xml"))
