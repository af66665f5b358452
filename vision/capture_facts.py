"""What the camera wrote that helps to judge a picture: an allow-list of EXIF fields, never who or where."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import isfinite
from typing import BinaryIO

from PIL import ExifTags, Image

from vision.picture_file import open_picture, read_content, rejection_of, sniff


@dataclass(frozen=True, slots=True)
class CaptureFacts:
    """What the camera wrote that helps to judge the picture. Place, serials and owner are never read."""

    orientation: int = 1
    camera_make: str | None = None
    camera_model: str | None = None
    lens: str | None = None
    focal_length_mm: float | None = None
    f_number: float | None = None
    exposure_s: float | None = None
    iso: int | None = None
    flash_fired: bool | None = None
    captured_at: datetime | None = None
    """Aware when the camera wrote its offset from UTC, else naive local time of the camera."""


def read_capture_facts(data: bytes | BinaryIO) -> CaptureFacts:
    """Orientation, camera, lens and exposure from EXIF; all unknown when there is none or it is broken.

    Raises ImageRejected: empty, unknown_type, animated, truncated or corrupt.
    """
    content = read_content(data)
    media_type = sniff(content)
    try:
        picture = open_picture(content, media_type)
    except Exception as error:
        raise rejection_of(error) from error
    try:
        exif = picture.getexif()
        details = exif.get_ifd(ExifTags.IFD.Exif)
    except (OSError, ValueError, TypeError, KeyError, SyntaxError, struct.error):
        # A broken EXIF block is no reason to refuse a good picture.
        return CaptureFacts()
    base = ExifTags.Base
    flash = _number(details.get(base.Flash))
    iso = _number(details.get(base.ISOSpeedRatings))
    return CaptureFacts(
        orientation=orientation_of(exif),
        camera_make=_text(exif.get(base.Make)),
        camera_model=_text(exif.get(base.Model)),
        lens=_text(details.get(base.LensModel)),
        focal_length_mm=_number(details.get(base.FocalLength)),
        f_number=_number(details.get(base.FNumber)),
        exposure_s=_number(details.get(base.ExposureTime)),
        iso=None if iso is None else int(iso),
        flash_fired=None if flash is None else bool(int(flash) & 1),
        captured_at=_captured_at(details.get(base.DateTimeOriginal), details.get(base.OffsetTimeOriginal)),
    )


def orientation_of(exif: Image.Exif) -> int:
    """EXIF orientation 1..8; 1 when absent or nonsense."""
    value = _number(exif.get(ExifTags.Base.Orientation))
    return int(value) if value is not None and 1 <= value <= 8 else 1


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    cleaned = "".join(character for character in value if character.isprintable()).strip()
    return cleaned[:64] or None


def _number(value: object) -> float | None:
    if isinstance(value, tuple) and value:
        value = value[0]
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if isfinite(number) else None


def _captured_at(moment: object, offset: object) -> datetime | None:
    if not isinstance(moment, str):
        return None
    try:
        local = datetime.strptime(moment.strip("\x00 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - the camera's own clock
    except ValueError:
        return None
    if isinstance(offset, str) and len(offset) >= 6 and offset[0] in "+-":
        try:
            shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
            return local.replace(tzinfo=timezone(-shift if offset[0] == "-" else shift))
        except ValueError:
            return local
    return local
