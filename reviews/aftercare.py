"""What a signed plan asks for afterwards, as data: when a treatment is monitored, and what its patient is asked about
side effects. Pure.

Weeks follow the entry's own words on monitoring (:mod:`reviews.formulary`); the questions name effects from the product
information in plain words. A red answer shows its text at once; texts say what to do and when, and name no diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class Answer(StrEnum):
    """How much somebody notices of an effect."""

    NONE = "none"
    LITTLE = "little"
    MUCH = "much"


ANSWER_LABELS: Final[Mapping[Answer, Text]] = {
    Answer.NONE: _("No"),
    Answer.LITTLE: _("A little"),
    Answer.MUCH: _("Yes, clearly"),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """What the patient reads at once: what it can be, and what to do when."""

    title: Text
    text: Text


@dataclass(frozen=True, slots=True)
class Question:
    """``red``: the answers that put the case before a clinician today and show ``advice``."""

    code: str
    text: Text
    red: frozenset[Answer]
    advice: Advice


_ANY: Final = frozenset({Answer.LITTLE, Answer.MUCH})
_MUCH: Final = frozenset({Answer.MUCH})

_STOP_AND_CALL: Final = _("Stop the treatment and call your clinic today. On a weekend use the out-of-hours service.")
_EMERGENCY: Final = _(
    "Stop the treatment and call your local emergency number now (112 in the EU, 999 in the UK, 911 in the US)."
)

QUESTIONS: Final[Mapping[str, Question]] = {
    question.code: question
    for question in (
        Question(
            "mood",
            _("Low mood, hopelessness, or thoughts of harming yourself?"),
            _ANY,
            Advice(
                _("Your safety comes first"),
                _(
                    "Stop the treatment. If you think of harming yourself, call your local emergency number (112 in "
                    "the EU, 999 in the UK, 911 or 988 in the US) or go to the nearest emergency department, and do "
                    "not stay alone. Otherwise call your clinic or family doctor today. Help works."
                ),
            ),
        ),
        Question(
            "sexual",
            _("Less desire, or trouble with erection or ejaculation?"),
            _MUCH,
            Advice(
                _("Changes of sexual function"),
                _("This is known and mostly passes after stopping. Call your clinic this week, before you go on."),
            ),
        ),
        Question(
            "breast",
            _("A lump, pain or swelling of a breast, or fluid from the nipple?"),
            _ANY,
            Advice(_("A change of the breast"), _("Please have it examined by your family doctor within a week.")),
        ),
        Question(
            "heart",
            _("Chest pain, a racing heart at rest, or fainting?"),
            _ANY,
            Advice(_("Signs that the heart is strained"), _EMERGENCY),
        ),
        Question(
            "swelling",
            _("Swollen legs, ankles or face, or a fast gain of weight?"),
            _MUCH,
            Advice(_("Water in the body"), _STOP_AND_CALL),
        ),
        Question(
            "breath_allergy",
            _("Trouble breathing, swollen lips or tongue, or hives all over?"),
            _ANY,
            Advice(_("This can be a severe allergy"), _EMERGENCY),
        ),
        Question(
            "infection",
            _("Fever, a cough that stays, shingles, or another infection?"),
            _ANY,
            Advice(
                _("An infection while your defences are lowered"),
                _("Take no further dose before you have spoken to a doctor, and call your clinic today."),
            ),
        ),
        Question(
            "clot",
            _("Sudden pain or swelling of one leg, or sudden trouble breathing?"),
            _ANY,
            Advice(_("This needs an emergency department now"), _EMERGENCY),
        ),
        Question(
            "liver",
            _("Yellow skin or eyes, dark urine, or strong pain in the upper belly?"),
            _ANY,
            Advice(_("The liver may be affected"), _STOP_AND_CALL),
        ),
        Question(
            "bleeding",
            _("Unusual bruises, bleeding, or sores in the mouth?"),
            _ANY,
            Advice(_("Your blood should be checked today"), _STOP_AND_CALL),
        ),
        Question(
            "sight",
            _("Blurred sight, halos, or trouble seeing colours?"),
            _ANY,
            Advice(
                _("A change of sight"),
                _("Stop the treatment and see an eye doctor within a few days; tell your clinic."),
            ),
        ),
        Question(
            "pregnant",
            _("Could you be pregnant, or was a contraceptive forgotten?"),
            _ANY,
            Advice(
                _("Stop the treatment today"),
                _("It can harm an unborn child. Call your clinic today, before the next dose."),
            ),
        ),
        Question(
            "skin",
            _("Burning, blisters, oozing or a spreading rash where you use it?"),
            _MUCH,
            Advice(
                _("The skin does not bear it"),
                _(
                    "Stop using it and wash the place with water. Call your clinic within two days; today with "
                    "blisters or fever."
                ),
            ),
        ),
        Question(
            "rash",
            _("A rash with fever, or sores of mouth, eyes or genitals?"),
            _ANY,
            Advice(_("A severe reaction of the skin"), _EMERGENCY),
        ),
        Question(
            "headache",
            _("A strong headache that does not go away, or with trouble of sight?"),
            _ANY,
            Advice(_("This needs a doctor today"), _STOP_AND_CALL),
        ),
        Question(
            "stomach",
            _("Nausea, belly pain or diarrhoea?"),
            _MUCH,
            Advice(_("Stomach and bowels"), _("Call your clinic this week. With blood in the stool or fever: today.")),
        ),
        Question(
            "potassium",
            _("Weak muscles, or a slow or stumbling heart beat?"),
            _ANY,
            Advice(_("Your salts should be checked today"), _STOP_AND_CALL),
        ),
        Question(
            "shedding",
            _("More hair falls out than before the treatment?"),
            frozenset(),
            Advice("", ""),
        ),
        Question("hair_elsewhere", _("New hair on the face or body?"), frozenset(), Advice("", "")),
        Question("dizzy", _("Dizzy when you stand up?"), _MUCH, Advice(_("Low blood pressure"), _STOP_AND_CALL)),
        Question(
            "wound",
            _("Growing pain, redness, pus or fever after the procedure?"),
            _ANY,
            Advice(_("The place may be infected"), _("Call your clinic today, or the out-of-hours service.")),
        ),
    )
}

_JAK: Final = ("infection", "clot", "heart", "liver", "rash")
_ANDROGEN: Final = ("mood", "sexual", "breast")

CHECKLISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "minoxidil-5": ("skin", "shedding", "heart", "hair_elsewhere"),
    "minoxidil-2": ("skin", "shedding", "heart", "hair_elsewhere"),
    "finasteride-topical": (*_ANDROGEN, "skin"),
    "clobetasol": ("skin", "sight"),
    "mometasone": ("skin",),
    "calcipotriol-betamethasone": ("skin",),
    "salicylic-acid": ("skin",),
    "tacrolimus-topical": ("skin",),
    "ketoconazole-shampoo": ("skin",),
    "clindamycin-topical": ("skin", "stomach"),
    "contact-immunotherapy": ("skin", "breath_allergy"),
    "finasteride-oral": _ANDROGEN,
    "dutasteride-oral": _ANDROGEN,
    "minoxidil-oral": ("heart", "swelling", "dizzy", "hair_elsewhere", "shedding"),
    "spironolactone": ("potassium", "dizzy", "breast", "pregnant"),
    "baricitinib": (*_JAK, "pregnant"),
    "ritlecitinib": (*_JAK, "pregnant"),
    "methotrexate": ("infection", "bleeding", "liver", "breath_allergy", "stomach", "pregnant"),
    "prednisolone-oral": ("mood", "infection", "stomach", "sight"),
    "hydroxychloroquine": ("sight", "heart", "rash", "stomach"),
    "doxycycline": ("headache", "rash", "stomach", "pregnant"),
    "clindamycin-rifampicin": ("stomach", "liver", "rash"),
    "isotretinoin": ("pregnant", "mood", "headache", "liver", "rash"),
    "adalimumab": ("infection", "breath_allergy", "rash", "heart"),
    "terbinafine": ("liver", "rash", "stomach"),
    "griseofulvin": ("liver", "rash", "stomach", "pregnant"),
    "iron": ("stomach",),
    "triamcinolone-intralesional": ("skin", "wound"),
    "prp": ("wound",),
    "microneedling": ("wound", "skin"),
    "transplantation": ("wound",),
    "biopsy": ("wound",),
    "low-level-laser": ("skin",),
    "excimer": ("skin",),
}
"""Questions by the code of the formulary's entry; lifestyle entries have none."""

MONITORING_WEEKS: Final[Mapping[str, tuple[int, ...]]] = {
    "minoxidil-5": (12,),
    "finasteride-topical": (12,),
    "clobetasol": (6,),
    "mometasone": (8,),
    "calcipotriol-betamethasone": (4,),
    "contact-immunotherapy": (4,),
    "finasteride-oral": (12, 26),
    "dutasteride-oral": (12, 26),
    "minoxidil-oral": (4, 12),
    "spironolactone": (1, 4, 12),
    "baricitinib": (4, 12),
    "ritlecitinib": (4, 12),
    "methotrexate": (1, 2, 3, 4, 8, 12),
    "prednisolone-oral": (2, 6),
    "hydroxychloroquine": (12, 52),
    "clindamycin-rifampicin": (4, 8),
    "isotretinoin": (4, 8, 12),
    "adalimumab": (12,),
    "terbinafine": (4,),
    "griseofulvin": (8,),
    "iron": (12,),
    "vitamin-d": (12,),
    "biotin": (12,),
    "excimer": (4,),
    "triamcinolone-intralesional": (6,),
}
"""Weeks after the signature at which the entry's monitoring is due; every entry that names monitoring stands here."""

SIDE_EFFECT_WEEKS: Final = 4
"""When the patient is asked about side effects, in weeks after the signature."""


@dataclass(frozen=True, slots=True)
class Due:
    """Something to do by a day. ``kind``: a FollowUpTask.Kind value; ``code`` of the entry, or nothing."""

    kind: str
    code: str
    on: date


def due_after(codes: Sequence[str], *, signed_on: date, follow_up: date | None) -> tuple[Due, ...]:
    """What a plan with these treatments asks for, in order of time."""
    found = [
        Due("monitoring", code, signed_on + timedelta(weeks=weeks))
        for code in codes
        for weeks in MONITORING_WEEKS.get(code, ())
    ]
    if questions_for(codes):
        found.append(Due("side_effects", "", signed_on + timedelta(weeks=SIDE_EFFECT_WEEKS)))
    if follow_up is not None:
        found.append(Due("follow_up", "", follow_up))
    return tuple(sorted(found, key=lambda due: due.on))


def questions_for(codes: Iterable[str]) -> tuple[Question, ...]:
    """The questions that belong to these treatments, each once."""
    wanted = dict.fromkeys(question for code in codes for question in CHECKLISTS.get(code, ()))
    return tuple(QUESTIONS[code] for code in wanted)


def red_questions(answers: Mapping[str, str]) -> tuple[Question, ...]:
    """The questions whose answer asks for help soon, in the order of the table."""
    return tuple(
        question for code, question in QUESTIONS.items() if code in answers and Answer(answers[code]) in question.red
    )
