"""A clinician looks a patient up: by name, record or phone number, from the top bar, noted in the access log."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from accounts.roles import Role
from patients import phones
from patients.models import Patient
from patients.services import tombstone_patient
from tests.factories.patients import NOW, make_clinic, make_patient, make_staff, signed_in
from tests.factories.reviews import review_at, submitted_session

databases = pytest.mark.django_db(databases=["default", "keys"])


@pytest.mark.parametrize("written", ["+49 30 1234567", "0049301234567", "030 / 123 45 67", "+49 (0)30 1234567"])
def test_a_number_is_the_same_however_it_is_written(written):
    assert phones.same("+49 30 1234567", written)
    assert phones.ending(written) == "1234567"


@pytest.mark.parametrize("other", ["030 1234568", "040 1234567", "34567", "P-1234-567X", "Sommer", ""])
def test_another_number_and_other_words_are_not(other):
    assert not phones.same("+49 30 1234567", other)


def search(browser, text):
    return browser.post(reverse("care:find"), {"q": text}).content.decode()


@databases
def test_a_patient_is_found_from_the_top_bar_with_their_cases_and_it_is_noted():
    review, _actor = review_at("claimed")
    patient = review.session.patient
    make_patient(review.clinic, given_name="Lea", family_name="Winter")
    browser = signed_in(make_staff(Role.TRICHOLOGIST, review.clinic).user)
    assert reverse("care:find") in browser.get(reverse("reviews:queue")).content.decode()
    for text in ("Sommer", "030 1234567", patient.record_number.lower()):
        words = search(browser, text)
        assert "Mira Sommer" in words
        assert reverse("reviews:review", args=[review.pk]) in words
        assert reverse("care:write", args=[patient.pk]) in words
    assert "Lea Winter" in search(browser, "0301234567"), "both gave the same number"
    assert "Nobody found" in search(browser, "Somm")
    assert AuditEvent.objects.filter(action="patient.searched", patient_id=patient.pk).count() == 4
    event = AuditEvent.objects.filter(action="patient.searched").first()
    assert "Sommer" not in repr(event.__dict__)


@databases
def test_only_the_own_clinics_clinicians_find_somebody_and_nobody_who_was_erased():
    session = submitted_session(ai=False)
    patient = session.patient
    elsewhere = signed_in(make_staff(Role.DERMATOLOGIST, make_clinic("Elsewhere")).user)
    assert "Nobody found" in search(elsewhere, "030 1234567")
    administrator = signed_in(make_staff(Role.ADMINISTRATOR, patient.clinic).user)
    assert administrator.post(reverse("care:find"), {"q": "Sommer"}).status_code == 403
    doctor = signed_in(make_staff(Role.DERMATOLOGIST, patient.clinic).user)
    found = doctor.post("/api/v1/patients/find/", {"text": "030 1234567"}, content_type="application/json").json()
    assert [row["record_number"] for row in found] == [patient.record_number]
    tombstone_patient(patient_id=patient.pk, now=NOW)
    assert Patient.objects.get().phone_index == ""
    assert "Nobody found" in search(doctor, "030 1234567")
