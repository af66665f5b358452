"""How thick hairs are, below a pixel: profiles across each shaft of the picture as taken, and a fit to their edges.

A hair is darker (or lighter) than the skin beside it by a plateau of width w whose edges the lens has blurred:

    I(x) = a + b x - (d / 2) [erf((x - c + w/2) / (s sqrt 2)) - erf((x - c - w/2) / (s sqrt 2))]

with level a, slope b, depth d, centre c, width w and blur s (standard deviation of the edge). The width is that of the
plateau before blurring, not a width at half height, so that soft pictures do not thicken hairs. Profiles are means over
short stretches of the shaft; all are fitted together by Levenberg and Marquardt's rule. Nothing is smoothed, sharpened
or equalised first: each of those moves edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, stdtrit

from vision.types import Measured, RgbImage

VELLUS_CUTOFF_UM: Final = 30.0
"""The customary cut-off (Rakowska 2009); 40 and 45 are used too. Stored with every result."""

MIN_CUTOFF_PX: Final = 4.0
"""A cut-off narrower than this many px cannot be told from the blur."""

SHARP_EDGE: Final = 0.5
"""Edges may be blurred by at most this share of the cut-off (standard deviation), else calibres are refused."""

MIN_HAIRS: Final = 3
"""Fewer measured hairs make no distribution."""

STRETCHES: Final = 6
SHAFT_FROM, SHAFT_TO = 0.2, 0.8
"""Part of the shaft that is measured: the root lies in skin, the cut end is frayed."""
REACHES_MM: Final = (0.045, 0.06, 0.08, 0.1, 0.14)
"""How far to either side of a shaft its profile may reach; few, so that shafts are fitted together. A shaft with
another one nearer than the first does not lie free: its profile would end on the neighbour, and no thick hair fits."""
SAMPLES_PER_PX: Final = 2
MIN_FIT: Final = 0.9
"""Share of a profile's variance that the fit must explain; below it another hair or a mark is in the way."""
MIN_DEPTH: Final = 8.0
"""Least contrast of a hair, grey values of 255."""


@dataclass(frozen=True, slots=True)
class Calibre:
    """Of one hair: mean width over the measured part of its shaft, and the blur of its edges, in micrometres."""

    width_um: float
    edge_um: float
    stretches: int


def measure_calibres(image: RgbImage, arrows: NDArray[np.floating], px_per_mm: float) -> tuple[Calibre | None, ...]:
    """One answer per hair (N x 4: root x, y, tip x, y in px); None where too few of its stretches can be read.

    Every shaft is measured twice: the second time along the line through the centres that the first pass found.
    """
    if not len(arrows):
        return ()
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    lines = np.array([_shaft(row) for row in arrows], np.float64)
    reach = np.array([_free_reach(index, lines, px_per_mm) for index in range(len(lines))])
    free = np.flatnonzero(reach > 0)
    if not len(free):
        return (None,) * len(arrows)
    lines, reach = lines[free], reach[free]
    fits = _fit_lines(grey, lines, reach)
    lines = np.array([_straightened(line, fit) for line, fit in zip(lines, fits, strict=True)])
    fits = _fit_lines(grey, lines, reach)
    calibres: list[Calibre | None] = [None] * len(arrows)
    for index, fit in zip(free, fits, strict=True):
        calibres[index] = _calibre(fit, px_per_mm)
    return tuple(calibres)


def _shaft(arrow: NDArray[np.floating]) -> NDArray[np.float64]:
    root, tip = np.asarray(arrow[:2], np.float64), np.asarray(arrow[2:], np.float64)
    return np.concatenate((root + SHAFT_FROM * (tip - root), root + SHAFT_TO * (tip - root)))


def _free_reach(index: int, lines: NDArray[np.float64], px_per_mm: float) -> float:
    """How far to look to either side of a shaft, px: up to the middle of the way to the nearest other shaft; 0 where
    that is too near for a profile."""
    start, end = lines[index, :2], lines[index, 2:]
    reach = REACHES_MM[-1] * px_per_mm
    unit = (end - start) / max(1e-6, float(np.linalg.norm(end - start)))
    for other in np.delete(lines, index, axis=0):
        points = np.linspace(other[:2], other[2:], 9) - start
        along, across = points @ unit, np.abs(points[:, 0] * unit[1] - points[:, 1] * unit[0])
        beside = (along > 0) & (along < np.linalg.norm(end - start))
        if beside.any():
            reach = min(reach, float(across[beside].min()) * 0.62)
    return max((level for level in REACHES_MM if level * px_per_mm <= reach), default=0.0) * px_per_mm


@dataclass(frozen=True, slots=True)
class _LineFit:
    """Of one shaft's stretches: fitted a, b, d, c, w, s (px), which are good, and where each lies along the line."""

    parameters: NDArray[np.float64]
    good: NDArray[np.bool_]
    along: NDArray[np.float64]


def _fit_lines(grey: NDArray[np.float32], lines: NDArray[np.float64], reach: NDArray[np.float64]) -> list[_LineFit]:
    """Profiles of every stretch of every line, fitted; those that reach equally far, together."""
    fits: dict[int, _LineFit] = {}
    for side in np.unique(reach):
        rows = np.flatnonzero(reach == side)
        across = np.arange(-side, side + 1e-6, 1 / SAMPLES_PER_PX)
        cut = [_profiles(grey, lines[row], across) for row in rows]
        parameters, explained = fit_profiles(across, np.concatenate([profiles for profiles, _, _ in cut]))
        _, _, depth, centre, width, blur = parameters.T
        good = (explained >= MIN_FIT) & (np.abs(depth) >= MIN_DEPTH) & (np.abs(centre) < side * 0.6)
        good &= (width > 0.5) & (width < 1.9 * side) & (blur < 0.5 * side)
        at = 0
        for row, (profiles, whole, along) in zip(rows, cut, strict=True):
            own = slice(at, at + len(profiles))
            fits[int(row)] = _LineFit(parameters[own], good[own] & whole, along)
            at += len(profiles)
    return [fits[row] for row in range(len(lines))]


def _profiles(
    grey: NDArray[np.float32], line: NDArray[np.float64], across: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Mean profile of each stretch of a line, which stretches lie wholly in the picture, and their places along it."""
    start, end = line[:2], line[2:]
    length = float(np.linalg.norm(end - start))
    unit = (end - start) / max(length, 1e-6)
    normal = np.array((-unit[1], unit[0]))
    count = max(1, min(STRETCHES, int(length // 4)))
    steps = max(3, int(length / count))
    along = (np.arange(count * steps) + 0.5) / (count * steps) * length
    places = start + along[:, None, None] * unit + across[None, :, None] * normal
    inside = (places >= 0).all((1, 2)) & (places <= (grey.shape[1] - 1, grey.shape[0] - 1)).all((1, 2))
    sampled = cv2.remap(grey, places[..., 0].astype(np.float32), places[..., 1].astype(np.float32), cv2.INTER_LINEAR)
    profiles = sampled.reshape(count, steps, -1).mean(axis=1).astype(np.float64)
    return profiles, inside.reshape(count, steps).all(axis=1), along.reshape(count, steps).mean(axis=1)


def _straightened(line: NDArray[np.float64], fit: _LineFit) -> NDArray[np.float64]:
    """The line through the fitted centres (least squares); the old one where fewer than two stretches are good."""
    if fit.good.sum() < 2:
        return line
    start, end = line[:2], line[2:]
    length = float(np.linalg.norm(end - start))
    unit = (end - start) / max(length, 1e-6)
    normal = np.array((-unit[1], unit[0]))
    slope, offset = np.polyfit(fit.along[fit.good], fit.parameters[fit.good, 3], 1)
    slope = float(np.clip(slope, -0.35, 0.35))
    return np.concatenate((start + offset * normal, end + (offset + slope * length) * normal))


def _calibre(fit: _LineFit, px_per_mm: float) -> Calibre | None:
    if fit.good.sum() < max(1, (len(fit.good) + 1) // 2):
        return None
    width, blur = np.median(fit.parameters[fit.good][:, 4:6], axis=0) * 1000 / px_per_mm
    return Calibre(float(width), float(blur), int(fit.good.sum()))


def fit_profiles(
    across: NDArray[np.float64], profiles: NDArray[np.float64], rounds: int = 40
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Levenberg-Marquardt on P profiles of M samples at places ``across`` (M): P x 6 (a, b, d, c, w, s), P explained.

    Widths and blurs are fitted by their logarithm, so they stay positive.
    """
    p = _first_guess(across, profiles)
    damping: NDArray[np.float64] = np.full(len(profiles), 1e-2)
    model, jacobian = _model(across, p)
    error = ((profiles - model) ** 2).sum(axis=1)
    for _ in range(rounds):
        normal = np.einsum("pmi,pmj->pij", jacobian, jacobian)
        gradient = np.einsum("pmi,pm->pi", jacobian, profiles - model)
        diagonal = np.einsum("pii->pi", normal)
        damped = normal + (damping[:, None] * diagonal + 1e-9)[:, :, None] * np.eye(6)
        step = np.linalg.solve(damped, gradient[..., None])[..., 0]
        trial = p + np.clip(step, -_STEP, _STEP)
        trial[:, 4:] = np.clip(trial[:, 4:], np.log(0.15), np.log(200.0))
        trial_model, trial_jacobian = _model(across, trial)
        trial_error = ((profiles - trial_model) ** 2).sum(axis=1)
        better = trial_error < error
        p = np.where(better[:, None], trial, p)
        model = np.where(better[:, None], trial_model, model)
        jacobian = np.where(better[:, None, None], trial_jacobian, jacobian)
        error = np.where(better, trial_error, error)
        damping = np.where(better, damping / 3, damping * 4).clip(1e-7, 1e7)
        if not ((damping < 1e6) & (np.abs(step).max(axis=1) > CONVERGED)).any():
            break
    total = ((profiles - profiles.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    found = p.copy()
    found[:, 4:] = np.exp(p[:, 4:])
    return found, 1 - error / np.maximum(total, 1e-9)


CONVERGED: Final = 1e-3
"""A round in which no profile's parameters still move by more than this ends the fit (grey values, px, logarithms)."""

_STEP: Final = np.array([60.0, 8.0, 80.0, 2.0, 0.5, 0.5])


def _first_guess(across: NDArray[np.float64], profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    rim = max(2, len(across) // 8)
    level = np.concatenate((profiles[:, :rim], profiles[:, -rim:]), axis=1)
    base = np.median(level, axis=1)
    middle = np.abs(across) <= 0.5 * across.max()
    dips = base[:, None] - profiles
    dark = dips[:, middle].max(axis=1)
    inside = np.clip(dips, 0, None) * middle
    mass = np.maximum(inside.sum(axis=1), 1e-6)
    centre = (inside * across).sum(axis=1) / mass
    width = np.clip(inside.sum(axis=1) / np.maximum(dark, 1.0) / SAMPLES_PER_PX, 1.0, across.max())
    zeros = np.zeros(len(profiles))
    return np.stack((base, zeros, np.maximum(dark, 1.0), centre, np.log(width), zeros + np.log(1.2)), axis=1)


def _model(across: NDArray[np.float64], p: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Model P x M and its derivatives P x M x 6 with respect to a, b, d, c, ln w, ln s."""
    a, b, d, c, log_w, log_s = (p[:, i, None] for i in range(6))
    w, s = np.exp(log_w), np.exp(log_s)
    x = across[None]
    left, right = (x - c + w / 2) / s, (x - c - w / 2) / s
    plateau = (erf(left / sqrt(2)) - erf(right / sqrt(2))) / 2
    at_left, at_right = (np.exp(-(side**2) / 2) / (s * sqrt(2 * np.pi)) for side in (left, right))
    jacobian = np.stack(
        (
            np.ones_like(plateau),
            np.broadcast_to(x, plateau.shape),
            -plateau,
            d * (at_left - at_right),
            -d * (at_left + at_right) * w / 2,
            d * (at_left * left - at_right * right) * s,
        ),
        axis=-1,
    )
    return a + b * x - d * plateau, jacobian


def mean_calibre(widths_um: Sequence[float]) -> Measured:
    """Mean with Student's interval over hairs. Raises ValueError for fewer than two."""
    if len(widths_um) < 2:
        raise ValueError("a mean with an interval needs two hairs")
    values = np.array(widths_um, np.float64)
    half = float(stdtrit(len(values) - 1, 0.975)) * float(values.std(ddof=1)) / sqrt(len(values))
    return Measured(float(values.mean()), max(0.0, float(values.mean()) - half), float(values.mean()) + half, "um")


def vellus_share(widths_um: Sequence[float], cutoff_um: float = VELLUS_CUTOFF_UM) -> Measured:
    """Share (%) of hairs thinner than the cut-off, Wilson's interval (1927). Raises ValueError for no hair."""
    count = len(widths_um)
    if not count:
        raise ValueError("a share needs a hair")
    z = 1.959964
    share = sum(width < cutoff_um for width in widths_um) / count
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    low, high = max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share))
    return Measured(100 * share, 100 * low, 100 * high, "%")


def cumulative_thickness(density: Measured, calibre: Measured) -> Measured:
    """Millimetres of hair cross-section side by side per cm2 of skin: density x mean calibre.

    Relative half intervals are added in quadrature; zero hairs have zero thickness.
    """
    factor = calibre.value / 1000
    value = density.value * factor
    if density.value <= 0 or calibre.value <= 0:
        return Measured(value, density.low * factor, density.high * factor, "mm/cm2")
    down = sqrt((1 - density.low / density.value) ** 2 + (1 - calibre.low / calibre.value) ** 2)
    up = sqrt((density.high / density.value - 1) ** 2 + (calibre.high / calibre.value - 1) ** 2)
    return Measured(value, max(0.0, value * (1 - down)), value * (1 + up), "mm/cm2")
