"""Drawings as camera files: JPEG with the EXIF a phone writes, GPS, serial number and thumbnail included.

For tests of what is stripped from an upload, and for the demo, whose patients send what phones send.
"""

from __future__ import annotations

import io
from typing import Final

from PIL import ExifTags, Image

from vision.types import RgbImage

SERIAL: Final = "SN-DRAWN-0001"
OWNER: Final = "Drawn Owner"
COMMENT: Final = b"a comment that must not survive"
TRAILER: Final = b"MotionPhoto_Data: bytes after the end of the picture"

_TURNS: Final = {
    1: None,
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}
"""Orientation flag and how the upright picture is turned before it is stored under it."""


def jpeg_with_exif(
    image: RgbImage, *, orientation: int = 1, gps: bool = True, trailer: bool = True, quality: int = 92
) -> bytes:
    """The drawing as a phone would save it: stored turned under ``orientation`` (1, 3, 6 or 8), it shows upright."""
    turn = _TURNS[orientation]
    upright = Image.fromarray(image)
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Trichora"
    exif[ExifTags.Base.Model] = "Drawing board"
    exif[ExifTags.Base.Artist] = OWNER
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.LensModel] = "Drawn lens 5.1 mm f/1.8"
    details[ExifTags.Base.FocalLength] = 5.1
    details[ExifTags.Base.FNumber] = 1.8
    details[ExifTags.Base.ExposureTime] = 0.008
    details[ExifTags.Base.ISOSpeedRatings] = 125
    details[ExifTags.Base.Flash] = 0x19
    details[ExifTags.Base.DateTimeOriginal] = "2026:03:14 15:09:26"
    details[ExifTags.Base.OffsetTimeOriginal] = "+02:00"
    details[ExifTags.Base.BodySerialNumber] = SERIAL
    if gps:
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        place[ExifTags.GPS.GPSLatitudeRef] = "N"
        place[ExifTags.GPS.GPSLatitude] = (48.0, 51.0, 29.6)
        place[ExifTags.GPS.GPSLongitudeRef] = "E"
        place[ExifTags.GPS.GPSLongitude] = (2.0, 17.0, 40.2)
    buffer = io.BytesIO()
    stored.save(buffer, "JPEG", quality=quality, exif=exif, comment=COMMENT)
    return buffer.getvalue() + (TRAILER if trailer else b"")
