"""Results as JSON and back: the keys the portal stores and the command line prints.

Derived pictures travel beside the JSON, never inside it: their kind, type and size are listed, their bytes are not.
Keys are part of the contract: they are the field names of :mod:`vision.types` and the values of its enumerations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from vision.types import (
    Box,
    CheckResult,
    Condition,
    ConditionReading,
    FieldWarning,
    Hair,
    HairField,
    HairKind,
    Measured,
    Measurement,
    Metric,
    NorwoodEvidence,
    NorwoodReading,
    NotMeasurable,
    PhotoAnalysis,
    PhotoContext,
    QualityCheck,
    QualityReport,
    Reason,
    Region,
    Salt,
    SaltBand,
    ScalpClass,
    SessionAnalysis,
    Severity,
    SeverityPart,
    View,
)

Json = dict[str, Any]

FORMAT: Final = 1
"""Raised when a key changes its meaning or goes."""

_UNSAID: Final[Json] = {"not_measurable": Reason.NO_RELEASED_MODEL.value, "detail": ""}
"""What a result that was stored before a key existed says under it."""


def photo_to_json(photo: PhotoAnalysis) -> Json:
    """Everything of a photo's analysis but the bytes of its derived pictures."""
    return {
        "format": FORMAT,
        "view": photo.context.view.value,
        "px_per_mm": photo.context.px_per_mm,
        "width_px": photo.width_px,
        "height_px": photo.height_px,
        "quality": quality_to_json(photo.quality),
        "measures": {metric.value: measurement_to_json(found) for metric, found in photo.measures.items()},
        "regions": [region_to_json(region) for region in photo.regions],
        "condition": condition_to_json(photo.condition),
        "norwood_evidence": evidence_to_json(photo.norwood_evidence),
        "hairs": field_to_json(photo.hairs),
        "images": [
            {
                "kind": image.kind.value,
                "media_type": image.media_type,
                "width_px": image.width_px,
                "height_px": image.height_px,
                "bytes": len(image.data),
            }
            for image in photo.images
        ],
        "releases": list(photo.releases),
        "timings_ms": {stage: round(spent, 1) for stage, spent in photo.timings_ms.items()},
    }


def photo_from_json(data: Mapping[str, Any]) -> PhotoAnalysis:
    """The inverse of :func:`photo_to_json`; derived pictures are left out (``images`` is empty)."""
    return PhotoAnalysis(
        context=PhotoContext(View(data["view"]), data["px_per_mm"]),
        width_px=data["width_px"],
        height_px=data["height_px"],
        quality=quality_from_json(data["quality"]),
        measures={Metric(name): measurement_from_json(found) for name, found in data["measures"].items()},
        regions=tuple(region_from_json(region) for region in data["regions"]),
        condition=condition_from_json(data["condition"]),
        images=(),
        releases=tuple(data["releases"]),
        timings_ms=dict(data["timings_ms"]),
        norwood_evidence=evidence_from_json(data.get("norwood_evidence", _UNSAID)),
        hairs=field_from_json(data.get("hairs", _UNSAID)),
    )


def field_to_json(field: HairField | NotMeasurable) -> Json:
    """Frame, cut-off, warnings, and every hair as ``[root x, root y, tip x, tip y, kind, score, unit, counted, um]``.

    Places are fractions of the picture, rounded to a hundredth of a per cent.
    """
    if isinstance(field, NotMeasurable):
        return measurement_to_json(field)
    box = field.frame
    return {
        "frame": [box.left, box.top, box.right, box.bottom],
        "frame_cm2": field.frame_cm2,
        "vellus_cutoff_um": field.vellus_cutoff_um,
        "edge_um": field.edge_um,
        "warnings": [warning.value for warning in field.warnings],
        "hairs": [
            [
                *(round(place, 4) for place in (*hair.root, *hair.tip)),
                hair.kind.value,
                round(hair.score, 4),
                hair.unit,
                hair.counted,
                None if hair.calibre_um is None else round(hair.calibre_um, 2),
            ]
            for hair in field.hairs
        ],
    }


def field_from_json(data: Mapping[str, Any]) -> HairField | NotMeasurable:
    """The inverse of :func:`field_to_json`, up to its rounding."""
    return _not_measurable(data) or HairField(
        hairs=tuple(
            Hair((x0, y0), (x1, y1), HairKind(kind), score, unit, counted, calibre)
            for x0, y0, x1, y1, kind, score, unit, counted, calibre in data["hairs"]
        ),
        frame=Box(*data["frame"]),
        frame_cm2=data["frame_cm2"],
        vellus_cutoff_um=data["vellus_cutoff_um"],
        edge_um=data["edge_um"],
        warnings=tuple(FieldWarning(name) for name in data["warnings"]),
    )


def session_to_json(session: SessionAnalysis) -> Json:
    """Severity and SALT with their parts, the condition and the Norwood stage over the session."""
    return {
        "format": FORMAT,
        "severity": severity_to_json(session.severity),
        "condition": condition_to_json(session.condition),
        "salt": salt_to_json(session.salt),
        "norwood": norwood_to_json(session.norwood),
    }


def session_from_json(data: Mapping[str, Any]) -> SessionAnalysis:
    """The inverse of :func:`session_to_json`. What an older result does not say was measured by no released model."""
    return SessionAnalysis(
        severity_from_json(data["severity"]),
        condition_from_json(data["condition"]),
        salt_from_json(data.get("salt", _UNSAID)),
        norwood_from_json(data.get("norwood", _UNSAID)),
    )


def measurement_to_json(found: Measurement) -> Json:
    """``{"value", "low", "high", "unit"}`` or ``{"not_measurable", "detail"}``."""
    if isinstance(found, NotMeasurable):
        return {"not_measurable": found.reason.value, "detail": found.detail}
    return {"value": found.value, "low": found.low, "high": found.high, "unit": found.unit}


def measurement_from_json(data: Mapping[str, Any]) -> Measurement:
    """The inverse of :func:`measurement_to_json`."""
    return _not_measurable(data) or Measured(data["value"], data["low"], data["high"], data["unit"])


def quality_to_json(quality: QualityReport) -> Json:
    """Every check with its number and limit, and whether all passed."""
    checks = [
        {
            "check": c.check.value,
            "value": c.value,
            "threshold": c.threshold,
            "passed": c.passed,
            "refuses": c.refuses,
            **({"detail": c.detail} if c.detail else {}),
        }
        for c in quality.checks
    ]
    return {"passed": quality.passed, "checks": checks}


def quality_from_json(data: Mapping[str, Any]) -> QualityReport:
    """The inverse of :func:`quality_to_json`."""
    return QualityReport(
        tuple(
            CheckResult(
                QualityCheck(c["check"]),
                c["value"],
                c["threshold"],
                c["passed"],
                c.get("refuses", True),
                c.get("detail", ""),
            )
            for c in data["checks"]
        )
    )


def region_to_json(region: Region) -> Json:
    """Fractions of the picture; ``kind`` is ``thinning`` or ``bald``."""
    box = region.box
    return {
        "kind": region.kind.name.lower(),
        "box": [box.left, box.top, box.right, box.bottom],
        "polygon": [list(point) for point in region.polygon],
        "score": region.score,
        "share_of_scalp": region.share_of_scalp,
        "share_low": None if region.share_range is None else region.share_range[0],
        "share_high": None if region.share_range is None else region.share_range[1],
        "position": list(region.position),
    }


def region_from_json(data: Mapping[str, Any]) -> Region:
    """The inverse of :func:`region_to_json`."""
    return Region(
        kind=ScalpClass[data["kind"].upper()],
        box=Box(*data["box"]),
        polygon=tuple((x, y) for x, y in data["polygon"]),
        score=data["score"],
        share_of_scalp=data["share_of_scalp"],
        position=(data["position"][0], data["position"][1]),
        share_range=None if data.get("share_low") is None else (data["share_low"], data["share_high"]),
    )


def condition_to_json(condition: ConditionReading | NotMeasurable) -> Json:
    """``{"shown", "probabilities", "threshold", "abstained_because"}`` or ``{"not_measurable", "detail"}``."""
    if isinstance(condition, NotMeasurable):
        return measurement_to_json(condition)
    return {
        "shown": condition.shown.value,
        "probabilities": {kind.value: share for kind, share in condition.probabilities.items()},
        "threshold": condition.threshold,
        "abstained_because": None if condition.abstained_because is None else condition.abstained_because.value,
    }


def condition_from_json(data: Mapping[str, Any]) -> ConditionReading | NotMeasurable:
    """The inverse of :func:`condition_to_json`."""
    because = data.get("abstained_because")
    return _not_measurable(data) or ConditionReading(
        probabilities={Condition(name): share for name, share in data["probabilities"].items()},
        shown=Condition(data["shown"]),
        threshold=data["threshold"],
        abstained_because=None if because is None else Reason(because),
    )


def severity_to_json(severity: Severity | NotMeasurable) -> Json:
    """Index, affected share, parts and missing views, or the reason."""
    if isinstance(severity, NotMeasurable):
        return measurement_to_json(severity)
    return {
        "index": measurement_to_json(severity.index),
        "affected_share": measurement_to_json(severity.affected_share),
        "parts": _parts_to_json(severity.parts),
        "missing_views": [view.value for view in severity.missing_views],
    }


def severity_from_json(data: Mapping[str, Any]) -> Severity | NotMeasurable:
    """The inverse of :func:`severity_to_json`."""
    return _not_measurable(data) or Severity(
        index=_measured(data["index"]),
        affected_share=_measured(data["affected_share"]),
        parts=_parts_from_json(data["parts"]),
        missing_views=tuple(View(view) for view in data["missing_views"]),
    )


def salt_to_json(salt: Salt | NotMeasurable) -> Json:
    """``{"score", "band", "lowest_band", "highest_band", "parts"}``, or the reason."""
    if isinstance(salt, NotMeasurable):
        return measurement_to_json(salt)
    return {
        "score": measurement_to_json(salt.score),
        "band": salt.band.value,
        "lowest_band": salt.lowest_band.value,
        "highest_band": salt.highest_band.value,
        "parts": _parts_to_json(salt.parts),
    }


def salt_from_json(data: Mapping[str, Any]) -> Salt | NotMeasurable:
    """The inverse of :func:`salt_to_json`."""
    return _not_measurable(data) or Salt(
        score=_measured(data["score"]),
        band=SaltBand(data["band"]),
        lowest_band=SaltBand(data["lowest_band"]),
        highest_band=SaltBand(data["highest_band"]),
        parts=_parts_from_json(data["parts"]),
    )


def norwood_to_json(norwood: NorwoodReading | NotMeasurable) -> Json:
    """``{"stage", "lowest", "highest", "probabilities": {"2": ...}, "views"}``, or the reason."""
    if isinstance(norwood, NotMeasurable):
        return measurement_to_json(norwood)
    return {
        "stage": norwood.stage,
        "lowest": norwood.lowest,
        "highest": norwood.highest,
        "probabilities": {str(stage): share for stage, share in norwood.probabilities.items()},
        "views": [view.value for view in norwood.views],
    }


def norwood_from_json(data: Mapping[str, Any]) -> NorwoodReading | NotMeasurable:
    """The inverse of :func:`norwood_to_json`."""
    return _not_measurable(data) or NorwoodReading(
        stage=data["stage"],
        lowest=data["lowest"],
        highest=data["highest"],
        probabilities={int(stage): share for stage, share in data["probabilities"].items()},
        views=tuple(View(view) for view in data["views"]),
    )


def evidence_to_json(evidence: NorwoodEvidence | NotMeasurable) -> Json:
    """``{"view", "score"}``, or why the photo says nothing about the stage."""
    if isinstance(evidence, NotMeasurable):
        return measurement_to_json(evidence)
    return {"view": evidence.view.value, "score": evidence.score}


def evidence_from_json(data: Mapping[str, Any]) -> NorwoodEvidence | NotMeasurable:
    """The inverse of :func:`evidence_to_json`."""
    return _not_measurable(data) or NorwoodEvidence(View(data["view"]), data["score"])


def _parts_to_json(parts: Sequence[SeverityPart]) -> list[Json]:
    return [
        {"view": part.view.value, "weight": part.weight, "affected_share": measurement_to_json(part.affected_share)}
        for part in parts
    ]


def _parts_from_json(parts: Sequence[Mapping[str, Any]]) -> tuple[SeverityPart, ...]:
    return tuple(SeverityPart(View(part["view"]), part["weight"], _measured(part["affected_share"])) for part in parts)


def _measured(data: Mapping[str, Any]) -> Measured:
    return Measured(data["value"], data["low"], data["high"], data["unit"])


def _not_measurable(data: Mapping[str, Any]) -> NotMeasurable | None:
    if "not_measurable" not in data:
        return None
    return NotMeasurable(Reason(data["not_measurable"]), data["detail"])
