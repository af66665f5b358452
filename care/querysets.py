"""Scope of threads, messages, attachments and consultations: one rule, the patient's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from accounts.roles import Role
from patients.querysets import patient_scope

if TYPE_CHECKING:
    from accounts.actors import Actor


class ThreadQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> ThreadQuerySet:
        return self.filter(patient_scope(actor, "patient__"))


class MessageQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> MessageQuerySet:
        """The patient's side never sees what the team notes among themselves."""
        scoped = self.filter(patient_scope(actor, "thread__patient__"))
        return scoped.filter(internal=False) if actor.role is Role.PATIENT else scoped


class AttachmentQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> AttachmentQuerySet:
        scoped = self.filter(patient_scope(actor, "message__thread__patient__"))
        return scoped.filter(message__internal=False) if actor.role is Role.PATIENT else scoped


class CapturePlanQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> CapturePlanQuerySet:
        return self.filter(patient_scope(actor, "patient__"))


class ConsultationQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> ConsultationQuerySet:
        return self.filter(patient_scope(actor, "patient__"))
