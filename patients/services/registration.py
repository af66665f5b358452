"""Registration through a clinic's link, and what is left of a patient after erasure."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid
from accounts.models import Clinic, Membership, User
from accounts.roles import Role
from patients import selectors
from patients.models import Patient, PatientAccess, Sex
from vault.keys import create_key

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
OLDEST_YEARS: Final = 120


@dataclass(frozen=True, slots=True)
class PatientDetails:
    """Who the record is about."""

    given_name: str
    family_name: str
    birth_date: date
    sex: Sex = Sex.UNDISCLOSED
    phone: str = ""


@transaction.atomic
def register_patient(
    *, user: User, clinic: Clinic, details: PatientDetails, relation: PatientAccess.Relation, now: datetime
) -> Patient:
    """A new record with a key of its own, held by ``user`` as their own or as a guardian.

    Raises DomainError ``registration_closed``, ``already_registered``, ``staff_account``; Invalid ``birth_date``,
    ``minor_needs_guardian``, ``adult_registers_self``, ``name_missing``.
    """
    User.objects.select_for_update().get(pk=user.pk)
    _check_registration(user, clinic, relation)
    is_minor = _check_details(details, relation, clinic.day_of(now))
    patient = _new_patient(clinic, details, now)
    patient.is_minor_record = is_minor
    patient.save(force_insert=True)
    access = PatientAccess.objects.create(user=user, patient=patient, relation=relation, created_at=now)
    audit.record(
        action="patient.registered",
        now=now,
        actor=Actor(user_id=user.pk, role=Role.PATIENT, clinic_id=None),
        clinic_id=clinic.pk,
        patient_id=patient.pk,
        subject_kind="patient",
        subject_id=patient.pk,
        detail={"relation": access.relation},
    )
    return patient


@transaction.atomic
def tombstone_patient(*, patient_id: uuid.UUID, now: datetime) -> None:
    """Leave of a patient only the row that other rows point at: no name, no index, nobody with access.

    Called by the executor of an erasure (``reports``), in its transaction, before the patient's key is destroyed.
    """
    patient = Patient.objects.select_for_update().get(pk=patient_id)
    patient.given_name = patient.family_name = patient.sex = patient.phone = ""
    patient.name_index = patient.family_name_index = patient.record_index = patient.phone_index = ""
    patient.birth_date = None
    patient.legal_hold_reason = ""
    patient.erased_at = now
    patient.save()
    PatientAccess.objects.filter(patient=patient, ended_at=None).update(ended_at=now)


def new_record_number() -> str:
    """40 random bits in Crockford's base 32, e.g. ``P-7K3M-92QX``: cannot be guessed from another one."""
    digits = "".join(secrets.choice(CROCKFORD) for _unused in range(8))
    return f"P-{digits[:4]}-{digits[4:]}"


def _check_registration(user: User, clinic: Clinic, relation: PatientAccess.Relation) -> None:
    if not clinic.registration_open:
        raise DomainError(
            "registration_closed", _("This clinic takes no registrations at the moment. Please call them.")
        )
    if Membership.objects.active().filter(user=user).exists():
        raise DomainError(
            "staff_account", _("This account belongs to a clinic's staff. Register with a private e-mail address.")
        )
    own = PatientAccess.objects.filter(user=user, relation=PatientAccess.Relation.SELF, ended_at=None)
    if relation == PatientAccess.Relation.SELF and own.exists():
        raise DomainError("already_registered", _("You already have a record. Sign in to continue with it."))


def _check_details(details: PatientDetails, relation: PatientAccess.Relation, today: date) -> bool:
    """Whether the person is a minor; Invalid when the details do not fit the relation."""
    if not details.given_name.strip() or not details.family_name.strip():
        raise Invalid("name_missing", _("Please give both names."))
    age = selectors.whole_years(details.birth_date, today)
    if not 0 <= age <= OLDEST_YEARS:
        raise Invalid("birth_date", _("Please check the date of birth."))
    is_minor = age < selectors.ADULT_YEARS
    if is_minor and relation == PatientAccess.Relation.SELF:
        raise Invalid(
            "minor_needs_guardian",
            _("People under 18 are registered by a parent or guardian. Please ask yours to open this link."),
        )
    if not is_minor and relation == PatientAccess.Relation.GUARDIAN:
        raise Invalid("adult_registers_self", _("An adult registers with their own account. Please pass the link on."))
    return is_minor


def _new_patient(clinic: Clinic, details: PatientDetails, now: datetime) -> Patient:
    patient_id = uuid.uuid4()
    number = new_record_number()
    while Patient.objects.filter(clinic=clinic, record_number=number).exists():
        number = new_record_number()
    given, family = details.given_name.strip(), details.family_name.strip()
    return Patient(
        id=patient_id,
        clinic=clinic,
        key_id=create_key(subject_kind="patient", subject_id=patient_id, now=now),
        record_number=number,
        given_name=given,
        family_name=family,
        birth_date=details.birth_date,
        sex=details.sex.value,
        phone=details.phone.strip(),
        name_index=selectors.name_index(clinic.pk, f"{family} {given}"),
        family_name_index=selectors.family_name_index(clinic.pk, family),
        record_index=selectors.record_index(clinic.pk, number),
        phone_index=selectors.phone_index(clinic.pk, details.phone),
        created_at=now,
    )
