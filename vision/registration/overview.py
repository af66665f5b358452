"""Registration of two overview photographs: by features of the head, refined; refused where the evidence is thin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.registration.evidence import Fit, Pose, best_fit, pose_of
from vision.registration.features import (
    Features,
    Matches,
    Working,
    find_features,
    match,
    match_near,
    mirrored,
    working_picture,
)
from vision.registration.outline import lay_outline
from vision.registration.refine import refine
from vision.registration.types import (
    ComparisonReason,
    Mask,
    Method,
    NotComparable,
    Registration,
    as_matrix,
)
from vision.types import RgbImage, ScalpClass, ScalpMap

MIN_EVIDENCE: Final = 4.0
"""-log10 of the number of false alarms that a registration needs. Of 400 pairs of different people none passed -1.4
(docs/studies/registration.json)."""

FIRM_EVIDENCE: Final = 15.0
"""Enough without a second look near the outline."""

MIN_OVERLAP: Final = 0.5
"""Share of the reference's scalp that both have to show."""

MIN_TILT: Final = 0.75
"""Least ratio of narrowest to widest stretch: a head turned by some 17 degrees. Beyond it the rim of a drawn head is
off by a tenth of its width where no hair can be followed."""

SAME_SIDE: Final = 0.88
"""Ratio above which the head is seen from nearly the same side."""

ZOOMS: Final = (0.4, 2.5)
NEAR: Final = 0.13
"""Radius around the outline's guess in which features are looked for (share of the long edge)."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the head and its scalp are in a picture, at any size."""

    scalp: Mask
    head: Mask


def head_of(scalp_map: ScalpMap) -> Head:
    """Scalp, and scalp with skin, of a segmentation."""
    scalp = np.isin(scalp_map.labels, ScalpClass.scalp())
    return Head(scalp, scalp | (scalp_map.labels == ScalpClass.SKIN))


@dataclass(frozen=True, slots=True)
class Seen:
    """A photograph made ready: its working picture and features, and how many of its own px one working px is."""

    working: Working
    features: Features
    own_px: float


def look_at(image: RgbImage, scalp: Mask | ScalpMap | None = None) -> Seen:
    """Make a photograph ready to be laid onto others: the dear part of a registration, needed once per photograph."""
    working = _working(image, scalp)
    return Seen(working, find_features(working), image.shape[1] / working.size[0])


def register(
    reference: RgbImage,
    moving: RgbImage,
    *,
    reference_scalp: Mask | ScalpMap | None = None,
    moving_scalp: Mask | ScalpMap | None = None,
) -> Registration | NotComparable:
    """Lay the moving photograph onto the reference.

    ``*_scalp``: the scalp's mask or the segmentation (better: its face and ears are looked at too) at any size. Without
    them the whole pictures count, backgrounds included. Refused with ``MIRRORED``, ``TOO_FEW_MATCHES``, ``TOO_TILTED``
    or ``TOO_LITTLE_OVERLAP``; ``NO_SCALP`` for an empty mask.
    """
    return register_seen(look_at(reference, reference_scalp), look_at(moving, moving_scalp))


def register_seen(reference: Seen, moving: Seen) -> Registration | NotComparable:
    """:func:`register` for photographs made ready before."""
    first, second = reference.working, moving.working
    if not first.scalp.any() or not second.scalp.any():
        return NotComparable(ComparisonReason.NO_SCALP)
    fit = agreement(reference, moving)
    if fit is None or fit.evidence < MIN_EVIDENCE:
        return _why_not(first, second, reference.features, moving.features, fit)
    if (problem := _pose_problem(pose_of(fit.matrix, first.scalp))) is not None:
        return problem
    refined = refine(first, second, fit.matrix, _agreeing(fit))
    pose = pose_of(refined.matrix, first.scalp)
    registration = Registration(
        matrix=as_matrix(_in_fractions(refined.matrix, first.size, second.size)),
        refinement=refined.refinement,
        overlap=0.0,
        inliers=fit.inliers,
        inlier_share=fit.inliers / len(fit.agree),
        error=refined.error_px / first.size[0],
        zoom=pose.zoom * moving.own_px / reference.own_px,
        turn_degrees=pose.turn_degrees,
        tilt=pose.tilt,
        method=Method.FEATURES,
        evidence=fit.evidence,
    )
    return with_overlap(registration, first.scalp, second.scalp)


def with_overlap(registration: Registration, reference: Mask, moving: Mask) -> Registration | NotComparable:
    """The registration with its overlap, or ``TOO_LITTLE_OVERLAP``. Masks at any size."""
    laid = registration.warp(moving, (reference.shape[1], reference.shape[0]))
    overlap = float((laid & reference).sum()) / max(1.0, float(reference.sum()))
    if overlap < MIN_OVERLAP:
        return NotComparable(ComparisonReason.TOO_LITTLE_OVERLAP, f"{100 * overlap:.0f} % of the scalp is in both")
    return replace(registration, overlap=overlap)


def _working(image: RgbImage, scalp: Mask | ScalpMap | None) -> Working:
    if isinstance(scalp, ScalpMap):
        found = head_of(scalp)
        return working_picture(image, found.scalp, found.head)
    return working_picture(image, scalp)


def agreement(reference: Seen, moving: Seen) -> Fit | None:
    """The fit with the best evidence for one homography between two photographs, however thin; None without any."""
    return _fit(reference.working, moving.working, reference.features, moving.features)


def _fit(first: Working, second: Working, seen: Features, other: Features) -> Fit | None:
    """The fit with the best evidence: of features matched anywhere, or near where the outlines lie over each other."""
    long_edge = max(first.size)
    found = best_fit(match(seen, other), float(first.head.sum()), long_edge)
    if found is None or found.evidence < FIRM_EVIDENCE:
        outline = lay_outline(first, second)
        if outline is not None:
            near = _near(seen, other, outline, NEAR * long_edge, long_edge)
            found = _stronger(found, near)
    return found


def _near(
    seen: Features, other: Features, matrix: NDArray[np.float64], radius_px: float, long_edge_px: float
) -> Fit | None:
    return best_fit(match_near(seen, other, matrix, radius_px), pi * radius_px**2, long_edge_px)


def _stronger(one: Fit | None, other: Fit | None) -> Fit | None:
    if one is None or other is None:
        return one or other
    return one if one.evidence >= other.evidence else other


def _why_not(first: Working, second: Working, seen: Features, other: Features, fit: Fit | None) -> NotComparable:
    width = second.size[0]
    flipped = Working(second.grey[:, ::-1], second.head[:, ::-1], second.scalp[:, ::-1])
    turned_round = _fit(first, flipped, seen, mirrored(other, width))
    if turned_round is not None and turned_round.evidence >= MIN_EVIDENCE:
        return NotComparable(ComparisonReason.MIRRORED, f"{turned_round.inliers} places agree with the mirror image")
    agree, of = (0, 0) if fit is None else (fit.inliers, len(fit.agree))
    return NotComparable(ComparisonReason.TOO_FEW_MATCHES, f"{agree} of {of} matches agree")


def _pose_problem(pose: Pose) -> NotComparable | None:
    if pose.folds or pose.tilt < MIN_TILT:
        return NotComparable(ComparisonReason.TOO_TILTED, f"narrowed to {100 * pose.tilt:.0f} %")
    if not ZOOMS[0] <= pose.zoom <= ZOOMS[1]:
        return NotComparable(ComparisonReason.TOO_TILTED, f"{pose.zoom:.2f} times as large")
    return None


def _agreeing(fit: Fit) -> Matches:
    return Matches(fit.matches.reference[fit.agree], fit.matches.moving[fit.agree])


def _in_fractions(
    matrix: NDArray[np.float64], reference_size: tuple[int, int], moving_size: tuple[int, int]
) -> NDArray[np.float64]:
    """From px (middles at whole numbers) to fractions of width and height."""
    return _to_fractions(reference_size) @ matrix @ np.linalg.inv(_to_fractions(moving_size))


def _to_fractions(size: tuple[int, int]) -> NDArray[np.float64]:
    width, height = size
    return np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1.0]])
