"""Every metric of the permission matrix reaches review page, report and FHIR with its interval, or with its reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from reports.compose import _frozen_payload
from reports.content import FindingLine
from reports.fhir.resources import _observed
from reports.words import METRIC_MEANINGS, METRIC_NAMES, finding_words
from reports.words import REASONS as PATIENT_REASONS
from reviews.payloads import BOUNDS
from reviews.wording import METRICS, REASONS, UNITS, interval, reason_words, title, value
from vision.permissions import PHOTO_METRICS
from vision.types import Metric, Reason

UNIT_OF = {
    "mm": "mm", "mm2": "mm2", "density": "per_cm2", "mean": "um", "thickness": "mm/cm2",
}  # fmt: skip
DAY = dt.date(2026, 11, 21)


def unit_of(metric: Metric) -> str:
    return next((unit for ending, unit in UNIT_OF.items() if metric.value.endswith(ending)), "%")


def number_of(metric: Metric) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Kind, payload, and where in it the number stands."""
    number = {"value": 34.0, "low": 21.0, "high": 47.0, "unit": unit_of(metric)}
    if metric is Metric.SEVERITY_INDEX:
        number = {"value": 4.5, "low": 3.5, "high": 6.5, "unit": "index"}
        return "severity", {"index": number, "affected_share": None, "missing_views": []}, number
    if metric is Metric.SALT_ESTIMATE:
        bands = dict.fromkeys(("band", "lowest_band", "highest_band"), "21-49")
        return "salt", {"score": number, **bands}, number
    return "measure", {"metric": metric.value, **number}, number


def line_of(metric: Metric, kind: str, payload: dict[str, Any]) -> FindingLine:
    frozen = _frozen_payload(kind, payload, corrected=False)
    words = finding_words(kind, metric.value, frozen, corrected=False)
    return FindingLine(
        finding_id="f",
        kind=kind,
        code=metric.value,
        view="crown",
        verdict="accepted",
        title=words.title,
        statement=words.statement,
        meaning=words.meaning,
        payload=frozen,
        release="",
    )


NUMBERS = [*PHOTO_METRICS, Metric.SEVERITY_INDEX, Metric.SALT_ESTIMATE]


@pytest.mark.parametrize("metric", NUMBERS)
def test_a_number_keeps_its_interval_on_the_way_out(metric: Metric) -> None:
    kind, payload, number = number_of(metric)
    low, high = f"{number['low']:g}", f"{number['high']:g}"
    assert low in interval(kind, payload)
    assert high in interval(kind, payload)
    line = line_of(metric, kind, payload)
    assert f"95 % interval {low} to {high}" in line.statement
    observation = _observed("p", line, DAY)
    assert observation["valueQuantity"]["value"] == number["value"]
    assert [part["valueQuantity"]["value"] for part in observation["component"]] == [number["low"], number["high"]]
    assert "code" in observation["valueQuantity"], "a unit that FHIR's readers know"


@pytest.mark.parametrize("metric", NUMBERS)
@pytest.mark.parametrize("reason", [Reason.QUALITY_FAILED, Reason.NO_SCALE, Reason.NO_LANDMARKS])
def test_a_number_that_may_not_exist_keeps_its_reason_on_the_way_out(metric: Metric, reason: Reason) -> None:
    kind, _, _ = number_of(metric)
    payload = {"metric": metric.value, "reason": reason.value, "detail": ""}
    assert value(kind, payload) == "Not measurable"
    assert reason_words(payload) == str(REASONS[reason])
    line = line_of(metric, kind, payload)
    assert line.statement == f"Not measurable, because {PATIENT_REASONS[reason]}"
    absent = _observed("p", line, DAY)["dataAbsentReason"]
    assert absent["coding"][0]["code"] == reason.value
    assert str(PATIENT_REASONS[reason]) in absent["text"]


def test_every_metric_and_every_reason_has_words_for_clinicians_and_for_patients() -> None:
    assert set(Metric) == set(METRICS) == set(METRIC_NAMES) == set(METRIC_MEANINGS)
    assert set(Reason) == set(REASONS) == set(PATIENT_REASONS)
    assert {unit_of(metric) for metric in PHOTO_METRICS} <= set(UNITS)
    assert set(PHOTO_METRICS) <= set(BOUNDS)
    for metric in Metric:
        assert title("measure", metric.value, {}) == str(METRICS[metric][0])


def test_a_share_of_vellus_hairs_never_travels_without_its_cut_off() -> None:
    payload = {"metric": "vellus_share", "value": 20.0, "low": 9.0, "high": 37.0, "unit": "%", "vellus_cutoff_um": 40.0}
    line = line_of(Metric.VELLUS_SHARE, "measure", payload)
    assert line.payload["vellus_cutoff_um"] == 40.0
    assert "40 µm" in line.meaning


def test_a_ratio_says_why_it_is_not_told_in_millimetres() -> None:
    payload = {
        "metric": "part_width_ratio", "value": 4.0, "low": 3.4, "high": 4.8, "unit": "%", "not_in_mm": "no_scale",
    }  # fmt: skip
    line = line_of(Metric.PART_WIDTH_RATIO, "measure", payload)
    assert "not measurable in millimetres, because the photograph carries no scale" in line.meaning
