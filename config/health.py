"""Health: ``/healthz`` says that the process answers, ``/readyz`` that it can serve (both databases, the vault)."""

from __future__ import annotations

from django.db import DatabaseError, connections
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

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
    """Both databases answer and the vault has a master key; 503 otherwise, naming the part."""
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
    healthy = all(state == "ok" for state in parts.values())
    return JsonResponse({"status": "ok" if healthy else "unavailable", "parts": parts}, status=200 if healthy else 503)
