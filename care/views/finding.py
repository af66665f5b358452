"""Looking a patient up. What is looked for is posted, so that no name stands in an address or in a server's log."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.decorators import CLINICIANS, roles
from accounts.requests import actor_of
from accounts.selectors import clinic_of
from care import services
from care.presenters.finding import found_patients


@require_http_methods(["GET", "POST"])
@roles(*CLINICIANS)
def find(request: HttpRequest) -> HttpResponse:
    """The form, and whom it found with what can be done for them."""
    actor, text = actor_of(request), request.POST.get("q", "").strip()[:200]
    found = services.find_patients(actor=actor, text=text, now=timezone.now()) if text else []
    context = {"q": text, "found": found_patients(actor, found, clinic_of(actor).day_of(timezone.now()))}
    return render(request, "care/find.html", context)
