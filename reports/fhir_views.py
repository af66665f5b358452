"""FHIR R4, read only: the portal's records for other systems, with the same permissions and the same audit.

Errors are OperationOutcomes. Searches know ``patient``, ``_id``, ``_lastUpdated`` and ``_count``; what they do not know
is refused, so that no filter is believed to work that does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback
from rest_framework.views import exception_handler as default_handler

from accounts.api import api_actor
from accounts.errors import DomainError, NotFound, TooMany
from accounts.middleware import log_unexpected
from reports import services

MAX_COUNT: Final = 200
_ISSUES: Final[Mapping[int, str]] = {
    400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported", 409: "conflict",
    422: "processing", 429: "throttled", 500: "exception",
}  # fmt: skip


class FhirRenderer(JSONRenderer):
    """JSON as FHIR names it."""

    media_type = "application/fhir+json"
    format = "fhir"


class PlainJsonRenderer(FhirRenderer):
    """The same for whoever asks for plain JSON."""

    media_type = "application/json"
    format = "json"


class BadSearch(DomainError):
    """A search that this server does not understand (400)."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__("invalid", message)


def outcome(status: int, message: str) -> dict[str, Any]:
    """An OperationOutcome with one issue."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": _ISSUES.get(status, "processing"), "details": {"text": message}}],
    }


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Every failure, expected or not, as an OperationOutcome; an unexpected one is logged and says nothing."""
    set_rollback()
    if isinstance(error, DomainError):
        wait = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else {}
        return Response(outcome(error.status, str(error.message)), status=error.status, headers=wait)
    response = default_handler(error, context)
    if response is None:
        log_unexpected("a FHIR request failed", error)
        return Response(outcome(500, "This did not work. Try again, or tell the operator of the portal."), status=500)
    words = str(error.detail) if isinstance(error, APIException) else str((response.data or {}).get("detail", ""))
    response.data = outcome(response.status_code, words)
    return response


class FhirView(APIView):
    """What all endpoints share."""

    renderer_classes = (FhirRenderer, PlainJsonRenderer)
    schema = None  # FHIR describes itself in its CapabilityStatement

    def get_exception_handler(self) -> Any:
        return exception_handler

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response.setdefault("Cache-Control", "private, no-store")
        return super().finalize_response(request, response, *args, **kwargs)


class Metadata(FhirView):
    """What this server can do."""

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        """The CapabilityStatement."""
        return Response(capability_statement())


class Search(FhirView):
    """A search of one resource type."""

    def get(self, request: Request, kind: str) -> Response:
        """A Bundle with one page, newest first."""
        _known(kind)
        query = query_of(request.query_params)
        hits = services.search_fhir(actor=api_actor(request), kind=kind, query=query, now=timezone.now())
        return Response(search_bundle(kind, query, hits, request.query_params))


class Read(FhirView):
    """One resource."""

    def get(self, request: Request, kind: str, resource_id: str) -> Response:
        """The resource; 404 for what does not exist and for what is not yours to see."""
        _known(kind)
        found = _uuid(resource_id)
        if found is None:
            raise NotFound
        return Response(services.read_fhir(actor=api_actor(request), kind=kind, resource_id=found, now=timezone.now()))


class Nowhere(FhirView):
    """Every other address below."""

    def get(self, request: Request, rest: str = "") -> Response:
        """There is nothing."""
        raise NotFound("There is nothing at this address. /fhir/metadata lists what there is.")


def query_of(given: Mapping[str, Any]) -> services.Query:
    """The search as the address asks for it. Raises BadSearch."""
    known = {"patient", "subject", "_id", "_lastUpdated", "_count", "_offset", "_format"}
    names = set(given) - known
    if names:
        raise BadSearch(f"This server does not know the search parameter {sorted(names)[0]}.")
    since, before = _period(given.getlist("_lastUpdated") if hasattr(given, "getlist") else [])
    patient = str(given.get("patient") or given.get("subject") or "").removeprefix("Patient/")
    patient_id = _uuid(patient) if patient else None
    if patient and patient_id is None:
        raise BadSearch("The parameter patient takes the id of a patient.")
    ids = [_uuid(part) for part in str(given.get("_id", "")).split(",") if part]
    return services.Query(
        patient_id=patient_id,
        ids=tuple(one for one in ids if one is not None) if "_id" in given else None,
        since=since,
        before=before,
        offset=_number(given, "_offset", 0, 1_000_000_000),
        count=_number(given, "_count", 50, MAX_COUNT),
    )


def search_bundle(kind: str, query: services.Query, hits: services.Hits, given: Mapping[str, Any]) -> dict[str, Any]:
    """The page as a searchset, with the addresses of itself and the next."""
    link = [{"relation": "self", "url": _search_url(kind, given, query.offset, query.count)}]
    after = query.offset + query.count
    if after < hits.total and query.count:
        link.append({"relation": "next", "url": _search_url(kind, given, after, query.count)})
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": hits.total, "link": link}
    if hits.resources:
        bundle["entry"] = [
            {"fullUrl": f"{_base()}{kind}/{item['id']}", "resource": item, "search": {"mode": "match"}}
            for item in hits.resources
        ]
    return bundle


def capability_statement() -> dict[str, Any]:
    """What this server can do, in FHIR's words."""
    parameters = [
        {"name": "_id", "type": "token"},
        {"name": "_lastUpdated", "type": "date"},
    ]
    about = {"name": "patient", "type": "reference"}
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-21",
        "kind": "instance",
        "software": {"name": "Trichora"},
        "implementation": {"description": "Hair and scalp records, read only", "url": _base()},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "documentation": (
                    "Sign in on the portal; requests carry its session cookie. A patient reads their own records, a "
                    "clinician those of their clinic; every read is recorded and shown to the patient. Reports in the "
                    "state partial and observations in the state preliminary are what models measured and nobody "
                    "signed: for clinicians, for research use."
                ),
                "security": {"cors": False, "description": "The portal's session, with a second factor for staff."},
                "resource": [
                    {
                        "type": kind,
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "searchParam": parameters if kind in ("Patient", "Device") else [*parameters, about],
                    }
                    for kind in services.KINDS
                ],
            }
        ],
    }


def _known(kind: str) -> None:
    if kind not in services.KINDS:
        raise NotFound(f"This server has no {kind}. /fhir/metadata lists what there is.")


def _base() -> str:
    return str(settings.PORTAL_ORIGIN) + reverse("fhir-metadata").removesuffix("metadata")


def _search_url(kind: str, given: Mapping[str, Any], offset: int, count: int) -> str:
    pairs: list[tuple[str, Any]] = []
    for name in given:
        if name not in ("_offset", "_count"):
            values: Sequence[Any] = given.getlist(name) if hasattr(given, "getlist") else [given[name]]
            pairs += [(name, value) for value in values]
    return f"{_base()}{kind}?{urlencode([*pairs, ('_count', count), ('_offset', offset)])}"


def _number(given: Mapping[str, Any], name: str, default: int, most: int) -> int:
    text = str(given.get(name, default))
    if not text.isascii() or not text.isdigit():
        raise BadSearch(f"The parameter {name} takes a whole number.")
    return min(int(text), most)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _period(values: Sequence[str]) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The half-open period that all of ``values`` allow. Prefixes: eq (or none), ge, gt, le, lt."""
    since: dt.datetime | None = None
    before: dt.datetime | None = None
    low: dt.datetime | None
    high: dt.datetime | None
    for value in values:
        prefix, text = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
        start, end = _span(text)
        match prefix:
            case "eq":
                low, high = start, end
            case "ge":
                low, high = start, None
            case "gt" | "sa":
                low, high = end, None
            case "le":
                low, high = None, end
            case "lt" | "eb":
                low, high = None, start
            case _:
                raise BadSearch(f"The parameter _lastUpdated does not know the prefix {prefix}.")
        since = max((one for one in (since, low) if one is not None), default=None)
        before = min((one for one in (before, high) if one is not None), default=None)
    return since, before


def _span(text: str) -> tuple[dt.datetime, dt.datetime]:
    """The time that a day or an instant covers; a time without an offset is meant in UTC."""
    try:
        day = parse_date(text)
        moment = None if day else parse_datetime(text.replace(" ", "+"))
    except ValueError:
        day = moment = None
    if day is not None:
        start = dt.datetime.combine(day, dt.time(), dt.UTC)
        return start, start + dt.timedelta(days=1)
    if moment is None:
        raise BadSearch("The parameter _lastUpdated takes a day or a time, such as ge2026-11-21.")
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    width = dt.timedelta(seconds=1) if moment.microsecond == 0 else dt.timedelta(milliseconds=1)
    return moment, moment + width
