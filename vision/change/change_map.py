"""Where cover changed: a smoothed difference with a floor of noise, and the places that stand out of it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.change.cover import Cover, moments
from vision.change.types import ChangeMap, LocalChange
from vision.measure import NORMAL_95, WEIGHTS
from vision.registration.types import Mask
from vision.types import FloatMap, Measured, Metric

SMOOTHING: Final = 1 / 36
"""Standard deviation of the smoothing, in shares of the long edge: about a finger's width on a head."""

FLOOR: Final = 0.08
"""Smallest local change of cover that is ever shown: what unchanged heads taken anew stay under
(docs/studies/change_map.json)."""

OPEN_SHARE: Final = 0.35
"""Of what the probabilities leave open at a place, this much is taken as not common to both photographs."""

SMALLEST_SHARE: Final = 0.8
"""A place smaller than this (% of the common scalp) is none."""


def change_map(cover: Cover) -> ChangeMap:
    """The later cover minus the earlier one, smoothed within the common scalp, blank where it is noise."""
    weights = np.array(WEIGHTS[Metric.COVERAGE_INDEX], np.float32)
    sigma = SMOOTHING * max(cover.common.shape)
    before, open_before = moments(weights, cover.then_classes)
    after, open_after = moments(weights, cover.now_classes)
    difference = smoothed(after - before, cover.common, sigma)
    open_share = smoothed((open_before + open_after) / 2, cover.common, sigma)
    slope = _slope(smoothed(before, cover.common, sigma), cover.common) * cover.move_px
    floor = np.sqrt(FLOOR**2 + (NORMAL_95 * OPEN_SHARE * open_share) ** 2 + slope**2)
    shown = np.where(cover.common & (np.abs(difference) > floor), difference, 0).astype(np.float32)
    places = _places(shown, difference, floor.astype(np.float32), cover.common)
    kept = np.zeros(shown.shape, np.bool_)
    for _, mask in places:
        kept |= mask
    limit = float(np.median(floor[cover.common])) if cover.common.any() else FLOOR
    return ChangeMap(
        np.where(kept, np.clip(shown, -1, 1), 0).astype(np.float32),
        cover.common,
        limit,
        tuple(place for place, _ in places),
    )


def smoothed(values: NDArray[np.floating], inside: Mask, sigma: float) -> FloatMap:
    """Gaussian mean over the pixels inside, nothing bleeding in from outside; 0 outside."""
    weight = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), sigma)
    total = cv2.GaussianBlur(np.where(inside, values, 0).astype(np.float32), (0, 0), sigma)
    return np.asarray(np.where(inside, total / np.maximum(weight, 1e-3), 0), np.float32)


def _slope(values: FloatMap, inside: Mask) -> NDArray[np.float64]:
    across, down = cv2.Sobel(values, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(values, cv2.CV_32F, 0, 1, scale=1 / 8)
    rim = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.asarray(np.where(rim, np.hypot(across, down), 0), np.float64)


def _places(shown: FloatMap, difference: FloatMap, floor: FloatMap, common: Mask) -> list[tuple[LocalChange, Mask]]:
    """Connected places, thinner and fuller ones apart, the largest first."""
    total = float(common.sum())
    rows, columns = np.nonzero(common)
    found: list[tuple[LocalChange, Mask]] = []
    for sign in (-1, 1):
        count, numbered = cv2.connectedComponents((sign * shown > 0).astype(np.uint8))
        for number in range(1, count):
            mask = numbered == number
            share = 100 * float(mask.sum()) / total
            if share < SMALLEST_SHARE:
                continue
            value = 100 * float(difference[mask].mean())
            half = 100 * float(floor[mask].mean())
            change = Measured(value, max(-100.0, value - half), min(100.0, value + half), "%")
            at = np.argwhere(mask).mean(axis=0)
            position = (
                float((at[1] - columns.min()) / max(1, columns.max() - columns.min())),
                float((at[0] - rows.min()) / max(1, rows.max() - rows.min())),
            )
            found.append((LocalChange(_outline(mask), change, share, position), mask))
    return sorted(found, key=lambda one: -one[0].share_of_scalp)


def _outline(mask: Mask) -> tuple[tuple[float, float], ...]:
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = max(outlines, key=cv2.contourArea)
    simple = cv2.approxPolyDP(largest, 0.6, True)[:, 0]
    height, width = mask.shape
    return tuple(((float(x) + 0.5) / width, (float(y) + 0.5) / height) for x, y in simple)
