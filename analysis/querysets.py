"""Scope of analyses and findings. A patient sees progress only: never findings or derived pictures (G8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from patients.querysets import patient_scope

if TYPE_CHECKING:
    from accounts.actors import Actor


class AnalysisQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> AnalysisQuerySet:
        return self.filter(patient_scope(actor, "session__patient__"))


class FindingQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> FindingQuerySet:
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(patient_scope(actor, "analysis__session__patient__"))


class DerivedImageQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> DerivedImageQuerySet:
        """Clinicians only; what a signed report shows a patient is served by the report itself."""
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(patient_scope(actor, "photo_result__photo__session__patient__"))


class ComparisonQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> ComparisonQuerySet:
        """Clinicians only; what a patient may see of a comparison is served by ``reports``, from signed sessions."""
        if not actor.role.is_clinician:
            return self.none()
        return self.filter(patient_scope(actor, "photo_now__session__patient__"))
