"""Gives each request its actor, asks staff for a second factor, and turns expected errors into answers."""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.errors import DomainError
from accounts.requests import resolve_actor

GetResponse = Callable[[HttpRequest], HttpResponse]


class ActorMiddleware:
    """``request.actor`` for signed-in people. Where a second factor is required, staff without one set it up first."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = None  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            user = request.user
            actor = resolve_actor(user)
            request.actor = actor  # type: ignore[attr-defined]
            if (
                settings.STAFF_MFA_REQUIRED
                and actor.role.is_staff
                and not request.path.startswith(("/accounts/", settings.STATIC_URL))
                and not is_mfa_enabled(user)
            ):
                if request.path.startswith("/api/"):
                    return error_envelope("second_factor_needed", _("Set up a second factor in the portal first."), 403)
                return HttpResponseRedirect(reverse("mfa_index"))
        response = self.get_response(request)
        if request.actor is not None and not response.has_header("Cache-Control"):  # type: ignore[attr-defined]
            response["Cache-Control"] = "private, no-store"  # what a signed-in person sees is nobody else's
        return response


def error_envelope(code: str, message: str, status: int) -> JsonResponse:
    """The one shape of an API error."""
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)


class DomainErrorMiddleware:
    """Expected errors become the API's envelope, an htmx fragment, or a page in the portal's manner."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        accepts = request.headers.get("Accept", "")
        if request.path.startswith("/api/") or accepts.startswith("application/json"):
            return error_envelope(error.code, str(error.message), error.status)
        template = "accounts/_error.html" if request.headers.get("HX-Request") else "accounts/error.html"
        return render(request, template, {"error": error}, status=error.status)
