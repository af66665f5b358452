"""The audit events of this room, and who is told by e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts import audit
from accounts.actors import Actor
from accounts.decorators import CLINICIANS
from accounts.selectors import staff_of
from patients.models import Patient


def note(
    patient: Patient,
    action: str,
    now: datetime,
    actor: Actor | None,
    *,
    kind: str,
    subject_id: UUID,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """One event about a patient: opaque ids, counts and codes only."""
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=patient.clinic_id,
        patient_id=patient.pk,
        subject_kind=kind,
        subject_id=subject_id,
        detail=detail,
    )


def clinicians_of(clinic_id: UUID) -> list[UUID]:
    """The users of a clinic's clinicians."""
    return [row.user_id for row in staff_of(clinic_id, CLINICIANS)]
