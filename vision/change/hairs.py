"""Hair by hair: which hairs of two registered trichoscopy fields are one, which were lost, which are new.

Everything is told inside the largest upright rectangle of the earlier picture that both show, so that the earlier and
the later hairs are counted by one rule on one area. A change of matched hairs needs no new counting noise: with L hairs
lost and N new the change of the count is N - L, and its variance, each coming and going by itself, N + L (plus one).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from vision.change.types import Area, HairMatches, HairPair, MetricChange
from vision.measure import NORMAL_95
from vision.registration.types import Mask, Registration
from vision.trichoscopy import measure_field
from vision.types import (
    Box,
    Hair,
    HairField,
    Measured,
    Measurement,
    Metric,
    NotMeasurable,
    QualityReport,
    Reason,
)

MATCH_MM: Final = 0.1
"""Roots of one hair lie this near after registration."""

MATCH_DEGREES: Final = 40.0
"""A hair clipped anew may leave its root this much differently."""

MIN_PAIRS: Final = 5
DRIFT_PAIRS: Final = 12
"""Pairs from which drift is followed by an affine map rather than one shift."""

GRID: Final = 60

COUNTED: Final = (
    Metric.HAIR_DENSITY,
    Metric.FOLLICULAR_UNIT_DENSITY,
    Metric.CALIBRE_MEAN,
    Metric.VELLUS_SHARE,
    Metric.CUMULATIVE_THICKNESS,
)


@dataclass(frozen=True, slots=True)
class CommonFields:
    """Both fields on the earlier picture, counted in one frame."""

    then: HairField
    now: HairField
    frame: Box


def lay_fields(
    then: HairField, now: HairField, registration: Registration, size_px: tuple[int, int], px_per_mm: float
) -> CommonFields | None:
    """The later hairs laid onto the earlier picture, and the frame in which both are counted; None without one."""
    frame = common_frame(then.frame, now.frame, registration)
    if frame is None:
        return None
    area = (frame.right - frame.left) * (frame.bottom - frame.top) * size_px[0] * size_px[1] / px_per_mm**2 / 100
    laid = now.hairs
    if now.hairs:
        roots = registration.to_reference(np.array([hair.root for hair in now.hairs]))
        tips = registration.to_reference(np.array([hair.tip for hair in now.hairs]))
        laid = tuple(
            replace(hair, root=(float(root[0]), float(root[1])), tip=(float(tip[0]), float(tip[1])))
            for hair, root, tip in zip(now.hairs, roots, tips, strict=True)
        )
    return CommonFields(_counted_in(frame, then, then.hairs, area), _counted_in(frame, now, laid, area), frame)


def common_frame(then: Box, now: Box, registration: Registration) -> Box | None:
    """The largest upright rectangle of the earlier picture inside both counting frames (to 1/60 of the picture)."""
    x, y = np.meshgrid((np.arange(GRID) + 0.5) / GRID, (np.arange(GRID) + 0.5) / GRID)
    there = registration.to_moving(np.column_stack((x.ravel(), y.ravel())))
    inside = _within(now, there).reshape(GRID, GRID) & _within(then, np.column_stack((x.ravel(), y.ravel()))).reshape(
        GRID, GRID
    )
    found = _largest_rectangle(inside)
    if found is None:
        return None
    top, left, bottom, right = found
    return Box(left / GRID, top / GRID, right / GRID, bottom / GRID)


def match_fields(
    fields: CommonFields, registration: Registration, size_px: tuple[int, int], px_per_mm: float
) -> HairMatches:
    """Pairs of hairs, one to one, and what is left over inside the common frame."""
    scale = np.array(size_px) / px_per_mm
    first, second = _arrows(fields.then.hairs, scale), _arrows(fields.now.hairs, scale)
    pairs = _pair(first, second)
    kept = tuple(
        HairPair(one, other, 1000 * apart, fields.then.hairs[one].calibre_um, fields.now.hairs[other].calibre_um)
        for one, other, apart in pairs
        if fields.then.hairs[one].counted or fields.now.hairs[other].counted
    )
    of_then, of_now = {one for one, _, _ in pairs}, {other for _, other, _ in pairs}
    lost = tuple(n for n, hair in enumerate(fields.then.hairs) if hair.counted and n not in of_then)
    new = tuple(n for n, hair in enumerate(fields.now.hairs) if hair.counted and n not in of_now)
    fewest = min(len(kept) + len(lost), len(kept) + len(new))
    return HairMatches(
        kept=kept,
        lost=lost,
        new=new,
        share_matched=len(kept) / fewest if fewest else 0.0,
        false_match_probability=min(1.0, 10.0**-registration.evidence),
        calibre_change=calibre_change(kept),
        common_cm2=fields.then.frame_cm2,
    )


def calibre_change(kept: tuple[HairPair, ...]) -> Measurement:
    """Mean change of width of the kept hairs measured in both (um), with Student's 95 % interval."""
    changes = [pair.now_um - pair.then_um for pair in kept if pair.then_um is not None and pair.now_um is not None]
    if len(changes) < MIN_PAIRS:
        return NotMeasurable(Reason.TOO_FEW_HAIRS, f"{len(changes)} kept hairs were measured in both")
    mean = float(np.mean(changes))
    half = float(stdtrit(len(changes) - 1, 0.975) * np.std(changes, ddof=1) / sqrt(len(changes)))
    return Measured(mean, mean - half, mean + half, "um")


def field_changes(
    fields: CommonFields, matches: HairMatches, quality: tuple[QualityReport, QualityReport], px_per_mm: float
) -> tuple[MetricChange, ...]:
    """Every trichoscopy metric on the common frame; the change of counts and calibre from matched hairs."""
    before = measure_field(fields.then, quality[0], px_per_mm)
    after = measure_field(fields.now, quality[1], px_per_mm)
    changes = []
    for metric in COUNTED:
        then, now = before[metric], after[metric]
        changes.append(
            MetricChange(metric, Area.COMMON, then, now, _change(metric, then, now, matches), _percent(then, now))
        )
    return tuple(changes)


def _change(metric: Metric, then: Measurement, now: Measurement, matches: HairMatches) -> Measurement:
    if isinstance(then, NotMeasurable):
        return then
    if isinstance(now, NotMeasurable):
        return now
    value = now.value - then.value
    if metric is Metric.HAIR_DENSITY and matches.common_cm2:
        half = NORMAL_95 * sqrt(len(matches.new) + len(matches.lost) + 1) / matches.common_cm2
    elif metric is Metric.CALIBRE_MEAN and isinstance(matches.calibre_change, Measured):
        turnover = (len(matches.lost) + len(matches.new)) / max(1, len(matches.kept))
        own = (matches.calibre_change.high - matches.calibre_change.low) / 2
        half = sqrt(own**2 + turnover * _half(then) * _half(now))
    else:
        half = sqrt(_half(then) ** 2 + _half(now) ** 2)
    return Measured(value, value - half, value + half, then.unit)


def _half(found: Measured) -> float:
    return (found.high - found.low) / 2


def _percent(then: Measurement, now: Measurement) -> float | None:
    if isinstance(then, Measured) and isinstance(now, Measured) and then.value > 0:
        return 100 * (now.value - then.value) / then.value
    return None


def _pair(first: NDArray[np.float64], second: NDArray[np.float64]) -> list[tuple[int, int, float]]:
    """The pairing with the most pairs, and of those the nearest (Kuhn's assignment), drift of the skin followed."""
    if not len(first) or not len(second):
        return []
    from scipy.optimize import linear_sum_assignment  # slow to import, and pages never match

    moved = second[:, :2]
    pairs: list[tuple[int, int, float]] = []
    for _ in range(3):
        apart = np.linalg.norm(first[:, None, :2] - moved[None], axis=2)
        turned = np.abs((first[:, None, 2] - second[None, :, 2] + 180) % 360 - 180)
        fits = (apart <= MATCH_MM) & (turned <= MATCH_DEGREES)
        rows, columns = linear_sum_assignment(np.where(fits, apart + turned / 1000 - 1000.0, 0.0))
        pairs = [(int(r), int(c), float(apart[r, c])) for r, c in zip(rows, columns, strict=True) if fits[r, c]]
        if len(pairs) < MIN_PAIRS:
            break
        moved = _drifted(moved, np.array([moved[other] - first[one, :2] for one, other, _ in pairs]), pairs)
    return pairs


def _drifted(
    moved: NDArray[np.float64], off: NDArray[np.float64], pairs: list[tuple[int, int, float]]
) -> NDArray[np.float64]:
    """The later roots less what pairs are off by: an affine map of the place from :data:`DRIFT_PAIRS` on, else the
    median."""
    if len(pairs) < DRIFT_PAIRS:
        return np.asarray(moved - np.median(off, axis=0), np.float64)
    basis = np.column_stack((moved, np.ones(len(moved))))
    at = basis[[other for _, other, _ in pairs]]
    solved, *_ = np.linalg.lstsq(at, off, rcond=None)
    return np.asarray(moved - basis @ solved, np.float64)


def _arrows(hairs: tuple[Hair, ...], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root x, y (mm) and direction (degrees), N x 3."""
    if not hairs:
        return np.zeros((0, 3))
    roots = np.array([hair.root for hair in hairs]) * scale
    along = np.array([hair.tip for hair in hairs]) * scale - roots
    return np.column_stack((roots, np.degrees(np.arctan2(along[:, 1], along[:, 0]))))


def _counted_in(frame: Box, field: HairField, hairs: tuple[Hair, ...], area_cm2: float) -> HairField:
    marked = tuple(replace(hair, counted=_holds(frame, hair.root)) for hair in hairs)
    return replace(field, hairs=marked, frame=frame, frame_cm2=area_cm2)


def _holds(frame: Box, place: tuple[float, float]) -> bool:
    return frame.left <= place[0] < frame.right and frame.top <= place[1] < frame.bottom


def _within(frame: Box, places: NDArray[np.float64]) -> Mask:
    x, y = places[:, 0], places[:, 1]
    inside = (x >= frame.left) & (x < frame.right) & (y >= frame.top) & (y < frame.bottom)
    return np.asarray(inside, np.bool_)


def _largest_rectangle(inside: Mask) -> tuple[int, int, int, int] | None:
    """Top, left, bottom and right (half-open) of the largest rectangle of True cells; None where there is none."""
    best: tuple[int, tuple[int, int, int, int]] | None = None
    heights: NDArray[np.int64] = np.zeros(inside.shape[1], np.int64)
    for row in range(inside.shape[0]):
        heights = np.where(inside[row], heights + 1, 0)
        stack: list[tuple[int, int]] = []  # start column, height
        for column, height in enumerate([*heights.tolist(), 0]):
            start = column
            while stack and stack[-1][1] >= height:
                start, tall = stack.pop()
                area = tall * (column - start)
                if tall and (best is None or area > best[0]):
                    best = area, (row + 1 - tall, start, row + 1, column)
            stack.append((start, height))
    return None if best is None else best[1]
