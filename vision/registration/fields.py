"""Registration of two trichoscopy fields: by the constellation of their follicular units, or features of the skin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atan2, degrees
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.registration.constellation import TOLERANCE_MM, Constellation, Stars, judge, recognise, stars_of
from vision.registration.overview import register
from vision.registration.types import (
    ComparisonReason,
    Method,
    NotComparable,
    Registration,
    as_matrix,
    through,
)
from vision.types import HairField, RgbImage

MAX_FALSE: Final = 1e-5
"""Expected false alarms below which two fields are taken for one spot. Units keep apart and stand in rows, so that two
spots agree more often than scattered ones would: at 1e-3 one pair in 200 of other patients' sites passed."""

MIN_SHARE: Final = 0.5
"""Share of the units inside both fields that have to agree."""

MIN_OVERLAP: Final = 0.25
"""Share of the earlier field that both have to show."""

BY_FEATURES: Final = 3
"""Similarities counted as looked at where features of the skin have given one."""

AFFINE_FROM: Final = 8
"""Pairs from which stretched skin is followed by an affine map."""


@dataclass(frozen=True, slots=True)
class Field:
    """One trichoscopy picture with its hairs and scale."""

    image: RgbImage
    hairs: HairField
    px_per_mm: float

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        return self.image.shape[1], self.image.shape[0]

    @property
    def stars(self) -> Stars:
        """Its follicular units."""
        return stars_of(self.hairs, self.size_px, self.px_per_mm)


def register_fields(then: Field, now: Field) -> Registration | NotComparable:
    """Lay the later field onto the earlier one.

    Refused with ``TOO_FEW_HAIRS``, ``MIRRORED``, ``NOT_THE_SAME_SPOT`` or ``TOO_LITTLE_OVERLAP``. ``overlap`` is the
    share of the earlier picture; ``inliers`` count units; ``evidence`` is -log10 of the expected false alarms.
    """
    first, second = then.stars, now.stars
    fewest = min(len(first.places), len(second.places))
    found = recognise(first, second)
    if not _proven(found):
        found = _better(found, _by_features(then, now, first, second))
    if found is None and fewest < 5:
        return NotComparable(ComparisonReason.TOO_FEW_HAIRS, f"{fewest} units")
    if found is None or not _proven(found):
        return _why_not(first, second, found)
    matrix = _matrix(found, first, second)
    width, height = then.size_px
    to_fractions = _scaling(first.size_mm) @ matrix @ np.linalg.inv(_scaling(second.size_mm))
    registration = Registration(
        matrix=as_matrix(to_fractions),
        refinement=None,
        overlap=1.0,
        inliers=len(found.pairs),
        inlier_share=len(found.pairs) / max(1, found.inside),
        error=_error_mm(matrix, found, first, second) / first.size_mm[0],
        zoom=now.px_per_mm / then.px_per_mm / abs(found.factor),
        turn_degrees=-degrees(atan2(found.factor.imag, found.factor.real)),
        tilt=_tilt(matrix),
        method=Method.HAIRS,
        evidence=-found.log10_false,
    )
    overlap = float(registration.covers((width // 8, height // 8)).mean())
    if overlap < MIN_OVERLAP:
        return NotComparable(ComparisonReason.TOO_LITTLE_OVERLAP, f"{100 * overlap:.0f} % of the field is in both")
    return replace(registration, overlap=overlap)


def _proven(found: Constellation | None) -> bool:
    if found is None:
        return False
    return 10**found.log10_false < MAX_FALSE and len(found.pairs) >= MIN_SHARE * found.inside


def _better(one: Constellation | None, other: Constellation | None) -> Constellation | None:
    if one is None or other is None:
        return one or other
    return one if one.log10_false <= other.log10_false else other


def _by_features(then: Field, now: Field, first: Stars, second: Stars) -> Constellation | None:
    """What features of the skin say, held against the units."""
    laid = register(then.image, now.image)
    if isinstance(laid, NotComparable):
        return None
    ends = np.array([(0.5, 0.5), (0.6, 0.5)])
    goal = laid.to_reference(ends) * first.size_mm
    start = ends * second.size_mm
    across = complex(*(goal[1] - goal[0])) / complex(*(start[1] - start[0]))
    shift = complex(*goal[0]) - across * complex(*start[0])
    return judge(first, second, across, shift, BY_FEATURES)


def _why_not(first: Stars, second: Stars, found: Constellation | None) -> NotComparable:
    mirrored = recognise(first, second.mirrored())
    if _proven(mirrored):
        assert mirrored is not None, "proven"
        return NotComparable(ComparisonReason.MIRRORED, f"{len(mirrored.pairs)} units agree with the mirror image")
    agree, of = (0, 0) if found is None else (len(found.pairs), found.inside)
    return NotComparable(ComparisonReason.NOT_THE_SAME_SPOT, f"{agree} of {of} units agree")


def _matrix(found: Constellation, first: Stars, second: Stars) -> NDArray[np.float64]:
    """now -> then in mm: the similarity, or the affine map through the pairs where there are enough."""
    factor, shift = found.factor, found.shift
    similar = np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag], [0, 0, 1]])
    if len(found.pairs) < AFFINE_FROM:
        return similar
    goal, start = _paired(found, first, second)
    solved, *_ = np.linalg.lstsq(np.column_stack((start, np.ones(len(start)))), goal, rcond=None)
    affine = np.vstack((solved.T, (0, 0, 1)))
    stretch = np.linalg.svd(affine[:2, :2] @ np.linalg.inv(similar[:2, :2]), compute_uv=False)
    return affine if stretch[1] > 0.9 and stretch[0] < 1.1 else similar


def _paired(found: Constellation, first: Stars, second: Stars) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    goal = first.places[[pair[0] for pair in found.pairs]]
    start = second.places[[pair[1] for pair in found.pairs]]
    return np.column_stack((goal.real, goal.imag)), np.column_stack((start.real, start.imag))


def _error_mm(matrix: NDArray[np.float64], found: Constellation, first: Stars, second: Stars) -> float:
    """Median distance of the units that agree, put right for the parameters fitted to them."""
    goal, start = _paired(found, first, second)
    apart = np.linalg.norm(through(matrix, start) - goal, axis=1)
    freedom = max(1.0, 2 * len(goal) - (6 if len(goal) >= AFFINE_FROM else 4))
    return float(min(TOLERANCE_MM, np.median(apart) * np.sqrt(2 * len(goal) / freedom)))


def _tilt(matrix: NDArray[np.float64]) -> float:
    stretch = np.linalg.svd(matrix[:2, :2], compute_uv=False)
    return float(stretch[1] / stretch[0])


def _scaling(size_mm: tuple[float, float]) -> NDArray[np.float64]:
    return np.diag((1 / size_mm[0], 1 / size_mm[1], 1.0))
