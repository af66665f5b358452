"""Trichoscopy (A5, A7): from a picture and its scale to the hairs of a field, and from the field to its numbers.

:func:`count_field` looks, :func:`measure_field` says which numbers may exist and how sure they are. The counting frame,
the follicular units and the intervals are those of :mod:`vision.density`, the calibres those of :mod:`vision.calibre`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from vision.calibre import (
    MIN_CUTOFF_PX,
    MIN_HAIRS,
    SHARP_EDGE,
    VELLUS_CUTOFF_UM,
    Calibre,
    cumulative_thickness,
    mean_calibre,
    measure_calibres,
    vellus_share,
)
from vision.density import (
    MIN_FIELD_CM2,
    UNIT_SCATTER,
    CountError,
    counting_frame,
    density_per_cm2,
    group_units,
    unit_places,
)
from vision.hairs import Found, hairs_of, look, within_domain
from vision.permissions import PHOTO_METRICS, Needs, PictureKind, refusal
from vision.release import Release
from vision.types import (
    Box,
    FieldWarning,
    Hair,
    HairField,
    HairKind,
    Measured,
    Measurement,
    Metric,
    NotMeasurable,
    QualityReport,
    Reason,
    RgbImage,
)

if TYPE_CHECKING:
    from vision.runtime import Network


UNSTATED: Final = CountError()
"""For a release that says nothing of its counts."""


def count_field(
    image: RgbImage,
    px_per_mm: float,
    network: Network,
    release: Release,
    vellus_cutoff_um: float = VELLUS_CUTOFF_UM,
) -> HairField | NotMeasurable:
    """Hairs, units and calibres of a clipped field; OUT_OF_DOMAIN for unclipped hair or a scale that cannot be true."""
    seen = look(image, px_per_mm, network, release)
    if not within_domain(seen, release):
        limit = release.thresholds["distance"]
        return NotMeasurable(Reason.OUT_OF_DOMAIN, f"distance {seen.distance:.2f} over {limit:.2f}")
    found = hairs_of(seen, px_per_mm, release)
    calibres = measure_calibres(image, found.arrows, px_per_mm)
    return assemble_field(found, calibres, image, px_per_mm, release.classes, vellus_cutoff_um)


def assemble_field(
    found: Found,
    calibres: Sequence[Calibre | None],
    image: RgbImage,
    px_per_mm: float,
    kinds: Sequence[str],
    vellus_cutoff_um: float = VELLUS_CUTOFF_UM,
) -> HairField:
    """Frame, units and warnings around hairs that were found (or drawn, or corrected by hand)."""
    height, width = image.shape[:2]
    frame = counting_frame(width, height, px_per_mm)
    roots = found.arrows[:, :2]
    units = group_units(roots, px_per_mm)
    counted = frame.holds(roots)
    size = np.array((width, height, width, height), np.float64)
    hairs = tuple(
        Hair(
            root=(float(row[0]), float(row[1])),
            tip=(float(row[2]), float(row[3])),
            kind=HairKind(kinds[int(found.kinds[index].argmax())]),
            score=float(found.scores[index]),
            unit=int(units[index]),
            counted=bool(counted[index]),
            calibre_um=None if calibre is None else calibre.width_um,
        )
        for index, (row, calibre) in enumerate(zip(found.arrows / size, calibres, strict=True))
    )
    warnings = []
    if frame.area_cm2 < MIN_FIELD_CM2:
        warnings.append(FieldWarning.SMALL_FIELD)
    in_frame = [hair for hair in hairs if hair.counted]
    if in_frame and 2 * sum(hair.calibre_um is not None for hair in in_frame) < len(in_frame):
        warnings.append(FieldWarning.FEW_CALIBRES)
    edges = [calibre.edge_um for calibre in calibres if calibre is not None]
    edge_um = float(np.median(edges)) if edges else None
    box = Box(frame.left / width, frame.top / height, frame.right / width, frame.bottom / height)
    return HairField(hairs, box, frame.area_cm2, vellus_cutoff_um, edge_um, tuple(warnings))


def measure_field(
    field: HairField | NotMeasurable,
    quality: QualityReport,
    px_per_mm: float | None,
    error: CountError = UNSTATED,
) -> dict[Metric, Measurement]:
    """Every metric of :data:`~vision.permissions.PHOTO_METRICS` for a trichoscopy picture, measured or refused."""
    unmet = unmet_needs(field, quality, px_per_mm)
    measures: dict[Metric, Measurement] = {}
    for metric in PHOTO_METRICS:
        refused = refusal(metric, PictureKind.TRICHOSCOPY, unmet)
        if refused is not None:
            measures[metric] = refused
        elif isinstance(field, HairField):
            measures[metric] = _measure(metric, field, error)
        else:
            raise ValueError(f"the permission matrix allows {metric} without a counted field")
    return measures


def unmet_needs(
    field: HairField | NotMeasurable, quality: QualityReport, px_per_mm: float | None
) -> dict[Needs, NotMeasurable]:
    """Which needs of the permission matrix this picture does not meet, each with its exact reason."""
    unmet: dict[Needs, NotMeasurable] = {}
    if not quality.passed:
        unmet[Needs.QUALITY] = NotMeasurable(Reason.QUALITY_FAILED, ", ".join(quality.failures))
    if px_per_mm is None:
        unmet[Needs.SCALE] = NotMeasurable(Reason.NO_SCALE)
    if isinstance(field, NotMeasurable):
        need = _NEED_OF.get(field.reason, Needs.COUNTING_NETWORK)
        unmet.setdefault(need, field)
        return unmet
    if px_per_mm is not None and field.vellus_cutoff_um / 1000 * px_per_mm < MIN_CUTOFF_PX:
        found = f"{field.vellus_cutoff_um / 1000 * px_per_mm:.1f} px per cut-off"
        unmet[Needs.FINE_SCALE] = NotMeasurable(Reason.TOO_COARSE, found)
    if field.edge_um is not None and field.edge_um > SHARP_EDGE * field.vellus_cutoff_um:
        unmet[Needs.SHARP_HAIRS] = NotMeasurable(Reason.NOT_SHARP, f"edges blurred by {field.edge_um:.1f} um")
    if len(field.calibres_um) < MIN_HAIRS:
        measured = f"{len(field.calibres_um)} of {len(field.counted)} hairs measured"
        unmet[Needs.CALIBRES] = NotMeasurable(Reason.TOO_FEW_HAIRS, measured)
    return unmet


_NEED_OF: Final[Mapping[Reason, Needs]] = {
    Reason.QUALITY_FAILED: Needs.QUALITY,
    Reason.NO_SCALE: Needs.SCALE,
    Reason.OUT_OF_DOMAIN: Needs.CLIPPED_HAIR,
}


def _measure(metric: Metric, field: HairField, error: CountError) -> Measured:
    if metric is Metric.HAIR_DENSITY:
        return _hair_density(field, error)
    if metric is Metric.FOLLICULAR_UNIT_DENSITY:
        return density_per_cm2([1] * len(_units_counted(field)), field.frame_cm2, error, UNIT_SCATTER)
    if metric is Metric.CALIBRE_MEAN:
        return mean_calibre(field.calibres_um)
    if metric is Metric.VELLUS_SHARE:
        return vellus_share(field.calibres_um, field.vellus_cutoff_um)
    return cumulative_thickness(_hair_density(field, error), mean_calibre(field.calibres_um))


def _hair_density(field: HairField, error: CountError) -> Measured:
    sizes: dict[int, int] = {}
    for hair in field.counted:
        sizes[hair.unit] = sizes.get(hair.unit, 0) + 1
    return density_per_cm2(list(sizes.values()), field.frame_cm2, error)


def _units_counted(field: HairField) -> list[int]:
    """Units whose mean root lies in the frame: the associated point of a unit, whichever of its hairs are inside."""
    if not field.hairs:
        return []
    places = unit_places(np.array([hair.root for hair in field.hairs]), np.array([hair.unit for hair in field.hairs]))
    box = field.frame
    return [number for number, (x, y) in enumerate(places) if box.left <= x < box.right and box.top <= y < box.bottom]


def stated_errors(metrics: Mapping[str, Any]) -> CountError:
    """How wrong the release's counts are on people held out, from its ``metrics.json``."""
    report = metrics.get("tasks", {}).get("trichoscopy", {})
    figures = report.get("metrics", {})
    if "count_error" not in figures or "density_bias" not in figures:
        return UNSTATED
    return CountError(
        random=float(figures["count_error"]["value"]),
        at_count=report["n_hairs"] / max(1, report["n_images"]),
        systematic=abs(float(figures["density_bias"]["value"])),
    )
