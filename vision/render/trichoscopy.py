"""Drawn trichoscopy: a field of clipped hairs on skin, with root, tip and calibre of every hair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.render.camera import sign_drawing
from vision.render.contact_field import TAPER, DrawnHair, paint_field
from vision.render.head import HairColour, SkinTone
from vision.types import RgbImage

__all__ = ["TAPER", "DrawnHair", "DrawnTrichoscopy", "draw_trichoscopy", "scattered_hairs"]

FULL_STOCK_PER_CM2: Final = 85.0
"""Follicular units per cm2 where few are lost (mean of the labelled photographs of the research set)."""
SHAKEN: Final = 0.25
"""How far units lie from a lattice's points (standard deviation, steps): counts in a frame of 0.065 cm2 then scatter
about as they do between neighbouring frames on photographs (variance over mean 0.31)."""
GROWTH_DEGREES: Final = (44.0, 22.0)
"""Which way hairs point in a picture, clockwise from its right: mean and standard deviation over labelled photographs,
where the lens is held one way to the patient."""
MOST_IN_UNIT: Final = 4
APART_MM: Final = 0.11
"""Roots of one unit lie side by side, about this far apart (median nearest neighbour on photographs 0.14)."""
CLIPPED_MM: Final = (0.44, 0.2, 0.9)
THIN_MM: Final = (0.30, 0.14, 0.65)
"""Length of clipped and of thin hairs: median, least and most; those of labelled photographs."""
NOT_SKIN_MARGIN_MM: Final = 0.9
"""Roots are also placed this far outside the frame, so that hairs cross its edge as in a real field."""


@dataclass(frozen=True, slots=True)
class DrawnTrichoscopy:
    """A field, its scale, and the hairs whose root lies inside the frame."""

    image: RgbImage
    px_per_mm: float
    hairs: tuple[DrawnHair, ...]

    @property
    def hairs_per_cm2(self) -> float:
        """True density of the drawn field: roots inside the frame over its area."""
        area_cm2 = self.image.shape[0] * self.image.shape[1] / (self.px_per_mm * 10) ** 2
        return len(self.hairs) / area_cm2


def draw_trichoscopy(
    *,
    seed: int,
    hairs_per_cm2: float = 180.0,
    hairs_per_unit: float = 2.0,
    vellus_share: float = 0.1,
    terminal_um: float = 75.0,
    px_per_mm: float = 230.0,
    size: tuple[int, int] = (1280, 960),
    skin_tone: SkinTone = SkinTone.MEDIUM,
    hair_colour: HairColour = HairColour.BLACK,
) -> DrawnTrichoscopy:
    """A contact field of clipped hair. The number of hairs is random (units are scattered, as on a head) around the
    density asked for; the truth is what was drawn. ``size`` is width and height in px."""
    random = np.random.default_rng(seed)
    hairs = _grow(random, hairs_per_cm2, hairs_per_unit, vellus_share, terminal_um, px_per_mm, size)
    image = paint_field(random, hairs, px_per_mm=px_per_mm, size=size, skin_tone=skin_tone, hair_colour=hair_colour)
    sign_drawing(image)
    return DrawnTrichoscopy(image, px_per_mm, _inside(hairs, size))


def scattered_hairs(
    *, seed: int, hairs_per_cm2: float, px_per_mm: float, size: tuple[int, int], hairs_per_unit: float = 2.0
) -> tuple[DrawnHair, ...]:
    """The hairs that :func:`draw_trichoscopy` draws for the same arguments, without the picture."""
    random = np.random.default_rng(seed)
    return _inside(_grow(random, hairs_per_cm2, hairs_per_unit, 0.1, 75.0, px_per_mm, size), size)


def _inside(hairs: list[DrawnHair], size: tuple[int, int]) -> tuple[DrawnHair, ...]:
    return tuple(hair for hair in hairs if 0 <= hair.root[0] < size[0] and 0 <= hair.root[1] < size[1])


def _grow(
    random: np.random.Generator,
    hairs_per_cm2: float,
    hairs_per_unit: float,
    vellus_share: float,
    terminal_um: float,
    px_per_mm: float,
    size: tuple[int, int],
) -> list[DrawnHair]:
    """Hairs in units of one to four over the field and a margin around it."""
    growth = float(np.radians(random.normal(*GROWTH_DEGREES)))
    units = _scatter(random, hairs_per_cm2 / hairs_per_unit, px_per_mm, size)
    together = 1 + random.binomial(
        MOST_IN_UNIT - 1, min(1.0, max(0.0, (hairs_per_unit - 1) / (MOST_IN_UNIT - 1))), len(units)
    )
    number = np.repeat(np.arange(len(units)), together)
    count = len(number)
    lean = growth + random.normal(0, 0.18, len(units))
    row = lean + np.pi / 2 + random.normal(0, 0.5, len(units))
    apart = random.normal(APART_MM, 0.02, len(units))
    first = np.cumsum(together) - together
    place = np.arange(count) - first[number] - (together[number] - 1) / 2
    off = (place * apart[number])[:, None] * np.stack((np.cos(row), np.sin(row)), 1)[number]
    roots = units[number] + (off + random.normal(0, 0.025, (count, 2))) * px_per_mm
    thin = random.random(count) < vellus_share
    calibre = np.where(thin, random.uniform(12, 28, count), np.maximum(32.0, random.normal(terminal_um, 14, count)))
    middle, shortest, longest = np.where(thin[:, None], THIN_MM, CLIPPED_MM).T
    length = np.clip(middle * np.exp(random.normal(0, 0.28, count)), shortest, longest) * px_per_mm
    angle = lean[number] + random.normal(0, 0.10, count)
    tips = roots + length[:, None] * np.stack((np.cos(angle), np.sin(angle)), 1)
    return [
        DrawnHair(_pair(root), _pair(tip), float(wide), int(unit))
        for root, tip, wide, unit in zip(roots, tips, calibre, number, strict=True)
    ]


def _scatter(
    random: np.random.Generator, units_per_cm2: float, px_per_mm: float, size: tuple[int, int]
) -> NDArray[np.float64]:
    """Places of units, N x 2 in px: a shaken triangular lattice, turned and shifted at random, some of it empty.

    A lattice laid at random gives every place the same chance, so the density asked for is the expected one exactly.
    Units on a head keep apart; of a head's full stock (:data:`FULL_STOCK_PER_CM2`) those not asked for are lost one by
    one at random.
    """
    stock = max(FULL_STOCK_PER_CM2, units_per_cm2)
    step = (2 / (np.sqrt(3) * stock)) ** 0.5 * 10 * px_per_mm
    reach = float(np.hypot(*size)) / 2 + NOT_SKIN_MARGIN_MM * px_per_mm + 4 * SHAKEN * step
    columns, rows = (int(np.ceil(reach / length)) + 1 for length in (step, step * np.sqrt(3) / 2))
    j, i = (grid.ravel() for grid in np.mgrid[-rows : rows + 1, -columns : columns + 1].astype(np.float64))
    shift = random.uniform(0, 1, 2)
    places = np.stack((i + shift[0] + 0.5 * (j % 2), (j + shift[1]) * np.sqrt(3) / 2), 1) * step
    places += random.normal(0, SHAKEN * step, places.shape)
    turn = float(random.uniform(0, 2 * np.pi))
    spin = np.array(((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))))
    places = places @ spin.T + np.array(size) / 2
    places = places[random.random(len(places)) < units_per_cm2 / stock]
    margin = NOT_SKIN_MARGIN_MM * px_per_mm
    return np.asarray(places[((places > -margin) & (places < np.array(size) + margin)).all(axis=1)], np.float64)


def _pair(point: NDArray[np.float64]) -> tuple[float, float]:
    return float(point[0]), float(point[1])
