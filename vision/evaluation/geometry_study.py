"""How true part width and hairline are on drawn heads of known lengths, and how often their intervals hold the truth.

Each head is drawn with a calibration card beside it and photographed askew, soft and noisy; the scale is read off the
card. Every drawing is measured twice: with its true label map, which shows what the measure itself makes of a picture,
and with the released segmentation, which was never shown a drawing. Real front views with drawn hair masks (people held
out) say how often both eyes are found, and how far the hairline is from the mask's. The affected share on people held
out is told beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.calibration_card import CardReading, read_card
from vision.decode import decode_image
from vision.evaluation.intervals import wilson
from vision.evaluation.measure_study import study_scalp_shares
from vision.hairline import TIMES, Eyes, find_eyes, measure_hairline
from vision.head_lines import HeadLength, HeadLine, in_mm, in_percent
from vision.parting import measure_parting
from vision.pipeline import SEGMENTATION, load_networks, newest_releases
from vision.release import ReleaseMissing
from vision.render import HairColour, SkinTone, draw_head
from vision.render.card import lay_card
from vision.render.geometry import Capture
from vision.render.lines import drawn_head
from vision.segment import segment
from vision.training.data import list_hair_masks, on_side, read_grey
from vision.types import LabelMap, Measured, NotMeasurable, RgbImage, ScalpClass, ScalpMap, View

WIDTHS_MM: Final = (2.0, 3.0, 4.0, 6.0, 9.0, 12.0)
HEADS_PER_WIDTH: Final = 8
FRONTS: Final = 24
SIZE: Final = (1280, 960)
LABEL_SIZE: Final = (256, 192)
"""Of label maps, as the segmentation works."""
REAL_FRONTS: Final = 160
COLOURS: Final = (
    (HairColour.BROWN, SkinTone.LIGHT),
    (HairColour.BLACK, SkinTone.DARK),
    (HairColour.BLOND, SkinTone.LIGHT),
    (HairColour.BLACK, SkinTone.MEDIUM),
    (HairColour.RED, SkinTone.LIGHT),
    (HairColour.GREY, SkinTone.BROWN),
    (HairColour.BROWN, SkinTone.MEDIUM),
    (HairColour.GREY, SkinTone.LIGHT),
)
"""Of hair and skin, as they come together."""

Segment = Callable[[RgbImage], ScalpMap]


def study_geometry(data: Path) -> dict[str, Any]:
    """The table of ``docs/studies/geometry.json``. Raises ReleaseMissing without a segmentation release."""
    chosen = newest_releases()
    if SEGMENTATION not in chosen:
        raise ReleaseMissing("no segmentation has been released")
    segmenter = load_networks({SEGMENTATION: chosen[SEGMENTATION]}).segmenter
    assert segmenter is not None

    def seen(image: RgbImage) -> ScalpMap:
        return segment(image, segmenter.network, segmenter.release)

    partings = [_parting(width, number, seen) for width in WIDTHS_MM for number in range(HEADS_PER_WIDTH)]
    fronts = [row for number in range(FRONTS) for row in _front(number, seen)]
    share = study_scalp_shares(data, segmenter)["measures"]["affected_share"]
    return {
        "command": "python -m vision study geometry --data ../shared/data --json docs/studies/geometry.json",
        "release": segmenter.release.id,
        "conditions": "drawn heads, 1280 x 960 px, about 4 px/mm, scale read off a card beside the head; tilts of 4 "
        "degrees, turns of 6 (standard deviations), blur up to 1.2 px, noise, five colours of hair and four of skin as "
        "they come together, hair held back in front views",
        "part_width": {
            how: {
                "all": _figures(partings, how),
                "by_width_mm": {
                    f"{width:g}": _figures([row for row in partings if row["asked_mm"] == width], how)
                    for width in WIDTHS_MM
                },
            }
            for how in ("labels", "network")
        },
        "hairline": {
            how: {
                "all": _figures(fronts, how),
                "by_place": {
                    line.value: _figures([row for row in fronts if row["line"] is line], how) for line in TIMES
                },
            }
            for how in ("labels", "network")
        },
        "hairline_on_real_front_views": _real_fronts(data, seen),
        "affected_share_on_people_held_out": share,
        "points": {
            name: {how: _points(rows, how) for how in ("labels", "network")}
            for name, rows in (("part_width", partings), ("hairline", fronts))
        },
    }


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """A picture and a table beside the JSON."""
    from vision.evaluation.geometry_figures import draw, tell

    draw(report, file.with_suffix(".png"))
    file.with_suffix(".md").write_text(tell(report), encoding="utf-8")


def _points(rows: Sequence[Mapping[str, Any]], how: str) -> list[list[float]]:
    """True length, value, low and high in mm of every drawing that was measured."""
    return [
        [_round(number) for number in (row["true_mm"], row[how].value, row[how].low, row[how].high)]
        for row in rows
        if isinstance(row[how], Measured)
    ]


def _taken(random: np.random.Generator) -> Capture:
    tilt_up, tilt_right = (float(angle) for angle in random.normal(0, 4, 2))
    return Capture(
        tilt_up_degrees=tilt_up,
        tilt_right_degrees=tilt_right,
        turn_degrees=float(random.normal(0, 6)),
        light=float(random.uniform(0.8, 1.15)),
        blur_px=float(random.uniform(0, 1.2)),
        seed=int(random.integers(1000)),
    )


def _parting(width_mm: float, number: int, seen: Segment) -> dict[str, Any]:
    seed = 4000 + round(100 * width_mm) + number
    random = np.random.default_rng(seed)
    capture, half, colours = _taken(random), width_mm / 200, COLOURS[number % len(COLOURS)]
    photo = draw_head(
        View.PART,
        seed=seed,
        parting=half,
        size=SIZE,
        capture=capture,
        hair_colour=colours[0],
        skin_tone=colours[1],
    )
    head = drawn_head(View.PART, seed=seed, parting=half, size=SIZE, capture=capture)
    image, px_per_mm = _with_card(photo.image, head.card)
    row: dict[str, Any] = {"asked_mm": width_mm, "true_mm": head.part_width_px() / head.px_per_mm}
    for how, scalp_map in (("labels", as_segmented(photo.truth)), ("network", seen(image))):
        found = measure_parting(image, scalp_map, SIZE)[HeadLine.PART_WIDTH]
        row[how] = _in_mm(found, px_per_mm)
    return row


def _front(number: int, seen: Segment) -> list[dict[str, Any]]:
    seed = 5000 + number
    random = np.random.default_rng(seed)
    capture, colours = _taken(random), COLOURS[number % len(COLOURS)]
    thinning, bald = float(random.uniform(0, 0.15)), float(random.choice((0.0, 0.0, 0.04, 0.08)))
    photo = draw_head(
        View.HAIRLINE,
        seed=seed,
        thinning=thinning,
        bald=bald,
        size=SIZE,
        capture=capture,
        held_back=True,
        hair_colour=colours[0],
        skin_tone=colours[1],
    )
    head = drawn_head(View.HAIRLINE, seed=seed, thinning=thinning, bald=bald, size=SIZE, capture=capture)
    image, px_per_mm = _with_card(photo.image, head.card)
    maps = {"labels": as_segmented(photo.truth), "network": seen(image)}
    eyes = {"labels": Eyes(*head.eyes), "network": None}
    found = {how: measure_hairline(image, maps[how], SIZE, eyes[how]) for how in maps}
    rows = []
    for line, true in zip(TIMES, head.hairline_px(list(TIMES.values())), strict=True):
        if true is not None:
            row = {how: _in_mm(found[how][line], px_per_mm) for how in maps}
            rows.append({"line": line, "true_mm": true / head.px_per_mm, **row})
    return rows


def as_segmented(truth: LabelMap, softness_px: float = 0.8) -> ScalpMap:
    """A true label map as a perfect segmentation would answer: at its size, borders soft by a pixel."""
    probabilities = np.stack(
        [
            cv2.resize((truth == kind).astype(np.float32), LABEL_SIZE, interpolation=cv2.INTER_AREA)
            for kind in ScalpClass
        ]
    )
    soft: NDArray[np.float32] = np.stack([cv2.GaussianBlur(one, (0, 0), softness_px) for one in probabilities])
    return ScalpMap(soft.argmax(axis=0).astype(np.uint8), soft)


def _with_card(image: RgbImage, pose: Any) -> tuple[RgbImage, float | None]:
    laid = lay_card(image, pose)
    reading = read_card(laid)
    return laid, reading.px_per_mm if isinstance(reading, CardReading) else None


def _in_mm(found: HeadLength | NotMeasurable, px_per_mm: float | None) -> Measured | NotMeasurable | None:
    """None where the card was not read: the study asks about lengths."""
    if isinstance(found, NotMeasurable):
        return found
    return None if px_per_mm is None else in_mm(found, px_per_mm)


def _figures(rows: Sequence[Mapping[str, Any]], how: str) -> dict[str, Any]:
    asked = [row for row in rows if row[how] is not None]
    pairs = [(row[how], row["true_mm"]) for row in asked if isinstance(row[how], Measured)]
    reasons = [row[how].reason.value for row in asked if isinstance(row[how], NotMeasurable)]
    errors = np.array([found.value - true for found, true in pairs])
    held = sum(found.low <= true <= found.high for found, true in pairs)
    return {
        "measured": _share(len(pairs), len(asked)),
        "refused": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
        "bias_mm": _round(errors.mean()) if len(errors) else None,
        "mean_absolute_error_mm": _round(np.abs(errors).mean()) if len(errors) else None,
        "interval_holds": _share(held, len(pairs)),
        "mean_half_width_mm": _round(np.mean([(f.high - f.low) / 2 for f, _ in pairs])) if pairs else None,
    }


def _real_fronts(data: Path, seen: Segment) -> dict[str, Any]:
    """Faces with a drawn hair mask, people held out: the same eyes, the hairline of the mask against the network's."""
    files = [file for file in on_side(list_hair_masks(data), "test") if file.source == "lfw"]
    files = files[:: max(1, len(files) // REAL_FRONTS)][:REAL_FRONTS]
    pairs: dict[HeadLine, list[tuple[Measured, float]]] = {line: [] for line in TIMES}
    found_eyes = 0
    for file in files:
        image = decode_image(file.image.read_bytes())
        scalp_map = seen(image)
        eyes = find_eyes(image, scalp_map)
        if isinstance(eyes, NotMeasurable):
            continue
        found_eyes += 1
        size = (image.shape[1], image.shape[0])
        mask = np.where(read_grey(file.mask) > 127, np.uint8(ScalpClass.DENSE), np.uint8(0))
        drawn = measure_hairline(image, as_segmented(mask), size, eyes)
        read = measure_hairline(image, scalp_map, size, eyes)
        for line in TIMES:
            one, other = read[line], drawn[line]
            if isinstance(one, HeadLength) and isinstance(other, HeadLength):
                pairs[line].append((in_percent(one), in_percent(other).value))
    return {
        "pictures": len(files),
        "both_eyes_found": _share(found_eyes, len(files)),
        "of_pupil_distance_percent": {line.value: _against(found) for line, found in pairs.items()},
    }


def _against(pairs: Sequence[tuple[Measured, float]]) -> dict[str, Any]:
    errors = np.array([found.value - true for found, true in pairs])
    held = sum(found.low <= true <= found.high for found, true in pairs)
    return {
        "pairs": len(pairs),
        "bias": _round(errors.mean()) if pairs else None,
        "mean_absolute_error": _round(np.abs(errors).mean()) if pairs else None,
        "interval_holds": _share(held, len(pairs)),
    }


def _share(hits: int, trials: int) -> dict[str, float] | None:
    found = wilson(hits, trials)
    return found.as_dict() if found else None


def _round(value: Any) -> float:
    return round(float(value), 3)
