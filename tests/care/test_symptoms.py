"""Red flags that a message names: shown, never a gate."""

from __future__ import annotations

import pytest

from care.symptoms import any_urgent, flags_of, named_in
from patients.red_flags import RedFlag


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("There is pus on my crown since Monday", RedFlag.PUS),
        ("My scalp is painful", RedFlag.PAIN),
        ("I suddenly have two bald patches", RedFlag.SUDDEN_PATCHES),
        ("I am losing my eyebrows too", RedFlag.EYEBROW_LOSS),
        ("a shiny patch at the back", RedFlag.SCARRING_SIGNS),
        ("Sometimes I want to die", RedFlag.SUICIDAL_THOUGHTS),
        ("I am not suicidal, but low", RedFlag.SUICIDAL_THOUGHTS),
    ],
)
def test_plain_words_are_recognised(text, flag):
    assert flag in named_in(text)


@pytest.mark.parametrize(
    "text", ["No pus any more", "It is not painful", "When is my appointment?", "the purpose of it"]
)
def test_denials_and_other_words_are_left_alone(text):
    assert named_in(text) == ()


def test_what_is_ticked_counts_as_what_is_written():
    flags = flags_of("hello", [RedFlag.PUS])
    assert flags == (RedFlag.PUS,)
    assert any_urgent(flags)
