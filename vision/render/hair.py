"""Hair on the drawn head: where loss begins, how strands run, and strands as lines in space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.render.geometry import CRANIUM_AXES, Array, above_hairline, cranium_normal, on_cranium, unit

WHORL: Final = (0.10, 0.80, -0.58)
"""Direction of the crown's whorl, from which strands run outwards."""

VERTEX_LOSS: Final = (0.0, 0.86, -0.50)
FRONT_LOSS: Final = ((0.40, 0.66, 0.62), (-0.40, 0.66, 0.62))
MIDDLE_LOSS: Final = (0.0, 0.97, 0.20)

STEPS: Final = 9
KEPT_WHERE_THIN: Final = 0.24
KEPT_WHERE_BALD: Final = 0.015
KEPT_IN_PARTING: Final = 0.04
HEDGE: Final = 7_000
HEDGE_UNITS: Final = 0.03
"""Strands whose roots line a parting on both sides, and how deep: hair combed away from a strip covers it up to its
edge only where roots stand close, and 28,000 strands stand for a head's 100,000."""
SAMPLES: Final = 20_000
LOCKS: Final = 420
FAR_SIDE: Final = -0.5
"""Roots that face away from the camera further than this (cosine) grow no strand that it could see."""


@dataclass(frozen=True, slots=True)
class Loss:
    """How far pattern loss has gone: scalp whose vulnerability exceeds a limit is bald, or thinning."""

    bald_above: float
    thin_above: float
    waves: Array  # k x 4: direction and phase of the wobble in the borders
    parting: float  # half width of the parting in units, 0 for none

    def vulnerability(self, points: Array) -> Array:
        """Order in which pattern loss takes the scalp: vertex and temples first, then what joins them."""
        direction = unit(points)
        field = 1.05 * _bump(direction, VERTEX_LOSS, 0.42)
        for centre in FRONT_LOSS:
            field = np.maximum(field, 0.92 * _bump(direction, centre, 0.38))
        field = np.maximum(field, 0.80 * _bump(direction, MIDDLE_LOSS, 0.50))
        wobble = np.sin(direction @ self.waves[:, :3].T + self.waves[:, 3]).mean(axis=-1)
        return np.asarray(field + 0.16 * wobble, dtype=np.float32)

    def stage(self, points: Array) -> NDArray[np.uint8]:
        """0 dense, 1 thinning, 2 bald."""
        field = self.vulnerability(points)
        stage = (field > self.thin_above).astype(np.uint8) + (field > self.bald_above)
        stage[self.in_parting(points) & (stage == 0)] = 1
        return stage

    def in_parting(self, points: Array) -> NDArray[np.bool_]:
        """Which points lie in the bare strip of the parting."""
        return np.asarray((np.abs(points[..., 0] - PARTING_X) < self.parting) & _parted(points), np.bool_)


PARTING_X: Final = 0.12


def _parted(points: Array) -> NDArray[np.bool_]:
    direction = unit(points)
    return np.asarray((direction[..., 1] > 0.45) & (direction[..., 2] > -0.55))


def _bump(direction: Array, centre: tuple[float, float, float], width: float) -> Array:
    cosine = np.clip(direction @ unit(np.array(centre, np.float32)), -1, 1)
    return np.asarray(np.exp(-(np.arccos(cosine) ** 2) / (2 * width**2)), dtype=np.float32)


def loss_pattern(random: np.random.Generator, thinning: float, bald: float, parting: float) -> Loss:
    """The pattern in which ``bald`` and then ``thinning`` (shares 0..1 of the whole scalp) have been taken."""
    waves = np.column_stack((random.normal(0, 5.0, (6, 3)), random.uniform(0, 2 * np.pi, (6, 1)))).astype(np.float32)
    everything = Loss(2.0, 2.0, waves, 0.0)
    field = np.sort(everything.vulnerability(scalp_points(random, SAMPLES)))[::-1]
    limits = [float(field[min(len(field) - 1, int(share * len(field)))]) for share in (bald, bald + thinning)]
    return Loss(limits[0] if bald > 0 else 9.0, limits[1] if bald + thinning > 0 else 9.0, waves, parting)


def scalp_points(random: np.random.Generator, count: int) -> Array:
    """About ``count`` points spread evenly over the hair-bearing cranium."""
    points = on_cranium(random.normal(size=(4 * count, 3)).astype(np.float32))
    ragged = random.normal(0, 1.2, len(points))
    return points[above_hairline(points) > ragged][:count]


@dataclass(frozen=True, slots=True)
class Strands:
    """N strands: points ``N x STEPS x 3``, shade (brightness factor), width factor, and how many steps are drawn."""

    points: Array
    shade: Array
    width: Array
    steps: NDArray[np.int64]


def grow(
    random: np.random.Generator,
    loss: Loss,
    count: int,
    length: float,
    towards: Array,
    combed: int = 0,
    held_back: bool = False,
) -> Strands:
    """Strands of a head with loss: in locks, running from the whorl, hanging at the sides, sparse where hair is.

    ``length`` in units. Only strands that a camera in the direction ``towards`` might see are grown; all chances are
    drawn before that choice, so a seed is the same head from every side. A strand that would comb over balder scalp
    mostly ends there, so that the truth stays true. ``combed`` other than 0 lays the same hair another way: locks fall
    anew, strands lie nearer to the skin or further from it. ``held_back``: all hair runs to the back, as a hand or a
    band would hold it, and none hangs over the forehead.
    """
    roots = scalp_points(random, count)
    if loss.parting > 0:
        roots = np.concatenate((roots, _hedges(random, loss)))
    alive = random.random(len(roots))
    turn = random.normal(0, 0.10, len(roots))
    reach = length * random.uniform(0.65, 1.15, len(roots))
    lift = random.uniform(0.4, 1.2, len(roots))
    shade, thick = random.normal(1.0, 0.10, len(roots)), random.uniform(0.55, 1.05, len(roots))
    stubborn = random.random(len(roots)) < 0.12
    overshoot = random.integers(0, 2, len(roots))
    centres = scalp_points(random, LOCKS)
    lock_turn, lock_shade = random.normal(0, 0.20, LOCKS), random.normal(1.0, 0.13, LOCKS)
    if combed:
        comb = np.random.default_rng(combed)
        turn, lift = comb.normal(0, 0.10, len(roots)), comb.uniform(0.4, 1.2, len(roots))
        lock_turn, overshoot = comb.normal(0, 0.20, LOCKS), comb.integers(0, 2, len(roots))

    stage = loss.stage(roots)
    kept = np.array((1.0, KEPT_WHERE_THIN, KEPT_WHERE_BALD))[stage]
    kept = np.where(loss.in_parting(roots), np.minimum(kept, KEPT_IN_PARTING), kept)
    seen = (alive < kept) & (cranium_normal(roots) @ towards > FAR_SIDE)
    roots, stage = roots[seen], stage[seen]
    lock = _nearest(roots, centres)
    bend: Array = (turn[seen] + lock_turn[lock]).astype(np.float32)
    reach = reach[seen] * np.array((1.0, 0.75, 0.30))[stage]
    lift = lift[seen] * np.array((0.055, 0.022, 0.01))[stage]

    paths = np.empty((len(roots), STEPS, 3), np.float32)
    paths[:, 0] = roots
    at = roots
    for step in range(1, STEPS):
        way = back(at, bend) if held_back else flow(at, bend, loss.parting > 0)
        at = on_cranium(at + way * (reach / (STEPS - 1))[:, None].astype(np.float32))
        rise = 1 + lift * np.sin(np.pi * min(1.0, 0.25 + 0.6 * step / STEPS))
        paths[:, step] = at * rise[:, None].astype(np.float32)
    ends = np.where(stubborn[seen], STEPS, np.minimum(STEPS, _first_balder(loss, paths, stage) + overshoot[seen]))
    return Strands(
        points=paths,
        shade=(lock_shade[lock] * shade[seen]).astype(np.float32),
        width=(np.array((1.0, 0.75, 0.5))[stage] * thick[seen]).astype(np.float32),
        steps=ends,
    )


def _hedges(random: np.random.Generator, loss: Loss) -> Array:
    """Roots along both edges of the parting, outside the strip."""
    side = random.choice((-1.0, 1.0), HEDGE)
    x = PARTING_X + side * (loss.parting + random.uniform(0, HEDGE_UNITS, HEDGE))
    points = _over_the_head(x, random.uniform(0, np.pi, HEDGE))
    kept = _parted(points) & (above_hairline(points) > 0) & (loss.stage(points) == 0)
    return np.asarray(points[kept], np.float32)


def parting_edge(x: float) -> Array:
    """Points along a line of the cranium at this x, from front to back, where a parting may run."""
    angle = np.linspace(0, np.pi, 2000)
    points = _over_the_head(np.full(len(angle), x), angle)
    return np.asarray(points[_parted(points)], np.float32)


def _over_the_head(x: NDArray[np.floating], angle: NDArray[np.floating]) -> Array:
    ring = np.sqrt(1 - (x / CRANIUM_AXES[0]) ** 2)
    return np.column_stack((x, CRANIUM_AXES[1] * ring * np.sin(angle), CRANIUM_AXES[2] * ring * np.cos(angle))).astype(
        np.float32
    )


def flow(points: Array, turn: Array, parted: bool) -> Array:
    """Unit tangents along which hair lies: away from the whorl with a swirl, away from a parting, down at the sides."""
    normal = cranium_normal(points)
    direction = unit(points)
    whorl = unit(np.array(WHORL, np.float32))
    away = unit(direction - (direction @ whorl)[:, None] * whorl)
    distance = np.arccos(np.clip(direction @ whorl, -1, 1))
    swirl = (1.15 * np.exp(-distance / 0.45) + 0.18).astype(np.float32)
    tangent = _rotated(unit(away - (away * normal).sum(1, keepdims=True) * normal), normal, swirl + turn)
    down = np.array((0.0, -1.0, 0.12), np.float32)
    hanging = unit(down - (normal @ down)[:, None] * normal)
    weight: Array = (np.clip((0.45 - direction[:, 1]) / 0.5, 0, 1)[:, None] * 0.85).astype(np.float32)
    if parted:
        aside: Array = np.sign(points[:, :1] - PARTING_X) * np.array((1.0, 0.0, 0.0), np.float32)
        aside = unit(aside - (aside * normal).sum(1, keepdims=True) * normal)
        share = 0.8 * (_parted(points) * np.exp(-np.abs(points[:, 0] - PARTING_X) / 0.35))[:, None]
        tangent = unit((tangent * (1 - share) + aside * share).astype(np.float32))
    return unit(tangent * (1 - weight) + _rotated(hanging, normal, turn) * weight)


def back(points: Array, turn: Array) -> Array:
    """Unit tangents along which hair lies that is held to the back."""
    normal = cranium_normal(points)
    behind = np.array((0.0, 0.25, -1.0), np.float32)
    return _rotated(unit(behind - (normal @ behind)[:, None] * normal), normal, turn)


def _rotated(tangent: Array, normal: Array, angle: Array) -> Array:
    sideways = np.cross(normal, tangent)
    return np.asarray(np.cos(angle)[:, None] * tangent + np.sin(angle)[:, None] * sideways, dtype=np.float32)


def _nearest(points: Array, centres: Array) -> NDArray[np.int64]:
    return np.asarray((points @ centres.T - 0.5 * (centres**2).sum(1)).argmax(axis=1))


def _first_balder(loss: Loss, paths: Array, stage: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The step at which each strand first lies over balder scalp than its root's, or over the forehead."""
    along = loss.stage(paths.reshape(-1, 3)).reshape(paths.shape[:2])
    balder = (along > stage[:, None]) | (above_hairline(paths) < -7)
    return np.where(balder.any(axis=1), balder.argmax(axis=1), STEPS)
