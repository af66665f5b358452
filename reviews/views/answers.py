"""How this room answers htmx: a refused act says why in a message and leaves the page as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.errors import DomainError, Invalid

View = Callable[..., HttpResponseBase]
F = TypeVar("F", bound=forms.Form)


def says_why(view: View) -> View:
    """For htmx requests an expected error becomes a message of the page; others get the error page as everywhere."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except DomainError as error:
            if not request.headers.get("HX-Request"):
                raise
            return with_message(HttpResponse(status=error.status), error.message, tone="danger")

    return guarded


def with_message(response: HttpResponse, text: str, *, tone: str = "success") -> HttpResponse:
    """Let the page show a message beside the fragment."""
    response["HX-Trigger"] = json.dumps({"trichora:message": {"text": str(text), "tone": tone}})
    return response


def valid(form: F) -> F:
    """The form, when it holds; Invalid with its first sentence otherwise."""
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        label = form.fields[field].label if field in form.fields else ""
        raise Invalid("invalid_form", f"{label}: {errors[0]}" if label else str(errors[0]))
    return form
