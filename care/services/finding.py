"""A clinician looks a patient up, to write to them or to book for them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actors import Actor
from accounts.roles import Permission
from care.services.noting import note
from patients import selectors as patients
from patients.models import Patient


@transaction.atomic
def find_patients(*, actor: Actor, text: str, now: datetime) -> list[Patient]:
    """Patients of the clinic by full name, family name or record number; each one shown is an event."""
    actor.check(Permission.ANSWER_MESSAGES)
    found = patients.find_patients(actor, text)[:20]
    for patient in found:
        note(patient, "patient.searched", now, actor, kind="patient", subject_id=patient.pk)
    return found
