"""Red flags (R7), rule by rule, and what the patient reads."""

from __future__ import annotations

import pytest

from patients.intake_form import Answers, MedicalCondition, Pregnancy, Symptom
from patients.red_flags import RULES, RedFlag, Severity, evaluate, label, safety_text, severity
from tests.factories.patients import calm_answers

ADULT = 36


@pytest.mark.parametrize(
    ("symptom", "flag"),
    [
        (Symptom.PAIN, RedFlag.PAIN),
        (Symptom.BURNING, RedFlag.PAIN),
        (Symptom.PUS, RedFlag.PUS),
        (Symptom.SMOOTH_SHINY_SKIN, RedFlag.SCARRING_SIGNS),
        (Symptom.SCARRED_AREAS, RedFlag.SCARRING_SIGNS),
        (Symptom.EYEBROW_LOSS, RedFlag.EYEBROW_LOSS),
        (Symptom.SUDDEN_PATCHES, RedFlag.SUDDEN_PATCHES),
        (Symptom.SHEDDING_OVER_3_MONTHS, RedFlag.SHEDDING_OVER_3_MONTHS),
        (Symptom.NEWLY_VISIBLE_SCALP, RedFlag.NEWLY_VISIBLE_SCALP),
        (Symptom.HAIRLINE_MOVED, RedFlag.HAIRLINE_MOVED),
    ],
)
def test_a_symptom_raises_its_flag_and_no_other(symptom, flag):
    assert evaluate(calm_answers(symptoms=(symptom,)), ADULT) == (flag,)


@pytest.mark.parametrize("symptom", [Symptom.ITCH, Symptom.REDNESS, Symptom.SCALE])
def test_an_ordinary_symptom_of_an_adult_raises_nothing(symptom):
    assert evaluate(calm_answers(symptoms=(symptom,)), ADULT) == ()


@pytest.mark.parametrize(("age", "flags"), [(7, (RedFlag.SCALE_IN_CHILD,)), (15, (RedFlag.SCALE_IN_CHILD,)), (16, ())])
def test_scale_is_a_red_flag_below_sixteen(age, flags):
    assert evaluate(calm_answers(symptoms=(Symptom.SCALE,)), age) == flags


def test_thoughts_of_suicide_come_first_whatever_else_is_named():
    answers = calm_answers(
        symptoms=(Symptom.HAIRLINE_MOVED, Symptom.PUS), conditions=(MedicalCondition.SUICIDAL_THOUGHTS,)
    )
    assert evaluate(answers, ADULT) == (RedFlag.SUICIDAL_THOUGHTS, RedFlag.PUS, RedFlag.HAIRLINE_MOVED)


def test_slow_signs_are_for_soon_and_the_others_urgent():
    soon = {flag for flag in RedFlag if severity(flag) is Severity.SOON}
    assert soon == {RedFlag.SHEDDING_OVER_3_MONTHS, RedFlag.NEWLY_VISIBLE_SCALP, RedFlag.HAIRLINE_MOVED}


def test_every_flag_has_exactly_one_rule_in_words_for_both_sides():
    assert sorted(rule.flag for rule in RULES) == sorted(RedFlag)
    for flag in RedFlag:
        text = safety_text(flag)
        assert label(flag)
        assert all(str(part) for part in (text.title, text.what, text.when_and_where, text.at_once_if))


@pytest.mark.parametrize("flag", [flag for flag in RedFlag if severity(flag) is Severity.URGENT])
def test_an_urgent_text_names_a_place_to_go(flag):
    words = str(safety_text(flag).when_and_where)
    assert any(place in words for place in ("dermatologist", "doctor", "emergency", "paediatrician"))


def test_answers_survive_storage():
    answers = calm_answers(symptoms=tuple(Symptom), conditions=tuple(MedicalCondition), pregnancy=Pregnancy.PLANNING)
    assert Answers.from_dict(answers.to_dict()) == answers


def test_answers_of_an_unknown_schema_are_refused_not_guessed():
    with pytest.raises(ValueError, match="schema"):
        Answers.from_dict({**calm_answers().to_dict(), "schema": 99})
