"""How often the quality gate is wrong: false alarms on real photographs, and defects of known strength found.

Real photographs are taken as good, which a few are not (some of the research pictures are blurred or dim), so the false
alarm rate is an upper bound. Defects are made on those that passed, and on drawn heads, at strengths a person can
picture (:mod:`vision.evaluation.quality_defects`).
"""

from __future__ import annotations

import csv
import io
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image

from vision.calibration_card import read_card
from vision.decode import decode_image
from vision.evaluation.intervals import wilson
from vision.evaluation.quality_defects import DEFECTS, HEAD_DEFECTS, Defect, turned
from vision.quality import TRICHOSCOPY_THRESHOLDS, Threshold, check_upload, limits, thresholds_for
from vision.quality.face import face_turn
from vision.render import Scene, draw_head, draw_non_scalp
from vision.training.split import side_of
from vision.types import QualityCheck, QualityReport, RgbImage, View

AT_MOST: Final = 90
"""Photographs taken of each folder, drawn with a fixed seed."""

SPOILED: Final = 20
"""Good photographs that defects are made on."""

LONG_EDGE_PX: Final = 800
TWELVE_MEGAPIXELS: Final = (4000, 3000)

NORWOOD_VIEWS: Final[Mapping[str, View]] = {
    "front": View.HAIRLINE,
    "back": View.OCCIPUT,
    "left": View.TEMPLE_LEFT,
    "right": View.TEMPLE_RIGHT,
    "top_down": View.CROWN,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A photograph, the view it stands for, the folder it came from, and whom it shows."""

    path: Path
    view: View
    folder: str
    person: str = ""


Shown = tuple[RgbImage, View]


def study_quality(data: Path) -> dict[str, Any]:
    """The whole table: ``false_alarms`` per folder and check, ``detected`` per check and strength, time, thresholds."""
    cv2.setNumThreads(1)
    samples, contact = overview_samples(data), contact_samples(data)
    overviews = [(sample, _report(sample)) for sample in samples]
    close_ups = [(sample, _report(sample)) for sample in contact]
    good = [sample for sample, report in overviews if report.passed and not report.warnings]
    sharp = [sample for sample, report in close_ups if report.passed][:SPOILED]
    spoiled = random.Random(3).sample(good, min(SPOILED, len(good)))  # noqa: S311 - a fixed choice of files
    return {
        "command": "python -m vision study quality --data ../shared/data --json docs/studies/quality.json",
        "note": "real photographs are taken as good; intervals are Wilson 95 %; a warning does not refuse the photo",
        "false_alarms": {"overview": _false_alarms(overviews), "trichoscopy": _false_alarms(close_ups)},
        "detected": {
            "overview": _detected(lambda: _pictures_of(spoiled), {**DEFECTS, **HEAD_DEFECTS}),
            "rendered": _detected(_drawn_heads, {**DEFECTS, **HEAD_DEFECTS}),
            "trichoscopy": _detected(lambda: _pictures_of(sharp), DEFECTS),
            "tilted": _tilted(data),
            "wrong_view": _wrong_views(data, good, sharp),
            "no_scalp_scenes": _scenes(),
        },
        "processor_seconds_per_photo_of_12_megapixels": _time(good[:8]),
        "thresholds": {
            "overview": _limits(thresholds_for(View.CROWN)),
            "occiput": _limits(thresholds_for(View.OCCIPUT)),
            "trichoscopy": _limits(TRICHOSCOPY_THRESHOLDS),
            "at_upload": _limits(
                {
                    **limits.SEEN_BY_THE_NETWORK,
                    QualityCheck.WRONG_VIEW: limits.OTHER_VIEW,
                    QualityCheck.COLOUR_CAST: limits.CAST,
                    QualityCheck.GLARE: limits.GLARE,
                    QualityCheck.TILTED: limits.TILT,
                }
            ),
        },
    }


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """The picture and the table in words beside ``file``."""
    from vision.evaluation.quality_figures import draw, table

    draw(report, file.with_suffix(".png"))
    file.with_suffix(".md").write_text(table(report), encoding="utf-8")


def overview_samples(data: Path) -> list[Sample]:
    """Photographs of heads of people whom no reader of the gate learnt from: norwood, clinic_tops, scalp_regions,
    women_views (hair_masks are portraits, mostly under 400 px)."""
    samples = held_out_men(data)
    samples += [Sample(path, View.CROWN, "clinic_tops") for path in _pictures(data / "clinic_tops/images")]
    samples += [
        Sample(data / "scalp_regions/images" / row["file"], NORWOOD_VIEWS.get(row["view"], View.CROWN), "scalp_regions")
        for row in _rows(data / "scalp_regions/labels.csv")
        if row["source"] != "norwood" or side_of(row["person"]) == "test"
    ]
    samples += [
        Sample(path, NORWOOD_VIEWS[path.stem.split("_")[1].lower().replace("-", "_")], "women_views")
        for path in _pictures(data / "women_views")
    ]
    return _at_most(samples, AT_MOST)


def held_out_men(data: Path) -> list[Sample]:
    """All five views of the men of norwood who are on the test side of the split."""
    return [man for man in _men(data) if side_of(man.person) == "test"]


def men_trained_on(data: Path) -> list[Sample]:
    """All five views of the other men: what limits may be chosen on."""
    return [man for man in _men(data) if side_of(man.person) != "test"]


def _men(data: Path) -> list[Sample]:
    return [
        Sample(data / "norwood/images" / row["file"], NORWOOD_VIEWS[row["view"]], "norwood", row["person"])
        for row in _rows(data / "norwood/labels.csv")
    ]


def contact_samples(data: Path) -> list[Sample]:
    """Contact trichoscopy, clipped and not."""
    folders = ("trichoscopy", "trichoscopy_unclipped")
    found = [Sample(p, View.TRICHOSCOPY, f) for f in folders for p in _pictures(data / f / "images")]
    return _at_most(found, AT_MOST)


def _share(count: int, total: int) -> dict[str, float]:
    figure = wilson(count, total)
    return {"n": 0} if figure is None else figure.as_dict()


def _false_alarms(found: Sequence[tuple[Sample, QualityReport]]) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for folder in (*dict.fromkeys(sample.folder for sample, _ in found), "all"):
        of_folder = [one for sample, one in found if folder in (sample.folder, "all")]
        failed = {check: sum(check in one.failures for one in of_folder) for check in QualityCheck}
        warned = {check: sum(check in one.warnings for one in of_folder) for check in QualityCheck}
        report[folder] = {
            "refused": _share(sum(not one.passed for one in of_folder), len(of_folder)),
            "warned": _share(sum(one.passed and bool(one.warnings) for one in of_folder), len(of_folder)),
            "refused_by_check": {check.value: count for check, count in failed.items() if count},
            "warned_by_check": {check.value: count for check, count in warned.items() if count},
        }
    return report


def _detected(
    pictures: Callable[[], Iterable[Shown]],
    defects: Mapping[QualityCheck, tuple[tuple[str, Defect, tuple[float, ...]], ...]],
) -> dict[str, Any]:
    """Per check and strength: raised by this check, and refused or warned about by any."""
    found: dict[tuple[QualityCheck, str, float], list[QualityReport]] = {}
    for image, view in pictures():
        for check, kinds in defects.items():
            for what, spoil, strengths in kinds:
                for strength in strengths:
                    seen = check_upload(spoil(image, strength), view, short_edge_px=1000)
                    found.setdefault((check, what, strength), []).append(seen)
    report: dict[str, Any] = {}
    for (check, what, strength), reports in found.items():
        kind = report.setdefault(check.value, {}).setdefault(what, {})
        kind[str(strength)] = _said(reports, check)
    return report


def _said(reports: Sequence[QualityReport], check: QualityCheck) -> dict[str, Any]:
    by_this = sum(check in one.failures or check in one.warnings for one in reports)
    return {
        "by_this_check": _share(by_this, len(reports)),
        "refused": _share(sum(not one.passed for one in reports), len(reports)),
        "refused_or_warned": _share(sum(not one.passed or bool(one.warnings) for one in reports), len(reports)),
    }


def _tilted(data: Path) -> dict[str, Any]:
    """Portraits, in which a face is seen, with the camera rolled; 0° are false alarms. The check alone: the portraits
    are too small to pass the others."""
    faces = _at_most([Sample(p, View.HAIRLINE, "hair_masks") for p in _pictures(data / "hair_masks/images")], 40)
    images = [_enlarged(_image(sample)) for sample in faces]
    report: dict[str, Any] = {}
    for degrees in (0.0, 10.0, 20.0, 30.0, 45.0):
        turns = [face_turn(turned(image, degrees), turned=True) for image in images]
        seen = [turn for turn in turns if turn is not None]
        report[str(degrees)] = {
            "face_found": _share(len(seen), len(turns)),
            "by_this_check": _share(sum(not limits.TILT.passes(abs(turn)) for turn in seen), len(seen)),
        }
    return report


def _wrong_views(data: Path, heads: Sequence[Sample], close_ups: Sequence[Sample]) -> dict[str, Any]:
    portraits = _at_most([Sample(p, View.CROWN, "hair_masks") for p in _pictures(data / "hair_masks/images")], 60)
    few = list(heads[:: max(1, len(heads) // 60)])
    bodies = [
        Sample(data / "conditions/images" / row["file"], View.CROWN, "conditions")
        for row in _rows(data / "conditions/labels.csv")
        if row["condition"] in ("psoriasis_face", "folliculitis_body")
    ]
    tried: dict[str, list[Shown]] = {
        "portrait sent as crown": [(_enlarged(_image(one)), View.CROWN) for one in portraits],
        "close-up sent as crown": [(_image(one), View.CROWN) for one in close_ups],
        "overview sent as close-up": [(_image(one), View.TRICHOSCOPY) for one in few],
        "other skin (face or body) sent as crown": [(_image(one), View.CROWN) for one in bodies],
        "back of the head sent as hairline": [(_image(one), View.HAIRLINE) for one in few if one.view is View.OCCIPUT],
        "left temple sent as right": [(_image(one), View.TEMPLE_RIGHT) for one in few if one.view is View.TEMPLE_LEFT],
    }
    report: dict[str, Any] = {
        what: _said([check_upload(image, view, short_edge_px=1000) for image, view in shown], QualityCheck.WRONG_VIEW)
        for what, shown in tried.items()
        if shown
    }
    found = [face_turn(image, turned=False) is not None for image, _ in tried["portrait sent as crown"]]
    report["portrait sent as crown"]["by_this_check"] = _share(sum(found), len(found))  # sharp or not
    return report


def _scenes() -> dict[str, Any]:
    seeds = range(5)
    return {
        scene.value: _share(
            sum(not check_upload(draw_non_scalp(scene, seed=seed), View.CROWN).passed for seed in seeds), len(seeds)
        )
        for scene in Scene
    }


def _time(samples: Sequence[Sample]) -> dict[str, float]:
    """Processor time of what an upload costs: decoding to 2048 px, looking for a card, the gate."""
    spent = []
    for sample in samples:
        large = cv2.resize(_image(sample), TWELVE_MEGAPIXELS, interpolation=cv2.INTER_CUBIC)
        file = io.BytesIO()
        Image.fromarray(large).save(file, "JPEG", quality=90)
        start = time.process_time()
        picture = decode_image(file.getvalue(), max_long_edge=2048)
        read_card(picture)
        check_upload(picture, sample.view, short_edge_px=TWELVE_MEGAPIXELS[1])
        spent.append(time.process_time() - start)
    return {"photos": len(spent), "median": round(float(np.median(spent)), 3), "largest": round(max(spent), 3)}


def _drawn_heads() -> Iterator[Shown]:
    for seed, view in enumerate((View.CROWN, View.HAIRLINE, View.TEMPLE_LEFT, View.OCCIPUT, View.CROWN, View.PART), 21):
        yield draw_head(view, seed=seed, thinning=0.05 * (seed - 21), size=(800, 600)).image, view


def _pictures_of(samples: Sequence[Sample]) -> Iterator[Shown]:
    for sample in samples:
        yield _image(sample), sample.view


def _report(sample: Sample) -> QualityReport:
    image = decode_image(sample.path.read_bytes(), max_long_edge=2048)
    return check_upload(image, sample.view)


def _image(sample: Sample) -> RgbImage:
    return decode_image(sample.path.read_bytes(), max_long_edge=LONG_EDGE_PX)


def _enlarged(image: RgbImage) -> RgbImage:
    """Portraits of 250 px: shown at 640, softened a little by it."""
    scale = max(1.0, 640 / max(image.shape[:2]))
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _limits(thresholds: Mapping[QualityCheck, Threshold]) -> dict[str, Any]:
    return {
        check.value: {"limit": one.limit, "fails": one.fails, "refuses": one.refuses, "reason": one.reason}
        for check, one in thresholds.items()
    }


def _rows(table: Path) -> Iterator[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png", ".webp"))


def _at_most(samples: Sequence[Sample], count: int) -> list[Sample]:
    chosen: list[Sample] = []
    for folder in dict.fromkeys(sample.folder for sample in samples):
        of_folder = sorted((s for s in samples if s.folder == folder), key=lambda s: s.path.name)
        random.Random(7).shuffle(of_folder)  # noqa: S311 - a fixed choice of files, not a secret
        chosen += of_folder[:count]
    return chosen
