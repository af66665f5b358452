"""A comparison as JSON and back: the keys that the portal stores.

Pictures travel beside the JSON, never inside it: their kind, type and size are listed. The change map goes in at a
hundredth per step, packed (zlib, base64), since charts and pages are drawn from it again. Keys are the field names of
:mod:`vision.change.types` and the values of its enumerations.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.change.types import (
    Area,
    Attribution,
    Cause,
    ChangeMap,
    ComparisonWarning,
    HairMatches,
    HairPair,
    LightDifference,
    LightSource,
    LocalChange,
    MetricChange,
    PhotoComparison,
)
from vision.codec import measurement_from_json, measurement_to_json
from vision.registration.types import (
    ComparisonReason,
    Matrix,
    Method,
    NotComparable,
    Refinement,
    Registration,
)
from vision.types import Measured, Metric, View

Json = dict[str, Any]

FORMAT: Final = 1
"""Raised when a key changes its meaning or goes."""

STEP: Final = 0.01
"""Of the packed change map."""


def comparison_to_json(found: PhotoComparison | NotComparable) -> Json:
    """Everything but the bytes of the pictures; ``{"not_comparable", "detail"}`` for a pair that is none."""
    if isinstance(found, NotComparable):
        return {"format": FORMAT, "not_comparable": found.reason.value, "detail": found.detail}
    return {
        "format": FORMAT,
        "view": found.view.value,
        "registration": registration_to_json(found.registration),
        "light": _light_to_json(found.light),
        "changes": [_change_to_json(change) for change in found.changes],
        "attributions": [_attribution_to_json(one) for one in found.attributions],
        "change_map": None if found.change_map is None else _map_to_json(found.change_map),
        "hairs": None if found.hairs is None else _matches_to_json(found.hairs),
        "images": [
            {
                "kind": image.kind.value,
                "media_type": image.media_type,
                "width_px": image.width_px,
                "height_px": image.height_px,
                "bytes": len(image.data),
            }
            for image in found.images
        ],
        "warnings": [warning.value for warning in found.warnings],
    }


def comparison_from_json(data: Mapping[str, Any]) -> PhotoComparison | NotComparable:
    """The inverse of :func:`comparison_to_json`; pictures are left out (``images`` is empty)."""
    if "not_comparable" in data:
        return NotComparable(ComparisonReason(data["not_comparable"]), data["detail"])
    return PhotoComparison(
        view=View(data["view"]),
        registration=registration_from_json(data["registration"]),
        light=_light_from_json(data["light"]),
        changes=tuple(_change_from_json(change) for change in data["changes"]),
        attributions=tuple(_attribution_from_json(one) for one in data["attributions"]),
        change_map=None if data["change_map"] is None else _map_from_json(data["change_map"]),
        hairs=None if data["hairs"] is None else _matches_from_json(data["hairs"]),
        images=(),
        warnings=tuple(ComparisonWarning(name) for name in data["warnings"]),
    )


def registration_to_json(found: Registration) -> Json:
    """The matrix row by row, the correction's grid, and the figures."""
    refinement = found.refinement
    return {
        "matrix": [list(row) for row in found.matrix],
        "refinement": None if refinement is None else [[list(knot) for knot in row] for row in refinement.offsets],
        "overlap": found.overlap,
        "inliers": found.inliers,
        "inlier_share": found.inlier_share,
        "error": found.error,
        "zoom": found.zoom,
        "turn_degrees": found.turn_degrees,
        "tilt": found.tilt,
        "method": found.method.value,
        "evidence": found.evidence,
    }


def registration_from_json(data: Mapping[str, Any]) -> Registration:
    """The inverse of :func:`registration_to_json`."""
    first, second, third = ((float(a), float(b), float(c)) for a, b, c in data["matrix"])
    matrix: Matrix = (first, second, third)
    grid = data["refinement"]
    return Registration(
        matrix=matrix,
        refinement=None if grid is None else Refinement(tuple(tuple((x, y) for x, y in row) for row in grid)),
        overlap=data["overlap"],
        inliers=data["inliers"],
        inlier_share=data["inlier_share"],
        error=data["error"],
        zoom=data["zoom"],
        turn_degrees=data["turn_degrees"],
        tilt=data["tilt"],
        method=Method(data["method"]),
        evidence=data["evidence"],
    )


def _light_to_json(light: LightDifference) -> Json:
    return {
        "exposure_stops": light.exposure_stops,
        "colour_shift": list(light.colour_shift),
        "source": light.source.value,
        "places": light.places,
        "residual_stops": light.residual_stops,
    }


def _light_from_json(data: Mapping[str, Any]) -> LightDifference:
    red, green, blue = data["colour_shift"]
    return LightDifference(
        data["exposure_stops"],
        (red, green, blue),
        LightSource(data["source"]),
        data["places"],
        data["residual_stops"],
    )


def _change_to_json(change: MetricChange) -> Json:
    return {
        "metric": change.metric.value,
        "area": change.area.value,
        "then": measurement_to_json(change.then),
        "now": measurement_to_json(change.now),
        "change": measurement_to_json(change.change),
        "percent": change.percent,
    }


def _change_from_json(data: Mapping[str, Any]) -> MetricChange:
    return MetricChange(
        Metric(data["metric"]),
        Area(data["area"]),
        measurement_from_json(data["then"]),
        measurement_from_json(data["now"]),
        measurement_from_json(data["change"]),
        data["percent"],
    )


def _attribution_to_json(found: Attribution) -> Json:
    return {
        "metric": found.metric.value,
        "unit": found.unit,
        "naive": found.naive,
        "parts": {cause.value: measurement_to_json(part) for cause, part in found.parts.items()},
    }


def _attribution_from_json(data: Mapping[str, Any]) -> Attribution:
    parts = {Cause(name): measurement_from_json(part) for name, part in data["parts"].items()}
    return Attribution(Metric(data["metric"]), data["unit"], data["naive"], parts)


def _map_to_json(found: ChangeMap) -> Json:
    height, width = found.values.shape
    return {
        "width": width,
        "height": height,
        "step": STEP,
        "values": _packed(np.round(found.values / STEP).astype(np.int8)),
        "common": _packed(np.packbits(found.common)),
        "noise_floor": found.noise_floor,
        "places": [
            {
                "polygon": [list(point) for point in place.polygon],
                "change": measurement_to_json(place.change),
                "share_of_scalp": place.share_of_scalp,
                "position": list(place.position),
            }
            for place in found.places
        ],
    }


def _map_from_json(data: Mapping[str, Any]) -> ChangeMap:
    shape = (data["height"], data["width"])
    values = np.frombuffer(_unpacked(data["values"]), np.int8).reshape(shape) * np.float32(data["step"])
    bits = np.unpackbits(np.frombuffer(_unpacked(data["common"]), np.uint8), count=shape[0] * shape[1])
    return ChangeMap(
        values.astype(np.float32),
        bits.reshape(shape).astype(np.bool_),
        data["noise_floor"],
        tuple(
            LocalChange(
                tuple((x, y) for x, y in place["polygon"]),
                _measured(place["change"]),
                place["share_of_scalp"],
                (place["position"][0], place["position"][1]),
            )
            for place in data["places"]
        ),
    )


def _matches_to_json(found: HairMatches) -> Json:
    return {
        "kept": [[pair.then, pair.now, round(pair.apart_um, 1), pair.then_um, pair.now_um] for pair in found.kept],
        "lost": list(found.lost),
        "new": list(found.new),
        "share_matched": found.share_matched,
        "false_match_probability": found.false_match_probability,
        "calibre_change": measurement_to_json(found.calibre_change),
        "common_cm2": found.common_cm2,
    }


def _matches_from_json(data: Mapping[str, Any]) -> HairMatches:
    return HairMatches(
        kept=tuple(HairPair(*pair) for pair in data["kept"]),
        lost=tuple(data["lost"]),
        new=tuple(data["new"]),
        share_matched=data["share_matched"],
        false_match_probability=data["false_match_probability"],
        calibre_change=measurement_from_json(data["calibre_change"]),
        common_cm2=data["common_cm2"],
    )


def _measured(data: Mapping[str, Any]) -> Measured:
    return Measured(data["value"], data["low"], data["high"], data["unit"])


def _packed(values: NDArray[np.generic]) -> str:
    return base64.b64encode(zlib.compress(values.tobytes(), 9)).decode("ascii")


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))
