"""What every API module uses: the actor behind a request, and the one error envelope."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler
from rest_framework.views import set_rollback

from accounts.actors import Actor
from accounts.errors import DomainError
from accounts.requests import actor_of


def api_actor(request: Request) -> Actor:
    """The actor behind an API request."""
    return actor_of(request._request)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """``{"error": {"code", "message"}}`` for every expected failure."""
    if isinstance(error, DomainError):
        set_rollback()
        return Response({"error": {"code": error.code, "message": str(error.message)}}, status=error.status)
    response = default_handler(error, context)
    if response is not None:
        code = error.default_code if isinstance(error, APIException) else "not_found"
        detail = response.data
        message = detail.get("detail", detail) if isinstance(detail, dict) else detail
        response.data = {
            "error": {"code": str(code), "message": message if isinstance(message, (dict, list)) else str(message)}
        }
    return response
