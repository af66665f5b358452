"""What workers call: take an id, make one call. Schedules are made by ``config.schedules``."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from accounts import audit, notify, webhooks
from accounts.background import enqueue
from accounts.models import Clinic, Notification


def send_notification(notification_id: str) -> None:
    """Deliver one e-mail unless it was delivered."""
    notify.deliver(UUID(notification_id), now=timezone.now())


def send_waiting(_: str = "") -> None:
    """Sweep: e-mails that were refused, or whose task was lost."""
    waiting = Notification.objects.filter(sent_at=None, attempts__lt=notify.MAX_ATTEMPTS).values_list("pk", flat=True)[
        :200
    ]
    for notification_id in list(waiting):
        notify.deliver(notification_id, now=timezone.now())


def send_webhook(delivery_id: str) -> None:
    """Deliver one message unless it was delivered or is not due."""
    webhooks.deliver(UUID(delivery_id), now=timezone.now())


def sweep_webhooks(_: str = "") -> None:
    """Hand out what is due again, and forget what the log kept long enough."""
    now = timezone.now()
    for delivery_id in webhooks.waiting_ids(now=now):
        enqueue("accounts.tasks.send_webhook", delivery_id)
    webhooks.forget_old(now=now)


def seal_audit(_: str = "") -> None:
    """Chain the committed audit rows of every clinic."""
    for clinic_id in Clinic.objects.values_list("pk", flat=True):
        while audit.seal_clinic(clinic_id) == audit.SEAL_BATCH:
            pass
