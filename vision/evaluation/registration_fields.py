"""Trichoscopy in the study of registration: the same spot recognised, other spots refused, hairs followed.

Real sites are the four files of a session put together (they are the quarters of one picture), with the labelled hairs
of people held out; the lens is put on again by a known turn and shift. What a network misses or places badly is drawn
by chance with its measured figures, so that the truth of every hair stays known. Drawn fields lose and gain hairs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import cos, radians, sin
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.change.hairs import lay_fields, match_fields
from vision.change.types import HairMatches
from vision.density import counting_frame, group_units
from vision.evaluation.intervals import wilson
from vision.registration import NotComparable, Registration
from vision.registration.fields import Field, register_fields
from vision.render import draw_trichoscopy
from vision.training.hairs_data import HairFile, hairs_on_side, list_hair_files
from vision.types import Box, Hair, HairField, HairKind, Measured

RECALL: Final = 0.85
"""Share of hairs that a network finds in each picture (docs/studies/trichoscopy.json: 0.8 to 0.9 on clipped hair)."""

FALSE_PER_FIELD: Final = 0.08
"""Hairs seen where there is none, as a share of those there are."""

ROOT_MM: Final = 0.025
CALIBRE_NOISE_UM: Final = 5.0
SITES: Final = 50
OTHER_SITES: Final = 150
DRAWN: Final = 24
TURNOVER: Final = (0.0, 0.1, 0.2, 0.3, 0.4)

Rows = NDArray[np.float64]
"""Hairs N x 5: root x, y, tip x, y (mm), width (um)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A field as one picture shows it, and for every hair of it the number of the hair it is (-1: none)."""

    field: Field
    identity: tuple[int, ...]


def study_fields(data: Path) -> dict[str, Any]:
    """Recognition of labelled sites and of drawn fields, false alarms, and hairs matched."""
    sites = _sites(data)
    return {
        "noise_of_detection": {
            "recall": RECALL,
            "false_share": FALSE_PER_FIELD,
            "root_mm": ROOT_MM,
            "calibre_um": CALIBRE_NOISE_UM,
        },
        "real_sites_put_on_again": _same_spot(sites),
        "other_spots": _other_spots(sites),
        "drawn_fields": {f"{round(100 * share)} % of hairs lost and new": _drawn(share) for share in TURNOVER},
    }


def _same_spot(sites: Sequence[Rows]) -> dict[str, Any]:
    random = np.random.default_rng(1)
    size = (7.1, 5.7)
    recognised, tally, units = 0, Counter[str](), []
    for site in sites:
        then = take(site, _placing(random, 0.3), size, random)
        now = take(site, _placing(random, 0.6), size, random)
        found = register_fields(then.field, now.field)
        units.append(len(then.field.stars.places))
        if isinstance(found, Registration):
            recognised += 1
            tally += score(then, now, found)[0]
    return {
        "sites": len(sites),
        "units_per_field_median": float(np.median(units)),
        "recognised": _share(recognised, len(sites)),
    } | _figures(tally)


def _other_spots(sites: Sequence[Rows]) -> dict[str, Any]:
    """Fields of different patients: none may be taken for the same spot."""
    random = np.random.default_rng(2)
    size = (7.1, 5.7)
    fields = [take(site, _placing(random, 0.3), size, random).field for site in sites]
    pairs = list(combinations(range(len(fields)), 2))
    chosen = random.permutation(len(pairs))[:OTHER_SITES]
    wrong = 0
    reasons: Counter[str] = Counter()
    for number in chosen:
        a, b = pairs[number]
        found = register_fields(fields[a], fields[b])
        if isinstance(found, NotComparable):
            reasons[found.reason.value] += 1
        else:
            wrong += 1
    return {"pairs": len(chosen), "taken_for_the_same_spot": _share(wrong, len(chosen)), "refused_as": dict(reasons)}


def _drawn(turnover: float) -> dict[str, Any]:
    """Fields of 160 hairs/cm2 in which this share was lost and as many came, the kept ones 3 um thinner."""
    random = np.random.default_rng(round(1000 * turnover) + 7)
    tally: Counter[str] = Counter()
    recognised = covered = 0
    changes: list[float] = []
    for seed in range(DRAWN):
        hairs = _drawn_hairs(seed)
        lost = random.random(len(hairs)) < turnover
        fresh = _drawn_hairs(seed + 500)
        fresh = fresh[random.permutation(len(fresh))[: int(lost.sum())]]
        later = np.concatenate((np.where(lost[:, None], np.nan, hairs), fresh))
        later[:, 4] -= 3.0
        then = take(hairs, _placing(random, 0.2), (6.0, 4.8), random)
        now = take(later, _placing(random, 0.4), (6.0, 4.8), random)
        found = register_fields(then.field, now.field)
        if isinstance(found, Registration):
            recognised += 1
            counts, matches = score(then, now, found)
            tally += counts
            change = matches.calibre_change
            if isinstance(change, Measured):
                changes.append(change.value)
                covered += change.low <= -3.0 <= change.high
    return {
        "fields": DRAWN,
        "recognised": _share(recognised, DRAWN),
        "calibre_change_um_true_-3": round(float(np.mean(changes)), 2) if changes else None,
        "calibre_interval_covers": _share(covered, len(changes)),
    } | _figures(tally)


def score(then: Taken, now: Taken, found: Registration) -> tuple[Counter[str], HairMatches]:
    """Pairs found and true inside the common frame, and fates told rightly, against the hairs' identities."""
    field, other = then.field, now.field
    fields = lay_fields(field.hairs, other.hairs, found, field.size_px, field.px_per_mm)
    if fields is None:
        raise ValueError("fields that were registered share no frame")
    matches = match_fields(fields, found, field.size_px, field.px_per_mm)
    right = sum(then.identity[pair.then] == now.identity[pair.now] != -1 for pair in matches.kept)
    of_now = {identity: number for number, identity in enumerate(now.identity) if identity != -1}
    there = [
        number
        for number, identity in enumerate(then.identity)
        if identity in of_now and (fields.then.hairs[number].counted or fields.now.hairs[of_now[identity]].counted)
    ]
    return Counter(pairs=len(matches.kept), right=right, true=len(there)), matches


def take(
    hairs: Rows, placing: tuple[float, float, float], size_mm: tuple[float, float], random: np.random.Generator
) -> Taken:
    """The lens put on: turned (degrees), shifted (mm); hairs are missed, made up and placed with the stated noise."""
    px_per_mm = 116.65
    width, height = (round(length * px_per_mm) for length in size_mm)
    angle, middle = radians(placing[0]), np.array(size_mm) / 2
    spin = np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    seen = hairs.copy()
    for columns in (slice(0, 2), slice(2, 4)):
        seen[:, columns] = (hairs[:, columns] - middle) @ spin.T + middle + placing[1:]
    off = random.normal(0, ROOT_MM, (len(seen), 2))
    seen[:, :2] += off
    seen[:, 2:4] += off + random.normal(0, 2 * ROOT_MM, (len(seen), 2))
    seen[:, 4] += random.normal(0, CALIBRE_NOISE_UM, len(seen))
    inside = ((seen[:, :2] > 0) & (seen[:, :2] < size_mm)).all(axis=1) & (random.random(len(seen)) < RECALL)
    identity = [int(number) for number in np.flatnonzero(inside)]
    rows = seen[inside]
    extra = round(FALSE_PER_FIELD * len(rows))
    if extra:
        roots = random.uniform((0, 0), size_mm, (extra, 2))
        made_up = rows[random.integers(0, len(rows), extra)].copy()
        made_up[:, 2:4] += roots - made_up[:, :2]
        made_up[:, :2] = roots
        rows, identity = np.concatenate((rows, made_up)), identity + [-1] * extra
    image = np.full((height, width, 3), 165, np.uint8)
    return Taken(Field(image, _field(rows, (width, height), px_per_mm), px_per_mm), tuple(identity))


def _field(rows: Rows, size: tuple[int, int], px_per_mm: float) -> HairField:
    frame = counting_frame(*size, px_per_mm)
    width, height = size
    scale = np.array((width, height, width, height)) / px_per_mm
    places = rows[:, :4] / scale
    units = group_units(rows[:, :2] * px_per_mm, px_per_mm) if len(rows) else np.zeros(0, np.int64)
    hairs = tuple(
        Hair((float(x), float(y)), (float(u), float(v)), HairKind.SINGLE, 0.9, int(unit), True, float(um))
        for (x, y, u, v), unit, um in zip(places, units, rows[:, 4], strict=True)
    )
    box = Box(frame.left / width, frame.top / height, frame.right / width, frame.bottom / height)
    return HairField(hairs, box, frame.area_cm2, 30.0, None, ())


def _placing(random: np.random.Generator, off_mm: float) -> tuple[float, float, float]:
    """Turn of up to 20 degrees and a shift."""
    x, y = random.normal(0, off_mm, 2)
    return float(random.uniform(-20, 20)), float(x), float(y)


def _sites(data: Path) -> list[Rows]:
    """Labelled sites of people held out, 7.1 x 5.7 mm; one per patient."""
    quarters: dict[str, list[HairFile]] = {}
    for file in hairs_on_side(list_hair_files(data), "test"):
        quarters.setdefault(file.image.stem.rpartition("_")[0], []).append(file)
    sites: list[Rows] = []
    patients: set[str] = set()
    for files in quarters.values():
        if len(files) != 4 or files[0].patient in patients or len(sites) == SITES:
            continue
        patients.add(files[0].patient)
        rows = []
        for place, file in enumerate(sorted(files, key=lambda one: one.image.stem)):
            corner = np.tile((832 * (place % 2), 666 * (place // 2)), 2)
            rows.append((file.arrows + corner) / file.px_per_mm)
        arrows = np.concatenate(rows).astype(np.float64)
        sites.append(np.column_stack((arrows, np.random.default_rng(len(sites)).normal(65, 12, len(arrows)))))
    return sites


def _drawn_hairs(seed: int) -> Rows:
    drawn = draw_trichoscopy(seed=seed, hairs_per_cm2=160, px_per_mm=60.0, size=(360, 288))
    rows = [(*hair.root, *hair.tip, 0.0) for hair in drawn.hairs]
    hairs = np.array(rows, np.float64) / 60.0
    hairs[:, 4] = [0.9 * hair.calibre_um for hair in drawn.hairs]
    return hairs


def _figures(tally: Counter[str]) -> dict[str, Any]:
    return {
        "hairs_matched_that_are_in_both": _share(tally["right"], tally["true"]),
        "matches_that_are_right": _share(tally["right"], tally["pairs"]),
    }


def _share(hits: int, trials: int) -> dict[str, float] | None:
    found = wilson(hits, trials)
    return found.as_dict() if found else None
