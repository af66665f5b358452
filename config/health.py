"""Health: ``/healthz`` says that the process answers, ``/readyz`` that it can serve (both databases, the vault).

``/readyz`` also watches the workers: with analyses waiting and nobody taking them it says ``degraded``, still with 200,
because pages work and a load balancer that took the web process out would help nobody.
"""

from __future__ import annotations

from django.db import DatabaseError, connections
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from analysis.services import stalled_since
from vault.errors import VaultError
from vault.master import keyring


@require_GET
@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_GET
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Both databases answer and the vault has a master key, 503 otherwise; and the workers take what waits."""
    parts: dict[str, str] = {}
    for alias in ("default", "keys"):
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT 1")
            parts[alias] = "ok"
        except DatabaseError:
            parts[alias] = "unreachable"
    try:
        keyring()
        parts["vault"] = "ok"
    except VaultError:
        parts["vault"] = "no master key"
    if not all(state == "ok" for state in parts.values()):
        return JsonResponse({"status": "unavailable", "parts": parts}, status=503)
    waiting = stalled_since(now=timezone.now())
    parts["analysis"] = "ok" if waiting is None else "waiting cases are not taken"
    return JsonResponse({"status": "ok" if waiting is None else "degraded", "parts": parts})
