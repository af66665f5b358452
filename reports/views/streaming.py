"""Sealed bytes on their way to a browser, never whole in memory."""

from __future__ import annotations

from django.http import FileResponse

from vault.files import SealedReader


class SealedResponse(FileResponse):
    """Reads in large pieces, and closes the reader however the answer ends."""

    block_size = 256 * 1024


def stream(
    reader: SealedReader, media_type: str, *, name: str = "", attachment: bool = False, size_bytes: int | None = None
) -> SealedResponse:
    """``name`` is made by us, never chosen by a patient. The caller's decorator makes the answer private, no-store."""
    response = SealedResponse(reader, content_type=media_type)
    if name:
        response["Content-Disposition"] = f'{"attachment" if attachment else "inline"}; filename="{name}"'
    if size_bytes is not None:
        response["Content-Length"] = str(size_bytes)
    response["X-Content-Type-Options"] = "nosniff"
    return response
