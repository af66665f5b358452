"""A child's record on the 18th birthday: the guardian's access ends, and the person takes the record over (G10).

Thirty days before, the clinic and whoever holds the record are told. On the day, by the clinic's calendar, access that
somebody had as a guardian ends: from then on they read nothing of it. The clinic makes an invitation, hands it over in
person, and the person opens it with an account of their own and their date of birth. What a guardian had agreed to
ends with that, and is asked anew. Data from childhood stays out of model improvement and research for good.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, notify
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import Membership, User
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from patients import selectors
from patients.models import ComingOfAge, Consent, Patient, PatientAccess
from vault.fields import is_erased

TOLD_BEFORE: Final = timedelta(days=30)
INVITATION_LIFE: Final = timedelta(days=14)
MOST_ATTEMPTS: Final = 5
CLINICIANS: Final = (Role.DERMATOLOGIST, Role.TRICHOLOGIST)
GUARDIAN: Final = PatientAccess.Relation.GUARDIAN


def adult_on(birth_date: date) -> date:
    """The 18th birthday; 1 March for somebody born on 29 February, as ages are counted everywhere here."""
    try:
        return birth_date.replace(year=birth_date.year + selectors.ADULT_YEARS)
    except ValueError:
        return date(birth_date.year + selectors.ADULT_YEARS, 3, 1)


def sweep_of_age(now: datetime) -> int:
    """Every quarter of an hour: tell what is 30 days away, end guardians' access on the day. Returns how many records
    it touched."""
    waiting = Patient.objects.filter(is_minor_record=True, erased_at=None, coming_of_age__reached_at=None)
    return sum(_look_at(patient_id, now) for patient_id in list(waiting.values_list("pk", flat=True)))


@transaction.atomic
def _look_at(patient_id: UUID, now: datetime) -> bool:
    patient = Patient.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=patient_id)
    if patient.birth_date is None or is_erased(patient.birth_date):
        return False
    day, today = adult_on(patient.birth_date), patient.clinic.day_of(now)
    if today < day - TOLD_BEFORE:
        return False
    row, _made = ComingOfAge.objects.get_or_create(patient=patient, defaults={"due_date": day})
    if row.reached_at is not None:
        return False
    row.due_date = day
    if today >= day:
        _reach(row, now)
        return True
    if row.announced_at is None:
        row.announced_at = now
        row.save(update_fields=["due_date", "announced_at"])
        _tell(row, "soon", now)
        return True
    return False


def _reach(row: ComingOfAge, now: datetime) -> None:
    """The day has come: nobody reads the record as a guardian any more."""
    _tell(row, "reached", now)  # before the access ends: those who lose it hear why
    held = PatientAccess.objects.filter(patient=row.patient, relation=GUARDIAN, ended_at=None)
    ended = held.update(ended_at=now)
    row.reached_at = now
    row.save(update_fields=["due_date", "reached_at"])
    audit.record(
        action="record.came_of_age",
        now=now,
        clinic_id=row.patient.clinic_id,
        patient_id=row.patient_id,
        subject_kind="patient",
        subject_id=row.patient_id,
        detail={"guardians": ended},
    )


def _tell(row: ComingOfAge, when: str, now: datetime) -> None:
    clinic_id = row.patient.clinic_id
    key = f"of-age:{row.pk}:{when}"  # without the day: it is a date of birth
    kinds = notify.Kind
    notify.notify(
        recipients=selectors.users_of(row.patient_id),
        kind=kinds.CHILD_OF_AGE_SOON if when == "soon" else kinds.CHILD_OF_AGE,
        clinic_id=clinic_id,
        path=reverse("home"),
        dedupe_key=key,
        now=now,
    )
    notify.notify(
        recipients=[member.user_id for member in staff_of(clinic_id, CLINICIANS)],
        kind=kinds.RECORD_TO_HAND_OVER,
        clinic_id=clinic_id,
        path=reverse("patients:of_age"),
        dedupe_key=f"staff-{key}",
        now=now,
    )


def waiting_of_age(actor: Actor) -> list[ComingOfAge]:
    """The clinic's records that will be, or are, without a holder; the earliest birthday first."""
    actor.check(Permission.READ_CASES)
    rows = ComingOfAge.objects.visible_to(actor).filter(taken_over_at=None)
    return sorted(rows.select_related("patient", "patient__clinic", "invited_by"), key=lambda row: row.due_date)


@transaction.atomic
def read_of_age(*, actor: Actor, now: datetime) -> list[ComingOfAge]:
    """The list, with one event for all that it shows."""
    rows = waiting_of_age(actor)
    ids = [str(row.patient_id) for row in rows]
    audit.record(action="of_age.read", now=now, actor=actor, subject_kind="patient", detail={"patients": ids})
    return rows


@transaction.atomic
def invite_to_take_over(*, actor: Actor, patient_id: UUID, now: datetime) -> tuple[ComingOfAge, str]:
    """A new invitation; an earlier one is worth nothing from now on. Returns it with the token, which is not stored.

    Raises NotFound where nobody comes of age, DomainError ``taken_over``.
    """
    actor.check(Permission.CORRECT_DETAILS)
    row = _locked(actor, patient_id)
    token = secrets.token_urlsafe(24)
    row.token_digest, row.attempts = _digest(token), 0
    row.invited_at, row.invited_by_id, row.expires_at = now, actor.membership_id, now + INVITATION_LIFE
    row.save(update_fields=["token_digest", "attempts", "invited_at", "invited_by", "expires_at"])
    _audit(row, actor, "record.invited", now)
    return row, token


@transaction.atomic
def withdraw_take_over(*, actor: Actor, patient_id: UUID, now: datetime) -> ComingOfAge:
    """Make the invitation worthless. Raises NotFound, DomainError ``taken_over``, ``not_invited``."""
    actor.check(Permission.CORRECT_DETAILS)
    row = _locked(actor, patient_id)
    if not row.token_digest:
        raise DomainError("not_invited", _("There is no open invitation."))
    row.token_digest, row.expires_at = "", None
    row.save(update_fields=["token_digest", "expires_at"])
    _audit(row, actor, "record.invitation_withdrawn", now)
    return row


def open_take_over(token: str, now: datetime) -> ComingOfAge:
    """The invitation behind a link; NotFound when it is unknown, used, withdrawn, tried too often or too old."""
    rows = ComingOfAge.objects.select_related("patient", "patient__clinic").filter(patient__erased_at=None)
    row: ComingOfAge | None = rows.filter(
        token_digest=_digest(token), taken_over_at=None, expires_at__gt=now, attempts__lt=MOST_ATTEMPTS
    ).first()
    if row is None:
        raise NotFound
    return row


def take_over(*, user: User, token: str, birth_date: date, now: datetime) -> Patient:
    """Hand the record to the person it is about.

    Raises NotFound, Invalid ``wrong_birth_date`` (counted: after five the link is worth nothing), DomainError
    ``not_of_age``, ``guardian_account``, ``staff_account``, ``already_registered``.
    """
    row = open_take_over(token, now)
    _check_account(user, row.patient)
    if row.patient.birth_date != birth_date:
        _count_attempt(row)
        raise Invalid("wrong_birth_date", _("This is not the date of birth in the record. Please check it."))
    return _hand_over(user, row, now)


def _check_account(user: User, patient: Patient) -> None:
    if Membership.objects.active().filter(user=user).exists():
        raise DomainError("staff_account", _("This account belongs to a clinic's staff. Use a private e-mail address."))
    if PatientAccess.objects.filter(user=user, patient=patient, relation=GUARDIAN).exists():
        raise DomainError(
            "guardian_account",
            _(
                "This account held the record as a parent or guardian. The record goes to the person it is about: make "
                "an account with an e-mail address of your own."
            ),
        )
    if PatientAccess.objects.filter(user=user, relation=PatientAccess.Relation.SELF, ended_at=None).exists():
        raise DomainError("already_registered", _("This account has a record of its own. Ask your clinic to help."))


def _count_attempt(row: ComingOfAge) -> None:
    with transaction.atomic():
        locked = ComingOfAge.objects.select_for_update(of=("self",)).get(pk=row.pk)
        locked.attempts += 1
        locked.save(update_fields=["attempts"])


@transaction.atomic
def _hand_over(user: User, row: ComingOfAge, now: datetime) -> Patient:
    User.objects.select_for_update().get(pk=user.pk)
    patient: Patient = Patient.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=row.patient_id)
    locked = ComingOfAge.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if locked.taken_over_at is not None or locked.token_digest != row.token_digest:
        raise NotFound
    if selectors.is_minor(patient, patient.clinic.day_of(now)):
        raise DomainError(
            "not_of_age",
            _("A record can be taken over from the 18th birthday on. Keep the link until then, or ask for a new one."),
        )
    locked.patient = patient
    if locked.reached_at is None:
        _reach(locked, now)
    PatientAccess.objects.create(user=user, patient=patient, relation=PatientAccess.Relation.SELF, created_at=now)
    locked.token_digest, locked.taken_over_at = "", now
    locked.save(update_fields=["token_digest", "taken_over_at"])
    holder = Actor(user_id=user.pk, role=Role.PATIENT, clinic_id=None)
    _let_consents_end(patient, holder, now)
    _audit(locked, holder, "record.taken_over", now)
    return patient


def _let_consents_end(patient: Patient, holder: Actor, now: datetime) -> None:
    """What somebody else agreed to does not bind an adult: every granted purpose is asked anew."""
    for purpose, state in selectors.consent_state(patient.pk).items():
        if state.granted and state.consent is not None:
            Consent.objects.create(
                patient=patient,
                text=state.consent.text,
                purpose=purpose,
                decision=Consent.Decision.WITHDRAWN,
                number=state.consent.number + 1,
                decided_by_id=holder.user_id,
                decided_at=now,
            )


def give_back_to_guardians(patient: Patient, now: datetime) -> None:
    """A date of birth was corrected and the person is a minor after all: whose access had ended with it has it again.

    Called in the transaction of the correction.
    """
    row = ComingOfAge.objects.select_for_update(of=("self",)).filter(patient=patient, taken_over_at=None).first()
    if row is None or not selectors.is_minor(patient, patient.clinic.day_of(now)):
        return
    if row.reached_at is not None:
        ended = PatientAccess.objects.filter(patient=patient, relation=GUARDIAN, ended_at=row.reached_at)
        ended.update(ended_at=None)
    row.delete()


def lost_as_guardian(actor: Actor) -> bool:
    """Whether a record that this person held as a guardian has passed on to a child who came of age."""
    rows = PatientAccess.objects.filter(user_id=actor.user_id, relation=GUARDIAN, patient__erased_at=None)
    return rows.exclude(ended_at=None).filter(patient__coming_of_age__reached_at__isnull=False).exists()


def _locked(actor: Actor, patient_id: UUID) -> ComingOfAge:
    rows = ComingOfAge.objects.visible_to(actor).select_for_update(of=("self",)).select_related("patient")
    row: ComingOfAge | None = rows.filter(patient_id=patient_id).first()
    if row is None:
        raise NotFound
    if row.taken_over_at is not None:
        raise DomainError("taken_over", _("The record was taken over already."))
    return row


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _audit(row: ComingOfAge, actor: Actor, action: str, now: datetime) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=row.patient.clinic_id,
        patient_id=row.patient_id,
        subject_kind="patient",
        subject_id=row.patient_id,
    )
