"""Scope of reports, exports and erasure requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from accounts.roles import Role
from patients.querysets import patient_scope

if TYPE_CHECKING:
    from accounts.actors import Actor


class ReportQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> ReportQuerySet:
        return self.filter(patient_scope(actor, "patient__"))


class ReportResourceQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> ReportResourceQuerySet:
        return self.filter(patient_scope(actor, "report__patient__"))


class ProgressDocumentQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> ProgressDocumentQuerySet:
        return self.filter(patient_scope(actor, "patient__"))


class ExportRequestQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> ExportRequestQuerySet:
        """The patient's side only: staff do not fetch a patient's archive."""
        if actor.role is not Role.PATIENT:
            return self.none()
        return self.filter(patient_scope(actor, "patient__"))


class ErasureRequestQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> ErasureRequestQuerySet:
        """The patient's own, or an administrator's clinic's."""
        if actor.role is Role.ADMINISTRATOR:
            return self.filter(clinic_id=actor.clinic_id)
        if actor.role is Role.PATIENT:
            return self.filter(patient_scope(actor, "patient__"))
        return self.none()
