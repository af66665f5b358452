"""Scope of reviews and plans: clinicians of the clinic. A patient meets them only inside a signed report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from accounts.roles import Role
from patients.querysets import patient_scope

if TYPE_CHECKING:
    from accounts.actors import Actor


class ReviewQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> ReviewQuerySet:
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(patient_scope(actor, "session__patient__"))


class PlanQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> PlanQuerySet:
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(patient_scope(actor, "review__session__patient__"))


class CaseReadingQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> CaseReadingQuerySet:
        """Clinicians: their clinic's. Administrators too, who see how far a reading is and whose, never the patient."""
        if actor.role is Role.ADMINISTRATOR:
            return self.filter(clinic_id=actor.clinic_id, session__patient__erased_at=None)
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(patient_scope(actor, "session__patient__"))


class OpinionQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> OpinionQuerySet:
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(patient_scope(actor, "session__patient__"))

    def asked_of(self, actor: Actor) -> OpinionQuerySet:
        """Open questions that this clinician may answer: theirs by name, or asked of any dermatologist."""
        rows = self.visible_to(actor).filter(answered_at=None, withdrawn_at=None)
        named = Q(asked_of_id=actor.membership_id)
        if actor.role is Role.DERMATOLOGIST:
            named |= Q(asked_of=None)
        return rows.filter(named).exclude(asked_by_id=actor.membership_id)
