"""The guide for patients, and its approval."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import CLINICIANS, roles, signed_in
from accounts.errors import DomainError, NotAllowed
from accounts.requests import actor_of
from accounts.roles import Role
from care import selectors, services
from care.forms import AdditionForm
from care.presenters import guide as shown

staff = roles(*CLINICIANS, Role.ADMINISTRATOR)
team = roles(*CLINICIANS)


@require_GET
@signed_in
def index(request: HttpRequest) -> HttpResponse:
    """What there is to read."""
    return render(request, "care/guide/index.html", {"contents": shown.contents(None, None)})


@require_GET
@signed_in
def page(request: HttpRequest, page: str) -> HttpResponse:
    """One page."""
    found = shown.guide_page(actor_of(request), selectors.parse_page(page), _clinic_id(request))
    return render(request, "care/guide/page.html", {"page": found})


@require_GET
@staff
def manage(request: HttpRequest) -> HttpResponse:
    """Which pages are approved, and what waits."""
    return render(request, "care/guide/manage.html", {"pages": shown.managed_pages(actor_of(request))})


@require_http_methods(["GET", "POST"])
@staff
def edit(request: HttpRequest, page: str) -> HttpResponse:
    """One page as it would be approved, and the clinic's own words."""
    actor, wanted = actor_of(request), selectors.parse_page(page)
    found = shown.managed_page(actor, wanted)
    form = AdditionForm(request.POST or None, initial={"text": found.addition})
    if request.method == "POST" and form.is_valid():
        services.save_addition(actor=actor, page=wanted, text=form.cleaned_data["text"], now=timezone.now())
        messages.success(request, _("Saved. Patients read it once a clinician has approved it."))
        return redirect("care:guide_edit", page)
    context = {"page": found, "form": form, "versions": selectors.guide_versions(actor, wanted)}
    return render(request, "care/guide/edit.html", context, status=422 if form.errors else 200)


@require_POST
@team
def approve(request: HttpRequest, page: str) -> HttpResponse:
    """Approve what was read."""
    wanted = selectors.parse_page(page)
    digest = request.POST.get("digest", "")
    try:
        version = services.approve_page(actor=actor_of(request), page=wanted, digest=digest, now=timezone.now())
    except NotAllowed:
        raise
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("Version %(n)s is approved. Patients read it from now on.") % {"n": version.number})
    return redirect("care:guide_edit", page)


def _clinic_id(request: HttpRequest) -> UUID | None:
    try:
        found: UUID = forms.UUIDField().clean(request.GET.get("clinic", ""))
    except forms.ValidationError:
        return None
    return found
