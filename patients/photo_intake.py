"""From the bytes that a stranger sent to a clean photo with its facts, quality and thumbnail. Pure.

Everything that can refuse an upload for what it *is* happens here; what the session or the patient says about it is
``patients.services.photos``.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from PIL import Image

from vision.calibration_card import CardReading, enlarged, read_card
from vision.decode import (
    CaptureFacts,
    CleanImage,
    ImageRejected,
    RejectionCode,
    decode_image,
    read_capture_facts,
    sniff,
    strip_metadata,
)
from vision.quality import check_upload
from vision.scale_bar import ScaleBar, find_scale_bar
from vision.scale_bar import enlarged as enlarged_bar
from vision.types import NotMeasurable, QualityReport, Reason, RgbImage, View

THUMBNAIL_EDGE_PX: Final = 480
LOOK_EDGE_PX: Final = 2048
"""Long edge at which the gate looks and thumbnails are cut: a 60-megapixel photo is never decoded whole here."""

REFUSALS: Final[dict[str, str | Promise]] = {
    RejectionCode.EMPTY: _("The file is empty. Choose the photo again."),
    RejectionCode.UNKNOWN_TYPE: _("This is not a photo that we can read. Send a JPEG, PNG, WebP or HEIC file."),
    RejectionCode.WRONG_EXTENSION: _(
        "The file's name says one kind of picture and its content is another. Export the photo again."
    ),
    RejectionCode.TRUNCATED: _("The photo arrived incomplete. Please upload it once more."),
    RejectionCode.TOO_LARGE: _("The file is too large: at most 50 MB. The camera's normal setting is enough."),
    RejectionCode.TOO_MANY_PIXELS: _("The picture has too many pixels: at most 60 million."),
    RejectionCode.TOO_SMALL: _("The picture is too small to see anything. Send the original photo, not a preview."),
    RejectionCode.CORRUPT: _("The photo cannot be read. Please take it again, or export it once more."),
    RejectionCode.ANIMATED: _("This is an animation. Send a single still photo."),
    "duplicate_photo": _("This photo is already in this session. Take a new one for each view."),
    "photo_used_before": _(
        "This photo was already used in an earlier session. Take a new one, so that a change can be seen."
    ),
    "session_not_open": _("This session takes no more photos. Start a new one, or wait for your clinic's answer."),
    "too_many_photos": _("This session is full. Remove a photo before you add another."),
    "not_available": _("The photo could not be taken. Please upload it once more."),
}
"""Why a photo was not taken, by code, in words that say what to do."""


NO_CARD: Final = (Reason.NO_SCALE, Reason.VIEW_NOT_SUPPORTED)


@dataclass(frozen=True, slots=True)
class IncomingPhoto:
    """A photo ready to be sealed: nothing of the original file but the picture and the facts that help to judge it."""

    clean: CleanImage
    thumbnail_webp: bytes
    facts: CaptureFacts
    quality: QualityReport
    card: CardReading | NotMeasurable  # in pixels of the photo as it is kept
    bar: ScaleBar | NotMeasurable  # burned into a close-up; in the same pixels


def read_upload(source: BinaryIO, *, max_bytes: int) -> bytes:
    """The whole upload. Raises ImageRejected ``too_large`` one byte beyond ``max_bytes``, ``empty`` for nothing."""
    data = source.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ImageRejected(RejectionCode.TOO_LARGE)
    if not data:
        raise ImageRejected(RejectionCode.EMPTY)
    return data


def digest(data: bytes) -> str:
    """SHA-256 of the bytes as uploaded, hex. Stored only as a blind index."""
    return hashlib.sha256(data).hexdigest()


def examine(data: bytes, *, view: View, claimed: str | None, max_pixels: int) -> IncomingPhoto:
    """Sniff, bound, strip, judge. ``claimed`` is the file extension or media type that the sender names.

    Raises ImageRejected.
    """
    sniff(data, claimed)
    facts = read_capture_facts(data)
    clean = strip_metadata(data, max_pixels=max_pixels)
    picture = decode_image(clean.data, max_pixels=max_pixels, max_long_edge=LOOK_EDGE_PX)
    card = read_card(picture) if view.is_global else NotMeasurable(Reason.VIEW_NOT_SUPPORTED)
    balance = card.white_balance if isinstance(card, CardReading) else None
    quality = check_upload(picture, view, white_balance=balance, mirrored=is_mirrored(card))
    bar = NotMeasurable(Reason.VIEW_NOT_SUPPORTED) if view.is_global else find_scale_bar(picture)
    factor = clean.width_px / picture.shape[1]
    return IncomingPhoto(
        clean,
        _thumbnail(picture),
        facts,
        quality,
        enlarged(card, factor) if isinstance(card, CardReading) else card,
        enlarged_bar(bar, factor) if isinstance(bar, ScaleBar) else bar,
    )


def is_mirrored(card: CardReading | NotMeasurable) -> bool | None:
    """Whether the card shows that left and right are exchanged; None where it does not tell."""
    if isinstance(card, CardReading):
        return False
    return True if card.reason is Reason.CARD_MIRRORED else None


def claim_of(*, extension: str, media_type: str) -> str | None:
    """What the sender says the file is, when it says anything: the extension first, else an image media type."""
    if extension:
        return extension
    return media_type if media_type.startswith("image/") else None


def extension_of(file_name: str) -> str:
    """The ending of a chosen file's name, in lower case; the name itself goes no further."""
    return file_name.rpartition(".")[2].lower()[:10] if "." in file_name else ""


def facts_dict(facts: CaptureFacts) -> dict[str, Any]:
    """The facts as stored (sealed): plain JSON, unknown ones left out."""
    values = {
        "camera_make": facts.camera_make,
        "camera_model": facts.camera_model,
        "lens": facts.lens,
        "focal_length_mm": facts.focal_length_mm,
        "f_number": facts.f_number,
        "exposure_s": facts.exposure_s,
        "iso": facts.iso,
        "flash_fired": facts.flash_fired,
        "captured_at": facts.captured_at.isoformat() if facts.captured_at else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def card_dict(card: CardReading | NotMeasurable) -> dict[str, Any]:
    """The card as stored (sealed); empty when there is none in the picture."""
    if isinstance(card, CardReading):
        return {
            "px_per_mm": card.px_per_mm,  # of a printed millimetre
            "tilt_degrees": round(card.tilt_degrees, 1),
            "white_balance": [round(factor, 3) for factor in card.white_balance],
            "exposure_stops": round(card.exposure_stops, 2),
        }
    return {} if card.reason in NO_CARD else {"problem": card.reason.value, "detail": card.detail}


def bar_dict(bar: ScaleBar | NotMeasurable) -> dict[str, Any]:
    """The scale bar as stored (sealed): its length in px, why there is none to rely on, or nothing."""
    if isinstance(bar, ScaleBar):
        return {"length_px": round(bar.length_px, 2)}
    return {} if bar.reason in NO_CARD else {"problem": bar.reason.value, "detail": bar.detail}


def quality_dict(report: QualityReport) -> dict[str, Any]:
    """The report as stored: each check with its number, the threshold it was held against, and what failing means."""
    return {
        "checks": [
            {
                "check": item.check.value,
                "value": item.value,
                "threshold": item.threshold,
                "passed": item.passed,
                "refuses": item.refuses,
                **({"detail": item.detail} if item.detail else {}),
            }
            for item in report.checks
        ]
    }


def refusal(code: str) -> str:
    """The sentence for a code; a general one for a code that is not known."""
    return str(REFUSALS.get(code, REFUSALS["not_available"]))


def _thumbnail(picture: RgbImage) -> bytes:
    small = Image.fromarray(picture)
    small.thumbnail((THUMBNAIL_EDGE_PX, THUMBNAIL_EDGE_PX), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=82)
    return buffer.getvalue()
