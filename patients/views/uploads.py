"""Resumable uploads over tus 1.0: core, creation, expiration, termination (https://tus.io/protocols/resumable-upload)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import wraps
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.decorators import roles
from accounts.errors import DomainError, Invalid
from accounts.requests import actor_of
from accounts.roles import Role
from patients import photo_intake, presenters, services
from patients.capture_protocol import Advice
from patients.forms import parse_view
from patients.models import Upload
from patients.services.uploads import outcome_sentence, receiving_upload
from vision.types import View

patient_side = roles(Role.PATIENT)
VERSION = "1.0.0"
PART_TYPE = "application/offset+octet-stream"
ANSWERS = {"Tus-Resumable": VERSION, "Cache-Control": "private, no-store"}


def speaks_tus(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Checks the protocol's version, and answers an expected error with its sentence as plain text.

    A session that ended is told as such: a redirect to the sign-in page would mean nothing to an upload.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            words = _("You are no longer signed in. Sign in again: the upload goes on where it stopped.")
            return HttpResponse(words, status=401, content_type="text/plain; charset=utf-8", headers=ANSWERS)
        if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
            return HttpResponse(status=412, headers={**ANSWERS, "Tus-Version": VERSION})
        try:
            return view(request, *args, **kwargs)
        except DomainError as refused:
            # A client asks again after 409; only a wrong offset is put right by asking again.
            status = 422 if refused.status == 409 and refused.code != "wrong_offset" else refused.status
            return HttpResponse(
                refused.message, status=status, content_type="text/plain; charset=utf-8", headers=ANSWERS
            )

    return guarded


@require_http_methods(["OPTIONS", "POST"])
@speaks_tus
@patient_side
def uploads(request: HttpRequest) -> HttpResponse:
    """What the server can do, and the announcement of a file."""
    if request.method == "OPTIONS":
        offers = {
            "Tus-Version": VERSION,
            "Tus-Extension": "creation,expiration,termination",
            "Tus-Max-Size": str(settings.UPLOAD_MAX_BYTES),
        }
        return HttpResponse(status=204, headers={**ANSWERS, **offers})
    metadata = _metadata(request.headers.get("Upload-Metadata", ""))
    view, site = _view(metadata)
    upload = services.create_upload(
        actor=actor_of(request),
        session_id=_session_id(metadata),
        view=view,
        site=site,
        length_bytes=_number(request, "Upload-Length"),
        claimed_type=metadata.get("filetype", ""),
        claimed_extension=photo_intake.extension_of(metadata.get("filename", "")),
        now=timezone.now(),
    )
    location = reverse("patients:upload", args=[upload.pk])
    return HttpResponse(status=201, headers={**ANSWERS, "Location": location, **_expiry(upload)})


@require_http_methods(["HEAD", "PATCH", "DELETE"])
@speaks_tus
@patient_side
def upload(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Where an upload stands, its next part, or its end."""
    actor, now = actor_of(request), timezone.now()
    if request.method == "DELETE":
        services.cancel_upload(actor=actor, upload_id=upload_id, now=now)
        return HttpResponse(status=204, headers=ANSWERS)
    if request.method == "HEAD":
        row = receiving_upload(actor, upload_id, now)
        standing = {"Upload-Offset": str(row.offset_bytes), "Upload-Length": str(row.length_bytes)}
        return HttpResponse(status=200, headers={**ANSWERS, **standing, **_expiry(row)})
    if request.content_type != PART_TYPE:
        return HttpResponse(status=415, headers=ANSWERS)
    row = services.append_part(
        actor=actor,
        upload_id=upload_id,
        offset=_number(request, "Upload-Offset"),
        source=cast(BinaryIO, request),
        now=now,
    )
    return HttpResponse(status=204, headers={**ANSWERS, "Upload-Offset": str(row.offset_bytes), **_expiry(row)})


@require_GET
@patient_side
def upload_result(request: HttpRequest, upload_id: UUID) -> JsonResponse:
    """What became of an upload: ``{state, message, hinted, photo_id, html}``; ``html`` renews the parts of the capture
    page, ``hinted``: it counts, and something about it is worth a second look."""
    actor, now = actor_of(request), timezone.now()
    row = services.finish_upload(actor=actor, upload_id=upload_id, now=now)
    session = services.read_session(actor=actor, session_id=row.session_id, now=now)
    page = presenters.capture_page(session, View(row.view), row.site)
    html = render_to_string("patients/_captured.html", {"page": page, "session": session, "oob": True}, request=request)
    return JsonResponse(
        {
            "state": _state(row),
            "message": _message(row, page),
            "hinted": bool(_hints(row)),
            "next": {
                "url": f"{presenters.view_url(row.session_id, View(row.view), row.site)}&camera=1",
                "label": _("Second take"),
            }
            if _second_wanted(row, page)
            else None,
            "photo_id": str(row.photo_id) if row.photo_id else None,
            "html": html,
        }
    )


def _second_wanted(row: Upload, page: presenters.CapturePage) -> bool:
    return _state(row) == Upload.Status.ACCEPTED and page.takes.second_wanted


def _message(row: Upload, page: presenters.CapturePage) -> str:
    if not _second_wanted(row, page):
        return _outcome(row)
    again = _("Put the camera down for a moment, then take the same view once more.")
    return f"{_outcome(row)} {again}" if _hints(row) else _("Good. %(again)s") % {"again": again}


def _hints(row: Upload) -> tuple[Advice, ...]:
    """What is worth a second look about a photo that counts."""
    return () if row.photo is None or not row.photo.quality_passed else presenters.quality_hints(row.photo)


def _state(row: Upload) -> str:
    """``accepted``, ``not_good_enough`` (kept, never measured), ``rejected`` or ``receiving``."""
    if row.status == Upload.Status.ACCEPTED and row.photo is not None and not row.photo.quality_passed:
        return "not_good_enough"
    return str(row.status)


def _outcome(row: Upload) -> str:
    match row.status:
        case Upload.Status.REJECTED:
            return outcome_sentence(row)
        case Upload.Status.RECEIVING:
            return _("The photo has not arrived completely yet.")
    if row.photo is None:
        return _("The photo was removed again.")
    advice = presenters.quality_advice(row.photo)
    if not advice and (hints := _hints(row)):
        problems = " ".join(str(hint.problem) for hint in hints)
        return _("Kept, and it counts. %(problems)s What to do then stands below.") % {"problems": problems}
    if not advice:
        return _("Good. The photo is kept.")
    problems = " ".join(str(item.problem) for item in advice)
    return _("Kept, but not good enough to be measured. %(problems)s How to do better stands below.") % {
        "problems": problems
    }


def _metadata(header: str) -> dict[str, str]:
    """The pairs of ``Upload-Metadata``; what cannot be read is left out."""
    pairs = {}
    for item in header.split(","):
        key, _space, encoded = item.strip().partition(" ")
        try:
            pairs[key] = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return pairs


def _session_id(metadata: dict[str, str]) -> UUID:
    try:
        return UUID(metadata.get("session", ""))
    except ValueError:
        raise Invalid("no_session", _("The upload names no session. Reload the page and try again.")) from None


def _view(metadata: dict[str, str]) -> tuple[View, str]:
    parsed = parse_view(metadata.get("view", ""))
    if parsed is None:
        raise Invalid("unknown_view", _("Choose the view first, then the photo."))
    view, site = parsed
    return view, metadata.get("site", "") or site


def _number(request: HttpRequest, header: str) -> int:
    value = request.headers.get(header, "")
    if not (value.isascii() and value.isdigit()):
        raise Invalid("bad_header", _("The upload is not understood. Reload the page and try again."))
    return int(value)


def _expiry(row: Upload) -> dict[str, str]:
    return {"Upload-Expires": http_date(row.expires_at.timestamp())}
