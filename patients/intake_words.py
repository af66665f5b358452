"""The intake in words: questions and answers as patients and clinicians read them. Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from patients.intake_form import (
    Answers,
    Course,
    Duration,
    LossPattern,
    MedicalCondition,
    Pregnancy,
    Relative,
    SexAtBirth,
    Symptom,
)

Text = str | Promise

SEX: Final[Mapping[SexAtBirth, Text]] = {
    SexAtBirth.FEMALE: _("Female"),
    SexAtBirth.MALE: _("Male"),
    SexAtBirth.INTERSEX: _("Intersex"),
    SexAtBirth.UNDISCLOSED: _("Prefer not to say"),
}
DURATION: Final[Mapping[Duration, Text]] = {
    Duration.UNDER_3_MONTHS: _("Less than 3 months"),
    Duration.MONTHS_3_TO_12: _("3 to 12 months"),
    Duration.YEARS_1_TO_5: _("1 to 5 years"),
    Duration.OVER_5_YEARS: _("More than 5 years"),
    Duration.NO_LOSS: _("I have no hair loss"),
    Duration.UNSURE: _("Not sure"),
}
COURSE: Final[Mapping[Course, Text]] = {
    Course.SUDDEN: _("It came suddenly"),
    Course.GRADUAL: _("Slowly, step by step"),
    Course.COMES_AND_GOES: _("It comes and goes"),
    Course.STABLE: _("It has not changed lately"),
    Course.UNSURE: _("Not sure"),
}
PATTERN: Final[Mapping[LossPattern, Text]] = {
    LossPattern.HAIRLINE: _("Along the hairline"),
    LossPattern.TEMPLES: _("At the temples"),
    LossPattern.CROWN: _("At the crown"),
    LossPattern.PART: _("Along the parting"),
    LossPattern.DIFFUSE: _("All over"),
    LossPattern.PATCHES: _("In patches"),
    LossPattern.OTHER: _("Somewhere else"),
}
FAMILY: Final[Mapping[Relative, Text]] = {
    Relative.FATHER: _("Father"),
    Relative.MOTHER: _("Mother"),
    Relative.MATERNAL_GRANDPARENT: _("A parent of my mother"),
    Relative.PATERNAL_GRANDPARENT: _("A parent of my father"),
    Relative.SIBLING: _("Brother or sister"),
    Relative.NOBODY: _("Nobody"),
    Relative.UNKNOWN: _("I do not know"),
}
SYMPTOMS: Final[Mapping[Symptom, Text]] = {
    Symptom.PAIN: _("Pain of the scalp"),
    Symptom.BURNING: _("Burning"),
    Symptom.ITCH: _("Itching"),
    Symptom.PUS: _("Pus, pimples with pus, or weeping crusts"),
    Symptom.SCALE: _("Scales or flakes"),
    Symptom.REDNESS: _("Redness"),
    Symptom.EYEBROW_LOSS: _("My eyebrows are getting thinner"),
    Symptom.SUDDEN_PATCHES: _("Bald patches that came suddenly"),
    Symptom.SMOOTH_SHINY_SKIN: _("Smooth, shiny areas without pores"),
    Symptom.SCARRED_AREAS: _("Scarred areas"),
    Symptom.SHEDDING_OVER_3_MONTHS: _("Much hair falling out for more than 3 months"),
    Symptom.NEWLY_VISIBLE_SCALP: _("Scalp that shows where it did not before"),
    Symptom.HAIRLINE_MOVED: _("My hairline moved within a year"),
}
PREGNANCY: Final[Mapping[Pregnancy, Text]] = {
    Pregnancy.NOT_APPLICABLE: _("This does not apply to me"),
    Pregnancy.NO: _("No"),
    Pregnancy.PREGNANT: _("I am pregnant"),
    Pregnancy.POSSIBLE: _("I may be pregnant"),
    Pregnancy.PLANNING: _("I am planning a pregnancy"),
    Pregnancy.BREAST_FEEDING: _("I am breast-feeding"),
    Pregnancy.UNDISCLOSED: _("Prefer not to say"),
}
CONDITIONS: Final[Mapping[MedicalCondition, Text]] = {
    MedicalCondition.CARDIAC: _("Heart disease or an irregular heartbeat"),
    MedicalCondition.HYPERTENSION: _("High blood pressure"),
    MedicalCondition.HYPOTENSION: _("Low blood pressure or fainting"),
    MedicalCondition.HEPATIC: _("Liver disease"),
    MedicalCondition.RENAL: _("Kidney disease"),
    MedicalCondition.DEPRESSION: _("Depression"),
    MedicalCondition.SUICIDAL_THOUGHTS: _("Thoughts of suicide, now or in the past"),
    MedicalCondition.PROSTATE_CANCER: _("Prostate cancer"),
    MedicalCondition.BREAST_CANCER: _("Breast cancer"),
    MedicalCondition.OTHER_CANCER: _("Another cancer"),
    MedicalCondition.THYROID: _("Thyroid disease"),
    MedicalCondition.IRON_DEFICIENCY: _("Iron deficiency or anaemia"),
    MedicalCondition.AUTOIMMUNE: _("An autoimmune disease"),
    MedicalCondition.DIABETES: _("Diabetes"),
    MedicalCondition.BLEEDING: _("A bleeding or clotting disorder"),
    MedicalCondition.KELOID: _("Scars that grow thick (keloid)"),
    MedicalCondition.PHOTOSENSITIVITY: _("Skin that reacts strongly to light"),
    MedicalCondition.IMMUNE_SUPPRESSION: _("A weakened immune system"),
}

E = TypeVar("E", bound=StrEnum)


def choices(words: Mapping[E, Text]) -> list[tuple[str, Text]]:
    """Choices of a form field."""
    return [(item.value, text) for item, text in words.items()]


def summary(answers: Answers) -> list[dict[str, str]]:
    """Every answer as ``{"label", "value"}``, in the order of the form; an empty list reads "None"."""
    rows: list[tuple[Text, str]] = [
        (_("Sex at birth"), str(SEX[answers.sex_at_birth])),
        (_("Concern"), answers.concern),
        (_("Duration"), str(DURATION[answers.duration])),
        (_("Course"), str(COURSE[answers.course])),
        (_("Where"), _joined(PATTERN, answers.pattern)),
        (_("Family"), _joined(FAMILY, answers.family)),
        (_("Symptoms"), _joined(SYMPTOMS, answers.symptoms)),
        *(((label, value)) for label, value in _reconfirmed(answers)),
        (_("Conditions"), _joined(CONDITIONS, answers.conditions)),
        (_("Earlier treatment"), answers.previous_treatment),
        (_("Anything else"), answers.other_history),
    ]
    return [{"label": str(label), "value": value} for label, value in rows]


def reconfirmed(answers: Answers) -> list[dict[str, str]]:
    """The answers that must hold at each session (R7): medicines, allergies, pregnancy."""
    return [{"label": str(label), "value": value} for label, value in _reconfirmed(answers)]


def _reconfirmed(answers: Answers) -> list[tuple[Text, str]]:
    return [
        (_("Medicines"), "\n".join(answers.medications) or str(_("None"))),
        (_("Allergies"), "\n".join(answers.allergies) or str(_("None known"))),
        (_("Pregnancy"), str(PREGNANCY[answers.pregnancy])),
    ]


def _joined(words: Mapping[E, Text], items: Iterable[E]) -> str:
    return ", ".join(str(words[item]) for item in items) or str(_("None"))
