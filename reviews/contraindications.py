"""What speaks against a treatment, as data: rules over the facts of a reconfirmed intake. Pure.

An absolute rule keeps a treatment out of a plan. A relative rule asks the clinician to write why it is right here.
The table supports a clinician's judgement; it does not replace the product information.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from reviews.health_facts import Fact, HealthFacts, mentions


class Weight(StrEnum):
    """``ABSOLUTE`` keeps it out of the plan; ``RELATIVE`` needs the clinician's written reason."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires when any of ``when`` holds and none of ``unless``. ``text`` is for the clinician."""

    code: str
    weight: Weight
    when: frozenset[Fact]
    text: str | Promise
    source: str
    unless: frozenset[Fact] = frozenset()


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that fired for one treatment."""

    rule: str
    weight: Weight
    text: str
    source: str

    @property
    def is_absolute(self) -> bool:
        return self.weight is Weight.ABSOLUTE


def _rule(code: str, weight: Weight, when: Iterable[Fact], text: str | Promise, source: str, *unless: Fact) -> Rule:
    return Rule(code, weight, frozenset(when), text, source, frozenset(unless))


_A, _R = Weight.ABSOLUTE, Weight.RELATIVE
_SMPC_FIN = "SmPC finasteride 1 mg; EMA PRAC 2025"
_SMPC_MTX = "SmPC methotrexate"
_JAK = "FDA labels baricitinib 2022, ritlecitinib 2023; EMA PRAC 2023 (JAK inhibitors)"
_LDOM = "SmPC minoxidil tablets; Vañó-Galván 2021, J Am Acad Dermatol 84:1644"

RULES: Final[Mapping[str, Rule]] = {
    rule.code: rule
    for rule in (
        # pregnancy and child-bearing
        _rule(
            "pregnancy",
            _A,
            [Fact.PREGNANT, Fact.PREGNANCY_POSSIBLE],
            _("Pregnant or possibly pregnant: must not be used."),
            "Product information",
        ),
        _rule(
            "pregnancy_caution",
            _R,
            [Fact.PREGNANT, Fact.PREGNANCY_POSSIBLE, Fact.PLANNING_PREGNANCY],
            _("Pregnant or planning a pregnancy: not recommended, weigh benefit against missing safety data."),
            "Product information",
        ),
        _rule(
            "planning_pregnancy",
            _A,
            [Fact.PLANNING_PREGNANCY],
            _("Planning a pregnancy: harmful to an unborn child, must not be started now."),
            "Product information",
        ),
        _rule(
            "child_bearing_age",
            _A,
            [Fact.CHILD_BEARING_AGE],
            _("Woman of child-bearing age: feminises a male foetus, not to be used."),
            _SMPC_FIN,
            Fact.SEX_MALE,
        ),
        _rule(
            "child_bearing_contraception",
            _R,
            [Fact.CHILD_BEARING_AGE],
            _("Child-bearing age: needs reliable contraception and, where required, a pregnancy test first."),
            "Product information",
            Fact.SEX_MALE,
        ),
        _rule(
            "pregnancy_unknown",
            _R,
            [Fact.PREGNANCY_UNKNOWN],
            _("Pregnancy was not answered: ask before prescribing."),
            "Clinic policy",
        ),
        _rule(
            "breast_feeding",
            _A,
            [Fact.BREAST_FEEDING],
            _("Breast-feeding: must not be used."),
            "Product information",
        ),
        _rule(
            "breast_feeding_caution",
            _R,
            [Fact.BREAST_FEEDING],
            _("Breast-feeding: use only when clearly needed."),
            "Product information",
        ),
        # sex and age
        _rule("women", _A, [Fact.SEX_FEMALE], _("Licensed for men only at this dose."), _SMPC_FIN),
        _rule(
            "women_off_label",
            _R,
            [Fact.SEX_FEMALE],
            _("Off-label in women: only after the menopause or with reliable contraception."),
            "S3 guideline AGA, EDF 2018",
        ),
        _rule(
            "men_antiandrogen",
            _A,
            [Fact.SEX_MALE],
            _("Men: feminising side effects, not used for hair loss in men."),
            "S3 guideline AGA, EDF 2018",
        ),
        _rule("under_8", _A, [Fact.UNDER_8], _("Under 8 years: stains teeth, must not be used."), "SmPC doxycycline"),
        _rule("under_12", _A, [Fact.UNDER_12], _("Under 12 years: must not be used."), "Product information"),
        _rule("under_18", _A, [Fact.UNDER_18], _("Under 18 years: must not be used."), "Product information"),
        _rule(
            "under_18_caution",
            _R,
            [Fact.UNDER_18],
            _("Under 18 years: outside the licence, specialist decision."),
            "Product information",
        ),
        _rule(
            "over_64",
            _R,
            [Fact.OVER_64],
            _("65 years or older: more infections, thrombosis and heart events; use only if nothing else fits."),
            _JAK,
        ),
        # heart and circulation
        _rule(
            "cardiac",
            _A,
            [Fact.CARDIAC],
            _("Heart disease: risk of fluid retention, fast heartbeat and pericardial effusion."),
            _LDOM,
        ),
        _rule(
            "cardiac_caution",
            _R,
            [Fact.CARDIAC],
            _("Heart disease: watch for palpitations and dizziness; less is absorbed through intact skin."),
            "SmPC minoxidil solution",
        ),
        _rule(
            "cardiovascular_risk",
            _R,
            [Fact.CARDIAC],
            _("Heart disease: raised risk of heart attack, stroke and thrombosis; use only if nothing else fits."),
            _JAK,
        ),
        _rule("hypotension", _A, [Fact.HYPOTENSION], _("Low blood pressure: may fall further."), _LDOM),
        _rule(
            "hypotension_caution",
            _R,
            [Fact.HYPOTENSION],
            _("Low blood pressure: start low and measure."),
            "Product information",
        ),
        _rule(
            "antihypertensive",
            _R,
            [Fact.TAKES_ANTIHYPERTENSIVE, Fact.HYPERTENSION],
            _("Treated or high blood pressure: effects add up, agree with the treating doctor and measure."),
            _LDOM,
        ),
        # organs
        _rule("hepatic", _A, [Fact.HEPATIC], _("Liver disease: must not be used."), "Product information"),
        _rule(
            "hepatic_caution",
            _R,
            [Fact.HEPATIC],
            _("Liver disease: broken down by the liver, check liver values first."),
            "Product information",
        ),
        _rule("renal", _A, [Fact.RENAL], _("Kidney disease: must not be used."), "Product information"),
        _rule(
            "renal_caution",
            _R,
            [Fact.RENAL],
            _("Kidney disease: adjust the dose and check kidney function."),
            "Product information",
        ),
        _rule(
            "potassium",
            _A,
            [Fact.TAKES_POTASSIUM_RAISING],
            _("Takes a medicine that raises potassium: risk of dangerous hyperkalaemia."),
            "SmPC spironolactone",
        ),
        # mind
        _rule(
            "suicidality",
            _A,
            [Fact.SUICIDALITY],
            _("Suicidal thoughts now or in the past: do not start; suicidal ideation is a confirmed side effect."),
            "EMA PRAC 2025 (finasteride, dutasteride)",
        ),
        _rule(
            "depression",
            _R,
            [Fact.DEPRESSION],
            _("Depression: mood changes and suicidal ideation are known side effects; explain, stop if mood falls."),
            "EMA PRAC 2025 (finasteride, dutasteride)",
        ),
        _rule(
            "mood_retinoid",
            _R,
            [Fact.DEPRESSION, Fact.SUICIDALITY],
            _("Depression or suicidal thoughts: mood has to be followed closely under retinoids."),
            "SmPC isotretinoin",
        ),
        # tumours, immunity, infection
        _rule(
            "hormone_tumour",
            _A,
            [Fact.BREAST_CANCER, Fact.PROSTATE_CANCER],
            _("Hormone-dependent tumour: decide with the treating oncologist only; PSA is lowered."),
            _SMPC_FIN,
        ),
        _rule(
            "malignancy",
            _R,
            [Fact.OTHER_CANCER, Fact.BREAST_CANCER, Fact.PROSTATE_CANCER],
            _("Cancer now or in the past: ask the treating oncologist."),
            "Product information",
        ),
        _rule(
            "immune_suppression",
            _A,
            [Fact.IMMUNE_SUPPRESSION, Fact.TAKES_IMMUNOSUPPRESSANT],
            _("Weakened immune system: risk of serious infection, do not combine."),
            _JAK,
        ),
        _rule(
            "immune_suppression_caution",
            _R,
            [Fact.IMMUNE_SUPPRESSION, Fact.TAKES_IMMUNOSUPPRESSANT],
            _("Weakened immune system or another immunosuppressant: infections are likelier, combine on purpose only."),
            "Joly 2023, JAMA Dermatol 159:403",
        ),
        # skin
        _rule(
            "keloid", _R, [Fact.KELOID], _("Forms keloids: a scar may grow at the site."), "S3 guideline AGA, EDF 2018"
        ),
        _rule(
            "bleeding",
            _A,
            [Fact.BLEEDING],
            _("Bleeding disorder: risk of bleeding and bruising."),
            "Gentile 2015, Stem Cells Transl Med 4:1317",
        ),
        _rule(
            "bleeding_caution",
            _R,
            [Fact.BLEEDING, Fact.TAKES_ANTICOAGULANT],
            _("Bleeds easily or takes an anticoagulant: plan the procedure with the treating doctor."),
            "Clinic policy",
        ),
        _rule(
            "photosensitivity",
            _A,
            [Fact.PHOTOSENSITIVITY],
            _("Sensitive to light by disease or medicine: must not be used."),
            "Product information",
        ),
        _rule(
            "photosensitivity_caution",
            _R,
            [Fact.PHOTOSENSITIVITY, Fact.TAKES_TETRACYCLINE, Fact.TAKES_RETINOID],
            _("Sensitive to light, or takes a light-sensitising medicine: start low, protect from sun."),
            "Product information",
        ),
        # interactions
        _rule(
            "with_retinoid",
            _A,
            [Fact.TAKES_RETINOID],
            _("Takes a retinoid: with a tetracycline the pressure in the skull may rise, do not combine."),
            "SmPC isotretinoin",
        ),
        _rule(
            "with_tetracycline",
            _A,
            [Fact.TAKES_TETRACYCLINE],
            _("Takes a tetracycline: with a retinoid the pressure in the skull may rise, do not combine."),
            "SmPC isotretinoin",
        ),
        _rule(
            "folate_antagonist",
            _A,
            [Fact.TAKES_FOLATE_ANTAGONIST],
            _("Takes trimethoprim or another folate antagonist: bone-marrow failure has been fatal."),
            _SMPC_MTX,
        ),
        _rule(
            "qt",
            _R,
            [Fact.TAKES_QT_PROLONGING],
            _("Takes a QT-prolonging medicine: ECG before starting."),
            "SmPC hydroxychloroquine",
        ),
        _rule(
            "enzyme_inducer",
            _R,
            [Fact.TAKES_ANTICOAGULANT, Fact.TAKES_HORMONAL_CONTRACEPTIVE],
            _("Weakens hormonal contraception and anticoagulants: plan replacement and controls."),
            "SmPC rifampicin; SmPC griseofulvin",
        ),
        _rule(
            "cyp3a4",
            _R,
            [Fact.TAKES_CYP3A4_INHIBITOR],
            _("Takes a strong CYP3A4 inhibitor: levels rise, reduce the dose or choose another."),
            "SmPC dutasteride",
        ),
        _rule(
            "cyp2d6",
            _R,
            [Fact.TAKES_CYP2D6_SUBSTRATE],
            _("Takes a tricyclic, SSRI or beta-blocker broken down by CYP2D6: its level rises."),
            "SmPC terbinafine",
        ),
    )
}

ALLERGY_PREFIX: Final = "allergy:"
"""A rule code such as ``allergy:minoxidil`` fires when the word stands in an allergy; always absolute."""


def evaluate(codes: Iterable[str], health: HealthFacts) -> tuple[Alert, ...]:
    """The alerts that ``codes`` (rules of one treatment) raise for this patient, absolute ones first.

    Raises KeyError for a code that no rule has.
    """
    alerts = [alert for code in codes if (alert := _alert(code, health)) is not None]
    return tuple(sorted(alerts, key=lambda alert: not alert.is_absolute))


def _alert(code: str, health: HealthFacts) -> Alert | None:
    if code.startswith(ALLERGY_PREFIX):
        substance = code.removeprefix(ALLERGY_PREFIX)
        if any(mentions(allergy, substance) for allergy in health.allergies):
            text = gettext("The patient names an allergy to %(substance)s.") % {"substance": substance}
            return Alert(code, Weight.ABSOLUTE, text, gettext("Intake"))
        return None
    rule = RULES[code]
    if rule.when & health.facts and not rule.unless & health.facts:
        return Alert(code, rule.weight, str(rule.text), rule.source)
    return None
