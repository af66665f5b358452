"""Personal details after the registration: what people change themselves, and what the clinic corrects for them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import Invalid
from accounts.roles import Permission
from patients import selectors
from patients.models import Patient
from patients.services.of_age import give_back_to_guardians
from patients.services.registration import OLDEST_YEARS

PHONE_LENGTH = 40


@transaction.atomic
def change_phone(*, actor: Actor, patient_id: UUID, phone: str, now: datetime) -> Patient:
    """The number at which the clinic may call; empty: none. Raises NotAllowed, NotFound, Invalid ``too_long``."""
    actor.check(Permission.EDIT_OWN_RECORD)
    patient = _locked(actor, patient_id)
    number = phone.strip()
    if len(number) > PHONE_LENGTH:
        raise Invalid("too_long", _("A phone number has at most 40 characters."))
    if number != patient.phone:
        patient.phone, patient.phone_index = number, selectors.phone_index(patient.clinic_id, number)
        patient.save(update_fields=["phone", "phone_index"])
        _audit(actor, patient, ["phone"], now)
    return patient


@transaction.atomic
def correct_details(
    *, actor: Actor, patient_id: UUID, given_name: str, family_name: str, birth_date: date, now: datetime
) -> Patient:
    """Name and date of birth, corrected by a clinician at the patient's wish: reports that were signed keep what they
    said. Raises NotAllowed, NotFound, Invalid ``name_missing``, ``birth_date``."""
    actor.check(Permission.CORRECT_DETAILS)
    patient = _locked(actor, patient_id)
    given, family = given_name.strip(), family_name.strip()
    if not given or not family:
        raise Invalid("name_missing", _("Please give both names."))
    if not 0 <= selectors.whole_years(birth_date, patient.clinic.day_of(now)) <= OLDEST_YEARS:
        raise Invalid("birth_date", _("Please check the date of birth."))
    wanted = {"given_name": given, "family_name": family, "birth_date": birth_date}
    changed = [name for name, value in wanted.items() if getattr(patient, name) != value]
    if changed:
        patient.given_name, patient.family_name, patient.birth_date = given, family, birth_date
        patient.name_index = selectors.name_index(patient.clinic_id, f"{family} {given}")
        patient.family_name_index = selectors.family_name_index(patient.clinic_id, family)
        patient.save(update_fields=[*wanted, "name_index", "family_name_index"])
        _audit(actor, patient, changed, now)
        if "birth_date" in changed:
            give_back_to_guardians(patient, now)
    return patient


def _locked(actor: Actor, patient_id: UUID) -> Patient:
    found = selectors.patient_for(actor, patient_id)
    patient: Patient = Patient.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=found.pk)
    return patient


def _audit(actor: Actor, patient: Patient, fields: list[str], now: datetime) -> None:
    audit.record(
        action="patient.changed",
        now=now,
        actor=actor,
        clinic_id=patient.clinic_id,
        patient_id=patient.pk,
        subject_kind="patient",
        subject_id=patient.pk,
        detail={"fields": fields},
    )
