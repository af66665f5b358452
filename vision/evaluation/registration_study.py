"""How well photographs are laid over each other, and how surely wrong pairs are refused.

Right pairs: real photographs of one head taken twice in one sitting (read by eye), real photographs through a known
camera and spoiled, drawn heads seen from two known sides, trichoscopy fields put on again. Wrong pairs: other people in
the same room, mirror images, other spots.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.evaluation.intervals import wilson
from vision.evaluation.registration_fields import study_fields
from vision.registration import NotComparable, Registration
from vision.registration.features import Working, find_features
from vision.registration.overview import MIN_EVIDENCE, Seen, agreement, head_of, look_at, register_seen
from vision.registration.types import Mask, Points, through
from vision.release import Release, load_release
from vision.render import draw_head
from vision.render.geometry import Camera, Capture, Part, above_hairline, camera_for, moved, see
from vision.render.hair import loss_pattern
from vision.runtime import Network, open_network
from vision.segment import segment
from vision.types import LabelMap, RgbImage, ScalpClass, ScalpMap, View

TWICE: Final = (
    ("002", "003"), ("002", "093"), ("003", "093"), ("010", "011"), ("017", "018"), ("023", "085"), ("030", "049"),
    ("045", "046"), ("057", "064"), ("058", "060"), ("063", "086"), ("075", "076"), ("080", "083"), ("089", "090"),
)  # fmt: skip
"""Clinic tops of one head, taken twice in one sitting with the hair left as it was."""

COMBED: Final = (("042", "066"), ("082", "088"), ("010", "072"), ("011", "072"))
"""The same, the hair combed another way in between."""

STRETCHED: Final = (("054", "070"),)
"""The same, one file stretched in width: no camera does that, and it is refused as too tilted."""

WRONG_PAIRS: Final = 400
WARPED: Final = 30
HEADS: Final = (
    (View.CROWN, 1),
    (View.HAIRLINE, 2),
    (View.TEMPLE_LEFT, 3),
    (View.OCCIPUT, 4),
    (View.PART, 5),
    (View.CROWN, 6),
)
TILTS: Final = (5, 10, 15, 20)
DRAWN_SIZE: Final = (960, 720)
WITHIN: Final = 0.01
"""Of the head's width: what counts as well laid."""


@dataclass(frozen=True, slots=True)
class Laid:
    """One pair: accepted or why not, its error (median and 95th percentile, % of the scalp's width) where known."""

    found: Registration | NotComparable
    median_percent: float | None = None
    high_percent: float | None = None


def study_registration(data: Path) -> dict[str, Any]:
    """The table of ``docs/studies/registration.json``.

    Raises FileNotFoundError when ``data`` has no clinic tops.
    """
    folder = data / "clinic_tops" / "images"
    files = sorted(folder.glob("*.jpg"))
    if not files:
        raise FileNotFoundError(f"no photographs in {folder}")
    cv2.setNumThreads(1)
    release = load_release("scalp-segmentation")
    network = open_network(release)
    tops = {file.stem.removeprefix("top_"): _look(decode_image(file.read_bytes()), network, release) for file in files}
    twice, seconds = _twice(tops)
    return {
        "command": "python -m vision study registration --data ../shared/data --json docs/studies/registration.json",
        "release": release.id,
        "limit_of_evidence": MIN_EVIDENCE,
        "taken_twice_in_one_sitting": twice,
        "combed_in_between": _accepted(_pairs(tops, COMBED)),
        "stretched_file": [_reason(laid.found) for laid in _pairs(tops, STRETCHED)],
        "wrong_pairs": _wrong(tops),
        "mirror_images": _mirrors(tops),
        "known_cameras_on_real_photographs": _warped(data, network, release),
        "drawn_heads": _drawn(),
        "trichoscopy": study_fields(data),
        "processor_seconds_per_pair_once_looked_at": round(seconds, 2),
    }


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """The picture and the table in words beside ``file``, the table in JSON."""
    from vision.evaluation.registration_figures import draw, tell

    draw(report, file.with_suffix(".png"))
    file.with_suffix(".md").write_text(tell(report), encoding="utf-8")


def _look(image: RgbImage, network: Network, release: Release) -> Seen:
    return look_at(image, segment(image, network, release))


def _pairs(tops: Mapping[str, Seen], names: Sequence[tuple[str, str]]) -> list[Laid]:
    return [Laid(register_seen(tops[a], tops[b])) for a, b in names if a in tops and b in tops]


def _twice(tops: Mapping[str, Seen]) -> tuple[dict[str, Any], float]:
    began = time.process_time()
    laid = _pairs(tops, TWICE)
    spent = (time.process_time() - began) / max(1, len(laid))
    strengths = [_strength(tops[a], tops[b]) for a, b in TWICE if a in tops and b in tops]
    return _accepted(laid) | {"evidence": _rounded(strengths)}, spent


def _accepted(laid: Sequence[Laid]) -> dict[str, Any]:
    good = [one.found for one in laid if isinstance(one.found, Registration)]
    errors = [100 * one.error for one in good]
    return {
        "accepted": _share(len(good), len(laid)),
        "held_out_error_percent_of_width": _rounded(errors, 2),
        "refused_as": [_reason(one.found) for one in laid if isinstance(one.found, NotComparable)],
    }


def _wrong(tops: Mapping[str, Seen]) -> dict[str, Any]:
    """Pairs of different people, in one clinic's rooms, before one camera."""
    person = {name: name for name in tops}
    for a, b in (*TWICE, *COMBED, *STRETCHED):
        if a in person and b in person:
            old, new = person[b], person[a]
            person = {name: new if owner == old else owner for name, owner in person.items()}
    different = [(a, b) for a, b in combinations(sorted(tops), 2) if person[a] != person[b]]
    chosen = np.random.default_rng(3).permutation(len(different))[:WRONG_PAIRS]
    strengths = []
    refused = 0
    for number in chosen:
        a, b = different[number]
        strengths.append(_strength(tops[a], tops[b]))
        refused += strengths[-1] < MIN_EVIDENCE or isinstance(register_seen(tops[a], tops[b]), NotComparable)
    return {
        "pairs": len(chosen),
        "refused": _share(refused, len(chosen)),
        "strongest_evidence": _rounded(sorted(strengths)[-8:]),
        "evidence_histogram": _histogram(strengths),
    }


def _mirrors(tops: Mapping[str, Seen]) -> dict[str, Any]:
    """The second photograph of a sitting, and the first itself, turned left to right."""
    laid = []
    for a, b in TWICE:
        if a in tops and b in tops:
            laid += [Laid(register_seen(tops[a], _flipped(tops[name]))) for name in (a, b)]
    named = sum(_reason(one.found) == "mirrored" for one in laid)
    return {
        "refused": _share(sum(isinstance(one.found, NotComparable) for one in laid), len(laid)),
        "called_mirrored": _share(named, len(laid)),
    }


def _flipped(seen: Seen) -> Seen:
    working = seen.working
    turned = Working(
        np.ascontiguousarray(working.grey[:, ::-1]), working.head[:, ::-1].copy(), working.scalp[:, ::-1].copy()
    )
    return Seen(turned, find_features(turned), seen.own_px)


def _strength(first: Seen, second: Seen) -> float:
    fit = agreement(first, second)
    return 0.0 if fit is None else fit.evidence


def _warped(data: Path, network: Network, release: Release) -> dict[str, Any]:
    """Real photographs and the same through another camera, exposure, colour, blur, noise and JPEG."""
    random = np.random.default_rng(11)
    laid = []
    for path in _real(data):
        image = decode_image(path.read_bytes())
        first = segment(image, network, release)
        size = (image.shape[1], image.shape[0])
        matrix = _camera(random, size)
        other = _spoiled(cv2.warpPerspective(image, matrix, size, borderMode=cv2.BORDER_REFLECT), random)
        seen = _look(other, network, release)
        found = register_seen(look_at(image, first), seen)
        laid.append(_measured(found, *_through_matrix(first, matrix, size), size))
    return _known(laid)


def _real(data: Path) -> list[Path]:
    files = [*sorted((data / "norwood" / "images").glob("*_[flbt]*.jpg")), *(data / "women_views").rglob("*.jpg")]
    random = np.random.default_rng(5)
    return [files[number] for number in sorted(random.permutation(len(files))[:WARPED])]


def _camera(random: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    """Turn to 15 degrees, distance 0.8 to 1.2, a plane tilted to 25 degrees about any axis, 8 % off the middle."""
    width, height = size
    focal = 1.2 * max(size)
    about, tilt = random.uniform(0, 2 * np.pi), np.radians(random.uniform(0, 25))
    lean, _ = cv2.Rodrigues(np.array([np.cos(about), np.sin(about), 0.0]) * tilt)
    spin, _ = cv2.Rodrigues(np.array([0.0, 0.0, np.radians(random.uniform(-15, 15))]))
    turn = np.asarray(spin @ lean, np.float64)
    inner = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
    plane = np.column_stack((turn[:, 0], turn[:, 1], (0.0, 0.0, float(random.uniform(0.83, 1.25)))))
    back = np.array([[1 / focal, 0, -width / 2 / focal], [0, 1 / focal, -height / 2 / focal], [0, 0, 1.0]])
    matrix = inner @ plane @ back
    shift = np.eye(3)
    shift[:2, 2] = random.uniform(-0.08, 0.08, 2) * size
    laid = shift @ matrix
    return np.asarray(laid / laid[2, 2], np.float64)


def _spoiled(image: NDArray[np.uint8], random: np.random.Generator) -> RgbImage:
    gains = np.exp2(random.uniform(-0.6, 0.6) + random.uniform(-0.2, 0.2, 3))
    lit = 255 * np.clip((image / 255.0) ** 2.2 * gains, 0, 1) ** (1 / 2.2)
    soft = cv2.GaussianBlur(lit, (0, 0), float(random.uniform(0.4, 1.1)))
    grainy = np.clip(soft + random.normal(0, 3, soft.shape), 0, 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", grainy, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(75, 95))])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _through_matrix(
    first: ScalpMap, matrix: NDArray[np.float64], size: tuple[int, int]
) -> tuple[Points, Points, float]:
    """Places of the scalp (fractions), where the known camera puts them, and the scalp's width as a fraction."""
    scalp = head_of(first).scalp
    rows, columns = np.nonzero(scalp)
    chosen = np.linspace(0, len(rows) - 1, 400).astype(int)
    shape = np.array(scalp.shape[::-1])
    places = (np.column_stack((columns, rows))[chosen] + 0.5) / shape
    there = (through(matrix, places * size - 0.5) + 0.5) / size
    inside = ((there > 0) & (there < 1)).all(axis=1)
    return places[inside], there[inside], float((columns.max() - columns.min() + 1) / shape[0])


def _measured(
    found: Registration | NotComparable, places: Points, there: Points, width: float, size: tuple[int, int]
) -> Laid:
    """The error where places of the moving picture come to lie in the reference, % of the scalp's width."""
    if isinstance(found, NotComparable) or not len(places):
        return Laid(found)
    off = found.to_reference(there) - places
    apart = 100 * np.linalg.norm(off * (1.0, size[1] / size[0]), axis=1) / width
    return Laid(found, float(np.median(apart)), float(np.percentile(apart, 95)))


def _known(laid: Sequence[Laid]) -> dict[str, Any]:
    medians = [one.median_percent for one in laid if one.median_percent is not None]
    highs = [one.high_percent for one in laid if one.high_percent is not None]
    well = sum(one <= 100 * WITHIN for one in medians)
    return {
        "accepted": _share(sum(isinstance(one.found, Registration) for one in laid), len(laid)),
        "of_those_within_1_percent_of_head_width": _share(well, len(medians)),
        "median_error_percent_of_head_width": _rounded(medians, 2),
        "error_95th_percentile_percent_of_head_width": _rounded(highs, 2),
        "refused_as": [_reason(one.found) for one in laid if isinstance(one.found, NotComparable)],
    }


def _drawn() -> dict[str, Any]:
    """Heads drawn twice: from a side tilted more and more, and with the hair laid anew."""
    rows: dict[str, list[Laid]] = {}
    for view, seed in HEADS:
        first, camera = _head(view, seed, Capture(), 0)
        seen = look_at(first[0], _scalp(first[1]))
        for tilt in TILTS:
            second, other = _head(view, seed, _capture(tilt), 0)
            found = register_seen(seen, look_at(second[0], _scalp(second[1])))
            rows.setdefault(f"tilted by {tilt} degrees", []).append(
                _measured(found, *_on_head(camera, other), DRAWN_SIZE)
            )
        second, other = _head(view, seed, _capture(4), 1)
        found = register_seen(seen, look_at(second[0], _scalp(second[1])))
        rows.setdefault("hair laid anew, tilted by 4 degrees", []).append(
            _measured(found, *_on_head(camera, other), DRAWN_SIZE)
        )
    return {name: _known(laid) for name, laid in rows.items()}


def _capture(tilt: float) -> Capture:
    """Another take: tilted two ways, turned, nearer, in other light."""
    return Capture(
        tilt_up_degrees=0.8 * tilt,
        tilt_right_degrees=0.6 * tilt,
        turn_degrees=5.0,
        closer=1.07,
        light=0.8,
        lamp_degrees=10.0,
        white=(1.04, 1.0, 0.93),
        blur_px=0.6,
        seed=round(tilt),
    )


def _head(view: View, seed: int, capture: Capture, combed: int) -> tuple[tuple[RgbImage, LabelMap], Camera]:
    drawn = draw_head(view, seed=seed, thinning=0.15, bald=0.06, size=DRAWN_SIZE, capture=capture, combed=combed)
    random = np.random.default_rng(seed)
    loss_pattern(random, 0.15, 0.06, 0.0)
    random.uniform(0.24, 0.34)  # the hair's length, drawn before the turn
    ideal = camera_for(view, DRAWN_SIZE, float(random.normal(0, 4)))
    return (drawn.image, drawn.truth), moved(ideal, capture, DRAWN_SIZE)


def _scalp(labels: LabelMap) -> Mask:
    """The scalp alone: the mottle of a drawing's face and neck stays with the picture, not with the head."""
    small = cv2.resize(labels, (480, 360), interpolation=cv2.INTER_NEAREST)
    return np.isin(small, ScalpClass.scalp())


def _on_head(camera: Camera, other: Camera) -> tuple[Points, Points, float]:
    """Places of the scalp that both cameras see (fractions), and the scalp's width as a fraction."""
    factor = 0.25
    small = (round(DRAWN_SIZE[0] * factor), round(DRAWN_SIZE[1] * factor))
    surface, behind = see(camera.scaled(factor), small), see(other.scaled(factor), small)
    scalp = (surface.part == Part.CRANIUM) & (above_hairline(surface.point) > 0)
    rows, columns = np.nonzero(scalp)
    width = float((columns.max() - columns.min() + 1) / small[0])
    chosen = np.linspace(0, len(rows) - 1, 900).astype(int)
    rows, columns = rows[chosen], columns[chosen]
    x, y, depth = other.project(surface.point[rows, columns])
    there = np.column_stack((x, y)) / DRAWN_SIZE
    inside = ((there > 0) & (there < 1)).all(axis=1)
    at = np.clip((there * small).astype(int), 0, np.array(small) - 1)
    visible = inside & (depth > behind.depth[at[:, 1], at[:, 0]] - 0.02)
    places = (np.column_stack((columns, rows)) + 0.5) / small
    return places[visible], there[visible], width


def _reason(found: Registration | NotComparable) -> str | None:
    return found.reason.value if isinstance(found, NotComparable) else None


def _histogram(values: Sequence[float]) -> dict[str, int]:
    edges = np.arange(-6, 13)
    counts, _ = np.histogram(np.clip(values, -6, 11.9), edges)
    return {str(edge): int(count) for edge, count in zip(edges[:-1], counts, strict=True)}


def _share(hits: int, trials: int) -> dict[str, float] | None:
    found = wilson(hits, trials)
    return found.as_dict() if found else None


def _rounded(values: Sequence[float], digits: int = 1) -> list[float]:
    return [round(float(value), digits) for value in values]
