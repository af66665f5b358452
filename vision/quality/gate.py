"""The gate itself: which checks are asked of a photo, in which order, and the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from vision.linear_algebra import on_one_thread
from vision.quality import limits
from vision.quality.colour import cast_on_card, cast_on_head, glare_share
from vision.quality.covers import cover_score
from vision.quality.face import face_turn
from vision.quality.head import HeadLook, look_for_head
from vision.quality.pixels import headlike_share, light_slope_stops, middle, reduced, sharpness
from vision.quality.readers import other_view
from vision.types import CheckResult, QualityCheck, QualityReport, RgbImage, View

NO_FACE: Final = (View.CROWN, View.PART, View.OCCIPUT)
"""Views in which nobody looks into the camera."""

SEEN_ALL_THE_SAME: Final = frozenset(
    {QualityCheck.SIZE, QualityCheck.UNEVEN_LIGHT, QualityCheck.NO_SCALP, QualityCheck.MIRRORED}
)
"""Failures with which the network still sees a head; by hue alone, strongly coloured light looks like no scalp, so the
network's word on that takes the place of the pixels'."""

CERTAIN: Final = 0.65
"""Mean certainty of the network from which a scalp in a close-up counts."""


def check_quality(image: RgbImage, view: View, short_edge_px: int | None = None) -> QualityReport:
    """What the pixels say: every check of the view, whether or not an earlier one failed, so that a person hears all
    reasons at once.

    ``short_edge_px`` is that of the stored photo, when ``image`` is a reduced copy (not under 640 px).
    """
    on_one_thread()
    small = reduced(image)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    measures: Mapping[QualityCheck, Callable[[], float]] = {
        QualityCheck.SIZE: lambda: float(short_edge_px or min(image.shape[:2])),
        QualityCheck.BLUR: lambda: sharpness(grey),
        QualityCheck.TOO_DARK: lambda: float(np.percentile(middle(grey, 0.7), 95)),
        QualityCheck.BURNT_OUT: lambda: float((middle(grey, 0.7) >= 250).mean()),
        QualityCheck.LOW_CONTRAST: lambda: float(np.subtract(*np.percentile(middle(grey, 0.8), (98, 2)))),
        QualityCheck.UNEVEN_LIGHT: lambda: light_slope_stops(small),
        QualityCheck.NO_SCALP: lambda: headlike_share(small),
    }
    asked = limits.thresholds_for(view).items()
    return QualityReport(tuple(_held(check, measures[check](), threshold) for check, threshold in asked))


def check_upload(
    image: RgbImage,
    view: View,
    *,
    short_edge_px: int | None = None,
    white_balance: tuple[float, float, float] | None = None,
    mirrored: bool | None = None,
) -> QualityReport:
    """Everything the gate asks at upload: :func:`check_quality`, where the head is, which way it looks, glare, cast.

    ``white_balance``: factors for linear red, green and blue from a calibration card in the picture, if there is one.
    ``mirrored``: whether that card is a mirror image; None without a card.
    What needs light to be seen is not asked of a photo that failed for light or blur: one reason at a time.
    """
    pixels = check_quality(image, view, short_edge_px)
    if mirrored is not None:
        exchanged = _held(QualityCheck.MIRRORED, float(mirrored), limits.CARD_MIRRORED)
        pixels = QualityReport((*pixels.checks, exchanged))
    if not set(pixels.failures) <= SEEN_ALL_THE_SAME:
        return pixels
    look = look_for_head(image)
    more = _of_overview(image, view, look, white_balance) if view.is_global else _of_close_up(look)
    judged = {result.check: result for result in (*pixels.checks, *more)}
    return QualityReport(tuple(judged.values()))


def _of_overview(
    image: RgbImage, view: View, look: HeadLook, white_balance: tuple[float, float, float] | None
) -> Iterator[CheckResult]:
    share = limits.SEEN_BY_THE_NETWORK
    faced = view in NO_FACE and face_turn(image, turned=False) is not None
    if view in NO_FACE:
        yield _held(QualityCheck.WRONG_VIEW, float(faced), limits.FACE_ON)
    yield (seen := _held(QualityCheck.NO_SCALP, look.share, share[QualityCheck.NO_SCALP]))
    if not seen.passed:
        return
    yield (near := _held(QualityCheck.TOO_FAR, look.share, share[QualityCheck.TOO_FAR]))
    if not near.passed:
        return
    if not faced:
        yield _other_view(image, look, view)
    yield _held(QualityCheck.COVERED, cover_score(look), share[QualityCheck.COVERED])
    if view is View.HAIRLINE and (turn := face_turn(image, turned=True)) is not None:
        yield _held(QualityCheck.TILTED, abs(turn), limits.TILT)
    small = reduced(image)
    scalp = look.mask(small.shape[1], small.shape[0])
    yield _held(QualityCheck.GLARE, glare_share(small, scalp), limits.GLARE)
    if white_balance is not None:
        yield _held(QualityCheck.COLOUR_CAST, cast_on_card(white_balance), limits.CARD_CAST)
    else:
        yield _held(QualityCheck.COLOUR_CAST, cast_on_head(small, scalp), limits.CAST)


def _other_view(image: RgbImage, look: HeadLook, view: View) -> CheckResult:
    other = other_view(image, look, view)
    told = _held(QualityCheck.WRONG_VIEW, other.certainty, limits.OTHER_VIEW)
    return told if told.passed else replace(told, detail=other.view.value)


def _of_close_up(look: HeadLook) -> Iterator[CheckResult]:
    share = look.share if look.certainty >= CERTAIN else 0.0
    yield _held(QualityCheck.WRONG_VIEW, share, limits.HEAD_IN_CONTACT)


def _held(check: QualityCheck, value: float, threshold: limits.Threshold) -> CheckResult:
    value = round(value, 4)
    return CheckResult(check, value, threshold.limit, threshold.passes(value), threshold.refuses)
