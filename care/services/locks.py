"""Rows taken for a change: in the actor's scope, and locked. Always in the order patient, schedule, consultation."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import DomainError, NotFound
from care.models import Consultation, Schedule, Thread
from patients.models import Patient


def locked_thread(actor: Actor, thread_id: UUID) -> Thread:
    """The thread, locked until the transaction ends; NotFound outside the actor's scope."""
    rows = Thread.objects.visible_to(actor).select_related("patient", "patient__clinic", "assigned_to")
    thread: Thread | None = rows.select_for_update(of=("self",)).filter(pk=thread_id).first()
    if thread is None:
        raise NotFound
    return thread


def locked_patient(patient_id: UUID) -> Patient:
    """The patient's row: two bookings of one patient wait for each other. The caller has checked the scope."""
    patient: Patient = Patient.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=patient_id)
    return patient


def locked_schedule(membership_id: UUID) -> Schedule:
    """The row under which a clinician's time is given out; DomainError ``no_hours`` when they have none."""
    rows = Schedule.objects.select_for_update(of=("self",)).select_related("membership", "membership__clinic")
    schedule = rows.filter(pk=membership_id).first()
    if schedule is None:
        raise DomainError("no_hours", _("This clinician has no hours yet. Choose somebody else."))
    return schedule


def locked_consultation(actor: Actor, consultation_id: UUID) -> Consultation:
    """The consultation, locked; NotFound outside the actor's scope."""
    rows = Consultation.objects.visible_to(actor).select_related("patient", "clinic", "kind", "membership")
    found: Consultation | None = rows.select_for_update(of=("self",)).filter(pk=consultation_id).first()
    if found is None:
        raise NotFound
    return found
