"""Red flags (R7): which answers ask for a doctor soon, and what the patient reads about it at once.

Rules are a table; nothing here knows a model or waits for one. The texts say when and where to seek care, stay calm,
and name no diagnosis. Sources: clinical notes, trap 14 (signs of scarring alopecia), and R7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from patients.intake_form import Answers, MedicalCondition, Symptom

CHILD_UNDER_YEARS: Final = 16
"""Scale with hair loss below this age is read as possible scalp ringworm until a doctor has looked."""


class RedFlag(StrEnum):
    """One reason to be seen soon."""

    PUS = "pus"
    PAIN = "pain"
    SCARRING_SIGNS = "scarring_signs"
    SCALE_IN_CHILD = "scale_in_child"
    EYEBROW_LOSS = "eyebrow_loss"
    SUDDEN_PATCHES = "sudden_patches"
    SUICIDAL_THOUGHTS = "suicidal_thoughts"
    SHEDDING_OVER_3_MONTHS = "shedding_over_3_months"
    NEWLY_VISIBLE_SCALP = "newly_visible_scalp"
    HAIRLINE_MOVED = "hairline_moved"


class Severity(StrEnum):
    """``URGENT``: seek care now or within days. ``SOON``: a clinician should look without long delay."""

    URGENT = "urgent"
    SOON = "soon"


@dataclass(frozen=True, slots=True)
class SafetyText:
    """What the patient reads: what was noticed, when and where to go, and what must not be waited for."""

    title: str | Promise
    what: str | Promise
    when_and_where: str | Promise
    at_once_if: str | Promise


@dataclass(frozen=True, slots=True)
class Rule:
    """``applies`` sees the answers and the age in whole years."""

    flag: RedFlag
    severity: Severity
    applies: Callable[[Answers, int], bool]
    label: str | Promise  # for clinicians
    text: SafetyText


def _notices(*symptoms: Symptom) -> Callable[[Answers, int], bool]:
    return lambda answers, age: any(symptom in answers.symptoms for symptom in symptoms)


_WORSE: Final = _("you get a fever, feel ill, or the area becomes hot, swollen or spreads within hours.")
_CHANGES: Final = _("pain, pus, open sores or fast spreading bald areas appear.")

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        RedFlag.SUICIDAL_THOUGHTS,
        Severity.URGENT,
        lambda answers, age: answers.has(MedicalCondition.SUICIDAL_THOUGHTS),
        _("Thoughts of suicide, now or in the past"),
        SafetyText(
            _("Your safety comes first"),
            _("You told us about thoughts of suicide. Many people live through such times, and help works."),
            _(
                "If such thoughts are with you now, call your local emergency number (112 in the EU, 999 in the UK, "
                "911 or 988 in the US) or go to the nearest emergency department. A crisis line answers at any hour. "
                "If it was in the past, tell every doctor who prescribes hair medicine: some of them can affect mood."
            ),
            _("you feel that you might act on these thoughts. Do not stay alone with them."),
        ),
    ),
    Rule(
        RedFlag.PUS,
        Severity.URGENT,
        _notices(Symptom.PUS),
        _("Pus or crusts on the scalp"),
        SafetyText(
            _("Pus or weeping crusts on the scalp"),
            _("This can be an infection or an inflammation that may leave scars if it is not treated."),
            _(
                "Please see a dermatologist or your family doctor within one or two days. On a weekend use the "
                "out-of-hours medical service. Do not press or cut the spots, and start no new product until then."
            ),
            _WORSE,
        ),
    ),
    Rule(
        RedFlag.SCARRING_SIGNS,
        Severity.URGENT,
        _notices(Symptom.SMOOTH_SHINY_SKIN, Symptom.SCARRED_AREAS),
        _("Signs of scarring: smooth shiny or scarred areas"),
        SafetyText(
            _("Smooth, shiny or scarred areas"),
            _("Some conditions close the openings where hair grows. Hair lost in this way does not come back."),
            _(
                "Please arrange to see a dermatologist within one to two weeks, and say on the telephone that you "
                "notice shiny or scarred areas: you should be given an early appointment."
            ),
            _CHANGES,
        ),
    ),
    Rule(
        RedFlag.SCALE_IN_CHILD,
        Severity.URGENT,
        lambda answers, age: age < CHILD_UNDER_YEARS and Symptom.SCALE in answers.symptoms,
        _("Scale with hair loss in a child"),
        SafetyText(
            _("Scaling with hair loss in a child"),
            _("In children this is often a fungal infection. It is treatable, and it passes on to other children."),
            _(
                "Please take the child to a paediatrician or dermatologist within a few days. Until then use a "
                "separate comb, towel and pillow, and do not share hats."
            ),
            _("the scalp swells, weeps or hurts, or the child has a fever."),
        ),
    ),
    Rule(
        RedFlag.PAIN,
        Severity.URGENT,
        _notices(Symptom.PAIN, Symptom.BURNING),
        _("Pain or burning of the scalp"),
        SafetyText(
            _("Pain or burning of the scalp"),
            _("Ordinary hair loss does not hurt. Pain or burning can come from an inflammation around the hair roots."),
            _(
                "Please see a dermatologist within one to two weeks; your family doctor can look sooner. If you are "
                "over 50 and the pain sits at the temples, with headache or trouble with sight or chewing, go to an "
                "emergency department today."
            ),
            _WORSE,
        ),
    ),
    Rule(
        RedFlag.SUDDEN_PATCHES,
        Severity.URGENT,
        _notices(Symptom.SUDDEN_PATCHES),
        _("Sudden patchy loss"),
        SafetyText(
            _("Bald patches that came suddenly"),
            _("Patches that appear within days or weeks are often treatable, and treatment works best early."),
            _("Please see a dermatologist within two weeks. Photographs of the first days are useful: keep them."),
            _CHANGES,
        ),
    ),
    Rule(
        RedFlag.EYEBROW_LOSS,
        Severity.URGENT,
        _notices(Symptom.EYEBROW_LOSS),
        _("Loss of eyebrows"),
        SafetyText(
            _("Thinner eyebrows as well"),
            _("Losing eyebrow hair together with scalp hair can point to a condition that a photograph does not show."),
            _("Please see a dermatologist within two weeks, and mention the eyebrows when you make the appointment."),
            _CHANGES,
        ),
    ),
    Rule(
        RedFlag.SHEDDING_OVER_3_MONTHS,
        Severity.SOON,
        _notices(Symptom.SHEDDING_OVER_3_MONTHS),
        _("Shedding for more than three months"),
        SafetyText(
            _("Shedding for more than three months"),
            _("A cause in the body, such as iron, thyroid or a medicine, is worth looking for."),
            _("Please see your family doctor or a dermatologist in the next weeks; often a blood test comes first."),
            _CHANGES,
        ),
    ),
    Rule(
        RedFlag.NEWLY_VISIBLE_SCALP,
        Severity.SOON,
        _notices(Symptom.NEWLY_VISIBLE_SCALP),
        _("Scalp newly visible"),
        SafetyText(
            _("Scalp that shows where it did not before"),
            _("This is a good time to have it looked at: keeping hair is usually easier than winning it back."),
            _("Send your photographs as planned. A clinician looks at your case before others without this sign."),
            _CHANGES,
        ),
    ),
    Rule(
        RedFlag.HAIRLINE_MOVED,
        Severity.SOON,
        _notices(Symptom.HAIRLINE_MOVED),
        _("Hairline moved within a year"),
        SafetyText(
            _("A hairline that moved within a year"),
            _("A change within a year is worth an early look, most of all with redness or itching along the hairline."),
            _("Send your photographs as planned. A clinician looks at your case before others without this sign."),
            _CHANGES,
        ),
    ),
)

_BY_FLAG: Final = {rule.flag: rule for rule in RULES}


def evaluate(answers: Answers, age: int) -> tuple[RedFlag, ...]:
    """The flags that these answers raise at this age (whole years), the most pressing first."""
    return tuple(rule.flag for rule in RULES if rule.applies(answers, age))


def severity(flag: RedFlag) -> Severity:
    """How soon someone should look."""
    return _BY_FLAG[flag].severity


def label(flag: RedFlag) -> str:
    """The flag in a clinician's words."""
    return str(_BY_FLAG[flag].label)


def safety_text(flag: RedFlag) -> SafetyText:
    """What the patient reads about this flag."""
    return _BY_FLAG[flag].text
