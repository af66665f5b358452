"""Pictures: decrypted on their way, never cached, never guessed by a browser."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.decorators import signed_in
from accounts.requests import actor_of
from patients import services
from patients.services.reading import Rendition
from patients.services.renditions import read_rendition


@require_GET
@signed_in
def photo(request: HttpRequest, photo_id: UUID) -> StreamingHttpResponse:
    """The whole photo."""
    return _stream(request, photo_id, Rendition.ORIGINAL)


@require_GET
@signed_in
def picture(request: HttpRequest, photo_id: UUID, edge_px: int) -> HttpResponse:
    """The photo in one of the sizes that a stage loads before it is enlarged."""
    data = read_rendition(actor=actor_of(request), photo_id=photo_id, edge_px=edge_px, now=timezone.now())
    headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
    return HttpResponse(data, content_type="image/jpeg", headers=headers)


@require_GET
@signed_in
def thumbnail(request: HttpRequest, photo_id: UUID) -> StreamingHttpResponse:
    """The photo at 480 px."""
    return _stream(request, photo_id, Rendition.THUMBNAIL)


def _stream(request: HttpRequest, photo_id: UUID, rendition: Rendition) -> StreamingHttpResponse:
    picture = services.read_photo(actor=actor_of(request), photo_id=photo_id, rendition=rendition, now=timezone.now())
    headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
    if picture.size_bytes is not None:
        headers["Content-Length"] = str(picture.size_bytes)
    return StreamingHttpResponse(picture.chunks, content_type=picture.media_type, headers=headers)
