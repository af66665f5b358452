"""How much photographs vary by themselves: for clinicians and administrators, without patients."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.decorators import CLINICIANS, roles
from accounts.requests import actor_of
from accounts.roles import Role
from reviews.noise_page import noise_page


@require_GET
@roles(*CLINICIANS, Role.ADMINISTRATOR)
def noise(request: HttpRequest) -> HttpResponse:
    """Figures of one view; view and camera stand in the address."""
    asked = request.GET
    page = noise_page(actor_of(request), asked.get("view", ""), asked.get("camera", ""))
    return render(request, "reviews/noise.html", {"page": page})
