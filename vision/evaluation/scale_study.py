"""How true the calibration card's scale is: cards of known pose laid into real photographs, spoiled as cameras spoil.

The card is drawn (its truth is exact), the photograph behind it is real, and both go through one lens: blur, noise,
JPEG, shade, a bulge of the card, a cast of light, a focal length that the reader does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from vision.calibration_card import CardReading, read_card
from vision.decode import decode_image
from vision.evaluation.intervals import wilson
from vision.render.card import CardPose, lay_card
from vision.types import RgbImage

FOLDERS: Final = ("clinic_tops", "norwood", "women_views")
BACKGROUNDS: Final = 40
CARDS: Final = 240
LONG_EDGE_PX: Final = 1600
WITHIN: Final = 0.02
TILTS: Final = ((0, 10), (10, 20), (20, 25))


@dataclass(frozen=True, slots=True)
class Trial:
    """One card in one picture; ``error`` is relative, None where the card gave no scale."""

    pose: CardPose
    error: float | None


def study_scale(data: Path) -> dict[str, Any]:
    """Cards read, errors of length by tilt, prints at 97 %, and cards seen where there is none.

    Raises FileNotFoundError when ``data`` holds none of the folders of photographs.
    """
    pictures = _backgrounds(data)
    random = np.random.default_rng(20)
    trials = [_trial(pictures[number % len(pictures)], random) for number in range(CARDS)]
    errors = np.array([trial.error for trial in trials if trial.error is not None])
    empty = [read_card(picture) for picture in pictures]
    seen = sum(isinstance(found, CardReading) for found in empty)
    return {
        "command": "python -m vision study scale --data ../shared/data --json docs/studies/scale.json",
        "photographs": len(pictures),
        "cards": len(trials),
        "conditions": "tilt 0 to 25°, any turn, focal length 0.75 to 1.5 of the long edge, blur 0.4 to 1.3 px, "
        "noise of 4, JPEG 60 to 95, bulge 0 to 3 mm, shade 0 to 50 %, a cast of light",
        "read": _share(len(errors), len(trials)),
        "within_2_percent_of_those_read": _share(int((np.abs(errors) <= WITHIN).sum()), len(errors)),
        "median_absolute_error_percent": round(100 * float(np.median(np.abs(errors))), 2),
        "absolute_error_percent_95th_percentile": round(100 * float(np.percentile(np.abs(errors), 95)), 2),
        "bias_percent": round(100 * float(errors.mean()), 2),
        "by_tilt": {f"{low} to {high} degrees": _band(trials, low, high) for low, high in TILTS},
        "printed_at_97_percent": _small_print(pictures, random),
        "seen_where_there_is_none": _share(seen, len(pictures)),
    }


def _backgrounds(data: Path) -> list[RgbImage]:
    files = [
        path for folder in FOLDERS for path in sorted((data / folder).rglob("*")) if path.suffix in {".jpg", ".webp"}
    ]
    if not files:
        raise FileNotFoundError(f"no photographs in {', '.join(FOLDERS)} under {data}")
    chosen = np.random.default_rng(7).permutation(len(files))[:BACKGROUNDS]
    return [_sized(decode_image(files[number].read_bytes())) for number in sorted(chosen)]


def _sized(image: RgbImage) -> RgbImage:
    scale = LONG_EDGE_PX / max(image.shape[:2])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _trial(picture: RgbImage, random: np.random.Generator, print_scale: float = 1.0) -> Trial:
    pose = CardPose(
        distance_mm=float(random.uniform(350, 600)),
        focal_px=float(random.uniform(0.75, 1.5) * LONG_EDGE_PX),
        tilt_degrees=float(random.uniform(0, 25)),
        tilt_towards_degrees=float(random.uniform(0, 360)),
        turn_degrees=float(random.uniform(0, 360)),
        centre=(float(random.uniform(0.3, 0.7)), float(random.uniform(0.3, 0.7))),
        sag_mm=float(random.uniform(0, 3)),
        print_scale=print_scale,
    )
    red, green, blue = (float(share) for share in random.uniform(0.55, 0.95, 3))
    laid = lay_card(picture, pose, light=(red, green, blue), shade=float(random.uniform(0, 0.5)))
    found = read_card(_photographed(laid, random))
    return Trial(pose, found.px_per_mm / pose.px_per_mm - 1 if isinstance(found, CardReading) else None)


def _photographed(image: RgbImage, random: np.random.Generator) -> RgbImage:
    soft = cv2.GaussianBlur(image, (0, 0), float(random.uniform(0.4, 1.3))).astype(np.float32)
    grainy = np.clip(soft + 4 * random.standard_normal(image.shape, dtype=np.float32), 0, 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", grainy, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(60, 96))])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)


def _band(trials: list[Trial], low: float, high: float) -> dict[str, Any]:
    inside = [trial for trial in trials if low <= trial.pose.tilt_degrees < high]
    errors = np.abs([trial.error for trial in inside if trial.error is not None])
    return {
        "read": _share(len(errors), len(inside)),
        "within_2_percent": _share(int((errors <= WITHIN).sum()), len(errors)),
        "absolute_error_percent_95th_percentile": round(100 * float(np.percentile(errors, 95)), 2),
    }


def _small_print(pictures: list[RgbImage], random: np.random.Generator) -> dict[str, Any]:
    """A card printed at 97 %: what the scale is off by alone, and once the ruler's 97.0 mm puts it right."""
    trials = [_trial(picture, random, print_scale=0.97) for picture in pictures]
    alone = np.array([trial.error for trial in trials if trial.error is not None])
    return {
        "bias_percent_unchecked": round(100 * float(alone.mean()), 2),
        "bias_percent_checked_with_the_ruler": round(100 * float(((1 + alone) / 0.97 - 1).mean()), 2),
    }


def _share(hits: int, trials: int) -> dict[str, float] | None:
    found = wilson(hits, trials)
    return found.as_dict() if found else None
