"""Consent per purpose (G1): separate, versioned, appended, withdrawn; and nothing reused from a child."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.models import AuditEvent
from accounts.roles import Role
from patients import selectors, services
from patients.models import Consent, ConsentText, PatientAccess, Purpose
from tests.factories.patients import (
    NOW,
    actor_for,
    grant_all_consents,
    holder_actor,
    make_clinic,
    make_patient,
    make_staff,
    save_answers,
)

pytestmark = pytest.mark.django_db


def decide(patient, now=NOW, **decisions):
    named = {Purpose(name): value for name, value in decisions.items()}
    return services.record_consents(actor=holder_actor(patient), patient_id=patient.pk, decisions=named, now=now)


def child():
    return make_patient(birth_date=date(2015, 3, 3), relation=PatientAccess.Relation.GUARDIAN)


def test_nothing_is_granted_before_somebody_grants_it():
    patient = make_patient()
    assert not any(selectors.has_consent(patient.pk, purpose) for purpose in Purpose)


def test_each_purpose_is_decided_separately():
    patient = make_patient()
    decide(patient, care=True, ai_analysis=False)
    assert selectors.has_consent(patient.pk, Purpose.CARE)
    assert not selectors.has_consent(patient.pk, Purpose.AI_ANALYSIS)
    assert not selectors.has_consent(patient.pk, Purpose.RESEARCH)


def test_the_newest_decision_counts_and_earlier_ones_stay():
    patient = make_patient()
    decide(patient, ai_analysis=True)
    decide(patient, ai_analysis=False)
    decide(patient, ai_analysis=True)
    assert selectors.has_consent(patient.pk, Purpose.AI_ANALYSIS)
    assert list(Consent.objects.order_by("number").values_list("decision", flat=True)) == [
        "granted",
        "withdrawn",
        "granted",
    ]


def test_the_same_answer_again_adds_nothing():
    patient = make_patient()
    decide(patient, care=True)
    assert decide(patient, care=True) == []
    assert Consent.objects.count() == 1


def test_a_decision_is_never_edited():
    patient = make_patient()
    (consent,) = decide(patient, care=True)
    consent.decision = Consent.Decision.REFUSED
    with pytest.raises(TypeError, match="never edited"):
        consent.save()


def test_withdrawal_stops_what_asks_for_consent():
    patient = make_patient()
    grant_all_consents(patient)
    save_answers(patient)
    services.withdraw_consent(actor=holder_actor(patient), patient_id=patient.pk, purpose=Purpose.CARE, now=NOW)
    with pytest.raises(DomainError, match="consent to care"):
        services.start_session(actor=holder_actor(patient), patient_id=patient.pk, now=NOW)


def test_what_was_never_granted_cannot_be_withdrawn():
    patient = make_patient()
    with pytest.raises(DomainError, match="no consent to withdraw"):
        services.withdraw_consent(actor=holder_actor(patient), patient_id=patient.pk, purpose=Purpose.RESEARCH, now=NOW)


@pytest.mark.parametrize("purpose", [Purpose.MODEL_IMPROVEMENT, Purpose.RESEARCH])
def test_data_of_a_child_is_never_reused(purpose):
    patient = child()
    assert purpose not in selectors.purposes_open_to(patient, NOW.date())
    with pytest.raises(Invalid, match="under 18"):
        decide(patient, **{purpose.value: True})


def test_a_guardian_consents_to_the_care_of_a_child():
    patient = child()
    decide(patient, care=True, ai_analysis=True)
    assert selectors.has_consent(patient.pk, Purpose.CARE)


def test_nobody_decides_for_another_patient():
    mine, theirs = make_patient(), make_patient()
    with pytest.raises(NotFound):
        services.record_consents(
            actor=holder_actor(mine), patient_id=theirs.pk, decisions={Purpose.CARE: True}, now=NOW
        )


def test_staff_cannot_consent_for_a_patient():
    patient = make_patient()
    doctor = make_staff(Role.DERMATOLOGIST, patient.clinic)
    with pytest.raises(NotAllowed):
        services.record_consents(
            actor=actor_for(doctor.user), patient_id=patient.pk, decisions={Purpose.CARE: True}, now=NOW
        )


def test_a_new_wording_asks_again_and_keeps_the_old_decision_with_its_own_text():
    patient = make_patient()
    (first,) = decide(patient, care=True)
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, patient.clinic).user)
    draft = services.save_consent_text(
        actor=administrator, purpose=Purpose.CARE, title="Care", body="New words.", now=NOW
    )
    assert not selectors.consent_state(patient.pk)[Purpose.CARE].wording_changed  # a draft changes nothing
    services.publish_consent_text(actor=administrator, text_id=draft.pk, now=NOW)
    assert selectors.consent_state(patient.pk)[Purpose.CARE].wording_changed
    assert selectors.has_consent(patient.pk, Purpose.CARE)
    (second,) = decide(patient, now=NOW + timedelta(days=1), care=True)
    assert (first.text.version, second.text.version) == (1, 2)


def test_a_published_text_is_never_changed():
    clinic = make_clinic()
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    draft = services.save_consent_text(actor=administrator, purpose=Purpose.CARE, title="A", body="One.", now=NOW)
    again = services.save_consent_text(actor=administrator, purpose=Purpose.CARE, title="A", body="Two.", now=NOW)
    assert (draft.pk, draft.version) == (again.pk, 2)
    services.publish_consent_text(actor=administrator, text_id=draft.pk, now=NOW)
    with pytest.raises(DomainError, match="published already"):
        services.publish_consent_text(actor=administrator, text_id=draft.pk, now=NOW)
    third = services.save_consent_text(actor=administrator, purpose=Purpose.CARE, title="A", body="Three.", now=NOW)
    assert third.version == 3
    assert ConsentText.objects.get(pk=draft.pk).body == "Two."


def test_texts_of_another_clinic_are_out_of_reach():
    here, there = make_clinic(), make_clinic("There")
    text = services.save_consent_text(
        actor=actor_for(make_staff(Role.ADMINISTRATOR, here).user), purpose=Purpose.CARE, title="A", body="B", now=NOW
    )
    with pytest.raises(NotFound):
        services.publish_consent_text(
            actor=actor_for(make_staff(Role.ADMINISTRATOR, there).user), text_id=text.pk, now=NOW
        )


@pytest.mark.parametrize("text", list(ConsentText._meta.get_field("purpose").choices))
def test_the_default_texts_are_honest(text):
    clinic = make_clinic()
    body = ConsentText.objects.get(clinic=clinic, purpose=text[0]).body
    assert "end-to-end" not in body.lower()
    assert "refuse" in body or "without this consent" in body


def test_decisions_are_audited_by_purpose():
    patient = make_patient()
    decide(patient, care=True, research=False)
    event = AuditEvent.objects.get(action="consent.decided")
    assert event.detail == {"decisions": {"care": "granted", "research": "refused"}}
