"""Points of skin and hair that can be found again: SIFT features of the head, and which of them agree in two pictures.

SIFT (Lowe 2004) compared by the Hellinger kernel (Arandjelovic and Zisserman 2012). Only the head counts: floors,
chairs and date stamps are the same for every patient of a clinic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.registration.types import Mask, Points, through
from vision.types import RgbImage

WORKING_PX: Final = 720
"""Long edge at which registration works: finer structure is single hairs, which move with every breath."""

MOST_FEATURES: Final = 2000
CONTRAST: Final = 0.015
BORDER: Final = 0.012
"""Features nearer to the head's outline than this (share of the long edge) see the background."""

RATIO: Final = 0.86
"""A match has to be this much nearer than the next best (Lowe's ratio)."""

GUIDED_RATIO: Final = 0.93
"""The same where a match is looked for only near the place that is expected."""

GUIDED_TURN: Final = 45.0
GUIDED_OCTAVES: Final = 1.0


@dataclass(frozen=True, slots=True)
class Working:
    """A picture at the working size: grey (contrast evened out) and where the head and the scalp are."""

    grey: NDArray[np.uint8]
    head: Mask
    scalp: Mask

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.grey.shape[1], self.grey.shape[0]


@dataclass(frozen=True, slots=True)
class Features:
    """N features: places (px of the working picture), sizes (px), directions (degrees) and descriptors (N x 128)."""

    places: Points
    sizes: NDArray[np.float64]
    angles: NDArray[np.float64]
    descriptors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Matches:
    """M matches: places in the reference and in the moving picture, px of the working pictures."""

    reference: Points
    moving: Points


def working_picture(image: RgbImage, scalp: Mask | None, head: Mask | None = None) -> Working:
    """The picture at the working size. Without masks the whole picture counts as head and scalp."""
    factor = WORKING_PX / max(image.shape[:2])
    size = (max(16, round(image.shape[1] * factor)), max(16, round(image.shape[0] * factor)))
    shown = cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    grey = cv2.createCLAHE(2.0, (8, 8)).apply(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY))
    everywhere = np.ones((size[1], size[0]), np.bool_)
    of_scalp = everywhere if scalp is None else resized_mask(scalp, size)
    of_head = of_scalp if head is None else of_scalp | resized_mask(head, size)
    return Working(np.asarray(grey, np.uint8), of_head, of_scalp)


def resized_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    """A mask at another size (width, height), nearest value."""
    return np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST_EXACT), np.bool_)


def find_features(picture: Working) -> Features:
    """SIFT features of the head, inside its outline."""
    edge = 2 * round(BORDER * max(picture.size)) + 1
    inside = picture.head.astype(np.uint8)
    if not picture.head.all():
        inside = cv2.erode(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (edge, edge)))
    left, top, width, height = cv2.boundingRect(inside)
    window = (slice(top, top + height), slice(left, left + width))
    found = None
    if min(width, height) >= 16:
        keypoints, found = cv2.SIFT.create(nfeatures=MOST_FEATURES, contrastThreshold=CONTRAST).detectAndCompute(
            np.ascontiguousarray(picture.grey[window]), np.ascontiguousarray(inside[window])
        )
    if found is None or not len(keypoints):
        return Features(np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.zeros((0, 128), np.float32))
    rooted = np.sqrt(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-6))
    return Features(
        np.array([point.pt for point in keypoints], np.float64) + np.array((left, top)),
        np.array([point.size for point in keypoints], np.float64),
        np.array([point.angle for point in keypoints], np.float64),
        rooted.astype(np.float32),
    )


_MIRRORED_BINS: Final = np.array(
    [((3 - row) * 4 + column) * 8 + (8 - turn) % 8 for row in range(4) for column in range(4) for turn in range(8)]
)
"""Where each number of a descriptor (4 rows x 4 columns x 8 directions) comes from in the mirror image's."""


def mirrored(features: Features, width: int) -> Features:
    """The features of the picture's mirror image (left and right exchanged), without looking again."""
    places = np.column_stack((width - 1 - features.places[:, 0], features.places[:, 1]))
    return Features(places, features.sizes, (180 - features.angles) % 360, features.descriptors[:, _MIRRORED_BINS])


def match(reference: Features, moving: Features) -> Matches:
    """Features that choose each other and leave the next best behind."""
    if len(reference.places) < 2 or len(moving.places) < 2:
        return Matches(np.zeros((0, 2)), np.zeros((0, 2)))
    return _chosen(reference, moving, reference.descriptors @ moving.descriptors.T, RATIO)


def match_near(reference: Features, moving: Features, to_reference: NDArray[np.float64], radius_px: float) -> Matches:
    """Features that choose each other among those that ``to_reference`` (3 x 3, px) brings within ``radius_px``, and
    that agree with it in size and direction."""
    if len(reference.places) < 2 or len(moving.places) < 2:
        return Matches(np.zeros((0, 2)), np.zeros((0, 2)))
    laid = through(to_reference, moving.places)
    beside = through(to_reference, moving.places + _steps(moving.angles))
    ahead = beside - laid
    zoom = np.linalg.norm(ahead, axis=1)
    turned = np.degrees(np.arctan2(ahead[:, 1], ahead[:, 0]))
    apart = (reference.places**2).sum(1)[:, None] + (laid**2).sum(1)[None] - 2 * reference.places @ laid.T
    turn = np.abs((reference.angles[:, None] - turned[None] + 180) % 360 - 180)
    octaves = np.abs(np.log2(reference.sizes)[:, None] - np.log2(moving.sizes * np.maximum(zoom, 1e-6))[None])
    fits = (apart < radius_px**2) & (turn < GUIDED_TURN) & (octaves < GUIDED_OCTAVES)
    alike = np.where(fits, reference.descriptors @ moving.descriptors.T, np.float32(-1))
    return _chosen(reference, moving, alike, GUIDED_RATIO)


def _chosen(reference: Features, moving: Features, alike: NDArray[np.float32], ratio: float) -> Matches:
    best = alike.argmax(axis=1)
    rows = np.arange(len(best))
    mutual = (alike.argmax(axis=0)[best] == rows) & (alike[rows, best] > 0)
    two = np.partition(alike, -2, axis=1)[:, -2:]
    far = np.sqrt(np.maximum(2 - 2 * two, 1e-9))
    clear = far[:, 1] < ratio * far[:, 0]
    keep = mutual & clear
    return _distinct(Matches(reference.places[keep], moving.places[best[keep]]))


def _distinct(matches: Matches, cell_px: float = 3.0) -> Matches:
    """One match per place: a blob that was found under two directions is one witness, not two."""
    cells = np.floor(np.column_stack((matches.reference, matches.moving)) / cell_px).astype(np.int64)
    _, first = np.unique(cells[:, :2], axis=0, return_index=True)
    _, second = np.unique(cells[first, 2:], axis=0, return_index=True)
    rows = np.sort(first[second])
    return Matches(matches.reference[rows], matches.moving[rows])


def _steps(angles: NDArray[np.float64]) -> Points:
    radians = np.radians(angles)
    return np.column_stack((np.cos(radians), np.sin(radians)))
