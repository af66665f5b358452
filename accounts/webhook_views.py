"""Pages about webhooks, for administrators: the clinic's addresses, what each is told, and whether it arrived."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import webhooks
from accounts.decorators import roles
from accounts.errors import DomainError
from accounts.requests import actor_of
from accounts.roles import Role
from accounts.webhook_forms import EndpointForm, EventsForm
from accounts.webhook_models import WebhookEndpoint

administrators = roles(Role.ADMINISTRATOR)


@require_http_methods(["GET", "POST"])
@administrators
def webhook_list(request: HttpRequest) -> HttpResponse:
    """The addresses; a new one shows its secret once."""
    actor = actor_of(request)
    form = EndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            endpoint, secret = webhooks.register_endpoint(
                actor=actor,
                url=data["url"],
                events=form.wanted(),
                description=data["description"],
                now=timezone.now(),
            )
        except DomainError as error:
            form.add_error("url", error.message)
        else:
            return _one(request, endpoint, secret=secret)
    page = {"endpoints": webhooks.endpoints_of(actor), "form": form}
    return render(request, "accounts/webhooks.html", page, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@administrators
def webhook(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """One address: its events and its log."""
    actor = actor_of(request)
    endpoint = webhooks.endpoint_for(actor, endpoint_id)
    form = EventsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        webhooks.change_endpoint(
            actor=actor,
            endpoint_id=endpoint_id,
            events=form.wanted(),
            description=form.cleaned_data["description"],
            now=timezone.now(),
        )
        messages.success(request, _("Saved."))
        return redirect("accounts:webhook", endpoint_id=endpoint_id)
    return _one(request, endpoint, form=form if form.is_bound else None)


@require_POST
@administrators
def webhook_switch(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """On or off."""
    webhooks.switch_endpoint(
        actor=actor_of(request), endpoint_id=endpoint_id, on=request.POST.get("on") == "on", now=timezone.now()
    )
    return redirect("accounts:webhook", endpoint_id=endpoint_id)


@require_POST
@administrators
def webhook_secret(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """A new secret, shown once."""
    endpoint, secret = webhooks.renew_secret(actor=actor_of(request), endpoint_id=endpoint_id, now=timezone.now())
    return _one(request, endpoint, secret=secret)


@require_POST
@administrators
def webhook_ping(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Send an event that tells nothing."""
    webhooks.send_ping(actor=actor_of(request), endpoint_id=endpoint_id, now=timezone.now())
    messages.success(request, _("A test is on its way. Reload the page in a few seconds to see whether it arrived."))
    return redirect("accounts:webhook", endpoint_id=endpoint_id)


@require_POST
@administrators
def webhook_delete(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Remove the address."""
    webhooks.delete_endpoint(actor=actor_of(request), endpoint_id=endpoint_id, now=timezone.now())
    messages.success(request, _("The address was removed. Nothing more is sent to it."))
    return redirect("accounts:webhooks")


def _one(
    request: HttpRequest, endpoint: WebhookEndpoint, *, secret: str = "", form: EventsForm | None = None
) -> HttpResponse:
    shown = form or EventsForm(initial={"events": endpoint.events, "description": endpoint.description})
    page = {
        "endpoint": endpoint,
        "secret": secret,
        "form": shown,
        "deliveries": webhooks.deliveries_of(endpoint),
    }
    return render(request, "accounts/webhook.html", page, status=422 if form and form.errors else 200)
