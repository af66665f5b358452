"""What the registration of two photographs of one view gives: where each lies in the other, or why none can be given.

Places are fractions 0..1 of a picture's width and height, so that a registration found at a working size holds at every
size. The *reference* picture stays (the earlier one, as a rule), the *moving* one is laid onto it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
"""3 x 3, row by row."""

Points = NDArray[np.float64]
"""N x 2: x and y."""

Mask = NDArray[np.bool_]
"""H x W."""

Pixel = TypeVar("Pixel", np.uint8, np.float32, np.bool_)


class ComparisonReason(StrEnum):
    """Why two photographs cannot be compared. Words for people live with the pages, not here."""

    OTHER_VIEW = "other_view"  # two different views were given
    QUALITY_FAILED = "quality_failed"  # one of them did not pass the quality gate
    NO_SCALP = "no_scalp"  # no scalp to compare was found in one of them
    TOO_FEW_MATCHES = "too_few_matches"  # nothing agrees: another person, another place, or too much has changed
    TOO_LITTLE_OVERLAP = "too_little_overlap"  # the pictures agree, but share too little of the scalp
    MIRRORED = "mirrored"  # one is a mirror image: left and right are exchanged
    TOO_TILTED = "too_tilted"  # the head is seen from too different a side, or the camera stood far nearer
    TOO_FEW_HAIRS = "too_few_hairs"  # trichoscopy: not enough hairs to recognise a spot by
    NOT_THE_SAME_SPOT = "not_the_same_spot"  # trichoscopy: the hairs do not lie in the same pattern


@dataclass(frozen=True, slots=True)
class NotComparable:
    """Two photographs that cannot be compared, and why. ``detail``: figures such as "9 inliers of 12 needed"."""

    reason: ComparisonReason
    detail: str = ""


class Method(StrEnum):
    """What a registration rests on."""

    FEATURES = "features"  # points of skin and hair found in both
    HAIRS = "hairs"  # the constellation of the hairs of a trichoscopy field


@dataclass(frozen=True, slots=True)
class Refinement:
    """A smooth correction on a grid over the reference picture (rows x columns, corner to corner).

    What is seen at ``p`` of the reference lies, for the matrix, at ``p + offset``. Offsets are fractions of the
    reference's width (x) and height (y).
    """

    offsets: tuple[tuple[tuple[float, float], ...], ...]

    def at(self, points: Points) -> Points:
        """The offset at N x 2 places of the reference, between the grid's knots by cubic interpolation."""
        grid = np.array(self.offsets, np.float32)
        rows, columns = grid.shape[:2]
        across = (np.clip(points[:, 0], 0, 1) * (columns - 1)).astype(np.float32)
        down = (np.clip(points[:, 1], 0, 1) * (rows - 1)).astype(np.float32)
        most = 30_000  # cv2.remap takes at most 32767 rows
        parts = [
            cv2.remap(grid, a[:, None], d[:, None], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)[:, 0]
            for a, d in zip(_chunks(across, most), _chunks(down, most), strict=True)
        ]
        return np.concatenate(parts).astype(np.float64) if parts else np.zeros((0, 2))


@dataclass(frozen=True, slots=True)
class Registration:
    """Where the moving picture lies in the reference.

    ``overlap`` is the share of the reference's scalp that is seen in both; ``inliers`` how many matches agree,
    ``inlier_share`` their share of all matches; ``error`` the median distance of matches that took no part in the fit,
    as a fraction of the reference's width; ``zoom`` how much larger the moving picture shows the scalp (px of the
    moving picture per px of the reference, both at their own size), ``turn_degrees`` how far it is turned clockwise,
    ``tilt`` the ratio (at most 1) of the scalp's narrowest to its widest stretch; ``evidence`` is -log10 of the number
    of registrations as good as this that random matches would give.
    """

    matrix: Matrix
    refinement: Refinement | None
    overlap: float
    inliers: int
    inlier_share: float
    error: float
    zoom: float
    turn_degrees: float
    tilt: float
    method: Method
    evidence: float = 0.0

    def to_reference(self, points: Points) -> Points:
        """Places of the moving picture (N x 2 fractions) in the reference."""
        laid = through(np.array(self.matrix), points)
        if self.refinement is None:
            return laid
        guess = laid
        for _ in range(3):  # the correction is small and smooth: three steps are below a hundredth of a pixel
            guess = laid - self.refinement.at(guess)
        return guess

    def to_moving(self, points: Points) -> Points:
        """Places of the reference (N x 2 fractions) in the moving picture."""
        if self.refinement is not None:
            points = points + self.refinement.at(points)
        return through(np.linalg.inv(np.array(self.matrix)), points)

    def warp(self, picture: NDArray[Pixel], size: tuple[int, int]) -> NDArray[Pixel]:
        """The moving picture, mask or map as the reference shows it, ``size`` = (width, height) px.

        Pictures and float maps are interpolated, masks and label maps (H x W of bytes) take the nearest value. Where
        the moving picture does not reach, the value is 0.
        """
        where_x, where_y = self.sampling(size, (picture.shape[1], picture.shape[0]))
        source = picture.astype(np.uint8) if picture.dtype == np.bool_ else picture
        nearest = picture.ndim == 2 and picture.dtype != np.float32
        warped = cv2.remap(source, where_x, where_y, cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR)
        return np.asarray(warped, dtype=picture.dtype)

    def covers(self, size: tuple[int, int]) -> Mask:
        """Where, on the reference at ``size`` px, the moving picture shows anything at all."""
        where_x, where_y = self.sampling(size, (1, 1))
        inside = (where_x >= -0.5) & (where_x <= 0.5) & (where_y >= -0.5) & (where_y <= 0.5)
        return np.asarray(inside, np.bool_)

    def sampling(
        self, size: tuple[int, int], moving_size: tuple[int, int]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """For every pixel of the reference at ``size`` the column and row of the moving picture at ``moving_size``."""
        width, height = size
        x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
        places = self.to_moving(np.column_stack((x.ravel(), y.ravel())))
        columns = (places[:, 0] * moving_size[0] - 0.5).reshape(height, width)
        rows = (places[:, 1] * moving_size[1] - 0.5).reshape(height, width)
        return columns.astype(np.float32), rows.astype(np.float32)


IDENTITY: Final[Matrix] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def through(matrix: NDArray[np.float64], points: Points) -> Points:
    """N x 2 points mapped by a homography."""
    mapped = np.column_stack((points, np.ones(len(points)))) @ matrix.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:], dtype=np.float64)


def as_matrix(array: NDArray[np.float64]) -> Matrix:
    """A 3 x 3 array as a value, scaled so that its last entry is 1."""
    scaled = (array / array[2, 2]).tolist()
    first, second, third = ((float(a), float(b), float(c)) for a, b, c in scaled)
    return first, second, third


def _chunks(values: NDArray[np.float32], most: int) -> list[NDArray[np.float32]]:
    return [values[start : start + most] for start in range(0, len(values), most)]
