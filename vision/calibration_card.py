"""The calibration card (C6): its exact geometry, and what a photograph of it says about scale, tilt and light.

The card has the size of a bank card (ISO/IEC 7810 ID-1), so that anybody can check its print: the two cover each other.
It carries a ChArUco board (a chessboard whose white squares hold ArUco markers: each corner is known by number and
found to a fraction of a pixel) and six patches of grey.

The scale is that of a plane facing the camera at the distance of the card's centre, ``focal length / distance``, from
the card's pose (Collins and Bartoli 2014, "Infinitesimal plane-based pose estimation", refined on the corners). The
focal length is not known and need not be: a wrong guess moves the distance with it, and hardly the ratio of both. The
card has to lie where the scalp is: 3 cm nearer to a camera 50 cm away makes every length 6 % too short.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import acos, degrees
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.types import NotMeasurable, Reason, RgbImage

CARD_MM: Final = (85.6, 54.0)
"""Width and height."""

SQUARES: Final = (6, 3)
SQUARE_MM: Final = 12.0
MARKER_MM: Final = 9.0
BOARD_AT_MM: Final = (6.8, 4.0)
"""Of the board's upper left corner, from the card's."""

CELL_MM: Final = 0.5
"""Everything on the board lies on a grid of this step."""

PATCHES_AT_MM: Final = (6.8, 42.0)
PATCH_MM: Final = (12.0, 8.0)
PATCH_GREYS: Final = (255, 205, 155, 110, 70, 30)
"""sRGB values from bare paper to nearly black."""

MIDDLE_GREYS: Final = slice(1, 5)
"""Patches that neither burn out nor drown: they give the white balance."""

MAX_TILT_DEGREES: Final = 30.0
MAX_BEND_MM: Final = 0.3
"""Root mean square distance of the corners from a flat card: a folded or crumpled one. An even bulge seen from the
front hardly shows, and costs little: 1 % of a length at 5 mm."""

FOCAL_SHARE: Final = 1.0
"""Guessed focal length over the long edge of the picture: telephones have 0.75, and up to 1.5 when zoomed."""

MIN_SQUARE_PX: Final = 24.0
MIN_CORNERS: Final = 6
MIRROR_MARKERS: Final = 3
"""Of the card's nine; a pattern in a picture is now and then taken for one marker, never for three."""

SCALE_ERROR: Final = 0.02
"""Relative half width of the 95 % interval of a length: docs/studies/scale.json, up to 25° of tilt."""

Points = NDArray[np.float64]

_DICTIONARY: Final = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
_BOARD: Final = cv2.aruco.CharucoBoard(SQUARES, SQUARE_MM, MARKER_MM, _DICTIONARY)


@dataclass(frozen=True, slots=True)
class CardReading:
    """What one card in a photograph says."""

    px_per_mm: float  # of a plane that faces the camera at the card's distance
    tilt_degrees: float
    bend_mm: float  # root mean square distance of its corners from a flat card
    corners: int
    outline_px: tuple[tuple[float, float], ...]  # the card's four corners in the photograph, from its upper left
    white_balance: tuple[float, float, float]  # factors for linear red, green, blue that make the greys grey
    exposure_stops: float  # by how much the paper is darker than full white; 0.0 where it is burnt out


def board_cells() -> NDArray[np.bool_]:
    """The board as cells of :data:`CELL_MM`, rows x columns; True is ink."""
    columns, rows = (round(count * SQUARE_MM / CELL_MM) for count in SQUARES)
    return np.asarray(_BOARD.generateImage((columns, rows), marginSize=0, borderBits=1) < 128)


def ink_rectangles() -> Iterator[tuple[float, float, float, float]]:
    """Left, top, width and height in mm from the card's upper left corner of every run of ink, row by row."""
    left, top = BOARD_AT_MM
    for row, cells in enumerate(board_cells()):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], cells.astype(np.int8), [0]))))
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            yield left + first * CELL_MM, top + row * CELL_MM, (end - first) * CELL_MM, CELL_MM


def grey_patches() -> Iterator[tuple[float, float, float, float, int]]:
    """Left, top, width and height in mm, and the sRGB grey, of every patch."""
    left, top = PATCHES_AT_MM
    width, height = PATCH_MM
    for place, grey in enumerate(PATCH_GREYS):
        yield left + place * width, top, width, height, grey


def read_card(image: RgbImage) -> CardReading | NotMeasurable:
    """Find the card and read it; else the reason why it gives no scale.

    ``NO_SCALE`` without a card, ``SEVERAL_CARDS``, ``CARD_MIRRORED`` for a mirror image (a front camera's), and
    ``CARD_UNUSABLE`` for one that is too small, tilted, bent or half covered, with the figure in ``detail``.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    found, ids, markers = _corners(grey)
    if len(ids) < MIN_CORNERS:
        if len(ids) < 4 and _proves_a_mirror(cv2.flip(grey, 1), markers):
            return NotMeasurable(Reason.CARD_MIRRORED)
        if len(markers) > len(set(markers)):
            return NotMeasurable(Reason.SEVERAL_CARDS)
        return _too_few(len(ids), len(markers))
    if len(markers) > len(set(markers)):
        return NotMeasurable(Reason.SEVERAL_CARDS)

    on_card = np.asarray(_BOARD.getChessboardCorners(), np.float64)[ids][:, :2] + BOARD_AT_MM
    to_picture, _ = cv2.findHomography(on_card, found, 0)
    bend = _bend_mm(np.asarray(to_picture, float), on_card, found)
    px_per_mm, tilt = _scale_and_tilt(on_card, found, (image.shape[1], image.shape[0]))
    if px_per_mm * SQUARE_MM < MIN_SQUARE_PX:
        return NotMeasurable(Reason.CARD_UNUSABLE, f"its squares are {px_per_mm * SQUARE_MM:.0f} px wide")
    if tilt > MAX_TILT_DEGREES:
        return NotMeasurable(Reason.CARD_UNUSABLE, f"tilted by {tilt:.0f}°")
    if bend > MAX_BEND_MM:
        return NotMeasurable(Reason.CARD_UNUSABLE, f"bent by {bend:.2f} mm")
    greys = _grey_levels(image, np.asarray(to_picture, float))
    width, height = CARD_MM
    edges = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    outline = _through(np.asarray(to_picture, float), edges)
    return CardReading(
        px_per_mm=px_per_mm,
        tilt_degrees=tilt,
        bend_mm=bend,
        corners=len(ids),
        outline_px=tuple((float(x), float(y)) for x, y in outline),
        white_balance=_white_balance(greys),
        exposure_stops=_exposure_stops(greys),
    )


def enlarged(card: CardReading, factor: float) -> CardReading:
    """The same reading in a picture ``factor`` times as large."""
    outline = tuple((x * factor, y * factor) for x, y in card.outline_px)
    return replace(card, px_per_mm=card.px_per_mm * factor, outline_px=outline)


class CardLight(Protocol):
    """What a card says of the light: a :class:`CardReading`, or what was kept of one."""

    @property
    def white_balance(self) -> tuple[float, float, float]: ...

    @property
    def exposure_stops(self) -> float: ...


def normalise_by_card(image: RgbImage, card: CardLight) -> RgbImage:
    """The photograph with the card's greys grey and its paper at the same white; for looking and comparing, not for
    measuring. What was clipped stays clipped."""
    gains = np.array(card.white_balance) * 2.0**card.exposure_stops
    tables = [_to_stored(np.minimum(1.0, _LINEAR * gain)) for gain in gains]
    bands = [cv2.LUT(np.ascontiguousarray(image[..., band]), table) for band, table in enumerate(tables)]
    return np.asarray(cv2.merge(bands), dtype=np.uint8)


def _corners(grey: NDArray[np.uint8]) -> tuple[Points, NDArray[np.int64], list[int]]:
    """Chessboard corners (N x 2, px), their numbers, and the numbers of all markers seen."""
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    detector = cv2.aruco.CharucoDetector(_BOARD, cv2.aruco.CharucoParameters(), settings)
    _, seen, _ = cv2.aruco.ArucoDetector(_DICTIONARY, settings).detectMarkers(grey)
    markers = [] if seen is None else [int(one) for one in seen.ravel() if one < len(_BOARD.getIds())]
    found, ids, _, _ = detector.detectBoard(grey)
    if ids is None:
        return np.zeros((0, 2)), np.zeros(0, np.int64), markers
    return found.reshape(-1, 2).astype(np.float64), ids.ravel().astype(np.int64), markers


def _proves_a_mirror(flipped: NDArray[np.uint8], markers: list[int]) -> bool:
    """Whether the card is read in the flipped picture: enough of its corners, or of its markers and hardly one of them
    in the picture as it came. A card too tilted, small or covered to measure with tells a mirror image all the same."""
    _, corners, seen = _corners(flipped)
    return len(corners) >= MIN_CORNERS or len(set(seen)) >= MIRROR_MARKERS * (1 + len(markers))


def _too_few(corners: int, markers: int) -> NotMeasurable:
    if markers == 0:
        return NotMeasurable(Reason.NO_SCALE)
    expected = (SQUARES[0] - 1) * (SQUARES[1] - 1)
    return NotMeasurable(Reason.CARD_UNUSABLE, f"{corners} of its {expected} corners are seen")


def _through(homography: Points, points: Points) -> Points:
    mapped = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:], float)


def _bend_mm(to_picture: Points, on_card: Points, found: Points) -> float:
    back = _through(np.asarray(np.linalg.inv(to_picture), np.float64), found)
    return float(np.sqrt(((back - on_card) ** 2).sum(1).mean()))


def _scale_and_tilt(on_card: Points, found: Points, size_px: tuple[int, int]) -> tuple[float, float]:
    """Pixels per mm at the card's centre, and degrees by which the card's face is turned from the camera's axis."""
    width, height = size_px
    focal = FOCAL_SHARE * max(size_px)
    camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    flat = np.column_stack([on_card - np.array(CARD_MM) / 2, np.zeros(len(on_card))])
    _, turned, moved = cv2.solvePnP(flat, found, camera, None, flags=cv2.SOLVEPNP_IPPE)
    turned, moved = cv2.solvePnPRefineLM(flat, found, camera, None, turned, moved)
    rotation, _ = cv2.Rodrigues(turned)
    return float(focal / moved[2, 0]), degrees(acos(min(1.0, abs(float(rotation[2, 2])))))


def _grey_levels(image: RgbImage, to_picture: Points) -> Points:
    """Median stored RGB of the middle of every patch, 6 x 3."""
    levels = []
    for left, top, width, height, _grey in grey_patches():
        across, down = np.meshgrid(np.linspace(0.3, 0.7, 15), np.linspace(0.3, 0.7, 11))
        spots = _through(to_picture, np.column_stack([left + across.ravel() * width, top + down.ravel() * height]))
        columns = np.clip(spots[:, 0].round().astype(int), 0, image.shape[1] - 1)
        rows = np.clip(spots[:, 1].round().astype(int), 0, image.shape[0] - 1)
        levels.append(np.median(image[rows, columns], axis=0))
    return np.array(levels)


_LINEAR: Final = np.where(
    np.arange(256) / 255 <= 0.04045, np.arange(256) / 255 / 12.92, ((np.arange(256) / 255 + 0.055) / 1.055) ** 2.4
)
"""Linear light of every stored value (IEC 61966-2-1)."""


def _to_stored(linear: Points) -> NDArray[np.uint8]:
    coded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    return np.asarray(np.clip(np.rint(coded * 255), 0, 255), dtype=np.uint8)


def _white_balance(greys: Points) -> tuple[float, float, float]:
    light = _LINEAR[np.clip(greys[MIDDLE_GREYS], 0, 255).astype(int)].mean(axis=0) + 1e-6
    red, green, blue = light[1] / light
    return float(red), float(green), float(blue)


def _exposure_stops(greys: Points) -> float:
    """From the brightest patch that is not burnt out: how many stops its green light lies under what is printed."""
    for level, printed in zip(greys, PATCH_GREYS, strict=True):
        if level.max() < 250:
            return float(np.log2(_LINEAR[printed] / (_LINEAR[int(level[1])] + 1e-6)))
    return 0.0
