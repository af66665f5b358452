"""The intake as values: what is asked, how an answer is named, and how it is stored. Pure.

``Answers`` is stored sealed as a versioned dict (``to_dict`` and ``from_dict``). Age is not asked: it follows from the
birth date. An empty tuple of conditions, medicines or allergies is an answer ("none"), because the form demands one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

SCHEMA: Final = 1
"""Version of the stored form. A newer one adds a branch to ``from_dict``; stored answers are never rewritten."""


class SexAtBirth(StrEnum):
    """Asked because normal hair density, patterns of loss and several medicines depend on it."""

    FEMALE = "female"
    MALE = "male"
    INTERSEX = "intersex"
    UNDISCLOSED = "undisclosed"


class Duration(StrEnum):
    """How long the loss has been noticed."""

    UNDER_3_MONTHS = "under_3_months"
    MONTHS_3_TO_12 = "3_to_12_months"
    YEARS_1_TO_5 = "1_to_5_years"
    OVER_5_YEARS = "over_5_years"
    NO_LOSS = "no_loss"
    UNSURE = "unsure"


class Course(StrEnum):
    """How it began and went on."""

    SUDDEN = "sudden"
    GRADUAL = "gradual"
    COMES_AND_GOES = "comes_and_goes"
    STABLE = "stable"
    UNSURE = "unsure"


class LossPattern(StrEnum):
    """Where hair is thinner."""

    HAIRLINE = "hairline"
    TEMPLES = "temples"
    CROWN = "crown"
    PART = "part"
    DIFFUSE = "diffuse"
    PATCHES = "patches"
    OTHER = "other"


class Relative(StrEnum):
    """Who in the family has or had hair loss."""

    FATHER = "father"
    MOTHER = "mother"
    MATERNAL_GRANDPARENT = "maternal_grandparent"
    PATERNAL_GRANDPARENT = "paternal_grandparent"
    SIBLING = "sibling"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


class Symptom(StrEnum):
    """What the person notices. Red flags (R7) are drawn from these; see ``patients.red_flags``."""

    PAIN = "pain"
    BURNING = "burning"
    ITCH = "itch"
    PUS = "pus"
    SCALE = "scale"
    REDNESS = "redness"
    EYEBROW_LOSS = "eyebrow_loss"
    SUDDEN_PATCHES = "sudden_patches"
    SMOOTH_SHINY_SKIN = "smooth_shiny_skin"  # lost openings: a sign of scarring
    SCARRED_AREAS = "scarred_areas"
    SHEDDING_OVER_3_MONTHS = "shedding_over_3_months"
    NEWLY_VISIBLE_SCALP = "newly_visible_scalp"
    HAIRLINE_MOVED = "hairline_moved"  # within a year


class Pregnancy(StrEnum):
    """Decides which treatments are possible at all."""

    NOT_APPLICABLE = "not_applicable"
    NO = "no"
    PREGNANT = "pregnant"
    POSSIBLE = "possible"
    PLANNING = "planning"
    BREAST_FEEDING = "breast_feeding"
    UNDISCLOSED = "undisclosed"


class MedicalCondition(StrEnum):
    """Present or past conditions that matter for a plan (contraindications are ``reviews.contraindications``)."""

    CARDIAC = "cardiac"
    HYPERTENSION = "hypertension"
    HYPOTENSION = "hypotension"
    HEPATIC = "hepatic"
    RENAL = "renal"
    DEPRESSION = "depression"
    SUICIDAL_THOUGHTS = "suicidal_thoughts"
    PROSTATE_CANCER = "prostate_cancer"
    BREAST_CANCER = "breast_cancer"
    OTHER_CANCER = "other_cancer"
    THYROID = "thyroid"
    IRON_DEFICIENCY = "iron_deficiency"
    AUTOIMMUNE = "autoimmune"
    DIABETES = "diabetes"
    BLEEDING = "bleeding"
    KELOID = "keloid"
    PHOTOSENSITIVITY = "photosensitivity"
    IMMUNE_SUPPRESSION = "immune_suppression"


E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Answers:
    """One complete set of answers. Free text is as the person wrote it, at most the form's limits."""

    sex_at_birth: SexAtBirth
    duration: Duration
    course: Course
    pattern: tuple[LossPattern, ...] = ()
    family: tuple[Relative, ...] = ()
    symptoms: tuple[Symptom, ...] = ()
    medications: tuple[str, ...] = ()  # one per entry, with dose when given; empty: takes none
    allergies: tuple[str, ...] = ()  # empty: none known
    pregnancy: Pregnancy = Pregnancy.NOT_APPLICABLE
    conditions: tuple[MedicalCondition, ...] = ()
    concern: str = ""  # what worries the person, in own words
    previous_treatment: str = ""
    other_history: str = ""

    def has(self, condition: MedicalCondition) -> bool:
        """Whether this condition was named."""
        return condition in self.conditions

    @property
    def may_be_pregnant(self) -> bool:
        """Pregnant, perhaps pregnant, or planning: as one group for a rule about pregnancy."""
        return self.pregnancy in (Pregnancy.PREGNANT, Pregnancy.POSSIBLE, Pregnancy.PLANNING)

    @property
    def can_bear_children(self) -> bool:
        """Not ruled out by sex at birth or by the answer "does not apply to me"."""
        return self.sex_at_birth is not SexAtBirth.MALE and self.pregnancy is not Pregnancy.NOT_APPLICABLE

    def to_dict(self) -> dict[str, Any]:
        """As stored: plain JSON with the schema's version."""
        return {
            "schema": SCHEMA,
            "sex_at_birth": self.sex_at_birth.value,
            "duration": self.duration.value,
            "course": self.course.value,
            "pattern": [item.value for item in self.pattern],
            "family": [item.value for item in self.family],
            "symptoms": [item.value for item in self.symptoms],
            "medications": list(self.medications),
            "allergies": list(self.allergies),
            "pregnancy": self.pregnancy.value,
            "conditions": [item.value for item in self.conditions],
            "concern": self.concern,
            "previous_treatment": self.previous_treatment,
            "other_history": self.other_history,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Answers:
        """Back from storage. Raises ValueError for an unknown schema or value: answers are never guessed."""
        if stored.get("schema") != SCHEMA:
            raise ValueError(f"unknown intake schema {stored.get('schema')!r}")
        return cls(
            sex_at_birth=SexAtBirth(stored["sex_at_birth"]),
            duration=Duration(stored["duration"]),
            course=Course(stored["course"]),
            pattern=_several(LossPattern, stored["pattern"]),
            family=_several(Relative, stored["family"]),
            symptoms=_several(Symptom, stored["symptoms"]),
            medications=tuple(stored["medications"]),
            allergies=tuple(stored["allergies"]),
            pregnancy=Pregnancy(stored["pregnancy"]),
            conditions=_several(MedicalCondition, stored["conditions"]),
            concern=stored["concern"],
            previous_treatment=stored["previous_treatment"],
            other_history=stored["other_history"],
        )


def _several(kind: type[E], values: list[str]) -> tuple[E, ...]:
    return tuple(kind(value) for value in values)
