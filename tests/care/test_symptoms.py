"""Red flags that a message names: shown, never a gate."""

from __future__ import annotations

import pytest

from care.symptom_words import DENIALS, WORDS
from care.symptoms import TICKABLE, any_urgent, flags_of, named_in
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
        ("Seit Montag eitert es am Hinterkopf.", RedFlag.PUS),
        ("Die Kopfhaut ist sehr schmerzhaft", RedFlag.PAIN),
        ("Ich habe plötzlich zwei kahle Stellen", RedFlag.SUDDEN_PATCHES),
        ("Auch die Augenbrauen fallen mir aus", RedFlag.EYEBROW_LOSS),
        ("Die Haut ist vernarbt", RedFlag.SCARRING_SIGNS),
        ("Ich will nicht mehr leben", RedFlag.SUICIDAL_THOUGHTS),
        ("Du pus sort d'une croûte", RedFlag.PUS),
        ("Le cuir chevelu me fait mal", RedFlag.PAIN),
        ("Une plaque chauve apparue du jour au lendemain", RedFlag.SUDDEN_PATCHES),
        ("Mes sourcils tombent aussi", RedFlag.EYEBROW_LOSS),
        ("La peau brillante autour", RedFlag.SCARRING_SIGNS),
        ("J'ai envie de mourir", RedFlag.SUICIDAL_THOUGHTS),
        ("Me supura la coronilla", RedFlag.PUS),
        ("Me duele el cuero cabelludo", RedFlag.PAIN),
        ("De repente tengo dos placas", RedFlag.SUDDEN_PATCHES),
        ("Se me caen las cejas", RedFlag.EYEBROW_LOSS),
        ("Hay cicatrices", RedFlag.SCARRING_SIGNS),
        ("A veces quiero morirme", RedFlag.SUICIDAL_THOUGHTS),
    ],
)
def test_plain_words_are_recognised(text, flag):
    assert flag in named_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "No pus any more",
        "It is not painful",
        "When is my appointment?",
        "the purpose of it",
        "Kein Eiter mehr",
        "Es ist nicht schmerzhaft",
        "Wann ist mein Termin? Ich nehme weiter Minoxidil.",
        "Pas de douleur",
        "Sin dolor",
        "¿Cuándo es mi cita?",
    ],
)
def test_denials_and_other_words_are_left_alone(text):
    assert named_in(text) == ()


def test_every_language_of_the_portal_has_all_its_words(settings):
    for language, _name in settings.LANGUAGES:
        assert set(WORDS[language.partition("-")[0]]) == set(TICKABLE), language
    assert set(DENIALS) == set(WORDS)
    assert all(set(table) == set(TICKABLE) for table in WORDS.values())


def test_what_is_ticked_counts_as_what_is_written():
    flags = flags_of("hello", [RedFlag.PUS])
    assert flags == (RedFlag.PUS,)
    assert any_urgent(flags)
