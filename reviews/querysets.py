"""Scope of reviews and plans: clinicians of the clinic. A patient meets them only inside a signed report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

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
