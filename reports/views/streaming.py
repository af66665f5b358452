"""Sealed bytes on their way to a browser, never whole in memory."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import StreamingHttpResponse


def stream(
    chunks: Iterator[bytes], media_type: str, *, name: str = "", attachment: bool = False, size_bytes: int | None = None
) -> StreamingHttpResponse:
    """``name`` is made by us, never chosen by a patient. The caller's decorator makes the answer private, no-store."""
    response = StreamingHttpResponse(chunks, content_type=media_type)
    if name:
        response["Content-Disposition"] = f'{"attachment" if attachment else "inline"}; filename="{name}"'
    if size_bytes is not None:
        response["Content-Length"] = str(size_bytes)
    response["X-Content-Type-Options"] = "nosniff"
    return response
