"""Pages about the clinic's trichoscopes, for administrators; the list stands on the clinic's page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import trichoscopes
from accounts.decorators import roles
from accounts.errors import DomainError
from accounts.forms import TrichoscopeForm
from accounts.models import Trichoscope
from accounts.requests import actor_of
from accounts.roles import Role

administrators = roles(Role.ADMINISTRATOR)

FIELD_OF = {"scale_and_width": "width_px", "name_taken": "name", "width_taken": "width_px"}
"""Where on the form a refusal stands."""


@require_http_methods(["GET", "POST"])
@administrators
def trichoscope_new(request: HttpRequest) -> HttpResponse:
    """Add one."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@administrators
def trichoscope(request: HttpRequest, trichoscope_id: UUID) -> HttpResponse:
    """Its details."""
    return _form(request, trichoscopes.trichoscope_for(actor_of(request), trichoscope_id))


@require_POST
@administrators
def trichoscope_remove(request: HttpRequest, trichoscope_id: UUID) -> HttpResponse:
    """Forget one."""
    trichoscopes.remove_trichoscope(actor=actor_of(request), trichoscope_id=trichoscope_id, now=timezone.now())
    messages.success(request, _("Removed. Photographs keep the scale that they got from it."))
    return redirect("accounts:clinic")


def _form(request: HttpRequest, current: Trichoscope | None) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    form = TrichoscopeForm(request.POST or None, initial=model_to_dict(current) if current else None)
    if request.method == "POST" and form.is_valid():
        try:
            if current is None:
                trichoscopes.add_trichoscope(actor=actor, details=form.details(), now=now)
            else:
                trichoscopes.change_trichoscope(actor=actor, trichoscope_id=current.pk, details=form.details(), now=now)
        except DomainError as refused:
            form.add_error(FIELD_OF.get(refused.code), refused.message)
        else:
            messages.success(request, _("Saved. It holds for photographs added from now on."))
            return redirect("accounts:clinic")
    page = {"form": form, "trichoscope": current, "list_url": reverse("accounts:clinic") + "#trichoscopes"}
    return render(request, "accounts/trichoscope.html", page, status=422 if form.errors else 200)
