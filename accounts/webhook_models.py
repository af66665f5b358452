"""Addresses that a clinic wants told about events, and what was told. Ids only: nothing here names a person."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.utils.timezone import now as current_time
from django.utils.translation import gettext_lazy as _

from accounts.querysets import WebhookQuerySet
from vault.fields import SealedTextField

if TYPE_CHECKING:
    from uuid import UUID


class WebhookEndpoint(models.Model):
    """An https address of the clinic's own systems. Its secret is sealed, and was shown once."""

    class Off(models.TextChoices):
        NO = "", _("In use")
        BY_HAND = "by_hand", _("Switched off")
        FAILING = "failing", _("Switched off after failing for days")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey("accounts.Clinic", on_delete=models.PROTECT, related_name="webhooks")
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=120, blank=True)
    events = models.JSONField(default=list)  # accounts.webhooks.Event values
    secret = SealedTextField()
    off = models.CharField(max_length=10, choices=Off.choices, default=Off.NO, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=current_time)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]

    @property
    def sealing_key_id(self) -> UUID:
        return self.clinic.record_key_id


class WebhookDelivery(models.Model):
    """One event for one endpoint: the outbox, and after it was sent the log. Its id is the message's."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Given up")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    payload = models.JSONField()  # type, timestamp and ids
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=current_time)
    last_status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=current_time)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "next_attempt_at"])]
