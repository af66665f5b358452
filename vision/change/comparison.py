"""Two photographs of one view, from registration to change: reads like the method section of a paper."""

from __future__ import annotations

from typing import Final

import numpy as np

from vision.change.attribution import attribute_cover, attribute_hairs, remeasure
from vision.change.change_map import change_map
from vision.change.cover import cover_changes, lay_cover
from vision.change.hairs import field_changes, lay_fields, match_fields
from vision.change.light import light_difference
from vision.change.pictures import aligned_picture, change_picture, fates_picture
from vision.change.types import (
    ComparedPhoto,
    ComparisonWarning,
    LightDifference,
    Measure,
    PhotoComparison,
)
from vision.encode import fitted
from vision.measure import find_scalp, scalp_problem
from vision.registration.features import resized_mask
from vision.registration.fields import Field, register_fields
from vision.registration.overview import FIRM_EVIDENCE, SAME_SIDE, head_of, register
from vision.registration.types import ComparisonReason, Mask, NotComparable, Registration
from vision.types import ScalpMap

LIGHT_PX: Final = 640
"""Long edge at which light is compared."""

SMALL_OVERLAP: Final = 0.75
LARGE_STOPS: Final = 1.0
LARGE_CAST: Final = 0.35
"""Stops; a cast is the largest shift of one colour against exposure."""

SCALES_AGREE: Final = 0.04
"""Relative difference between the stated scales and what the registration shows: a card's own 2 % on both sides."""


def compare(
    then: ComparedPhoto, now: ComparedPhoto, *, measure: Measure | None = None
) -> PhotoComparison | NotComparable:
    """What changed between two photographs of one view, or why they cannot be compared.

    ``measure`` reads a changed picture anew (:func:`vision.change.remeasure.by_networks`). With it an overview's change
    is that between the earlier photograph and the later one as the earlier camera and light would have shown it: a
    head further away looks balder to a network, or fuller. Without it nothing can be put down to light or scale, the
    change includes both, and ``NOT_REMEASURED`` says so.
    """
    problem = _problem(then, now)
    if problem is not None:
        return problem
    if then.view.is_global:
        return _compare_overviews(then, now, measure)
    return _compare_fields(then, now, measure)


def _problem(then: ComparedPhoto, now: ComparedPhoto) -> NotComparable | None:
    if then.view is not now.view:
        return NotComparable(ComparisonReason.OTHER_VIEW, f"{then.view} and {now.view}")
    for photo, name in ((then, "then"), (now, "now")):
        if not photo.quality.passed:
            failed = ", ".join(photo.quality.failures)
            return NotComparable(ComparisonReason.QUALITY_FAILED, f"{name}: {failed}")
        if photo.view.is_global:
            if photo.scalp is None:
                return NotComparable(ComparisonReason.NO_SCALP, name)
            refused = scalp_problem(find_scalp(photo.scalp))
            if refused is not None:
                return NotComparable(ComparisonReason.NO_SCALP, f"{name}: {refused.detail}")
        elif photo.hairs is None or photo.px_per_mm is None:
            return NotComparable(ComparisonReason.TOO_FEW_HAIRS, f"{name}: no counted field")
    return None


def _compare_overviews(
    then: ComparedPhoto, now: ComparedPhoto, measure: Measure | None
) -> PhotoComparison | NotComparable:
    assert then.scalp is not None, "checked"
    assert now.scalp is not None, "checked"
    registration = register(then.image, now.image, reference_scalp=then.scalp, moving_scalp=now.scalp)
    if isinstance(registration, NotComparable):
        return registration
    light = _light(then, now, registration)
    cover = lay_cover(then.scalp, now.scalp, registration)
    again = remeasure(then, now, registration, light, cover, measure)
    alike = again.framed or cover  # as the earlier camera and light would have shown it, where it could be measured so
    found = change_map(alike)
    return PhotoComparison(
        view=then.view,
        registration=registration,
        light=light,
        changes=cover_changes(alike, _mm2_per_cell(then, now)),
        attributions=attribute_cover(then.scalp, now.scalp, cover, again, measured_again=measure is not None),
        change_map=found,
        hairs=None,
        images=(
            aligned_picture(then.image, now.image, registration, light),
            change_picture(then.image, found),
        ),
        warnings=_warnings(then, now, registration, light, measure),
    )


def _compare_fields(
    then: ComparedPhoto, now: ComparedPhoto, measure: Measure | None
) -> PhotoComparison | NotComparable:
    assert then.hairs is not None, "checked"
    assert now.hairs is not None, "checked"
    assert then.px_per_mm is not None, "checked"
    assert now.px_per_mm is not None, "checked"
    registration = register_fields(
        Field(then.image, then.hairs, then.px_per_mm), Field(now.image, now.hairs, now.px_per_mm)
    )
    if isinstance(registration, NotComparable):
        return registration
    size = (then.image.shape[1], then.image.shape[0])
    fields = lay_fields(then.hairs, now.hairs, registration, size, then.px_per_mm)
    if fields is None:
        return NotComparable(ComparisonReason.TOO_LITTLE_OVERLAP, "the counting frames do not meet")
    matches = match_fields(fields, registration, size, then.px_per_mm)
    light = _light(then, now, registration)
    return PhotoComparison(
        view=then.view,
        registration=registration,
        light=light,
        changes=field_changes(fields, matches, (then.quality, now.quality), then.px_per_mm),
        attributions=attribute_hairs(then, now, registration, light, fields, measure),
        change_map=None,
        hairs=matches,
        images=(
            aligned_picture(then.image, now.image, registration, light),
            fates_picture(then.image, fields.then, fields.now, matches),
        ),
        warnings=_warnings(then, now, registration, light, measure),
    )


def _light(then: ComparedPhoto, now: ComparedPhoto, registration: Registration) -> LightDifference:
    before = fitted(then.image, LIGHT_PX)
    size = (before.shape[1], before.shape[0])
    after = registration.warp(fitted(now.image, 2 * LIGHT_PX), size)
    common = registration.covers(size) & _head(then, size)
    if now.scalp is not None:
        common &= registration.warp(head_of(now.scalp).head, size)
    return light_difference(before, after, common, (then.card_light, now.card_light))


def _head(photo: ComparedPhoto, size: tuple[int, int]) -> Mask:
    if isinstance(photo.scalp, ScalpMap):
        return resized_mask(head_of(photo.scalp).head, size)
    return np.ones((size[1], size[0]), np.bool_)


def _mm2_per_cell(then: ComparedPhoto, now: ComparedPhoto) -> float | None:
    """mm2 of one cell of the earlier segmentation's grid; None without scales of one source."""
    if then.px_per_mm is None or now.px_per_mm is None or then.scale_source != now.scale_source or then.scalp is None:
        return None
    rows, columns = then.scalp.labels.shape
    return then.image.shape[0] * then.image.shape[1] / (rows * columns) / then.px_per_mm**2


def _warnings(
    then: ComparedPhoto,
    now: ComparedPhoto,
    registration: Registration,
    light: LightDifference,
    measure: Measure | None,
) -> tuple[ComparisonWarning, ...]:
    scales = then.px_per_mm is not None and now.px_per_mm is not None
    seen = {
        ComparisonWarning.SMALL_OVERLAP: registration.overlap < SMALL_OVERLAP,
        ComparisonWarning.WEAK_REGISTRATION: then.view.is_global
        and (registration.evidence < FIRM_EVIDENCE or registration.tilt < SAME_SIDE),
        ComparisonWarning.LARGE_LIGHT_DIFFERENCE: abs(light.exposure_stops) > LARGE_STOPS
        or max(abs(one) for one in light.colour_shift) > LARGE_CAST,
        ComparisonWarning.OTHER_SCALE_SOURCE: scales and then.scale_source != now.scale_source,
        ComparisonWarning.SCALES_DISAGREE: _scales_disagree(then, now, registration),
        ComparisonWarning.NOT_REMEASURED: measure is None,
    }
    return tuple(warning for warning, is_so in seen.items() if is_so)


def _scales_disagree(then: ComparedPhoto, now: ComparedPhoto, registration: Registration) -> bool:
    if then.px_per_mm is None or now.px_per_mm is None:
        return False
    return abs(now.px_per_mm / then.px_per_mm / registration.zoom - 1) > SCALES_AGREE
