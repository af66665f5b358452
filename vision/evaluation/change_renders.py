"""The same heads and sites photographed again and again and measured by the shipped networks.

Heads are drawn, so a change is known to the pixel. Takes of one sitting differ in pose, distance, lamp, exposure,
colour, sharpness, sensor noise and JPEG, as far as the capture protocol lets them (:func:`held`); two visits differ in
how the hair was combed, too. Sites of trichoscopy are real ones (the network never learnt to see drawn hairs), larger
than the lens sees: it is put on the same spot again, or anew within the site.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from vision.decode import decode_image
from vision.measure import measure_photo
from vision.release import Release
from vision.render import (
    HAIR_COLOURS,
    SKIN_TONES,
    Capture,
    HairColour,
    SkinTone,
    draw_head,
    true_labels,
)
from vision.render.head import truth_share
from vision.runtime import Network
from vision.segment import segment
from vision.training.hairs_data import HairFile, hairs_on_side, list_hair_files
from vision.trichoscopy import count_field, measure_field, stated_errors
from vision.types import Measured, Measurement, Metric, PhotoContext, QualityReport, RgbImage, View

HEAD_SIZE: Final = (800, 600)
TRUTH_SIZE: Final = (320, 240)
COVERAGE_WEIGHTS: Final = (1.0, 0.5, 0.0)
SAME_SPOT_MM: Final = 0.15
"""How far the lens is off when it is put back on a marked spot (standard deviation along each side)."""

Numbers = dict[Metric, float]


@dataclass(frozen=True, slots=True)
class Head:
    """A drawn person: what ``draw_head`` needs, and the true coverage of the crown."""

    seed: int
    thinning: float
    bald: float
    hair: HairColour
    skin: SkinTone


def draw_people(count: int) -> list[Head]:
    """People with loss of every extent, hair and skin of every colour."""
    random = np.random.default_rng(41)
    hair, skin = list(HAIR_COLOURS), list(SKIN_TONES)
    return [
        Head(
            seed=500 + number,
            thinning=float(random.uniform(0.08, 0.35)),
            bald=float(random.uniform(0.02, 0.22)),
            hair=hair[number % len(hair)],
            skin=skin[number % len(skin)],
        )
        for number in range(count)
    ]


def held(random: np.random.Generator) -> Capture:
    """One take within the protocol: the level's light allows 10 degrees, the outline a few percent of distance."""
    return Capture(
        tilt_up_degrees=float(np.clip(random.normal(0, 4), -10, 10)),
        tilt_right_degrees=float(np.clip(random.normal(0, 4), -10, 10)),
        turn_degrees=float(random.normal(0, 3)),
        closer=float(np.exp(random.normal(0, 0.05))),
        shift=(float(random.normal(0, 0.02)), float(random.normal(0, 0.02))),
        lamp_degrees=float(random.normal(0, 6)),
        light=float(np.exp2(random.normal(0, 0.2))),
        light_slope_stops=float(random.normal(0, 0.2)),
        white=(float(np.exp(random.normal(0, 0.03))), 1.0, float(np.exp(random.normal(0, 0.03)))),
        blur_px=float(random.uniform(0.2, 0.8)),
        seed=int(random.integers(1, 2**31)),
    )


def measure_head(
    head: Head, view: View, network: Network, release: Release, *, visit: int, take: int, bald: float | None = None
) -> Numbers:
    """What the shipped segmentation measures of one take; ``bald`` other than the head's is the head after a change."""
    found = segment(picture_of(head, view, visit=visit, take=take, bald=bald), network, release)
    return _values(measure_photo(found, QualityReport(()), PhotoContext(view), HEAD_SIZE, {}))


def picture_of(head: Head, view: View, *, visit: int, take: int, bald: float | None = None) -> RgbImage:
    """One take of a head as a camera within the protocol stores it, the hair combed anew at each visit."""
    random = np.random.default_rng((head.seed, list(View).index(view), visit, take))
    drawing = draw_head(
        view,
        seed=head.seed,
        thinning=head.thinning,
        bald=head.bald if bald is None else bald,
        hair_colour=head.hair,
        skin_tone=head.skin,
        size=HEAD_SIZE,
        capture=held(random),
        combed=1 + visit,
    )
    return _as_jpeg(drawing.image, int(random.integers(82, 96)))


def true_coverage(head: Head, view: View, bald: float) -> float:
    """Coverage index in % of what the ideal camera sees."""
    labels = true_labels(view, seed=head.seed, thinning=head.thinning, bald=bald, size=TRUTH_SIZE)
    return truth_share(labels, COVERAGE_WEIGHTS)


def bald_after(head: Head, view: View, points: float) -> float:
    """The bald share at which the view's true coverage is ``points`` lower, by bisection."""
    goal = true_coverage(head, view, head.bald) - points
    low, high = head.bald, min(0.95 - head.thinning, head.bald + 0.4)
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if true_coverage(head, view, middle) > goal else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class Site:
    """A site of trichoscopy twice as wide and high as the lens sees, and where the lens was put first (px)."""

    image: RgbImage
    px_per_mm: float
    seed: int


def real_sites(data: Path, count: int) -> list[Site]:
    """Sites of patients held out from training.

    The four files of a session of the research set are the quarters of one picture (grey values run on across their
    seams: median correlation 0.98, 0.0 with the quarters exchanged); put together they are a site.
    """
    files: dict[str, list[HairFile]] = {}
    for file in hairs_on_side(list_hair_files(data), "test"):
        files.setdefault(file.image.stem.rpartition("_")[0], []).append(file)
    whole = [sorted(quarters, key=lambda one: one.image.stem) for quarters in files.values() if len(quarters) == 4]
    chosen = whole[:: max(1, len(whole) // count)][:count]
    return [_put_together(quarters, seed) for seed, quarters in enumerate(chosen)]


def _put_together(quarters: Sequence[HairFile], seed: int) -> Site:
    first, second, third, fourth = (decode_image(one.image.read_bytes()) for one in quarters)
    image = np.vstack((np.hstack((first, second)), np.hstack((third, fourth))))
    return Site(np.ascontiguousarray(image), quarters[0].px_per_mm, seed)


def measure_site(site: Site, network: Network, release: Release, *, take: int, same_spot: bool) -> Numbers:
    """What the shipped network counts when the lens is put on the site once more; empty when it refuses the picture."""
    field = count_field(site_picture(site, take=take, same_spot=same_spot), site.px_per_mm, network, release)
    return _values(measure_field(field, QualityReport(()), site.px_per_mm, stated_errors(release.metrics())))


def site_picture(site: Site, *, take: int, same_spot: bool) -> RgbImage:
    """What the lens sees when it is put on the site once more."""
    random = np.random.default_rng((site.seed, take, int(same_spot)))
    whole = np.array(site.image.shape[1::-1])
    size = whole // 2
    room = size / 2 - 0.25 * site.px_per_mm
    off = random.normal(0, SAME_SPOT_MM * site.px_per_mm, 2) if same_spot else random.uniform(-room, room)
    centre = whole / 2 + off
    turn = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), float(random.normal(0, 3)), 1.0)
    turn[:, 2] += size / 2 - centre
    seen = cv2.warpAffine(
        site.image, turn, (int(size[0]), int(size[1])), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    lit = np.clip(seen.astype(np.float32) * np.exp2(random.normal(0, 0.15)), 0, 255)
    soft = cv2.GaussianBlur(lit, (0, 0), float(random.uniform(0.3, 0.9)))
    grainy = np.clip(soft + random.normal(0, 2, soft.shape), 0, 255).astype(np.uint8)
    return _as_jpeg(grainy, int(random.integers(85, 97)))


def _values(measures: Mapping[Metric, Measurement]) -> Numbers:
    return {metric: found.value for metric, found in measures.items() if isinstance(found, Measured)}


def _as_jpeg(image: RgbImage, quality: int) -> RgbImage:
    _, coded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert decoded is not None, "what was encoded a moment ago can be decoded"
    return np.ascontiguousarray(decoded[..., ::-1], np.uint8)
