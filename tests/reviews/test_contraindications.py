"""Each rule fires for who it is meant for and for nobody else; every formulary entry is sourced and consistent."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command

from accounts.errors import DomainError, Invalid
from patients.intake_form import Answers, Course, Duration, MedicalCondition, Pregnancy, SexAtBirth
from reviews import services
from reviews.contraindications import RULES, Weight, evaluate
from reviews.diagnoses import Diagnosis
from reviews.formulary import BY_CODE, ENTRIES, GRADES
from reviews.formulary.doses import BY_SEX, dose_for
from reviews.formulary.seed import row_values, seed
from reviews.health_facts import MEDICINES, Fact, facts_from, mentions
from reviews.models import FormularyEntry
from tests.factories.patients import calm_answers
from tests.factories.reviews import LATER, review_at
from vision.types import View

F, M, P = SexAtBirth.FEMALE, MedicalCondition, Pregnancy


def person(
    sex: SexAtBirth = SexAtBirth.MALE,
    *,
    conditions: tuple[MedicalCondition, ...] = (),
    medications: tuple[str, ...] = (),
    allergies: tuple[str, ...] = (),
    pregnancy: Pregnancy = Pregnancy.NOT_APPLICABLE,
) -> Answers:
    return Answers(
        sex_at_birth=sex,
        duration=Duration.YEARS_1_TO_5,
        course=Course.GRADUAL,
        conditions=conditions,
        medications=medications,
        allergies=allergies,
        pregnancy=pregnancy,
    )


HEALTHY_MAN = (person(), 40)
HEALTHY_WOMAN_AFTER_MENOPAUSE = (person(F), 60)

# rule: who it fires for, who it does not fire for (with the age in years)
CASES = {
    "pregnancy": ((person(F, pregnancy=P.PREGNANT), 30), (person(F, pregnancy=P.NO), 30)),
    "pregnancy_caution": ((person(F, pregnancy=P.POSSIBLE), 30), (person(F, pregnancy=P.NO), 30)),
    "planning_pregnancy": ((person(F, pregnancy=P.PLANNING), 30), (person(F, pregnancy=P.NO), 30)),
    "child_bearing_age": ((person(F, pregnancy=P.NO), 30), (person(F, pregnancy=P.NO), 60)),
    "child_bearing_contraception": ((person(F, pregnancy=P.NO), 30), HEALTHY_MAN),
    "pregnancy_unknown": ((person(F, pregnancy=P.UNDISCLOSED), 30), (person(F, pregnancy=P.NO), 30)),
    "breast_feeding": ((person(F, pregnancy=P.BREAST_FEEDING), 30), (person(F, pregnancy=P.NO), 30)),
    "breast_feeding_caution": ((person(F, pregnancy=P.BREAST_FEEDING), 30), HEALTHY_MAN),
    "women": (HEALTHY_WOMAN_AFTER_MENOPAUSE, HEALTHY_MAN),
    "women_off_label": (HEALTHY_WOMAN_AFTER_MENOPAUSE, HEALTHY_MAN),
    "men_antiandrogen": (HEALTHY_MAN, HEALTHY_WOMAN_AFTER_MENOPAUSE),
    "under_8": ((person(), 7), (person(), 8)),
    "under_12": ((person(), 11), (person(), 12)),
    "under_18": ((person(), 17), (person(), 18)),
    "under_18_caution": ((person(), 17), (person(), 18)),
    "over_64": ((person(), 65), (person(), 64)),
    "cardiac": ((person(conditions=(M.CARDIAC,)), 40), HEALTHY_MAN),
    "cardiac_caution": ((person(conditions=(M.CARDIAC,)), 40), HEALTHY_MAN),
    "cardiovascular_risk": ((person(conditions=(M.CARDIAC,)), 40), HEALTHY_MAN),
    "hypotension": ((person(conditions=(M.HYPOTENSION,)), 40), HEALTHY_MAN),
    "hypotension_caution": ((person(conditions=(M.HYPOTENSION,)), 40), HEALTHY_MAN),
    "antihypertensive": ((person(medications=("Amlodipine 5 mg",)), 40), HEALTHY_MAN),
    "hepatic": ((person(conditions=(M.HEPATIC,)), 40), HEALTHY_MAN),
    "hepatic_caution": ((person(conditions=(M.HEPATIC,)), 40), HEALTHY_MAN),
    "renal": ((person(conditions=(M.RENAL,)), 40), HEALTHY_MAN),
    "renal_caution": ((person(conditions=(M.RENAL,)), 40), HEALTHY_MAN),
    "potassium": ((person(medications=("Ramipril 5 mg",)), 40), (person(medications=("Amlodipine",)), 40)),
    "suicidality": ((person(conditions=(M.SUICIDAL_THOUGHTS,)), 40), (person(conditions=(M.DEPRESSION,)), 40)),
    "depression": ((person(conditions=(M.DEPRESSION,)), 40), HEALTHY_MAN),
    "mood_retinoid": ((person(conditions=(M.DEPRESSION,)), 40), HEALTHY_MAN),
    "hormone_tumour": ((person(conditions=(M.PROSTATE_CANCER,)), 60), (person(conditions=(M.OTHER_CANCER,)), 60)),
    "malignancy": ((person(conditions=(M.OTHER_CANCER,)), 60), HEALTHY_MAN),
    "immune_suppression": ((person(medications=("Methotrexate",)), 40), HEALTHY_MAN),
    "immune_suppression_caution": ((person(conditions=(M.IMMUNE_SUPPRESSION,)), 40), HEALTHY_MAN),
    "keloid": ((person(conditions=(M.KELOID,)), 40), HEALTHY_MAN),
    "bleeding": ((person(conditions=(M.BLEEDING,)), 40), (person(medications=("Warfarin",)), 40)),
    "bleeding_caution": ((person(medications=("Warfarin",)), 40), HEALTHY_MAN),
    "photosensitivity": ((person(conditions=(M.PHOTOSENSITIVITY,)), 40), HEALTHY_MAN),
    "photosensitivity_caution": ((person(medications=("Doxycyclin 100",)), 40), HEALTHY_MAN),
    "with_retinoid": ((person(medications=("Isotretinoin",)), 40), (person(medications=("Doxycycline",)), 40)),
    "with_tetracycline": ((person(medications=("Doxycycline",)), 40), (person(medications=("Isotretinoin",)), 40)),
    "folate_antagonist": ((person(medications=("Cotrimoxazol",)), 40), HEALTHY_MAN),
    "qt": ((person(medications=("Citalopram 20 mg",)), 40), HEALTHY_MAN),
    "enzyme_inducer": ((person(F, medications=("Levonorgestrel",), pregnancy=P.NO), 30), HEALTHY_MAN),
    "cyp3a4": ((person(medications=("Itraconazole",)), 40), HEALTHY_MAN),
    "cyp2d6": ((person(medications=("Amitriptyline",)), 40), HEALTHY_MAN),
}


def test_every_rule_has_a_case():
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("code", CASES)
def test_a_rule_fires_for_whom_it_is_meant_and_for_nobody_else(code):
    (affected, age), (other, other_age) = CASES[code]
    fired = evaluate([code], facts_from(affected, age))
    assert [alert.rule for alert in fired] == [code]
    assert fired[0].text
    assert fired[0].source
    assert evaluate([code], facts_from(other, other_age)) == ()


def test_a_rule_that_nobody_knows_is_an_error():
    with pytest.raises(KeyError):
        evaluate(["no-such-rule"], facts_from(*HEALTHY_MAN))


def test_an_allergy_blocks_and_an_unrelated_word_does_not():
    iron = BY_CODE["iron"].contraindications
    assert evaluate(iron, facts_from(person(allergies=("Iron tablets",)), 40))[0].is_absolute
    assert evaluate(iron, facts_from(person(allergies=("Environmental dust",)), 40)) == ()
    assert mentions("takes ramipril 5 mg", "ramipril")
    assert not mentions("environment", "iron")


def test_absolute_alerts_come_first():
    health = facts_from(person(conditions=(M.CARDIAC, M.RENAL)), 40)
    weights = [alert.weight for alert in evaluate(BY_CODE["minoxidil-oral"].contraindications, health)]
    assert weights == [Weight.ABSOLUTE, Weight.RELATIVE]


def test_finasteride_after_suicidal_thoughts_and_for_a_young_woman_is_out():
    codes = BY_CODE["finasteride-oral"].contraindications
    troubled = evaluate(codes, facts_from(person(conditions=(M.SUICIDAL_THOUGHTS,)), 30))
    assert "EMA PRAC 2025" in troubled[0].source
    assert all(alert.is_absolute for alert in troubled)
    young = {alert.rule for alert in evaluate(codes, facts_from(person(F, pregnancy=P.NO), 30))}
    assert {"women", "child_bearing_age"} <= young
    assert evaluate(codes, facts_from(*HEALTHY_MAN)) == ()


def test_other_treatments_of_the_plan_count_as_medicines():
    health = facts_from(person(), 40, planned=("Doxycycline",))
    assert [alert.rule for alert in evaluate(["with_tetracycline"], health)] == ["with_tetracycline"]


@pytest.mark.parametrize("code", BY_SEX)
def test_a_dose_of_one_sex_is_part_of_its_entry_and_a_written_one_stays(code):
    usual = BY_CODE[code].usual_dose
    woman, man = facts_from(*HEALTHY_WOMAN_AFTER_MENOPAUSE), facts_from(*HEALTHY_MAN)
    assert dose_for(code, usual, woman) != dose_for(code, usual, man)
    assert dose_for(code, dose_for(code, usual, woman), man) == dose_for(code, usual, man), (
        "a template of a woman's plan"
    )
    assert dose_for(code, usual, None) == usual
    assert dose_for(code, "every second day", man) == "every second day"
    numbers = re.findall(r"\d+(?:\.\d+)?", " ".join(BY_SEX[code].values()))
    assert set(numbers) <= set(re.findall(r"\d+(?:\.\d+)?", usual))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_an_entry_is_complete_sourced_and_fits_its_columns(entry):
    assert entry.category in FormularyEntry.Category.values
    assert entry.grade in GRADES
    assert entry.usual_dose
    assert entry.usual_duration
    assert len(entry.patient_text) > 40
    assert any(character.isdigit() for character in entry.source) or entry.source.startswith("Clinic policy")
    for code in entry.contraindications:
        assert code in RULES or code.startswith("allergy:"), code
    for code in entry.indications:
        assert Diagnosis(code).is_medical
    for field in FormularyEntry._meta.fields:
        value = row_values(entry).get(field.name)
        if isinstance(value, str) and field.max_length:
            assert len(value) <= field.max_length, field.name


def test_the_formulary_is_broad_and_its_codes_are_unique():
    assert len(ENTRIES) >= 30
    assert len(BY_CODE) == len(ENTRIES)
    assert {entry.category for entry in ENTRIES} == set(FormularyEntry.Category.values)


def test_every_systemic_prescription_names_allergies_and_monitoring():
    for entry in ENTRIES:
        if entry.category == "systemic" and entry.prescription:
            assert any(code.startswith("allergy:") for code in entry.contraindications), entry.code


def test_the_words_for_medicines_are_lower_case_stems():
    assert all(stem == stem.casefold().strip() for stems in MEDICINES.values() for stem in stems)
    assert all(isinstance(fact, Fact) for fact in MEDICINES)


@pytest.mark.django_db(databases=["default", "keys"])
class TestInTheDatabase:
    def test_seeding_twice_changes_nothing_and_rows_match_the_data(self):
        call_command("seed_formulary")
        again = seed()
        assert (again.created, again.changed, again.retired) == (0, 0, 0)
        rows = {row.code: row for row in FormularyEntry.objects.all()}
        assert set(rows) == set(BY_CODE)
        for entry in ENTRIES:
            for name, value in row_values(entry).items():
                assert getattr(rows[entry.code], name) == value, (entry.code, name)

    def test_what_left_the_data_is_switched_off_and_what_drifted_is_mended(self):
        seed()
        FormularyEntry.objects.filter(code="biotin").update(evidence_grade="A")
        FormularyEntry.objects.create(code="snake-oil", category="topical", name="Snake oil", evidence_grade="D")
        done = seed()
        assert (done.changed, done.retired) == (1, 1)
        assert FormularyEntry.objects.get(code="biotin").evidence_grade == "D"
        assert not FormularyEntry.objects.get(code="snake-oil").active

    @pytest.mark.parametrize(
        ("sex", "dose"), [(F, "0.625 to 1.25 mg once daily"), (SexAtBirth.MALE, "2.5 to 5 mg once daily")]
    )
    def test_a_plan_begins_with_the_dose_of_the_patients_own_sex(self, sex, dose):
        seed()
        answers = calm_answers(sex_at_birth=sex, pregnancy=P.NOT_APPLICABLE, medications=(), conditions=())
        review, actor = review_at("claimed", ai=False, views=(View.CROWN,), answers=answers)
        entry = FormularyEntry.objects.get(code="minoxidil-oral")
        item = services.add_item(
            actor=actor, review_id=review.pk, entry_id=entry.pk, override_reason="Contraception is sure", now=LATER
        )
        assert item.dose == dose

    def test_an_absolute_contraindication_keeps_a_treatment_out_even_with_a_reason(self):
        seed()
        review, actor = review_at("claimed", ai=False, views=(View.CROWN,))
        entry = FormularyEntry.objects.get(code="finasteride-oral")
        with pytest.raises(Invalid) as refused:
            services.add_item(
                actor=actor, review_id=review.pk, entry_id=entry.pk, override_reason="She insists", now=LATER
            )
        assert refused.value.code == "contraindicated"

    def test_a_relative_one_needs_a_written_reason_that_stays_with_the_item(self):
        seed()
        answers = calm_answers(sex_at_birth=SexAtBirth.MALE, conditions=(M.DEPRESSION,))
        review, actor = review_at("claimed", ai=False, views=(View.CROWN,), answers=answers)
        entry = FormularyEntry.objects.get(code="finasteride-oral")
        with pytest.raises(Invalid) as refused:
            services.add_item(actor=actor, review_id=review.pk, entry_id=entry.pk, now=LATER)
        assert refused.value.code == "reason_needed"
        item = services.add_item(
            actor=actor, review_id=review.pk, entry_id=entry.pk, override_reason="Mild, in remission", now=LATER
        )
        assert item.override_reason == "Mild, in remission"
        with pytest.raises(Invalid):
            services.update_item(
                actor=actor,
                review_id=review.pk,
                item_id=item.pk,
                dose="1 mg",
                duration="6 months",
                instructions="",
                override_reason="",
                now=LATER,
            )
        with pytest.raises(DomainError, match="already in the plan"):
            services.add_item(actor=actor, review_id=review.pk, entry_id=entry.pk, override_reason="again", now=LATER)
