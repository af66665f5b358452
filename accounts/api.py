"""What every API module uses: the actor behind a request, the one error envelope, and lists in pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback
from rest_framework.views import exception_handler as default_handler

from accounts.actors import Actor
from accounts.errors import DomainError, NotFound, TooMany
from accounts.requests import actor_of

T = TypeVar("T")


def api_actor(request: Request) -> Actor:
    """The actor behind an API request."""
    return actor_of(request._request)


# --- errors ----------------------------------------------------------------------------------------------------------


class ErrorBody(serializers.Serializer[Any]):
    """``code`` is stable, for machines; ``message`` is for a person and says what to do."""

    code = serializers.CharField()
    message = serializers.CharField()
    by_field = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="for code invalid: what is wrong, per field of the request",
    )


class ErrorOut(serializers.Serializer[Any]):
    """Every expected failure, whatever its status."""

    error = ErrorBody()


_FAILURES = {
    400: "The request cannot be read: by_field says which field is wrong.",
    403: "Not signed in, no CSRF token, or not for this role.",
    404: "Does not exist, or is not yours to see.",
    409: "The thing is not in a state for this: the message says what to do.",
    422: "Understood, and refused by a rule: the message says which.",
    429: "Too many attempts: wait.",
}


def failures(*statuses: int) -> dict[Any, OpenApiResponse]:
    """The failures of an operation for its schema: 403 always, and ``statuses``."""
    return {status: OpenApiResponse(ErrorOut, description=_FAILURES[status]) for status in sorted({403, *statuses})}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """``{"error": {"code", "message"}}`` for every expected failure; ``by_field`` where fields are wrong."""
    if isinstance(error, DomainError):
        set_rollback()
        wait = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else {}
        body = {"error": {"code": error.code, "message": str(error.message)}}
        return Response(body, status=error.status, headers=wait)
    response = default_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        by_field = dict(_flat(error.detail))
        words = "; ".join(f"{name}: {' '.join(texts)}" if name else " ".join(texts) for name, texts in by_field.items())
        response.data = {"error": {"code": "invalid", "message": words, "by_field": by_field}}
        return response
    codes = error.get_codes() if isinstance(error, APIException) else ""
    code = codes if isinstance(codes, str) and codes else {404: "not_found"}.get(response.status_code, "not_allowed")
    response.data = {"error": {"code": code, "message": str(response.data["detail"])}}
    return response


def _flat(detail: Any, name: str = "") -> Iterator[tuple[str, list[str]]]:
    """Sentences per field; a field within a field is named ``outer.inner``."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            inner_name = "" if key == "non_field_errors" else str(key)
            yield from _flat(inner, ".".join(part for part in (name, inner_name) if part))
    elif isinstance(detail, list) and any(isinstance(item, dict) for item in detail):
        for position, item in enumerate(detail):
            yield from _flat(item, f"{name}.{position}")
    else:
        yield name, [str(item) for item in detail] if isinstance(detail, list) else [str(detail)]


class NoSuchAddress(APIView):
    """Every address under the API that does not exist."""

    @extend_schema(exclude=True)
    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(*args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound(_("There is nothing at this address. The schema lists what there is."))


# --- lists -----------------------------------------------------------------------------------------------------------

PAGE_PARAMETERS = [
    OpenApiParameter("limit", int, description="How many at once: 1 to 200, 50 when absent."),
    OpenApiParameter("offset", int, description="How many to leave out."),
]


class _Limits(LimitOffsetPagination):
    default_limit = 50
    max_limit = 200


def limit_of(request: Request) -> int:
    """How many rows a request asks for at once."""
    return _Limits().get_limit(request) or _Limits.default_limit


class Page(Generic[T]):
    """The part of a list that a request asks for. ``rows`` are what is shown: what a read is audited with."""

    def __init__(self, request: Request, rows: Sequence[T] | QuerySet[Any, T]) -> None:
        self._limits = _Limits()
        self.rows: list[T] = list(self._limits.paginate_queryset(rows, request) or ())

    def answer(self, shape: type[serializers.Serializer[Any]]) -> Response:
        """``count``, the addresses of the next and previous page, and ``results``."""
        return self._limits.get_paginated_response(shape(self.rows, many=True).data)


def page_of(shape: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """The schema of a page of ``shape``."""
    return inline_serializer(
        f"{shape.__name__.removesuffix('Out')}Page",
        {
            "count": serializers.IntegerField(),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": shape(many=True),
        },
    )
