"""Findings in words: meaning, range, and never more certainty than there is."""

from __future__ import annotations

import pytest

from reports.codes import new_code, normalise
from reports.scale import severity_scale
from reports.words import CONDITION_NAMES, METRIC_MEANINGS, METRIC_NAMES, REASONS, VIEW_NAMES, finding_words, number
from vision.types import Condition, Metric, Reason, View


def test_every_name_that_can_be_stored_has_words():
    assert set(VIEW_NAMES) == set(View)
    assert set(METRIC_NAMES) == set(METRIC_MEANINGS) == set(Metric)
    assert set(REASONS) == set(Reason)
    assert set(CONDITION_NAMES) == set(Condition)


@pytest.mark.parametrize(
    ("value", "text"), [(0.42, "0.4"), (3.0, "3"), (9.96, "10"), (12.4, "12"), (143.2, "143"), (0, "0")]
)
def test_numbers_carry_no_more_digits_than_they_deserve(value, text):
    assert number(value) == text.replace("10", "10")


def test_a_measure_states_its_interval():
    payload = {"value": 12.2, "low": 9.1, "high": 15.4, "unit": "%"}
    words = finding_words("measure", "thinning_share", payload, corrected=False)
    assert words.statement == "12 % (95 % interval 9.1 to 15 %)"


def test_a_corrected_number_has_no_interval_and_says_who_set_it():
    words = finding_words("measure", "bald_share", {"value": 3, "low": None, "high": None, "unit": "%"}, corrected=True)
    assert words.statement == "3 %, as corrected by the clinician"


def test_a_region_says_where_and_how_much():
    words = finding_words(
        "region", "bald", {"kind": "bald", "share_of_scalp": 4.2, "position": [0.8, 0.1]}, corrected=False
    )
    assert words.statement == "4.2 % of the scalp seen, in the upper right"
    ranged = {"kind": "bald", "share_of_scalp": 4.2, "share_low": 2.0, "share_high": 7.5, "position": [0.8, 0.1]}
    words = finding_words("region", "bald", ranged, corrected=False)
    assert words.statement == "4.2 % of the scalp seen (95 % interval 2 to 7.5 %), in the upper right"


def test_an_abstention_is_said_as_such():
    words = finding_words("condition", "unsure", {"shown": "unsure"}, corrected=False)
    assert words.statement == "The model was unsure and suggests nothing"


def test_a_suggested_condition_is_a_hint_and_no_diagnosis():
    words = finding_words("condition", "psoriasis", {"shown": "psoriasis", "probability": 0.83}, corrected=False)
    assert words.statement == "Psoriasis of the scalp (calibrated probability 83 %)"
    assert "not a diagnosis" in words.meaning


def test_a_corrected_condition_repeats_no_probability():
    words = finding_words("condition", "psoriasis", {"shown": "folliculitis", "probability": 0.83}, corrected=True)
    assert "83" not in words.statement


def test_a_woman_reads_the_name_of_her_own_scale():
    words = finding_words("norwood", "ludwig_sinclair", {"reason": "not_offered"}, corrected=False)
    assert words.title == "Ludwig or Sinclair grade"
    assert words.statement == "Not measurable, because this scale is graded by the clinician alone"
    refused = finding_words("norwood", "norwood_stage", {"reason": "views_missing"}, corrected=False)
    assert refused.title == "Norwood stage"


def test_the_scale_places_value_and_range():
    scale = severity_scale({"index": {"value": 5.5, "low": 1, "high": 10}})
    assert scale is not None
    assert (scale.low_x, scale.value_x, scale.high_x) == (20.0, 300.0, 580.0)
    assert severity_scale({"reason": "views_missing"}) is None


def test_a_code_survives_how_people_type():
    code = new_code()
    assert normalise(f" {code.lower().replace('-', ' ')} ") == code
    assert normalise(code.replace("-", "").replace("O", "0").replace("I", "1").replace("B", "8")) == code
    assert normalise(code[:-1]) == ""
    assert normalise("../etc/passwd") == ""
