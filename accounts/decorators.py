"""Who may reach a view at all. What they may do there is decided by the services."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import cache_control

from accounts.errors import NotAllowed
from accounts.requests import actor_of
from accounts.roles import Role

View = Callable[..., HttpResponseBase]
CLINICIANS = (Role.DERMATOLOGIST, Role.TRICHOLOGIST)


def signed_in(view: View) -> View:
    """A signed-in person; the answer is private and never stored by a browser or proxy."""
    return cache_control(private=True, no_store=True)(login_required(view))


def roles(*allowed: Role) -> Callable[[View], View]:
    """A signed-in person in one of these roles, else 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if actor_of(request).role not in allowed:
                raise NotAllowed("This page is not for your role.")
            return view(request, *args, **kwargs)

        return signed_in(guarded)

    return decorate
