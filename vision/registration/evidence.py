"""How sure a registration is: the a-contrario test, and what a homography does to a head.

Of n matches k lie within a tolerance of where the homography puts them. Were the matches scattered at random over the
scalp, one would lie there with probability p = pi t^2 / area. The expected number of homographies through four of the
matches on which as many agree by accident,

    NFA = tests (n - 4) C(n, k) C(k, 4) p^(k - 4),

is what is held against a limit (Moisan and Stival 2004, AC-RANSAC). It needs no ratio to be tuned: 12 of 20 agreeing
matches say more than 30 of 900.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log, log10, pi
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.registration.features import Matches
from vision.registration.types import Mask, Points, through

TOLERANCES: Final = (0.004, 0.008, 0.016)
"""Of the working picture's long edge: a flat scalp turned a little, a curved one seen from elsewhere."""

SAMPLE: Final = 4
ROUNDS: Final = 4000
CONFIDENCE: Final = 0.999


@dataclass(frozen=True, slots=True)
class Fit:
    """A homography (moving -> reference, px of the working pictures), who agrees, and -log10 of NFA."""

    matrix: NDArray[np.float64]
    agree: NDArray[np.bool_]
    matches: Matches
    evidence: float

    @property
    def inliers(self) -> int:
        """Matches that agree."""
        return int(self.agree.sum())


def best_fit(matches: Matches, area_px: float, long_edge_px: float) -> Fit | None:
    """The homography with the strongest evidence over :data:`TOLERANCES` (MAGSAC++, Barath 2020); None without one.

    ``area_px`` is the area over which a wrong match may lie. Sampling is seeded: the same pictures, the same answer.
    """
    if len(matches.reference) < 2 * SAMPLE:
        return None
    found: Fit | None = None
    for tolerance in TOLERANCES:
        limit = tolerance * long_edge_px
        cv2.setRNGSeed(7)
        matrix, _ = cv2.findHomography(
            matches.moving, matches.reference, cv2.USAC_MAGSAC, limit, maxIters=ROUNDS, confidence=CONFIDENCE
        )
        if matrix is None or not np.isfinite(matrix).all() or abs(matrix[2, 2]) < 1e-9:
            continue
        laid = np.asarray(matrix, np.float64) / matrix[2, 2]
        agree = distances(laid, matches) <= limit
        strength = evidence(len(agree), int(agree.sum()), pi * limit**2 / max(area_px, 1.0))
        if found is None or strength > found.evidence:
            found = Fit(laid, agree, matches, strength)
    return found


def evidence(matches: int, agreeing: int, chance: float) -> float:
    """-log10 of the number of false alarms; below 0 it is what random matches give."""
    if agreeing <= SAMPLE:
        return -log10(max(1, matches))
    tests = len(TOLERANCES) * (matches - SAMPLE)
    combinations = _log10_choose(matches, agreeing) + _log10_choose(agreeing, SAMPLE)
    return -(log10(tests) + combinations + (agreeing - SAMPLE) * log10(min(1.0, chance)))


def distances(matrix: NDArray[np.float64], matches: Matches) -> NDArray[np.float64]:
    """How far each match lies from where the homography puts it, px of the reference."""
    return np.asarray(np.linalg.norm(through(matrix, matches.moving) - matches.reference, axis=1))


@dataclass(frozen=True, slots=True)
class Pose:
    """What a homography does at the scalp: zoom (moving px per reference px), turn, and the least and greatest stretch
    over the scalp as a ratio (1: seen from the same side)."""

    zoom: float
    turn_degrees: float
    tilt: float
    folds: bool  # some of the scalp is turned inside out: no picture of the same head


def pose_of(matrix: NDArray[np.float64], scalp: Mask) -> Pose:
    """From the local stretch of reference -> moving at places spread over the reference's scalp."""
    back = np.asarray(np.linalg.inv(matrix), np.float64)
    rows, columns = np.nonzero(scalp)
    chosen = np.linspace(0, len(rows) - 1, min(len(rows), 60)).astype(int)
    places: Points = np.column_stack((columns[chosen], rows[chosen])).astype(np.float64)
    stretches = [_jacobian(back, float(x), float(y)) for x, y in places]
    depths = (places @ back[2, :2] + back[2, 2]) * np.sign(back[2, 2])
    folds = bool((depths <= 0).any() or (np.linalg.det(np.array(stretches)) <= 0).any())
    singular = np.array([np.linalg.svd(one, compute_uv=False) for one in stretches])
    middle = _jacobian(back, *places.mean(axis=0))
    turn = float(np.degrees(np.arctan2(middle[1, 0] - middle[0, 1], middle[0, 0] + middle[1, 1])))
    zooms = np.sqrt(singular[:, 0] * singular[:, 1])
    spread = float(np.percentile(zooms, 5) / np.percentile(zooms, 95))
    return Pose(float(np.median(zooms)), turn, float(min(np.median(singular[:, 1] / singular[:, 0]), spread)), folds)


def _jacobian(matrix: NDArray[np.float64], x: float, y: float) -> NDArray[np.float64]:
    u, v, w = matrix @ (x, y, 1.0)
    over = np.array([[matrix[0, 0], matrix[0, 1]], [matrix[1, 0], matrix[1, 1]]]) * w
    under = np.outer((u, v), matrix[2, :2])
    return np.asarray((over - under) / w**2)


def _log10_choose(n: int, k: int) -> float:
    return (lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)) / log(10)
