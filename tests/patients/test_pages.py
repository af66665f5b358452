"""Pages in the words a patient reads: registration, consents, intake, and who looked."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, User
from accounts.roles import Role
from patients import selectors, services
from patients.intake_form import Symptom
from patients.models import Consent, Intake, Patient, PatientAccess, PhotoSession, Purpose
from tests.factories.patients import (
    NOW,
    actor_for,
    calm_answers,
    grant_all_consents,
    holder_of,
    make_clinic,
    make_patient,
    make_session,
    make_staff,
    make_user,
    ready_patient,
    save_answers,
    signed_in,
)
from tests.patients.browsing import INTAKE, page
from vision.types import View

pytestmark = pytest.mark.django_db


# --- registration -----------------------------------------------------------------------------------------------------


def test_the_link_names_the_clinic_and_leads_back_after_sign_up():
    clinic = make_clinic("Hair Clinic North")
    browser = Client()
    words = page(browser, "join", clinic.join_code)
    assert "Welcome to Hair Clinic North" in words
    assert "/accounts/signup/?next=/join/" in words
    assert browser.session["may_sign_up"] is True


def test_an_unknown_link_is_404():
    assert Client().get(reverse("patients:join", args=["nonsense"])).status_code == 404


def test_a_new_person_comes_from_the_link_to_the_first_session():
    clinic, user = make_clinic(), make_user()
    browser = signed_in(user)
    browser.get(reverse("patients:join", args=[clinic.join_code]))
    assert browser.get(reverse("patients:records"))["Location"] == f"/join/{clinic.join_code}/register/"
    answer = browser.post(
        reverse("patients:register", args=[clinic.join_code]),
        {"relation": "self", "given_name": "Mira", "family_name": "Sommer", "birth_date": "1990-05-17"},
    )
    patient = Patient.objects.get()
    assert answer["Location"] == reverse("patients:consents", args=[patient.pk])
    decisions = {purpose.value: "yes" for purpose in Purpose} | {"research": "no"}
    answer = browser.post(reverse("patients:consents", args=[patient.pk]), decisions)
    assert answer["Location"] == reverse("patients:intake", args=[patient.pk])
    answer = browser.post(reverse("patients:intake", args=[patient.pk]), INTAKE)
    assert answer["Location"] == reverse("patients:intake_saved", args=[patient.pk])
    assert "Nothing in them asks for help at once" in page(browser, "intake_saved", patient.pk)
    answer = browser.post(reverse("patients:session_new", args=[patient.pk]))
    session = PhotoSession.objects.get()
    assert answer["Location"] == reverse("patients:checklist", args=[session.pk])
    answer = browser.post(
        reverse("patients:checklist", args=[session.pk]), {"done": ["dry", "unstyled"], "wash": "one_day"}
    )
    assert answer["Location"] == reverse("patients:capture", args=[session.pk])
    assert selectors.answers_of(Intake.objects.get()).medications == ("Minoxidil 5 %", "Iron 50 mg")


def test_a_minor_is_sent_to_a_guardian_in_a_sentence():
    clinic = make_clinic()
    answer = signed_in(make_user()).post(
        reverse("patients:register", args=[clinic.join_code]),
        {"relation": "self", "given_name": "Jon", "family_name": "Sommer", "birth_date": "2012-05-17"},
    )
    assert answer.status_code == 422
    assert "registered by a parent or guardian" in answer.content.decode()
    assert not Patient.objects.exists()


def test_somebody_without_a_record_learns_how_to_get_one():
    browser = signed_in(make_user())
    assert browser.get(reverse("patients:records"))["Location"] == reverse("patients:no_record")
    assert "registration link that your clinic gave you" in page(browser, "no_record")


def test_a_guardian_chooses_among_the_records():
    clinic, guardian = make_clinic(), make_user()
    for name in ("Lea", "Jon"):
        make_patient(
            clinic,
            user=guardian,
            given_name=name,
            birth_date=date(2016, 1, 2),
            relation=PatientAccess.Relation.GUARDIAN,
        )
    words = page(signed_in(guardian), "records")
    assert "Lea Sommer" in words
    assert "Jon Sommer" in words
    assert "you are the guardian" in words


# --- consents ---------------------------------------------------------------------------------------------------------


def test_nothing_is_chosen_beforehand():
    patient = make_patient()
    words = page(signed_in(holder_of(patient)), "consents", patient.pk)
    assert not re.search(r"<input[^>]*\bchecked", words)
    assert words.count("I do not agree") == len(Purpose)


def test_every_purpose_wants_an_answer():
    patient = make_patient()
    answer = signed_in(holder_of(patient)).post(reverse("patients:consents", args=[patient.pk]), {"care": "yes"})
    assert answer.status_code == 422
    assert not Consent.objects.exists()


def test_a_guardian_is_not_asked_about_reuse():
    child = make_patient(birth_date=date(2016, 1, 2), relation=PatientAccess.Relation.GUARDIAN)
    words = page(signed_in(holder_of(child)), "consents", child.pk)
    assert "Improving the models" not in words
    assert "never used to improve models or for research" in words


def test_refusing_care_is_possible_and_its_consequence_is_said():
    patient = make_patient()
    browser = signed_in(holder_of(patient))
    decisions = {purpose.value: "no" for purpose in Purpose}
    words = browser.post(reverse("patients:consents", args=[patient.pk]), decisions, follow=True).content.decode()
    assert "Without your consent to care, the clinic cannot look after you here." in words
    assert "your consent to care" in page(browser, "session_new", patient.pk)


def test_a_receipt_shows_the_wording_that_was_decided_about():
    patient = make_patient()
    grant_all_consents(patient)
    consent = Consent.objects.get(purpose="ai_analysis")
    words = page(signed_in(holder_of(patient)), "consent_receipt", patient.pk, consent.pk)
    assert str(consent.pk) in words
    assert "Granted" in words
    assert "No result reaches you before a clinician has checked it" in words


def test_a_consent_is_withdrawn_with_one_button():
    patient = make_patient()
    grant_all_consents(patient)
    browser = signed_in(holder_of(patient))
    assert "Withdraw: Measurement by AI models" in page(browser, "consents", patient.pk)
    browser.post(reverse("patients:consent_withdraw", args=[patient.pk, "ai_analysis"]))
    assert not selectors.has_consent(patient.pk, Purpose.AI_ANALYSIS)
    assert "Withdraw: Measurement by AI models" not in page(browser, "consents", patient.pk)


def test_an_administrator_writes_and_publishes_a_new_wording():
    clinic = make_clinic()
    browser = signed_in(make_staff(Role.ADMINISTRATOR, clinic).user)
    browser.post(reverse("patients:consent_text_edit", args=["care"]), {"title": "Care", "body": "New words."})
    words = page(browser, "consent_texts")
    assert "draft, not shown to patients" in words
    draft = selectors.consent_texts(browser_actor(browser))[Purpose.CARE][0]
    browser.post(reverse("patients:consent_text_publish", args=[draft.pk]))
    assert "Version 2 in force" in page(browser, "consent_texts")


def browser_actor(browser):
    return actor_for(User.objects.get(pk=browser.session["_auth_user_id"]))


# --- intake -----------------------------------------------------------------------------------------------------------


def test_a_red_flag_is_answered_at_once_and_again_in_the_session():
    patient = make_patient()
    grant_all_consents(patient)
    browser = signed_in(holder_of(patient))
    answers = {**INTAKE, "symptoms": ["pus", "hairline_moved"]}
    words = browser.post(reverse("patients:intake", args=[patient.pk]), answers, follow=True).content.decode()
    assert "within one or two days" in words
    assert "it does not depend on your photos" in words
    assert words.index("Pus or weeping crusts") < words.index("hairline that moved")
    browser.post(reverse("patients:session_new", args=[patient.pk]))
    session = PhotoSession.objects.get()
    assert "within one or two days" in page(browser, "capture", session.pk)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"takes_medicine": "yes", "medications": "  "}, "write down each medicine"),
        ({"has_allergies": "yes"}, "write down each allergy"),
        ({"conditions": []}, "Please choose an answer"),
        ({"symptoms": ["none", "itch"]}, "together with something else"),
        ({"pregnancy": ""}, "Please choose an answer"),
    ],
)
def test_an_open_question_is_never_read_as_no(change, words):
    patient = make_patient()
    answer = signed_in(holder_of(patient)).post(reverse("patients:intake", args=[patient.pk]), {**INTAKE, **change})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Intake.objects.exists()


def test_earlier_answers_are_shown_to_be_changed():
    patient = ready_patient()
    words = page(signed_in(holder_of(patient)), "intake", patient.pk)
    assert "Levothyroxine 50 µg" in words
    assert "Penicillin" in words


def test_a_session_of_next_month_asks_whether_the_answers_hold():
    patient = ready_patient(now=NOW - timedelta(days=40))
    browser = signed_in(holder_of(patient))
    answer = browser.post(reverse("patients:session_new", args=[patient.pk]))
    session = PhotoSession.objects.get()
    assert answer["Location"] == reverse("patients:session_answers", args=[session.pk])
    words = page(browser, "session_answers", session.pk)
    assert "Levothyroxine 50 µg" in words
    answer = browser.post(reverse("patients:session_answers", args=[session.pk]))
    assert answer["Location"] == reverse("patients:checklist", args=[session.pk])


def test_a_child_with_scale_is_sent_to_a_doctor():
    child = make_patient(birth_date=date(2018, 4, 1), relation=PatientAccess.Relation.GUARDIAN)
    save_answers(child, calm_answers(symptoms=(Symptom.SCALE,)))
    assert "take the child to a paediatrician" in page(signed_in(holder_of(child)), "intake_saved", child.pk)


# --- access log -------------------------------------------------------------------------------------------------------


def test_the_patient_reads_who_looked_in_plain_words():
    session = make_session(views=[View.CROWN, View.PART])
    services.mark_submitted(session=session, now=NOW)
    doctor = make_staff(Role.DERMATOLOGIST, session.patient.clinic)
    services.read_session(actor=actor_for(doctor.user), session_id=session.pk, now=NOW)
    browser = signed_in(holder_of(session.patient))
    words = page(browser, "access_log", session.patient_id)
    assert "Dr. Ada Krause" in words
    assert "(Dermatologist)" in words
    assert "Looked at 2 photos" in words
    assert "13:00" in words  # noon in UTC, read in the clinic's zone
    assert "Registered this record" not in words
    assert "Registered this record" in page(browser, "access_log", session.patient_id, who="all")


def test_an_unread_record_says_so():
    patient = make_patient()
    assert "Nobody else has opened this record" in page(signed_in(holder_of(patient)), "access_log", patient.pk)


def test_looking_at_the_log_is_in_the_log():
    patient = make_patient()
    page(signed_in(holder_of(patient)), "access_log", patient.pk)
    assert AuditEvent.objects.filter(action="access_log.read", patient_id=patient.pk).count() == 1
