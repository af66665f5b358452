"""Who may register whom, and what a record is sealed with."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection

from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import AuditEvent
from accounts.roles import Role
from patients import selectors, services
from patients.models import Patient, PatientAccess
from tests.factories.patients import (
    NOW,
    actor_for,
    holder_actor,
    make_clinic,
    make_patient,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db

GUARDIAN = PatientAccess.Relation.GUARDIAN
SELF = PatientAccess.Relation.SELF


def test_a_registered_patient_sees_the_record_and_another_does_not():
    mine, theirs = make_patient(), make_patient()
    assert selectors.patient_for(holder_actor(mine), mine.pk) == mine
    with pytest.raises(NotFound):
        selectors.patient_for(holder_actor(mine), theirs.pk)


def test_nothing_personal_is_stored_in_clear():
    patient = make_patient(given_name="Mira", family_name="Sommerfeldt")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM patients_patient")
        stored = repr(cursor.fetchall())
    assert "Sommerfeldt" not in stored
    assert "1990-05-17" not in stored
    assert "datetime.date(1990" not in stored
    assert Patient.objects.get(pk=patient.pk).family_name == "Sommerfeldt"


def test_a_person_under_18_cannot_register_alone():
    with pytest.raises(Invalid, match="parent or guardian"):
        make_patient(birth_date=date(2008, 11, 22))
    assert not Patient.objects.exists()


def test_on_the_eighteenth_birthday_one_registers_alone():
    assert make_patient(birth_date=date(2008, 11, 21)).is_minor_record is False


def test_a_guardian_holds_several_children():
    clinic, guardian = make_clinic(), make_user()
    for day, name in enumerate(("Lea", "Jon")):
        born, moment = date(2016, 1, 2), NOW + timedelta(days=day)
        child = make_patient(clinic, user=guardian, given_name=name, birth_date=born, relation=GUARDIAN, now=moment)
        assert child.is_minor_record
    rows = selectors.records_of(actor_for(guardian))
    assert [row.patient.given_name for row in rows] == ["Lea", "Jon"]


def test_an_adult_is_not_registered_by_a_guardian():
    with pytest.raises(Invalid, match="own account"):
        make_patient(relation=GUARDIAN)


def test_one_person_has_one_own_record():
    clinic, user = make_clinic(), make_user()
    make_patient(clinic, user=user)
    with pytest.raises(DomainError, match="already have a record"):
        make_patient(clinic, user=user)


def test_staff_do_not_become_patients_with_the_same_account():
    clinic = make_clinic()
    staff = make_staff(Role.DERMATOLOGIST, clinic)
    with pytest.raises(DomainError, match="staff"):
        make_patient(clinic, user=staff.user)


def test_a_closed_link_registers_nobody():
    clinic = make_clinic()
    clinic.registration_open = False
    clinic.save()
    with pytest.raises(DomainError, match="no registrations"):
        make_patient(clinic)


@pytest.mark.parametrize("birth_date", [date(2026, 11, 22), date(1880, 1, 1)])
def test_an_impossible_birth_date_is_refused(birth_date):
    with pytest.raises(Invalid, match="date of birth"):
        make_patient(birth_date=birth_date)


@pytest.mark.parametrize("text", ["Sommer", "sommer ", "Mira Sommer", "Sommer Mira", "SOMMER  MIRA"])
def test_a_clinician_finds_a_patient_by_name(text):
    clinic = make_clinic()
    patient = make_patient(clinic)
    doctor = make_staff(Role.DERMATOLOGIST, clinic)
    assert selectors.find_patients(actor_for(doctor.user), text) == [patient]


def test_a_clinician_finds_a_patient_by_record_number_but_not_in_another_clinic():
    patient = make_patient()
    here = make_staff(Role.TRICHOLOGIST, patient.clinic)
    elsewhere = make_staff(Role.TRICHOLOGIST, make_clinic("Elsewhere"))
    number = patient.record_number.replace("-", " ").lower()
    assert selectors.find_patients(actor_for(here.user), number) == [patient]
    assert selectors.find_patients(actor_for(elsewhere.user), number) == []


def test_search_by_name_is_for_clinicians_only():
    patient = make_patient()
    administrator = make_staff(Role.ADMINISTRATOR, patient.clinic)
    assert selectors.find_patients(actor_for(administrator.user), "Sommer") == []
    assert selectors.find_patients(holder_actor(patient), "Sommer") == []


def test_registration_is_audited_with_ids_only():
    patient = make_patient()
    event = AuditEvent.objects.get(action="patient.registered")
    assert (event.patient_id, event.clinic_id) == (patient.pk, patient.clinic_id)
    assert "Sommer" not in repr(event.__dict__)


def test_what_is_left_after_erasure_names_nobody():
    patient = make_patient()
    actor = holder_actor(patient)
    services.tombstone_patient(patient_id=patient.pk, now=NOW)
    row = Patient.objects.get(pk=patient.pk)
    assert row.erased_at == NOW
    assert {row.given_name, row.family_name, row.phone, row.name_index, row.family_name_index} == {""}
    assert row.birth_date is None
    assert selectors.users_of(patient.pk) == []
    with pytest.raises(NotFound):
        selectors.patient_for(actor, patient.pk)


def test_age_completes_on_the_birthday():
    assert selectors.whole_years(date(2000, 2, 29), date(2001, 2, 28)) == 0
    assert selectors.whole_years(date(2000, 2, 29), date(2001, 3, 1)) == 1
