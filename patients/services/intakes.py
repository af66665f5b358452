"""Answers about health: saved as versions, and reconfirmed for each session (R7)."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError
from accounts.roles import Permission
from patients import red_flags, selectors
from patients.intake_form import Answers, SexAtBirth
from patients.models import Intake, Patient, PhotoSession, Sex
from patients.services.locks import locked_draft

RECORD_SEX: Final = {
    SexAtBirth.FEMALE: Sex.FEMALE,
    SexAtBirth.MALE: Sex.MALE,
    SexAtBirth.INTERSEX: Sex.OTHER,
    SexAtBirth.UNDISCLOSED: Sex.UNDISCLOSED,
}


@transaction.atomic
def save_intake(*, actor: Actor, patient_id: UUID, answers: Answers, now: datetime) -> Intake:
    """A new version of the answers with the red flags they raise. A session being prepared stands on it from now on."""
    actor.check(Permission.EDIT_OWN_RECORD)
    patient = Patient.objects.select_for_update().get(pk=selectors.patient_for(actor, patient_id).pk)
    newest = selectors.latest_intake(patient.pk)
    flags = red_flags.evaluate(answers, selectors.age_on(patient, patient.clinic.day_of(now)))
    intake = Intake.objects.create(
        patient=patient,
        version=newest.version + 1 if newest else 1,
        answers=answers.to_dict(),
        red_flags=[flag.value for flag in flags],
        submitted_at=now,
        submitted_by_id=actor.user_id,
    )
    patient.sex = RECORD_SEX[answers.sex_at_birth].value
    patient.save(update_fields=["sex"])
    drafts = PhotoSession.objects.filter(patient=patient, status=PhotoSession.Status.DRAFT)
    drafts.update(intake=intake, intake_confirmed_at=now)
    audit.record(
        action="intake.saved",
        now=now,
        actor=actor,
        clinic_id=patient.clinic_id,
        patient_id=patient.pk,
        subject_kind="intake",
        subject_id=intake.pk,
        detail={"version": intake.version, "flags": len(flags)},
    )
    return intake


@transaction.atomic
def confirm_intake(*, actor: Actor, session_id: UUID, now: datetime) -> PhotoSession:
    """Say that the newest answers still hold, for this session. Raises DomainError ``intake_needed``."""
    actor.check(Permission.CAPTURE_SESSION)
    session = locked_draft(actor, session_id)
    newest = selectors.latest_intake(session.patient_id)
    if newest is None:
        raise DomainError("intake_needed", _("Please answer the questions about your health first."))
    session.intake = newest
    session.intake_confirmed_at = now
    session.save(update_fields=["intake", "intake_confirmed_at"])
    audit.record(
        action="intake.confirmed",
        now=now,
        actor=actor,
        clinic_id=session.patient.clinic_id,
        patient_id=session.patient_id,
        subject_kind="intake",
        subject_id=newest.pk,
        detail={"session": str(session.pk)},
    )
    return session
