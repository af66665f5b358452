"""The administrator's page about signatures: which certificate signs, and which reports wait for their PDF."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import roles
from accounts.requests import actor_of
from accounts.roles import Role
from reports import services, signing_page


@roles(Role.ADMINISTRATOR)
@require_GET
def signing(request: HttpRequest) -> HttpResponse:
    """The clinic's certificate, and the reports that have no PDF."""
    page = signing_page.signing_page(actor_of(request), now=timezone.now())
    return render(request, "reports/signing.html", {"page": page})


@roles(Role.ADMINISTRATOR)
@require_POST
def signing_retry(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Try one PDF again."""
    services.retry_pdf(actor=actor_of(request), report_id=report_id, now=timezone.now())
    messages.success(request, _("The PDF is being made again. It takes a few seconds."))
    return redirect("reports:signing")
