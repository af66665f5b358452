"""What a comparison of two overview photographs finds, and what it finds where nothing changed.

Nothing changed: real heads taken twice in one sitting, and drawn heads in another pose, light and distance. Something
changed: drawn heads that lost hair by the pattern of loss, and drawn heads with one bald patch of known size. All are
measured by the shipped network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from vision.change import Area, Cause, ComparedPhoto, Measure, PhotoComparison, by_networks, compare
from vision.change.cover import lay_cover, share_on
from vision.decode import decode_image
from vision.evaluation.intervals import wilson
from vision.evaluation.registration_study import TWICE
from vision.registration.types import Mask
from vision.release import load_release
from vision.render import draw_head
from vision.render.geometry import Capture
from vision.runtime import open_network
from vision.types import LabelMap, Measured, Metric, QualityReport, RgbImage, ScalpClass, ScalpMap, View

HEADS: Final = ((View.CROWN, 21), (View.CROWN, 22), (View.PART, 23))
SIZE: Final = (1280, 960)
PATCHES: Final = (1.0, 2.0, 4.0, 8.0)
"""% of the scalp."""

LOSSES: Final = (0.05, 0.12)
"""Further share of the whole scalp that thins."""

TAKES: Final[Mapping[str, Capture]] = {
    "light": Capture(light=0.62, white=(1.08, 1.0, 0.86), lamp_degrees=8, seed=1),
    "pose": Capture(tilt_up_degrees=9, tilt_right_degrees=5, turn_degrees=4, shift=(0.03, 0.06), seed=2),
    "distance": Capture(closer=0.72, blur_px=0.5, seed=3),
    "all of them": Capture(
        tilt_up_degrees=5,
        tilt_right_degrees=-4,
        turn_degrees=-4,
        closer=0.88,
        light=0.75,
        white=(1.05, 1.0, 0.9),
        seed=4,
    ),
}
ANOTHER: Final = Capture(
    tilt_up_degrees=3, tilt_right_degrees=-2, turn_degrees=3, closer=0.96, light=0.85, white=(1.03, 1.0, 0.95), seed=9
)
FIRST: Final = Capture(seed=8)
PASSED: Final = QualityReport(())
COVER: Final = Metric.COVERAGE_INDEX


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawing as a photograph that the network has measured, and its truth."""

    photo: ComparedPhoto
    truth: ScalpMap


def study_change_map(data: Path) -> dict[str, Any]:
    """The table of ``docs/studies/change_map.json``.

    Raises FileNotFoundError when ``data`` has no clinic tops.
    """
    folder = data / "clinic_tops" / "images"
    if not folder.is_dir():
        raise FileNotFoundError(f"no photographs in {folder}")
    cv2.setNumThreads(1)
    release = load_release("scalp-segmentation")
    measure = by_networks((open_network(release), release), None, 30.0)
    heads = [_drawn(view, seed, FIRST, measure) for view, seed in HEADS]
    return {
        "command": "python -m vision study change_map --data ../shared/data --json docs/studies/change_map.json",
        "release": release.id,
        "real_heads_taken_twice": _twice(folder, measure),
        "drawn_heads_taken_anew": {name: _anew(heads, take, measure) for name, take in TAKES.items()},
        "drawn_heads_that_lost_hair": {f"{100 * loss:g}": _lost(heads, loss, measure) for loss in LOSSES},
        "bald_patches": _patches(heads, measure),
    }


def illustrate(report: Mapping[str, Any], file: Path) -> None:
    """The picture and the table in words beside ``file``, the table in JSON."""
    from vision.evaluation.change_map_figures import draw, tell

    draw(report, file.with_suffix(".png"))
    file.with_suffix(".md").write_text(tell(report), encoding="utf-8")


def _twice(folder: Path, measure: Measure) -> dict[str, Any]:
    found = []
    for a, b in TWICE:
        then, now = (_real(folder / f"top_{name}.jpg", measure) for name in (a, b))
        found.append(compare(then, now, measure=measure))
    return {"pairs": len(TWICE)} | _unchanged([one for one in found if isinstance(one, PhotoComparison)])


def _anew(heads: Sequence[Drawn], take: Capture, measure: Measure) -> dict[str, Any]:
    found = []
    for (view, seed), head in zip(HEADS, heads, strict=True):
        found.append(compare(head.photo, _drawn(view, seed, take, measure).photo, measure=measure))
    return {"pairs": len(found)} | _unchanged([one for one in found if isinstance(one, PhotoComparison)])


def _unchanged(found: Sequence[PhotoComparison]) -> dict[str, Any]:
    """What is said of heads that did not change: any of it is error."""
    covers = [
        change.low <= 0 <= change.high
        for one in found
        for area in Area
        if (stated := one.change(COVER, area)) is not None and isinstance(change := stated.change, Measured)
    ]
    of_cover = [next(part for part in one.attributions if part.metric is COVER) for one in found]
    parts = {
        cause.value: _rounded(part.value for one in of_cover if isinstance(part := one.parts[cause], Measured))
        for cause in Cause
    }
    changes = [_change(one).value for one in found]
    flagged = [
        100 * float((one.change_map.values != 0).sum() / one.change_map.common.sum()) for one in found if one.change_map
    ]
    return {
        "compared": len(found),
        "difference_of_the_photographs_points": _rounded(one.naive for one in of_cover),
        "change_on_the_common_area_points": _rounded(changes),
        "mean_absolute_difference": _mean_absolute([one.naive for one in of_cover]),
        "mean_absolute_change": _mean_absolute(changes),
        "mean_absolute_rest": _mean_absolute(parts[Cause.REST.value]),
        "put_down_to": parts,
        "interval_holds_no_change": _share(sum(covers), len(covers)),
        "maps_with_a_place": _share(sum(bool(one.change_map and one.change_map.places) for one in found), len(found)),
        "scalp_shown_as_changed_percent": _rounded(flagged),
    }


def _lost(heads: Sequence[Drawn], loss: float, measure: Measure) -> dict[str, Any]:
    """Pattern loss: the change told against the true one on the same area."""
    rows = []
    for (view, seed), head in zip(HEADS, heads, strict=True):
        later = _drawn(view, seed, ANOTHER, measure, thinning=0.12 + loss)
        found = compare(head.photo, later.photo, measure=measure)
        if not isinstance(found, PhotoComparison):
            continue
        cover = lay_cover(head.truth, later.truth, found.registration)
        true = share_on(cover.now_labels, cover.common, COVER) - share_on(cover.then_labels, cover.common, COVER)
        rows.append((_change(found), true))
    return {
        "compared": len(rows),
        "true_change_points": _rounded(true for _, true in rows),
        "change_found_points": _rounded(found.value for found, _ in rows),
        "interval_holds_the_true_change": _share(sum(one.low <= true <= one.high for one, true in rows), len(rows)),
    }


def _patches(heads: Sequence[Drawn], measure: Measure) -> dict[str, Any]:
    """A bald patch in the later drawing: found, and what else is shown."""
    rows: dict[str, list[tuple[bool, int, float]]] = {f"{size:g}": [] for size in PATCHES}
    for (view, seed), head in zip(HEADS, heads, strict=True):
        whole = _image(view, seed, ANOTHER, thinning=0.12)
        bare = _image(view, seed, ANOTHER, thinning=0.0, bald=0.97)[0]
        random = np.random.default_rng(seed)
        for size in PATCHES:
            mask = _disc(whole[1], size, random)
            later = measure(_photo(np.where(mask[..., None], bare, whole[0]).astype(np.uint8), view))
            found = compare(head.photo, later, measure=measure)
            if not isinstance(found, PhotoComparison) or found.change_map is None:
                continue
            shape = found.change_map.common.shape
            laid = found.registration.warp(mask, (shape[1], shape[0]))
            hits = [place for place in found.change_map.places if _covers(place.polygon, laid)]
            depth = 100 * float(found.change_map.values[laid].mean()) if laid.any() else 0.0
            fallen = any(place.change.value < 0 for place in hits)
            rows[f"{size:g}"].append((fallen, len(found.change_map.places) - len(hits), depth))
    return {
        size: {
            "found": _share(sum(hit for hit, _, _ in row), len(row)),
            "other_places_shown": sum(other for _, other, _ in row),
            "mean_change_shown_in_the_patch_points": _rounded(depth for _, _, depth in row),
        }
        for size, row in rows.items()
    }


def _covers(polygon: tuple[tuple[float, float], ...], mask: Mask) -> bool:
    drawn = np.zeros(mask.shape, np.uint8)
    corners = np.round(np.array(polygon) * (mask.shape[1], mask.shape[0])).astype(np.int32)
    cv2.fillPoly(drawn, [corners], 1)
    return bool((drawn.astype(np.bool_) & mask).any())


def _disc(truth: LabelMap, percent: float, random: np.random.Generator) -> Mask:
    """A disc of this share of the scalp, well inside it."""
    scalp = np.isin(truth, ScalpClass.scalp())
    radius = float(np.sqrt(percent / 100 * scalp.sum() / np.pi))
    depth = cv2.distanceTransform(scalp.astype(np.uint8), cv2.DIST_L2, 5)
    rows, columns = np.nonzero(depth > min(radius + 30.0, 0.8 * float(depth.max())))
    chosen = int(random.integers(len(rows)))
    mask = np.zeros(truth.shape, np.uint8)
    cv2.circle(mask, (int(columns[chosen]), int(rows[chosen])), max(1, round(radius)), 1, -1)
    return mask.astype(np.bool_)


def _drawn(
    view: View, seed: int, capture: Capture, measure: Measure, thinning: float = 0.12, bald: float = 0.0
) -> Drawn:
    image, truth = _image(view, seed, capture, thinning, bald)
    photo = measure(_photo(image, view))
    assert photo.scalp is not None, "the network was given"
    rows, columns = photo.scalp.labels.shape
    small = np.asarray(cv2.resize(truth, (columns, rows), interpolation=cv2.INTER_NEAREST), np.uint8)
    probabilities = np.stack([(small == kind).astype(np.float32) for kind in ScalpClass])
    return Drawn(photo, ScalpMap(small, probabilities))


def _image(view: View, seed: int, capture: Capture, thinning: float, bald: float = 0.0) -> tuple[RgbImage, LabelMap]:
    drawn = draw_head(view, seed=seed, thinning=thinning, bald=bald, size=SIZE, capture=capture)
    return drawn.image, drawn.truth


def _photo(image: RgbImage, view: View) -> ComparedPhoto:
    return ComparedPhoto(image, None, view, None, None, None, PASSED)


def _real(file: Path, measure: Measure) -> ComparedPhoto:
    return measure(_photo(decode_image(file.read_bytes()), View.CROWN))


def _change(found: PhotoComparison) -> Measured:
    stated = found.change(COVER)
    assert stated is not None, "overviews carry it"
    assert isinstance(stated.change, Measured), "the whole common area is large enough"
    return stated.change


def _mean_absolute(values: Sequence[float]) -> float | None:
    return round(float(np.abs(values).mean()), 2) if values else None


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 2) for value in values]


def _share(hits: int, trials: int) -> dict[str, float] | None:
    found = wilson(int(hits), trials)
    return found.as_dict() if found else None
