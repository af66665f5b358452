"""Gives each request its actor, asks staff for a second factor, and turns expected errors into answers."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.errors import DomainError, TooMany
from accounts.requests import resolve_actor
from accounts.standing import standing_of
from accounts.zones import zone_of_page

log = logging.getLogger(__name__)
FOR_MACHINES: Final = ("/api/", "/fhir/")
"""Addresses whose times are in UTC, whoever asks."""

GetResponse = Callable[[HttpRequest], HttpResponse]


class ActorMiddleware:
    """``request.actor`` for signed-in people. Where a second factor is required, staff without one set it up first."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = None  # type: ignore[attr-defined]
        zone = None
        if request.user.is_authenticated:
            user = request.user
            actor = resolve_actor(user)
            request.actor = actor  # type: ignore[attr-defined]
            if user.language:
                translation.activate(user.language)
                request.LANGUAGE_CODE = user.language
            if not request.path.startswith(FOR_MACHINES):
                zone = zone_of_page(request, user)
            if (
                settings.STAFF_MFA_REQUIRED
                and actor.role.is_staff
                and not request.path.startswith(("/accounts/", settings.STATIC_URL))
                and not standing_of(user).second_factor
            ):
                if request.path.startswith(FOR_MACHINES):
                    return error_envelope("second_factor_needed", _("Set up a second factor in the portal first."), 403)
                return HttpResponseRedirect(reverse("mfa_index"))
        with timezone.override(zone):
            response = self.get_response(request)
        if request.actor is not None and not response.has_header("Cache-Control"):  # type: ignore[attr-defined]
            response["Cache-Control"] = "private, no-store"  # what a signed-in person sees is nobody else's
        return response


def error_envelope(code: str, message: str, status: int) -> JsonResponse:
    """The one shape of an API error."""
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)


def unexpected(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """A failure nobody foresaw: under the API its envelope, logged by its kind alone; elsewhere the page of errors."""
    if not request.path.startswith("/api/") or isinstance(error, Http404 | PermissionDenied | SuspiciousOperation):
        return None
    log_unexpected("an API request failed", error)
    message = _("This did not work, and it is not your fault. Try again, or tell the operator of the portal.")
    return error_envelope("unexpected", message, 500)


def log_unexpected(what: str, error: Exception) -> None:
    """One line with the error's kind and place; its own words may hold what somebody typed."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
    log.error("%s at %s", what, place, extra={"code": type(error).__name__})


def with_retry(response: HttpResponse, error: DomainError) -> HttpResponse:
    """The answer, with the time after which it is worth asking again."""
    if isinstance(error, TooMany):
        response["Retry-After"] = str(error.retry_after_s)
    return response


def form_before(request: HttpRequest) -> str:
    """The page of this portal whose form was refused, as the browser names it; empty for a page that was only read."""
    before = request.headers.get("Referer", "")
    mine = url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure())
    return before if request.method == "POST" and mine else ""


class DomainErrorMiddleware:
    """Expected errors become the API's envelope, an htmx fragment, or a page in the portal's manner."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return unexpected(request, error)
        accepts = request.headers.get("Accept", "")
        if request.path.startswith("/api/") or accepts.startswith("application/json"):
            return with_retry(error_envelope(error.code, str(error.message), error.status), error)
        template = "accounts/_error.html" if request.headers.get("HX-Request") else "accounts/error.html"
        context = {"error": error, "back": form_before(request)}
        return with_retry(render(request, template, context, status=error.status), error)
