"""Scope of what surrounds reviews: handovers, saved views, templates, versions of plans, tasks and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from patients.querysets import patient_scope

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.actors import Actor


class HandoverQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> HandoverQuerySet:
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(patient_scope(actor, "session__patient__"))

    def standing(self, now: datetime) -> HandoverQuerySet:
        """Offers that hold their case now."""
        return self.filter(status="offered", until__gt=now)


class ClinicQuerySet(models.QuerySet[Any]):
    """Things of a clinic that hang on no patient."""

    def visible_to(self, actor: Actor) -> ClinicQuerySet:
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(clinic_id=actor.clinic_id)


class SavedViewQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> SavedViewQuerySet:
        """One's own, and those that colleagues of the clinic share."""
        if not actor.role.is_clinician:
            return self.none()
        mine_or_shared = Q(owner_id=actor.membership_id) | Q(shared=True, owner__ended_at=None)
        return self.filter(mine_or_shared, clinic_id=actor.clinic_id)


class PlanVersionQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> PlanVersionQuerySet:
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(patient_scope(actor, "plan__review__session__patient__"))


class PatientRowQuerySet(models.QuerySet[Any]):
    """Rows that a patient and the clinic's clinicians both see."""

    def visible_to(self, actor: Actor) -> PatientRowQuerySet:
        return self.filter(patient_scope(actor, "patient__"))
