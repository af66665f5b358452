"""Webhooks: a clinic's own systems are told that something happened, by ids alone (https://www.standardwebhooks.com).

A row per endpoint in the caller's transaction, sent by a worker after commit, signed with HMAC-SHA256 over id, time and
body, tried again with growing pauses. An endpoint that fails for days is switched off, and the administrators are told.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from standardwebhooks import Webhook

from accounts import audit, notify
from accounts.actors import Actor
from accounts.background import enqueue
from accounts.errors import DomainError, Invalid, NotFound
from accounts.outbound import Transport, Unreachable, check_reachable
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from accounts.webhook_models import WebhookDelivery, WebhookEndpoint

MAX_ENDPOINTS: Final = 10
PAUSES: Final = tuple(
    timedelta(**pause)
    for pause in (
        {"seconds": 5}, {"minutes": 5}, {"minutes": 30}, {"hours": 2}, {"hours": 5}, {"hours": 10}, {"hours": 14},
        {"hours": 20}, {"hours": 24},
    )
)  # fmt: skip
HOLD: Final = timedelta(minutes=2)
"""How long a worker that took a delivery may need before another takes it again."""

PATIENCE: Final = timedelta(days=3)
LOG_LIFE: Final = timedelta(days=30)
Status = WebhookDelivery.Status


class Event(StrEnum):
    """What can be told."""

    CASE_SUBMITTED = "case.submitted"
    REPORT_SIGNED = "report.signed"
    RETAKE_REQUESTED = "retake.requested"
    CASE_REJECTED = "case.rejected"
    EXPORT_READY = "export.ready"
    ERASURE_REQUESTED = "erasure.requested"
    ERASURE_EXECUTED = "erasure.executed"


PING: Final = "ping"
EVENT_WORDS: Final[Mapping[Event, Any]] = {
    Event.CASE_SUBMITTED: gettext_lazy("A case was submitted"),
    Event.REPORT_SIGNED: gettext_lazy("A report was signed"),
    Event.RETAKE_REQUESTED: gettext_lazy("New photos were asked for"),
    Event.CASE_REJECTED: gettext_lazy("A case was closed without a report"),
    Event.EXPORT_READY: gettext_lazy("An archive for a patient is ready"),
    Event.ERASURE_REQUESTED: gettext_lazy("A person asked for erasure"),
    Event.ERASURE_EXECUTED: gettext_lazy("A person was erased"),
}


# --- what other rooms call -------------------------------------------------------------------------------------------


def announce(*, clinic_id: UUID, event: Event, ids: Mapping[str, UUID | None], now: datetime) -> None:
    """Queue the event for every endpoint of the clinic that wants it. ``ids`` are all that is told."""
    for endpoint in WebhookEndpoint.objects.filter(clinic_id=clinic_id, off=WebhookEndpoint.Off.NO):
        if event.value in endpoint.events:
            _queue(endpoint, event.value, ids, now)


# --- what administrators do ------------------------------------------------------------------------------------------


@transaction.atomic
def register_endpoint(
    *,
    actor: Actor,
    url: str,
    events: Iterable[Event],
    now: datetime,
    description: str = "",
    transport: Transport | None = None,
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint. Returns it with its secret, which is never shown again. Raises Invalid ``address_refused``."""
    actor.check(Permission.MANAGE_CLINIC)
    wanted = _wanted(events)
    check_reachable(url, (transport or Transport()).resolve)
    if WebhookEndpoint.objects.filter(clinic_id=actor.own_clinic_id).count() >= MAX_ENDPOINTS:
        raise DomainError("too_many_endpoints", _("A clinic has at most ten addresses. Delete one first."))
    secret = _new_secret()
    endpoint = WebhookEndpoint(
        clinic_id=actor.own_clinic_id, url=url.strip(), description=description.strip(), events=wanted, created_at=now
    )
    endpoint.secret = secret
    endpoint.save()
    _audit("webhook.registered", endpoint, actor, now)
    return endpoint, secret


@transaction.atomic
def change_endpoint(
    *, actor: Actor, endpoint_id: UUID, events: Iterable[Event], description: str, now: datetime
) -> WebhookEndpoint:
    """Choose other events or words. The address of an endpoint stays: register another one."""
    endpoint = _own(actor, endpoint_id)
    endpoint.events = _wanted(events)
    endpoint.description = description.strip()
    endpoint.save(update_fields=["events", "description"])
    _audit("webhook.changed", endpoint, actor, now)
    return endpoint


@transaction.atomic
def switch_endpoint(*, actor: Actor, endpoint_id: UUID, on: bool, now: datetime) -> WebhookEndpoint:
    """Switch off, or on again with a clean slate."""
    endpoint = _own(actor, endpoint_id)
    endpoint.off = WebhookEndpoint.Off.NO if on else WebhookEndpoint.Off.BY_HAND
    endpoint.failing_since = None
    endpoint.save(update_fields=["off", "failing_since"])
    _audit("webhook.switched_on" if on else "webhook.switched_off", endpoint, actor, now)
    return endpoint


@transaction.atomic
def renew_secret(*, actor: Actor, endpoint_id: UUID, now: datetime) -> tuple[WebhookEndpoint, str]:
    """A new secret; the old one signs nothing more."""
    endpoint = _own(actor, endpoint_id)
    endpoint.secret = secret = _new_secret()
    endpoint.save(update_fields=["secret"])
    _audit("webhook.secret_renewed", endpoint, actor, now)
    return endpoint, secret


@transaction.atomic
def delete_endpoint(*, actor: Actor, endpoint_id: UUID, now: datetime) -> None:
    """Remove an endpoint with its log."""
    endpoint = _own(actor, endpoint_id)
    _audit("webhook.deleted", endpoint, actor, now)
    endpoint.delete()


@transaction.atomic
def send_ping(*, actor: Actor, endpoint_id: UUID, now: datetime) -> WebhookDelivery:
    """Queue an event that tells nothing, to see whether it arrives."""
    endpoint = _own(actor, endpoint_id)
    if endpoint.off:
        raise DomainError("switched_off", _("This address is switched off. Switch it on first."))
    _audit("webhook.pinged", endpoint, actor, now)
    return _queue(endpoint, PING, {}, now)


def endpoints_of(actor: Actor) -> list[WebhookEndpoint]:
    """The clinic's endpoints, oldest first."""
    actor.check(Permission.MANAGE_CLINIC)
    return list(WebhookEndpoint.objects.visible_to(actor).select_related("clinic"))


def endpoint_for(actor: Actor, endpoint_id: UUID) -> WebhookEndpoint:
    """One endpoint; NotFound outside the clinic."""
    actor.check(Permission.MANAGE_CLINIC)
    found: WebhookEndpoint | None = (
        WebhookEndpoint.objects.visible_to(actor).select_related("clinic").filter(pk=endpoint_id).first()
    )
    if found is None:
        raise NotFound
    return found


def deliveries_of(endpoint: WebhookEndpoint) -> list[WebhookDelivery]:
    """The log, newest first. The caller has checked who asks."""
    return list(endpoint.deliveries.all()[:200])


# --- what workers do -------------------------------------------------------------------------------------------------


def deliver(delivery_id: UUID, *, now: datetime, transport: Transport | None = None) -> bool:
    """Send one delivery if it is due and nobody else has it. Returns whether it arrived."""
    due = WebhookDelivery.objects.filter(
        pk=delivery_id, status=Status.WAITING, next_attempt_at__lte=now, endpoint__off=WebhookEndpoint.Off.NO
    )
    if not due.update(next_attempt_at=now + HOLD, attempts=F("attempts") + 1):
        return False
    row = WebhookDelivery.objects.select_related("endpoint__clinic").get(pk=delivery_id)
    status, error = None, ""
    try:
        status = (transport or Transport()).post(row.endpoint.url, *_message(row, now))
    except Unreachable as refused:
        error = refused.code
    arrived = status is not None and 200 <= status < 300
    if arrived:
        _note_success(row, status, now)
    else:
        _note_failure(row, status, error or "refused", now)
    return arrived


def waiting_ids(*, now: datetime) -> list[UUID]:
    """Deliveries that are due: new ones whose task was lost, and those to be tried again."""
    rows = WebhookDelivery.objects.filter(
        status=Status.WAITING, next_attempt_at__lte=now, endpoint__off=WebhookEndpoint.Off.NO
    )
    return list(rows.order_by("next_attempt_at").values_list("pk", flat=True)[:200])


def forget_old(*, now: datetime) -> int:
    """Delete what the log kept long enough. Returns how many rows."""
    return WebhookDelivery.objects.filter(created_at__lt=now - LOG_LIFE).delete()[0]


def _message(row: WebhookDelivery, now: datetime) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(row.payload, separators=(",", ":"), sort_keys=True)
    identifier = f"msg_{row.pk.hex}"
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Trichora-Webhooks/1",
        "webhook-id": identifier,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(row.endpoint.secret).sign(identifier, now.astimezone(UTC), body),
    }
    return body.encode(), headers


def _note_success(row: WebhookDelivery, status: int | None, now: datetime) -> None:
    WebhookDelivery.objects.filter(pk=row.pk).update(
        status=Status.DELIVERED, last_status_code=status, last_error="", delivered_at=now
    )
    WebhookEndpoint.objects.filter(pk=row.endpoint_id).update(last_success_at=now, failing_since=None)


@transaction.atomic
def _note_failure(row: WebhookDelivery, status: int | None, error: str, now: datetime) -> None:
    again = row.attempts <= len(PAUSES)
    WebhookDelivery.objects.filter(pk=row.pk).update(
        status=Status.WAITING if again else Status.FAILED,
        next_attempt_at=now + PAUSES[row.attempts - 1] if again else now,
        last_status_code=status,
        last_error=error,
    )
    endpoints = WebhookEndpoint.objects.filter(pk=row.endpoint_id)
    endpoints.filter(failing_since=None).update(failing_since=now)
    gone = status == 410  # the receiver says that it wants no more
    failing = endpoints.filter(off=WebhookEndpoint.Off.NO)
    if not (failing if gone else failing.filter(failing_since__lte=now - PATIENCE)).update(
        off=WebhookEndpoint.Off.FAILING
    ):
        return
    audit.record(
        action="webhook.switched_off",
        now=now,
        clinic_id=row.endpoint.clinic_id,
        subject_kind="webhook",
        subject_id=row.endpoint_id,
        detail={"because": "gone" if gone else "failing"},
    )
    notify.notify(
        recipients=[member.user_id for member in staff_of(row.endpoint.clinic_id, (Role.ADMINISTRATOR,))],
        kind=notify.Kind.WEBHOOK_OFF,
        clinic_id=row.endpoint.clinic_id,
        path=reverse("accounts:webhook", args=[row.endpoint_id]),
        dedupe_key=f"webhook-off:{row.endpoint_id}:{now:%Y%m%d%H%M}",
        now=now,
    )


def _queue(endpoint: WebhookEndpoint, event: str, ids: Mapping[str, UUID | None], now: datetime) -> WebhookDelivery:
    told = {name: str(value) for name, value in ids.items() if value is not None}
    row = WebhookDelivery.objects.create(
        endpoint=endpoint,
        event=event,
        payload={"type": event, "timestamp": now.isoformat(), "data": {"clinic": str(endpoint.clinic_id), **told}},
        next_attempt_at=now,
        created_at=now,
    )
    enqueue("accounts.tasks.send_webhook", row.pk)
    return row


def _own(actor: Actor, endpoint_id: UUID) -> WebhookEndpoint:
    actor.check(Permission.MANAGE_CLINIC)
    rows = WebhookEndpoint.objects.visible_to(actor).select_for_update(of=("self",)).select_related("clinic")
    found: WebhookEndpoint | None = rows.filter(pk=endpoint_id).first()
    if found is None:
        raise NotFound
    return found


def _wanted(events: Iterable[Event]) -> list[str]:
    wanted = sorted({event.value for event in events})
    if not wanted:
        raise Invalid("no_events", _("Choose at least one event."))
    return wanted


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _audit(action: str, endpoint: WebhookEndpoint, actor: Actor, now: datetime) -> None:
    audit.record(action=action, now=now, actor=actor, subject_kind="webhook", subject_id=endpoint.pk)
