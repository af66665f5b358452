"""How much of a difference is the camera's: each cause is taken out by measuring again without it.

The naive difference is that of the two photographs' own values. Taken out one after another, each part being the step
from one difference to the next:

- pose: both values on the area that both photographs show, in place of each one's own;
- light: the later photograph in the light of the earlier, measured anew by the same network;
- scale: the same, as seen from the earlier camera (warped into its frame), measured anew: distance, angle, resolution.
  The earlier photograph is measured anew with it, through the same kind of resampling: a picture that was warped is
  softer, and a network reads a softer picture otherwise;
- rest: what is left, and is reported as the change: of the hair, of how it lies and of its wetness, and noise.

The order matters where causes work together; it is the one in which a clinic can do something about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from vision.change.cover import Cover, lay_cover, share_on
from vision.change.hairs import COUNTED, CommonFields, lay_fields
from vision.change.light import in_light_of
from vision.change.types import Attribution, Cause, ComparedPhoto, LightDifference, Measure
from vision.corrections import Redrawn, overlaid
from vision.encode import fitted
from vision.measure import WEIGHTS
from vision.registration.types import Registration
from vision.trichoscopy import measure_field
from vision.types import (
    HairField,
    LabelMap,
    Measured,
    Measurement,
    Metric,
    NotMeasurable,
    Reason,
    RgbImage,
    ScalpClass,
    ScalpMap,
)

BETWEEN_PIXELS: Final = 0.25
"""Mean distance (px) of places spread evenly from the nearest pixel, along each axis."""

NO_NETWORK: Final = NotMeasurable(Reason.MODEL_OFF, "not measured again")
NOT_FOUND_AGAIN: Final = NotMeasurable(Reason.NOT_A_SCALP, "the matched picture could not be measured")


@dataclass(frozen=True, slots=True)
class Remeasured:
    """The later photograph measured again, laid onto the earlier one: in its light, and from its camera as well.

    In ``framed`` the earlier one was measured again, too, resampled like the later one.
    """

    lit: Cover | None
    framed: Cover | None


def remeasure(
    then: ComparedPhoto,
    now: ComparedPhoto,
    registration: Registration,
    light: LightDifference,
    cover: Cover,
    measure: Measure | None,
) -> Remeasured:
    """Both counterfactuals on the common scalp of ``cover``; None where there is no network or no scalp is found."""
    if measure is None or then.scalp is None:
        return Remeasured(None, None)
    lit = in_light_of(now.image, light)
    alone = _as_drawn(measure(_with_picture(now, lit)).scalp, now.redrawn)
    framed = measure(_with_picture(then, _framed(then.image, lit, registration))).scalp
    if framed is not None and now.redrawn is not None:
        framed = _as_drawn(framed, _laid(now.redrawn, registration, framed))
    before = _as_drawn(measure(_with_picture(then, _resampled_alike(then.image, registration))).scalp, then.redrawn)
    return Remeasured(
        None if alone is None else _within_common(lay_cover(then.scalp, alone, registration), cover),
        None
        if framed is None or before is None or framed.labels.shape != before.labels.shape
        else _within_common(lay_cover(before, framed, None), cover),
    )


def attribute_cover(
    then: ScalpMap, now: ScalpMap, cover: Cover, again: Remeasured, *, measured_again: bool
) -> tuple[Attribution, ...]:
    """The shares of the scalp: their naive difference and its parts, in percentage points."""
    missing = NOT_FOUND_AGAIN if measured_again else NO_NETWORK
    found = []
    for metric in WEIGHTS:
        naive = _own(now.labels, metric) - _own(then.labels, metric)
        steps: dict[Cause, float | NotMeasurable] = {Cause.POSE: _difference(cover, metric)}
        steps[Cause.LIGHT] = missing if again.lit is None else _difference(again.lit, metric)
        steps[Cause.SCALE] = missing if again.framed is None else _difference(again.framed, metric)
        found.append(Attribution(metric, "%", naive, _parts(naive, steps, "%")))
    return tuple(found)


def attribute_hairs(
    then: ComparedPhoto,
    now: ComparedPhoto,
    registration: Registration,
    light: LightDifference,
    fields: CommonFields,
    measure: Measure | None,
) -> tuple[Attribution, ...]:
    """The numbers of a field: scale first shows in the stated px/mm, so the registration's zoom takes it out."""
    assert then.hairs is not None, "compared"
    assert now.hairs is not None, "compared"
    assert then.px_per_mm is not None, "compared"
    assert now.px_per_mm is not None, "compared"
    size = (then.image.shape[1], then.image.shape[0])
    matched: HairField | None = None
    if measure is not None:
        found = measure(_with_picture(now, in_light_of(now.image, light))).hairs
        laid = None if found is None else lay_fields(then.hairs, found, registration, size, then.px_per_mm)
        matched = None if laid is None else laid.now
    own_then = measure_field(then.hairs, then.quality, then.px_per_mm)
    own_now = measure_field(now.hairs, now.quality, now.px_per_mm)
    common_then = measure_field(fields.then, then.quality, then.px_per_mm)
    common_now = measure_field(fields.now, now.quality, then.px_per_mm)
    relit = None if matched is None else measure_field(matched, now.quality, then.px_per_mm)
    attributions = []
    for metric in COUNTED:
        before, after = own_then[metric], own_now[metric]
        if not isinstance(before, Measured) or not isinstance(after, Measured):
            continue
        naive = after.value - before.value
        scale = _stated_scale_effect(metric, after.value, now.px_per_mm, then.px_per_mm * registration.zoom)
        missing = NO_NETWORK if measure is None else NOT_FOUND_AGAIN
        steps: dict[Cause, float | NotMeasurable] = {
            Cause.SCALE: naive - scale,
            Cause.POSE: _step(common_now[metric], common_then[metric]),
            Cause.LIGHT: missing if relit is None else _step(relit[metric], common_then[metric]),
        }
        attributions.append(Attribution(metric, before.unit, naive, _parts(naive, steps, before.unit)))
    return tuple(attributions)


def _stated_scale_effect(metric: Metric, value: float, stated: float, seen: float) -> float:
    """How much of a later value comes from its stated px/mm being other than what the registration shows."""
    if metric in (Metric.HAIR_DENSITY, Metric.FOLLICULAR_UNIT_DENSITY):
        return value - value * (seen / stated) ** 2
    return 0.0


def _step(now: Measurement, then: Measurement) -> float | NotMeasurable:
    if isinstance(now, NotMeasurable):
        return now
    return then if isinstance(then, NotMeasurable) else now.value - then.value


def _parts(naive: float, steps: Mapping[Cause, float | NotMeasurable], unit: str) -> dict[Cause, Measurement]:
    """Each cause's part is the step from the difference before it was taken out to the one after; the last is rest."""
    parts: dict[Cause, Measurement] = {}
    left = naive
    for cause, difference in steps.items():
        if isinstance(difference, NotMeasurable):
            parts[cause] = difference
        else:
            parts[cause] = _exactly(left - difference, unit)
            left = difference
    parts[Cause.REST] = _exactly(left, unit)
    return {cause: parts[cause] for cause in Cause}


def _exactly(value: float, unit: str) -> Measured:
    """A part of one difference: arithmetic on the pair at hand, which has no interval of its own."""
    return Measured(value, value, value, unit)


def _own(labels: LabelMap, metric: Metric) -> float:
    return share_on(labels, np.isin(labels, ScalpClass.scalp()), metric)


def _difference(cover: Cover, metric: Metric) -> float:
    return share_on(cover.now_labels, cover.common, metric) - share_on(cover.then_labels, cover.common, metric)


def _within_common(found: Cover, cover: Cover) -> Cover | None:
    """A new reading on the common scalp, less what it no longer calls scalp; None where that is half of it."""
    scalp = ScalpClass.scalp()
    common = cover.common & np.isin(found.now_labels, scalp) & np.isin(found.then_labels, scalp)
    if common.sum() < 0.5 * cover.common.sum():
        return None
    return replace(found, common=common, move_px=cover.move_px)


def _as_drawn(scalp: ScalpMap | None, redrawn: Redrawn | None) -> ScalpMap | None:
    """A new reading, with a clinician's outlines in place of it where there are any."""
    return scalp if scalp is None or redrawn is None else overlaid(scalp, redrawn)


def _laid(redrawn: Redrawn, registration: Registration, onto: ScalpMap) -> Redrawn:
    """What was drawn on the later photograph, on the earlier one's grid."""
    size = (onto.labels.shape[1], onto.labels.shape[0])
    return Redrawn(registration.warp(redrawn.labels, size), registration.warp(redrawn.drawn, size))


def _with_picture(photo: ComparedPhoto, image: RgbImage) -> ComparedPhoto:
    return replace(photo, image=image, scalp=None, hairs=None, redrawn=None)


def _framed(then: RgbImage, now: RgbImage, registration: Registration) -> RgbImage:
    """The later picture in the earlier one's frame, as large as pages show it; where it does not reach the earlier one
    stays, not black.

    It is reduced by area averages first and laid by cubic interpolation: a softer picture looks fuller to a network.
    """
    shown = fitted(then)
    size = (shown.shape[1], shown.shape[0])
    finer = _px_of_now(then, size, registration)
    source = fitted(now, max(16, round(max(now.shape[:2]) / max(1.0, finer))))
    where = registration.sampling(size, (source.shape[1], source.shape[0]))
    seen = cv2.remap(source, *where, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.where(registration.covers(size)[..., None], seen, shown).astype(np.uint8)


def _resampled_alike(then: RgbImage, registration: Registration) -> RgbImage:
    """The earlier picture through what :func:`_framed` does to the later one: reduced to as many px as that has of the
    same scalp, and laid by cubic interpolation, everywhere as far from the pixels as that is on average."""
    shown = fitted(then)
    height, width = shown.shape[:2]
    detail = min(1.0, _px_of_now(then, (width, height), registration))
    source = fitted(shown, max(16, round(max(width, height) * detail)))
    columns = (np.arange(width) + 0.5) * source.shape[1] / width - 0.5 + BETWEEN_PIXELS
    rows = (np.arange(height) + 0.5) * source.shape[0] / height - 0.5 + BETWEEN_PIXELS
    across = np.tile(columns, (height, 1)).astype(np.float32)
    down = np.tile(rows[:, None], (1, width)).astype(np.float32)
    laid = cv2.remap(source, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)


def _px_of_now(then: RgbImage, size: tuple[int, int], registration: Registration) -> float:
    """Px of the later photograph per px of the earlier one shown at this size."""
    return registration.zoom * then.shape[1] / size[0]
