"""What an intake says about a patient, as facts that rules can look at. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from patients.intake_form import Answers, MedicalCondition, Pregnancy, SexAtBirth

CHILD_BEARING_YEARS: Final = (12, 55)
"""Ages between which a pregnancy has to be thought of unless the answers rule it out."""


class Fact(StrEnum):
    """One statement about a patient that a rule may look at."""

    PREGNANT = "pregnant"
    PREGNANCY_POSSIBLE = "pregnancy_possible"
    PLANNING_PREGNANCY = "planning_pregnancy"
    BREAST_FEEDING = "breast_feeding"
    PREGNANCY_UNKNOWN = "pregnancy_unknown"
    CHILD_BEARING_AGE = "child_bearing_age"
    SEX_FEMALE = "sex_female"
    SEX_MALE = "sex_male"
    UNDER_8 = "under_8"
    UNDER_12 = "under_12"
    UNDER_18 = "under_18"
    OVER_64 = "over_64"
    CARDIAC = "cardiac"
    HYPERTENSION = "hypertension"
    HYPOTENSION = "hypotension"
    HEPATIC = "hepatic"
    RENAL = "renal"
    DEPRESSION = "depression"
    SUICIDALITY = "suicidality"
    PROSTATE_CANCER = "prostate_cancer"
    BREAST_CANCER = "breast_cancer"
    OTHER_CANCER = "other_cancer"
    BLEEDING = "bleeding"
    KELOID = "keloid"
    PHOTOSENSITIVITY = "photosensitivity"
    IMMUNE_SUPPRESSION = "immune_suppression"
    TAKES_ANTIHYPERTENSIVE = "takes_antihypertensive"
    TAKES_POTASSIUM_RAISING = "takes_potassium_raising"
    TAKES_ANTICOAGULANT = "takes_anticoagulant"
    TAKES_IMMUNOSUPPRESSANT = "takes_immunosuppressant"
    TAKES_TETRACYCLINE = "takes_tetracycline"
    TAKES_RETINOID = "takes_retinoid"
    TAKES_FOLATE_ANTAGONIST = "takes_folate_antagonist"
    TAKES_QT_PROLONGING = "takes_qt_prolonging"
    TAKES_HORMONAL_CONTRACEPTIVE = "takes_hormonal_contraceptive"
    TAKES_CYP3A4_INHIBITOR = "takes_cyp3a4_inhibitor"
    TAKES_CYP2D6_SUBSTRATE = "takes_cyp2d6_substrate"


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """Facts, and the free-text allergies in lower case, that a treatment is held against."""

    facts: frozenset[Fact]
    allergies: tuple[str, ...] = ()


MEDICINES: Final[Mapping[Fact, tuple[str, ...]]] = {
    Fact.TAKES_ANTIHYPERTENSIVE: (
        "amlodipin",
        "ramipril",
        "lisinopril",
        "enalapril",
        "perindopril",
        "candesartan",
        "valsartan",
        "losartan",
        "bisoprolol",
        "metoprolol",
        "nebivolol",
        "carvedilol",
        "atenolol",
        "propranolol",
        "hydrochlorothiazid",
        "doxazosin",
        "clonidin",
        "moxonidin",
        "guanethidin",
    ),
    Fact.TAKES_POTASSIUM_RAISING: (
        "ramipril",
        "lisinopril",
        "enalapril",
        "perindopril",
        "candesartan",
        "valsartan",
        "losartan",
        "potassium",
        "kalium",
        "eplerenon",
        "amilorid",
        "triamteren",
        "trimethoprim",
        "cotrimoxazol",
        "co-trimoxazol",
        "spironolacton",
    ),
    Fact.TAKES_ANTICOAGULANT: (
        "warfarin",
        "phenprocoumon",
        "marcumar",
        "apixaban",
        "eliquis",
        "rivaroxaban",
        "xarelto",
        "edoxaban",
        "dabigatran",
        "heparin",
        "enoxaparin",
        "clopidogrel",
        "acenocoumarol",
    ),
    Fact.TAKES_IMMUNOSUPPRESSANT: (
        "methotrexat",
        "azathioprin",
        "ciclosporin",
        "cyclosporin",
        "mycophenol",
        "adalimumab",
        "etanercept",
        "infliximab",
        "ustekinumab",
        "secukinumab",
        "tofacitinib",
        "baricitinib",
        "upadacitinib",
        "ritlecitinib",
        "rituximab",
        "prednisolon",
        "prednison",
    ),
    Fact.TAKES_TETRACYCLINE: ("doxycyclin", "minocyclin", "tetracyclin", "lymecyclin"),
    Fact.TAKES_RETINOID: ("isotretinoin", "acitretin", "alitretinoin", "vitamin a"),
    Fact.TAKES_FOLATE_ANTAGONIST: ("trimethoprim", "cotrimoxazol", "co-trimoxazol", "pyrimethamin"),
    Fact.TAKES_QT_PROLONGING: (
        "amiodaron",
        "sotalol",
        "citalopram",
        "escitalopram",
        "haloperidol",
        "methadon",
        "clarithromycin",
        "azithromycin",
        "moxifloxacin",
        "domperidon",
    ),
    Fact.TAKES_HORMONAL_CONTRACEPTIVE: (
        "contracept",
        "birth control",
        "levonorgestrel",
        "ethinylestradiol",
        "desogestrel",
        "drospirenon",
        "dienogest",
        "etonogestrel",
        "antibabypille",
    ),
    Fact.TAKES_CYP3A4_INHIBITOR: (
        "ritonavir",
        "itraconazol",
        "ketoconazole tabl",
        "voriconazol",
        "posaconazol",
        "clarithromycin",
        "cobicistat",
        "verapamil",
        "diltiazem",
    ),
    Fact.TAKES_CYP2D6_SUBSTRATE: (
        "amitriptylin",
        "nortriptylin",
        "imipramin",
        "clomipramin",
        "doxepin",
        "paroxetin",
        "fluoxetin",
        "venlafaxin",
        "metoprolol",
        "propranolol",
        "codein",
        "tamoxifen",
    ),
}
"""Word stems by group, in English and German spelling. A medicine that is not listed raises no alert: the patient's own
list is always shown beside the plan."""

_CONDITIONS: Final[Mapping[MedicalCondition, Fact]] = {
    MedicalCondition.CARDIAC: Fact.CARDIAC,
    MedicalCondition.HYPERTENSION: Fact.HYPERTENSION,
    MedicalCondition.HYPOTENSION: Fact.HYPOTENSION,
    MedicalCondition.HEPATIC: Fact.HEPATIC,
    MedicalCondition.RENAL: Fact.RENAL,
    MedicalCondition.DEPRESSION: Fact.DEPRESSION,
    MedicalCondition.SUICIDAL_THOUGHTS: Fact.SUICIDALITY,
    MedicalCondition.PROSTATE_CANCER: Fact.PROSTATE_CANCER,
    MedicalCondition.BREAST_CANCER: Fact.BREAST_CANCER,
    MedicalCondition.OTHER_CANCER: Fact.OTHER_CANCER,
    MedicalCondition.BLEEDING: Fact.BLEEDING,
    MedicalCondition.KELOID: Fact.KELOID,
    MedicalCondition.PHOTOSENSITIVITY: Fact.PHOTOSENSITIVITY,
    MedicalCondition.IMMUNE_SUPPRESSION: Fact.IMMUNE_SUPPRESSION,
}

_PREGNANCY: Final[Mapping[Pregnancy, Fact]] = {
    Pregnancy.PREGNANT: Fact.PREGNANT,
    Pregnancy.POSSIBLE: Fact.PREGNANCY_POSSIBLE,
    Pregnancy.PLANNING: Fact.PLANNING_PREGNANCY,
    Pregnancy.BREAST_FEEDING: Fact.BREAST_FEEDING,
    Pregnancy.UNDISCLOSED: Fact.PREGNANCY_UNKNOWN,
}

_AGES: Final[tuple[tuple[Fact, int, int], ...]] = (
    (Fact.UNDER_8, 0, 7),
    (Fact.UNDER_12, 0, 11),
    (Fact.UNDER_18, 0, 17),
    (Fact.OVER_64, 65, 200),
)


def facts_from(answers: Answers, age: int, *, planned: Sequence[str] = ()) -> HealthFacts:
    """What an intake says, as facts. ``age`` in whole years; ``planned`` names other treatments of the plan.

    Child-bearing age holds for everyone who was not born male, is of that age and did not answer "does not apply".
    """
    facts = {fact for condition, fact in _CONDITIONS.items() if answers.has(condition)}
    facts |= {fact for fact, low, high in _AGES if low <= age <= high}
    if answers.sex_at_birth is SexAtBirth.FEMALE:
        facts.add(Fact.SEX_FEMALE)
    if answers.sex_at_birth is SexAtBirth.MALE:
        facts.add(Fact.SEX_MALE)
    else:
        if answers.pregnancy in _PREGNANCY:
            facts.add(_PREGNANCY[answers.pregnancy])
        if answers.can_bear_children and CHILD_BEARING_YEARS[0] <= age <= CHILD_BEARING_YEARS[1]:
            facts.add(Fact.CHILD_BEARING_AGE)
    taken = [medicine.casefold() for medicine in (*answers.medications, *planned)]
    facts |= {
        fact for fact, stems in MEDICINES.items() if any(mentions(name, stem) for stem in stems for name in taken)
    }
    return HealthFacts(frozenset(facts), tuple(text.casefold() for text in answers.allergies))


def mentions(text: str, stem: str) -> bool:
    """Whether a word of ``text`` starts with ``stem`` (both in lower case): "environment" does not mention iron."""
    return re.search(rf"\b{re.escape(stem)}", text) is not None
