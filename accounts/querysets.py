"""The scope rule for the rows of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from accounts.roles import Role

if TYPE_CHECKING:
    from accounts.actors import Actor


class ClinicQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> ClinicQuerySet:
        """Staff see their own clinic; a patient sees none through this door."""
        return self.filter(pk=actor.clinic_id) if actor.clinic_id else self.none()


class MembershipQuerySet(models.QuerySet[Any]):
    def active(self) -> MembershipQuerySet:
        return self.filter(ended_at=None, user__is_active=True)

    def visible_to(self, actor: Actor) -> MembershipQuerySet:
        """Staff see the memberships of their own clinic."""
        return self.filter(clinic_id=actor.clinic_id) if actor.clinic_id else self.none()


class TrichoscopeQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> TrichoscopeQuerySet:
        """Staff see their clinic's."""
        return self.filter(clinic_id=actor.clinic_id) if actor.clinic_id else self.none()


class WebhookQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> WebhookQuerySet:
        """Administrators see their clinic's."""
        if actor.role is not Role.ADMINISTRATOR:
            return self.none()
        return self.filter(clinic_id=actor.clinic_id)


class AuditEventQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> AuditEventQuerySet:
        """Administrators see their clinic's events. Patients read theirs through ``patients.selectors``."""
        if actor.role is not Role.ADMINISTRATOR:
            return self.none()
        return self.filter(clinic_id=actor.clinic_id)
