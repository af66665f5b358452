"""The picture that explains a counted trichoscopy field: every hair found, its unit, and the counting frame.

For looking; nothing is measured on it.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.encode import fitted, jpeg
from vision.types import EncodedImage, Hair, HairField, HairKind, ImageKind, RgbImage

HAIR_COLOURS: Final[dict[HairKind, tuple[int, int, int]]] = {
    HairKind.MULTI_HAIR_UNIT: (0, 158, 115),
    HairKind.SINGLE: (86, 180, 233),
    HairKind.THIN: (240, 228, 66),
    HairKind.ABNORMAL: (213, 94, 0),
}
"""Okabe and Ito's colours, told apart by people who confuse red and green."""

OUTSIDE: Final = (150, 150, 150)
FRAME: Final = (255, 255, 255)
INK: Final = (20, 20, 20)
UNDERLAY: Final = 2
"""Dark rim of every line, px, so that it shows on skin and on hair."""


def hairs_picture(image: RgbImage, field: HairField) -> EncodedImage:
    """:func:`draw_field` as a file."""
    return jpeg(ImageKind.HAIRS, draw_field(image, field))


def draw_field(image: RgbImage, field: HairField) -> RgbImage:
    """The photo with a line per hair, a ring at its root, a loop around each multi-hair unit, and the frame."""
    shown = fitted(image).copy()
    height, width = shown.shape[:2]
    size = np.array((width, height), np.float64)
    line = max(2, round(max(height, width) / 500))
    box = field.frame
    corners = [_point(np.array(corner) * size) for corner in ((box.left, box.top), (box.right, box.bottom))]
    cv2.rectangle(shown, corners[0], corners[1], INK, line + UNDERLAY, cv2.LINE_AA)
    cv2.rectangle(shown, corners[0], corners[1], FRAME, line, cv2.LINE_AA)
    for unit in sorted({hair.unit for hair in field.hairs}):
        roots = [np.array(hair.root) * size for hair in field.hairs if hair.unit == unit]
        if len(roots) > 1:
            centre = np.mean(roots, axis=0)
            radius = max(float(np.linalg.norm(root - centre)) for root in roots) + 5 * line
            cv2.circle(shown, _point(centre), round(radius), INK, line + UNDERLAY, cv2.LINE_AA)
            cv2.circle(shown, _point(centre), round(radius), FRAME, max(1, line - 1), cv2.LINE_AA)
    for hair in field.hairs:
        _draw(shown, hair, size, line)
    return shown


def _draw(shown: RgbImage, hair: Hair, size: NDArray[np.float64], line: int) -> None:
    colour = HAIR_COLOURS[hair.kind] if hair.counted else OUTSIDE
    root, tip = _point(np.array(hair.root) * size), _point(np.array(hair.tip) * size)
    for ink, thick in ((INK, line + UNDERLAY), (colour, line)):
        cv2.line(shown, root, tip, ink, thick, cv2.LINE_AA)
        cv2.circle(shown, root, 2 * line, ink, thick, cv2.LINE_AA)


def _point(place: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))
