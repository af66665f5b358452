"""Results as JSON: stable keys, and nothing lost on the way back but the pictures' bytes."""

from __future__ import annotations

import json
from dataclasses import replace

from vision.codec import photo_from_json, photo_to_json, session_from_json, session_to_json
from vision.pipeline import Networks, analyse_photo, session_condition, summarise_session
from vision.severity import severity_of
from vision.types import (
    Box,
    Condition,
    ConditionReading,
    Measured,
    Metric,
    NotMeasurable,
    PhotoContext,
    Reason,
    Region,
    RgbImage,
    ScalpClass,
    SessionAnalysis,
    View,
)

READING = ConditionReading(
    {Condition.ALOPECIA: 0.7, Condition.PSORIASIS: 0.2, Condition.NO_FINDING: 0.1}, Condition.ALOPECIA, 0.6
)
REGION = Region(
    ScalpClass.BALD, Box(0.1, 0.2, 0.4, 0.5), ((0.1, 0.2), (0.4, 0.2), (0.3, 0.5)), 0.81, 12.5, (0.5, 0.4), (8.0, 17.5)
)


def test_a_photo_survives_json(crown: RgbImage) -> None:
    photo = replace(
        analyse_photo(crown, PhotoContext(View.CROWN, 3.5), Networks()),
        condition=READING,
        regions=(REGION,),
        releases=("scalp-segmentation-9.9",),
    )
    stored = json.loads(json.dumps(photo_to_json(photo)))
    back = photo_from_json(stored)
    assert back == replace(photo, images=(), timings_ms=back.timings_ms)
    assert [image["kind"] for image in stored["images"]] == [image.kind.value for image in photo.images]
    assert stored["regions"][0]["kind"] == "bald"
    assert stored["measures"]["hair_density"] == {"not_measurable": "view_not_supported", "detail": ""}


def test_a_measured_number_keeps_its_range_and_unit(crown: RgbImage) -> None:
    photo = analyse_photo(crown, PhotoContext(View.CROWN), Networks())
    measured = replace(photo, measures={Metric.BALD_SHARE: Measured(12.0, 8.0, 16.0, "%")})
    assert photo_to_json(measured)["measures"] == {"bald_share": {"value": 12.0, "low": 8.0, "high": 16.0, "unit": "%"}}


def test_a_session_survives_json() -> None:
    share = Measured(30.0, 20.0, 40.0, "%")
    session = SessionAnalysis(severity_of([(View.CROWN, share)]), READING)
    stored = json.loads(json.dumps(session_to_json(session)))
    assert session_from_json(stored) == session
    assert stored["severity"]["missing_views"] == ["occiput", "temple_left", "temple_right"]
    empty = summarise_session([])
    assert session_from_json(session_to_json(empty)) == empty


def test_an_abstention_keeps_its_reason() -> None:
    far = replace(READING, shown=Condition.UNSURE, abstained_because=Reason.OUT_OF_DOMAIN)
    session = SessionAnalysis(NotMeasurable(Reason.VIEWS_MISSING, "none"), session_condition([far]))
    back = session_from_json(session_to_json(session))
    assert isinstance(back.condition, ConditionReading)
    assert back.condition.abstained_because is Reason.OUT_OF_DOMAIN
