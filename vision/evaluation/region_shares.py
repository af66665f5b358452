"""How often the 95 % interval of one region's share holds its true share: on drawn heads and on people held out.

Few regions are listed, so every area of the segmentation is looked at, whether or not the detector agrees enough for it
to be listed. It stands for those true areas of its kind that overlap it more than any other area found; where none
does (it is one piece of a true area), for the true area that it overlaps most; where no true area of the kind touches
it, for nothing, and its true share is 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.areas import Area, affected_areas
from vision.decode import decode_image
from vision.evaluation.change_renders import held
from vision.evaluation.intervals import wilson
from vision.evaluation.segmentation import SCALP_REGION_CLASSES
from vision.measure import region_share
from vision.pipeline import Networks, held_out_errors
from vision.regions import find_areas, reach_of
from vision.render import HAIR_COLOURS, SKIN_TONES, draw_head
from vision.segment import segment
from vision.training.data import list_scalp_regions, on_side, read_grey
from vision.training.split import Side
from vision.types import LabelMap, Measured, RgbImage, ScalpClass, View

DRAWN: Final = 30
FIRST_SEED: Final = 36_000
HEAD_SIZE: Final = (800, 600)
KINDS: Final = (ScalpClass.THINNING, ScalpClass.BALD)
VIEWS: Final = (View.CROWN, View.HAIRLINE, View.OCCIPUT, View.TEMPLE_LEFT, View.CROWN)


@dataclass(frozen=True, slots=True)
class Listed:
    """An area of the segmentation: its share as told, and the true one (%); ``there``: whether the truth has an area of
    its kind in this place; ``shown``: whether both networks agree on it enough for the portal to list it."""

    kind: ScalpClass
    share: Measured
    true: float
    there: bool
    person: str
    shown: bool = True


def study_region_shares(data: Path, networks: Networks) -> dict[str, Any]:
    """Coverage, error and width on people held out and on drawn heads, by kind."""
    looked_at = {
        "people_held_out": outlined_regions(data, networks, "test"),
        "drawn_heads": drawn_regions(networks, FIRST_SEED, DRAWN),
    }
    assert networks.detector is not None
    return {
        "release": networks.detector.release.id,
        **{
            name: {
                "listed": figures([one for one in rows if one.shown]),
                **{kind.name.lower(): figures([one for one in rows if one.kind is kind]) for kind in KINDS},
                "all": figures(rows),
            }
            for name, rows in looked_at.items()
        },
        "points": {
            name: [
                [one.kind.name.lower(), *(round(number, 2) for number in (one.true, *_told(one.share)))]
                for one in rows
                if one.there
            ]
            for name, rows in looked_at.items()
        },
    }


def widening(rows: Sequence[Listed]) -> float | None:
    """By what half widths would have to be multiplied so that 95 % of the true shares lay within; at least 1."""
    ratios = [error_over_half(one.share, one.true) for one in rows]
    return round(max(1.0, float(np.quantile(ratios, 0.95, method="higher"))), 2) if ratios else None


def error_over_half(found: Measured, true: float) -> float:
    """Error over the half width on its side; 0 where an interval that ends at what is possible holds the truth."""
    if found.low <= true <= found.high:
        half = found.high - found.value if true > found.value else found.value - found.low
        return abs(true - found.value) / half if half > 0 else 0.0
    half = max(found.high - found.value, found.value - found.low)
    return abs(true - found.value) / half if half > 0 else float("inf")


def figures(rows: Sequence[Listed]) -> dict[str, Any]:
    """Over regions that are there: mean error, bias, coverage, width; and coverage where invented ones count with 0."""
    there = [one for one in rows if one.there]
    errors = np.array([one.share.value - one.true for one in there])
    holds, all_hold = (
        wilson(sum(one.share.low <= one.true <= one.share.high for one in some), len(some)) for some in (there, rows)
    )
    return {
        "regions": len(there),
        "people": len({one.person for one in there}),
        "not_there": len(rows) - len(there),
        "mae": round(float(np.abs(errors).mean()), 2) if there else None,
        "bias": round(float(errors.mean()), 2) if there else None,
        "mean_half_width": round(float(np.mean([(one.share.high - one.share.low) / 2 for one in there])), 2)
        if there
        else None,
        "widening_needed": widening(there),
        "interval_holds": None if holds is None else holds.as_dict(),
        "interval_holds_with_invented_ones": None if all_hold is None else all_hold.as_dict(),
    }


def _told(share: Measured) -> tuple[float, float, float]:
    return share.value, share.low, share.high


def drawn_regions(networks: Networks, first_seed: int, count: int) -> list[Listed]:
    """Regions listed on drawn heads with loss of every extent, taken as the capture protocol lets them be."""
    listed: list[Listed] = []
    hair, skin = list(HAIR_COLOURS), list(SKIN_TONES)
    for number in range(count):
        random = np.random.default_rng(first_seed + number)
        drawing = draw_head(
            VIEWS[number % len(VIEWS)],
            seed=first_seed + number,
            thinning=float(random.uniform(0.05, 0.35)),
            bald=float(random.uniform(0.0, 0.30)),
            hair_colour=hair[number % len(hair)],
            skin_tone=skin[number % len(skin)],
            size=HEAD_SIZE,
            capture=held(random),
        )
        listed += listed_regions(drawing.image, drawing.truth, networks, f"drawn {number}")
    return listed


def outlined_regions(data: Path, networks: Networks, side: Side) -> list[Listed]:
    """Regions listed on the outlined research photographs of the people on this side of the split."""
    listed: list[Listed] = []
    for file in on_side(list_scalp_regions(data), side):
        truth = np.asarray(SCALP_REGION_CLASSES[read_grey(file.mask)], np.uint8)
        listed += listed_regions(decode_image(file.image.read_bytes()), truth, networks, file.person)
    return listed


def listed_regions(image: RgbImage, truth: LabelMap, networks: Networks, person: str) -> Iterator[Listed]:
    """What the shipped networks list on one picture, each region with the truth it stands for."""
    assert networks.segmenter is not None
    assert networks.detector is not None
    release = networks.detector.release
    scalp = segment(image, networks.segmenter.network, networks.segmenter.release)
    errors = held_out_errors(networks.segmenter)
    found = find_areas(image, scalp, networks.detector.network, release)
    height, width = scalp.labels.shape
    areas = affected_areas(np.asarray(cv2.resize(truth, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8))
    for kind in KINDS:
        of_kind = [area for area in found if area.kind is kind]
        known = [area for area in areas if area.kind is kind]
        for area, true in zip(of_kind, counterparts([area.mask for area in of_kind], known), strict=True):
            share = region_share(kind, area.mask, reach_of(kind, area.mask, scalp), scalp, errors)
            shown = area.score >= release.thresholds["score"]
            yield Listed(kind, share, true or 0.0, true is not None, person, shown)


def counterparts(found: Sequence[NDArray[np.bool_]], areas: Sequence[Area]) -> list[float | None]:
    """The true share that each region found stands for; None where no area touches it."""
    if not areas or not found:
        return [None] * len(found)
    shared = np.array([[int((mask & area.mask).sum()) for area in areas] for mask in found])
    owner = np.where(shared.max(axis=0) > 0, shared.argmax(axis=0), -1)
    shares = []
    for number, row in enumerate(shared):
        own = [area.share_of_scalp for area, whose in zip(areas, owner, strict=True) if whose == number]
        touched = areas[int(row.argmax())].share_of_scalp if row.any() else None
        shares.append(sum(own) if own else touched)
    return shares
