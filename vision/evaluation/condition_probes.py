"""Questions about the condition classifier beyond right and wrong: does it read watermarks?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from vision.condition import read_condition
from vision.decode import decode_image
from vision.evaluation.intervals import Figure, wilson
from vision.release import Release
from vision.training.condition_pictures import Picture
from vision.types import Condition, RgbImage

if TYPE_CHECKING:
    from vision.runtime import Network


@dataclass(frozen=True, slots=True)
class Patch:
    """A rectangle in picture fractions: top, bottom, left, right."""

    top: float
    bottom: float
    left: float
    right: float


CENTRAL_MARK = Patch(0.42, 0.58, 0.15, 0.85)
CORNER_BADGE = Patch(0.72, 1.0, 0.0, 0.5)
CONTROL = Patch(0.2, 0.36, 0.15, 0.85)


def most_probable(image: RgbImage, network: Network, release: Release) -> Condition:
    """The class that would be shown if there were no abstention."""
    reading, _ = read_condition(image, network, release)
    return max(reading.probabilities, key=reading.probabilities.__getitem__)


def blur_patch(image: RgbImage, patch: Patch) -> RgbImage:
    """The picture with a rectangle blurred beyond reading."""
    height, width = image.shape[:2]
    rows = slice(int(patch.top * height), int(patch.bottom * height))
    columns = slice(int(patch.left * width), int(patch.right * width))
    blurred = cv2.GaussianBlur(image, (0, 0), max(height, width) / 25)
    covered = image.copy()
    covered[rows, columns] = blurred[rows, columns]
    return covered


def write_mark(image: RgbImage, text: str = "Dermnet.com") -> RgbImage:
    """The picture with an atlas's mark across its middle, half transparent."""
    height, width = image.shape[:2]
    layer = image.copy()
    scale = width / 400
    place = (int(0.25 * width), int(0.53 * height))
    cv2.putText(layer, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (225, 225, 225), max(1, round(scale)), cv2.LINE_AA)
    return np.asarray(cv2.addWeighted(layer, 0.6, image, 0.4, 0), dtype=np.uint8)


def watermark_probe(pictures: Sequence[Picture], network: Network, release: Release) -> dict[str, Figure]:
    """How often the class changes when the places of watermarks are blurred, when as much is blurred elsewhere, and
    when a watermark is written on; and the share of right answers with marks blurred."""
    changed: dict[str, list[bool]] = {"marks_blurred": [], "elsewhere_blurred": [], "mark_written": []}
    right, right_blurred = [], []
    for picture in pictures:
        image = decode_image(picture.path.read_bytes())
        plain = most_probable(image, network, release)
        blurred = most_probable(blur_patch(blur_patch(image, CENTRAL_MARK), CORNER_BADGE), network, release)
        elsewhere = blur_patch(blur_patch(image, CONTROL), Patch(0.0, 0.28, 0.5, 1.0))
        changed["marks_blurred"].append(blurred is not plain)
        changed["elsewhere_blurred"].append(most_probable(elsewhere, network, release) is not plain)
        changed["mark_written"].append(most_probable(write_mark(image), network, release) is not plain)
        right.append(plain is picture.condition)
        right_blurred.append(blurred is picture.condition)
    figures = {f"class_changed.{name}": wilson(sum(hits), len(hits)) for name, hits in changed.items()}
    figures["accuracy.plain"] = wilson(sum(right), len(right))
    figures["accuracy.marks_blurred"] = wilson(sum(right_blurred), len(right_blurred))
    return {name: figure for name, figure in figures.items() if figure is not None}
