"""From the bytes that a person attached to what may be kept: a clean picture with a thumbnail, or a PDF. Pure.

Pictures go the way of photographs: sniffed, bounded, upright, without metadata. A PDF is kept as it is, is never shown
inside a page, and leaves only as a download.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from PIL import Image

from patients import photo_intake
from vision.decode import ImageRejected, decode_image, sniff, strip_metadata

PDF: Final = "application/pdf"
ACCEPT: Final = "image/jpeg,image/png,image/heic,image/heif,.heic,.heif,application/pdf"
MAX_FILES: Final = 5
LOOK_EDGE_PX: Final = 1024
THUMBNAIL_EDGE_PX: Final = 480
TITLE_LENGTH: Final = 80

_REFUSALS: Final[dict[str, str | Promise]] = {
    "too_large": gettext_lazy("A file is too large: at most %(megabytes)d MB each."),
    "empty": gettext_lazy("A file is empty. Choose it again."),
    "unknown_type": gettext_lazy("Attach pictures (JPEG, PNG or HEIC) or PDF documents only."),
    "broken_pdf": gettext_lazy("A PDF arrived incomplete or is damaged. Choose it again."),
}


class AttachmentRefused(ValueError):
    """Why a file cannot be attached, in a word for machines and a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Clean:
    """What may be sealed. ``thumbnail_webp`` is empty for a document."""

    data: bytes
    media_type: str
    title: str
    thumbnail_webp: bytes = b""


def examine(source: BinaryIO, *, name: str, media_type: str, max_bytes: int, max_pixels: int) -> Clean:
    """Read, judge and clean one file. Raises AttachmentRefused."""
    data = source.read(max_bytes + 1)
    if not data:
        raise refused("empty")
    if len(data) > max_bytes:
        raise refused("too_large", megabytes=max_bytes // (1024 * 1024))
    title = title_of(name)
    if data[:1024].lstrip().startswith(b"%PDF-"):
        if b"%%EOF" not in data[-2048:]:
            raise refused("broken_pdf")
        return Clean(data, PDF, title)
    claimed = photo_intake.claim_of(extension=photo_intake.extension_of(name), media_type=media_type)
    if claimed in ("pdf", PDF):
        raise refused("broken_pdf")
    try:
        sniff(data, claimed)
        clean = strip_metadata(data, max_pixels=max_pixels)
        small = decode_image(clean.data, max_pixels=max_pixels, max_long_edge=LOOK_EDGE_PX)
    except ImageRejected as error:
        if error.code == "unknown_type":
            raise refused("unknown_type") from error
        raise AttachmentRefused(str(error.code), photo_intake.refusal(error.code)) from error
    picture = Image.fromarray(small)
    picture.thumbnail((THUMBNAIL_EDGE_PX, THUMBNAIL_EDGE_PX), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=80)
    return Clean(clean.data, clean.media_type.value, title, buffer.getvalue())


def title_of(name: str) -> str:
    """The file's name as it is shown: one printable line, without folders."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable()).strip()[:TITLE_LENGTH]


def refused(code: str, **values: int) -> AttachmentRefused:
    """The refusal with its sentence."""
    return AttachmentRefused(code, str(_REFUSALS[code]) % values)


def default_title(media_type: str) -> str:
    """What a file without a name is called."""
    return _("Document") if media_type == PDF else _("Picture")
