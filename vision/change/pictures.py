"""Pictures of a comparison, for looking: the later photograph laid onto the earlier, the change map, hairs' fates.

Change runs from orange (thinner) over nothing to blue (fuller), two hues that every kind of colour vision tells apart
(Okabe and Ito 2008), in steps even to the eye; the figures are written beside the places, so that colour alone never
carries the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.change.light import in_light_of
from vision.change.types import ChangeMap, Fate, HairMatches, LightDifference, LocalChange
from vision.colour import Rgb, from_oklab, to_oklab
from vision.encode import fitted, jpeg
from vision.registration.types import Registration
from vision.types import EncodedImage, HairField, ImageKind, RgbImage

CHANGE_STOPS: Final[tuple[Rgb, ...]] = (
    (122, 45, 0),  # much thinner: dark orange
    (213, 94, 0),  # vermillion
    (250, 190, 130),
    (244, 244, 244),  # as before
    (150, 200, 235),
    (0, 114, 178),  # blue
    (0, 54, 110),  # much fuller: dark blue
)

FULL_COLOUR: Final = 0.5
"""Change of cover that has the last colour."""

FATE_COLOURS: Final[dict[Fate, Rgb]] = {
    Fate.KEPT: (240, 228, 66),  # yellow
    Fate.LOST: (213, 94, 0),  # vermillion
    Fate.NEW: (0, 158, 225),  # sky blue
}


@cache
def change_table() -> NDArray[np.uint8]:
    """256 x 3 sRGB: index 0 thinner .. 255 fuller, 127 and 128 as before; even steps in Oklab within each half."""
    stops = to_oklab(np.array(CHANGE_STOPS, dtype=np.float64) / 255)
    middle = len(stops) // 2
    halves = []
    for part in (stops[: middle + 1], stops[middle:]):
        along = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(part, axis=0), axis=1))))
        where = np.linspace(0, along[-1], 128)
        halves.append(np.column_stack([np.interp(where, along, part[:, axis]) for axis in range(3)]))
    table = np.round(from_oklab(np.concatenate(halves)) * 255).astype(np.uint8)
    table.setflags(write=False)
    return table


def aligned(now: RgbImage, registration: Registration, light: LightDifference, size: tuple[int, int]) -> RgbImage:
    """The later photograph as the earlier one's camera and light would have shown it; black where it does not reach."""
    return registration.warp(in_light_of(fitted(now, 2 * max(size)), light), size)


def aligned_picture(then: RgbImage, now: RgbImage, registration: Registration, light: LightDifference) -> EncodedImage:
    """:func:`aligned` at the size at which pages show the earlier photograph."""
    height, width = fitted(then).shape[:2]
    return jpeg(ImageKind.ALIGNED, aligned(now, registration, light, (width, height)))


def change_picture(then: RgbImage, found: ChangeMap) -> EncodedImage:
    """The earlier photograph in grey, change in colour where it stands out, outlined, with percentage points."""
    shown = fitted(then)
    height, width = shown.shape[:2]
    values = cv2.resize(found.values, (width, height), interpolation=cv2.INTER_LINEAR)
    index = np.clip(np.round(127.5 + 127.5 * values / FULL_COLOUR), 0, 255).astype(np.uint8)
    alpha = (0.78 * np.clip(np.abs(values) / max(found.noise_floor, 1e-3), 0, 1) ** 0.5)[..., None]
    grey = cv2.cvtColor(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    faded = 0.72 * grey.astype(np.float32) + 44
    picture = np.round(faded * (1 - alpha) + change_table()[index] * alpha).astype(np.uint8)
    line = max(2, round(max(height, width) / 500))
    rim = cv2.resize(found.common.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    outlines, _ = cv2.findContours(rim, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outlines, -1, (255, 255, 255), 1, cv2.LINE_AA)
    for place in found.places:
        corners = np.round(np.array(place.polygon) * (width, height)).astype(np.int32)
        cv2.polylines(picture, [corners], True, (255, 255, 255), line + 2, cv2.LINE_AA)
        cv2.polylines(picture, [corners], True, (20, 20, 20), line, cv2.LINE_AA)
    _write_values(picture, found.places)
    return jpeg(ImageKind.CHANGE, picture)


def fates_picture(then: RgbImage, then_field: HairField, laid_now: HairField, matches: HairMatches) -> EncodedImage:
    """Kept, lost and new hairs over the earlier field: solid, dashed with a cross at the root, dashed with a ring;
    the frame is where they were looked for.

    ``laid_now`` are the later field's hairs on the earlier picture.
    """
    picture = fitted(then).copy()
    size = np.array((picture.shape[1], picture.shape[0]))
    line = max(2, round(max(picture.shape[:2]) / 420))
    frame = then_field.frame
    corners = [_pixel(np.array(corner) * size) for corner in ((frame.left, frame.top), (frame.right, frame.bottom))]
    cv2.rectangle(picture, corners[0], corners[1], (255, 255, 255), max(1, line // 2), cv2.LINE_AA)
    rows = [(Fate.KEPT, then_field.hairs[pair.then]) for pair in matches.kept]
    rows += [(Fate.LOST, then_field.hairs[number]) for number in matches.lost]
    rows += [(Fate.NEW, laid_now.hairs[number]) for number in matches.new]
    for fate, hair in rows:
        root, tip = np.array(hair.root) * size, np.array(hair.tip) * size
        for colour, width in (((15, 15, 15), line + 3), (FATE_COLOURS[fate], line)):
            _shaft(picture, root, tip, colour, width, dashed=fate is not Fate.KEPT)
            _root(picture, root, fate, colour, width)
    return jpeg(ImageKind.HAIR_FATES, picture)


def _shaft(
    picture: RgbImage,
    root: NDArray[np.float64],
    tip: NDArray[np.float64],
    colour: Rgb,
    width: int,
    *,
    dashed: bool,
) -> None:
    pieces = [(0.0, 1.0)] if not dashed else [(at / 7, (at + 1) / 7) for at in range(0, 7, 2)]
    for start, end in pieces:
        first, second = root + start * (tip - root), root + end * (tip - root)
        cv2.line(picture, _pixel(first), _pixel(second), colour, width, cv2.LINE_AA)


def _root(picture: RgbImage, root: NDArray[np.float64], fate: Fate, colour: Rgb, width: int) -> None:
    reach = 3 * width if fate is Fate.KEPT else 4 * width
    if fate is Fate.LOST:
        for step in (np.array((reach, reach)), np.array((reach, -reach))):
            cv2.line(picture, _pixel(root - step), _pixel(root + step), colour, width, cv2.LINE_AA)
    elif fate is Fate.NEW:
        cv2.circle(picture, _pixel(root), reach, colour, width, cv2.LINE_AA)
    else:
        cv2.circle(picture, _pixel(root), reach // 2, colour, -1, cv2.LINE_AA)


def _write_values(picture: RgbImage, places: Sequence[LocalChange]) -> None:
    height, width = picture.shape[:2]
    scale = max(0.5, max(height, width) / 1100)
    for place in places:
        words = f"{place.change.value:+.0f}"
        (wide, tall), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
        middle = np.array(place.polygon).mean(axis=0) * (width, height)
        left = int(np.clip(middle[0] - wide / 2, 4, width - wide - 4))
        base = int(np.clip(middle[1] + tall / 2, tall + 4, height - 4))
        cv2.rectangle(picture, (left - 5, base - tall - 5), (left + wide + 5, base + 6), (20, 20, 20), -1)
        cv2.putText(picture, words, (left, base), cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 2, cv2.LINE_AA)


def _pixel(place: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))
