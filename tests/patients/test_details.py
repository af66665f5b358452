"""Personal details after the registration: changed by the patient's side, corrected by the clinic."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.errors import NotAllowed, NotFound
from accounts.models import AuditEvent, User
from accounts.roles import Role
from patients import selectors, services
from patients.models import Patient
from tests.factories.care import book_at, make_kind
from tests.factories.patients import (
    NOW,
    actor_for,
    grant_all_consents,
    holder_actor,
    holder_of,
    make_clinic,
    make_patient,
    make_staff,
    signed_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return make_clinic()


@pytest.fixture
def doctor(clinic):
    return make_staff(Role.DERMATOLOGIST, clinic)


def test_a_new_number_is_found_and_the_old_one_is_not(clinic, doctor):
    patient = make_patient(clinic)
    page = signed_in(holder_of(patient)).post(
        reverse("patients:contact", args=[patient.pk]),
        {"phone": "+49 30 7654321", "time_zone": "Pacific/Auckland", "language": "en"},
        follow=True,
    )
    assert "+49 30 7654321" in page.content.decode()
    assert "Pacific/Auckland" in page.content.decode()
    assert selectors.find_patients(actor_for(doctor.user), "+49 30 7654321") == [patient]
    assert selectors.find_patients(actor_for(doctor.user), "+49 30 1234567") == []
    assert AuditEvent.objects.get(action="patient.changed").detail == {"fields": ["phone"]}


def test_a_clinician_corrects_a_name_and_a_patient_does_not(clinic, doctor):
    patient = make_patient(clinic)
    wish = {"given_name": "Mira", "family_name": "Winter", "birth_date": date(1990, 5, 17), "now": NOW}
    with pytest.raises(NotAllowed):
        services.correct_details(actor=holder_actor(patient), patient_id=patient.pk, **wish)
    stranger = actor_for(make_staff(Role.DERMATOLOGIST, make_clinic("South")).user)
    with pytest.raises(NotFound):
        services.correct_details(actor=stranger, patient_id=patient.pk, **wish)
    services.correct_details(actor=actor_for(doctor.user), patient_id=patient.pk, **wish)
    assert Patient.objects.get(pk=patient.pk).family_name == "Winter"
    assert selectors.find_patients(actor_for(doctor.user), "Winter") == [patient]


def test_the_home_shows_consultations_on_the_patients_own_wall_clock(clinic, doctor):
    patient = make_patient(clinic)
    grant_all_consents(patient)
    kind = make_kind(clinic, [doctor])
    start = datetime.combine((NOW + timedelta(days=9)).date(), datetime.min.time(), NOW.tzinfo).replace(hour=9)
    book_at(patient, kind, doctor, start)
    browser = signed_in(holder_of(patient))
    home = reverse("reports:patient_home", args=[patient.pk])
    assert "(Europe/Berlin)" in browser.get(home).content.decode()
    browser.cookies["trichora_zone"] = "America/New_York"
    assert "04:00" in browser.get(home).content.decode()
    User.objects.filter(pk=holder_of(patient).pk).update(time_zone="Asia/Tokyo")
    page = browser.get(home).content.decode()
    assert "18:00" in page
    assert "(Asia/Tokyo)" in page
