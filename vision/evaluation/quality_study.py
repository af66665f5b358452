"""How often the quality gate is wrong: false alarms on real photographs, and defects of known strength found.

Real photographs are taken as good, which a few are not (some of the research pictures are blurred or dim), so the false
alarm rate is an upper bound. Defects are made on those that passed, at strengths a person can picture.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from vision.decode import decode_image
from vision.evaluation.intervals import wilson
from vision.quality import TRICHOSCOPY_THRESHOLDS, WORKING_EDGE_PX, Threshold, check_quality, thresholds_for
from vision.render import Scene, draw_non_scalp
from vision.types import QualityCheck, RgbImage, View

AT_MOST: Final = 150
"""Photographs taken of each folder, drawn with a fixed seed."""

NORWOOD_VIEWS: Final[Mapping[str, View]] = {
    "front": View.HAIRLINE,
    "back": View.OCCIPUT,
    "left": View.TEMPLE_LEFT,
    "right": View.TEMPLE_RIGHT,
    "top_down": View.CROWN,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A photograph, the view it stands for, and the folder it came from."""

    path: Path
    view: View
    folder: str


def blurred(image: RgbImage, sigma: float) -> RgbImage:
    """Gaussian blur of ``sigma`` px at the gate's working size of 640 px."""
    scale = max(image.shape[:2]) / WORKING_EDGE_PX
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma * scale), dtype=np.uint8)


def exposed(image: RgbImage, stops: float) -> RgbImage:
    """Exposure changed by ``stops`` in linear light, clipped as a sensor clips."""
    linear = (image.astype(np.float32) / 255) ** 2.2 * 2.0**stops
    return np.asarray(np.round(255 * np.clip(linear, 0, 1) ** (1 / 2.2)), dtype=np.uint8)


def flattened(image: RgbImage, contrast: float) -> RgbImage:
    """Contrast reduced to a share around the mean, as haze or a smeared lens does."""
    mean = float(image.mean())
    return np.asarray(np.clip(mean + (image.astype(np.float32) - mean) * contrast, 0, 255), dtype=np.uint8)


def side_lit(image: RgbImage, stops: float) -> RgbImage:
    """Light that falls by ``stops`` from the left edge to the right, the lit side kept as it was."""
    fall = 2.0 ** (-stops * np.linspace(0, 1, image.shape[1], dtype=np.float32))[None, :, None]
    linear = (image.astype(np.float32) / 255) ** 2.2 * fall
    return np.asarray(np.round(255 * linear ** (1 / 2.2)), dtype=np.uint8)


Defect = Callable[[RgbImage, float], RgbImage]

DEFECTS: Final[Mapping[QualityCheck, tuple[str, Defect, tuple[float, ...]]]] = {
    QualityCheck.BLUR: ("Gaussian blur, px at 640 px", blurred, (2.0, 3.0, 4.0, 6.0)),
    QualityCheck.TOO_DARK: ("exposure, stops", exposed, (-2.0, -3.0, -4.0, -5.0)),
    QualityCheck.BURNT_OUT: ("exposure, stops", exposed, (2.0, 3.0, 4.0)),
    QualityCheck.LOW_CONTRAST: ("contrast left", flattened, (0.5, 0.35, 0.2)),
    QualityCheck.UNEVEN_LIGHT: ("fall of light across the frame, stops in linear light", side_lit, (6.0, 8.0, 10.0)),
}


def study_quality(data: Path) -> dict[str, Any]:
    """The whole table: ``false_alarms`` per folder and check, ``detected`` per check and strength, the thresholds."""
    samples = overview_samples(data)
    good = [sample for sample in samples if _failed(sample) == frozenset()]
    contact = contact_samples(data)
    return {
        "note": "real photographs are taken as good; intervals are Wilson 95 %",
        "false_alarms": {
            "overview": _false_alarms(samples),
            "trichoscopy": _false_alarms(contact),
        },
        "detected": {
            "overview": _detected(good[:: max(1, len(good) // 60)]),
            "trichoscopy": _detected([s for s in contact if not _failed(s)][:40]),
            "no_scalp_scenes": _scenes(),
        },
        "thresholds": {
            "overview": _limits(thresholds_for(View.CROWN)),
            "occiput": _limits(thresholds_for(View.OCCIPUT)),
            "trichoscopy": _limits(TRICHOSCOPY_THRESHOLDS),
        },
    }


def overview_samples(data: Path) -> list[Sample]:
    """Photographs of heads: norwood, clinic_tops and scalp_regions (hair_masks are portraits, mostly under 400 px)."""
    samples = [
        Sample(data / "norwood/images" / row["file"], NORWOOD_VIEWS[row["view"]], "norwood")
        for row in _rows(data / "norwood/labels.csv")
    ]
    samples += [Sample(path, View.CROWN, "clinic_tops") for path in _pictures(data / "clinic_tops/images")]
    samples += [
        Sample(data / "scalp_regions/images" / row["file"], NORWOOD_VIEWS.get(row["view"], View.CROWN), "scalp_regions")
        for row in _rows(data / "scalp_regions/labels.csv")
    ]
    return _at_most(samples)


def contact_samples(data: Path) -> list[Sample]:
    """Contact trichoscopy, clipped and not."""
    folders = ("trichoscopy", "trichoscopy_unclipped")
    return _at_most([Sample(p, View.TRICHOSCOPY, f) for f in folders for p in _pictures(data / f / "images")])


def _share(count: int, total: int) -> dict[str, float]:
    figure = wilson(count, total)
    return {"n": 0} if figure is None else figure.as_dict()


def _false_alarms(samples: Sequence[Sample]) -> dict[str, Any]:
    found = [(sample.folder, _failed(sample)) for sample in samples]
    report: dict[str, Any] = {}
    for folder in (*dict.fromkeys(name for name, _ in found), "all"):
        of_folder = [failed for name, failed in found if folder in (name, "all")]
        by_check = {check: sum(check in failed for failed in of_folder) for check in QualityCheck}
        report[folder] = {
            "any": _share(sum(bool(failed) for failed in of_folder), len(of_folder)),
            "by_check": {check.value: count for check, count in by_check.items() if count},
        }
    return report


def _detected(samples: Sequence[Sample]) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for check, (what, spoil, strengths) in DEFECTS.items():
        rows = {}
        for strength in strengths:
            reports = [check_quality(spoil(_image(sample), strength), sample.view) for sample in samples]
            rows[str(strength)] = {
                "by_this_check": _share(sum(check in one.failures for one in reports), len(reports)),
                "rejected": _share(sum(not one.passed for one in reports), len(reports)),
            }
        report[check.value] = {"defect": what, "strengths": rows}
    return report


def _scenes() -> dict[str, Any]:
    return {
        scene.value: _share(
            sum(
                QualityCheck.NO_SCALP in check_quality(draw_non_scalp(scene, seed=seed), View.CROWN).failures
                for seed in range(10)
            ),
            10,
        )
        for scene in Scene
    }


def _failed(sample: Sample) -> frozenset[QualityCheck]:
    return frozenset(check_quality(_image(sample), sample.view).failures)


def _image(sample: Sample) -> RgbImage:
    return decode_image(sample.path.read_bytes())


def _limits(thresholds: Mapping[QualityCheck, Threshold]) -> dict[str, Any]:
    return {
        check.value: {"limit": one.limit, "fails": one.fails, "reason": one.reason} for check, one in thresholds.items()
    }


def _rows(table: Path) -> Iterator[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png", ".webp"))


def _at_most(samples: Sequence[Sample]) -> list[Sample]:
    chosen: list[Sample] = []
    for folder in dict.fromkeys(sample.folder for sample in samples):
        of_folder = sorted((s for s in samples if s.folder == folder), key=lambda s: s.path.name)
        random.Random(7).shuffle(of_folder)  # noqa: S311 - a fixed choice of files, not a secret
        chosen += of_folder[:AT_MOST]
    return chosen
