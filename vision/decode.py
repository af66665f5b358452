"""Picture files to upright sRGB arrays, and uploads to clean files: the only place that opens what a stranger sent.

Every refusal is an :class:`ImageRejected` with a code; the English message is a default that a page may translate by
code. Nothing here keeps or returns a place, a serial number, an owner or a file name.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
from PIL import Image, ImageCms, ImageOps

from vision import containers
from vision.capture_facts import CaptureFacts, orientation_of, read_capture_facts
from vision.picture_file import (
    EXTENSIONS,
    MAX_BYTES,
    MAX_PIXELS,
    MESSAGES,
    MIN_EDGE_PX,
    ImageRejected,
    MediaType,
    RejectionCode,
    check_dimensions,
    open_picture,
    read_content,
    rejection_of,
    sniff,
)
from vision.types import RgbImage

__all__ = [
    "EXTENSIONS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MESSAGES",
    "MIN_EDGE_PX",
    "CaptureFacts",
    "CleanImage",
    "ImageRejected",
    "MediaType",
    "RejectionCode",
    "decode_image",
    "decode_with_size",
    "read_capture_facts",
    "sniff",
    "strip_metadata",
]

REENCODE_QUALITY: Final = 95
SIDEWAYS: Final = 5
"""From this EXIF orientation on, width and height change places."""


@dataclass(frozen=True, slots=True)
class CleanImage:
    """A file that may be stored and shown: upright without metadata, and nothing but the picture inside."""

    data: bytes
    media_type: MediaType
    width_px: int
    height_px: int


def decode_image(data: bytes | BinaryIO, *, max_pixels: int = MAX_PIXELS, max_long_edge: int | None = None) -> RgbImage:
    """H x W x 3 sRGB with the orientation applied, transparency laid on white.

    ``max_long_edge`` (px) reduces the picture, and lets a JPEG be decoded at the scale needed; nothing is enlarged.
    An embedded colour profile is converted to sRGB. 16-bit pictures keep their upper 8 bits.
    Raises ImageRejected with any code but wrong_extension.
    """
    return decode_with_size(data, max_pixels=max_pixels, max_long_edge=max_long_edge)[0]


def decode_with_size(
    data: bytes | BinaryIO, *, max_pixels: int = MAX_PIXELS, max_long_edge: int | None = None
) -> tuple[RgbImage, tuple[int, int]]:
    """As :func:`decode_image`, and the upright width and height (px) of the stored picture, however far reduced."""
    content = read_content(data)
    media_type = sniff(content)
    check_dimensions(content, media_type, max_pixels)
    try:
        picture = open_picture(content, media_type)
        stored = picture.size if orientation_of(picture.getexif()) < SIDEWAYS else picture.size[::-1]
        if max_long_edge is not None and media_type is MediaType.JPEG:
            # Half as large again as asked for: the last step is an area average, not the codec's. Of both edges, since
            # the codec keeps each of them at least as long.
            share = 1.5 * max_long_edge / max(picture.size)
            picture.draft(None, (int(picture.width * share), int(picture.height * share)))
        picture.load()
        picture = ImageOps.exif_transpose(picture)
        if max_long_edge is not None and max(picture.size) > max_long_edge:
            scale = max_long_edge / max(picture.size)
            size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
            picture = _plain_rgb(picture).resize(size, Image.Resampling.BOX, reducing_gap=2.0)
        return np.ascontiguousarray(np.asarray(_to_srgb(picture), dtype=np.uint8)), (stored[0], stored[1])
    except ImageRejected:
        raise
    except Exception as error:  # decoders raise nearly anything on hostile bytes; all of it means the same
        raise rejection_of(error) from error


def strip_metadata(data: bytes | BinaryIO, *, max_pixels: int = MAX_PIXELS) -> CleanImage:
    """The same picture as a file that carries nothing else, upright in every viewer.

    JPEG, PNG and WebP that are stored upright keep their coded pixels bit for bit: only the wrapping is rewritten from
    an allow-list (colour profile and colour flags stay). A picture stored turned is re-encoded upright at quality 95
    without chroma subsampling, because viewers, PDF engines and libraries disagree about an orientation flag, and a
    flag needs an EXIF block. HEIC becomes JPEG of the same quality, because browsers do not show HEIC.
    Raises ImageRejected as :func:`decode_image` does, short of faults that only decoding finds.
    """
    content = read_content(data)
    media_type = sniff(content)
    width, height = check_dimensions(content, media_type, max_pixels)
    try:
        picture = open_picture(content, media_type)
        if media_type is not MediaType.HEIC and orientation_of(picture.getexif()) == 1:
            return CleanImage(_strip(content, media_type), media_type, width, height)
        upright = ImageOps.exif_transpose(picture)
        target = MediaType.JPEG if media_type is MediaType.HEIC else media_type
        return CleanImage(_encode(upright, target), target, upright.width, upright.height)
    except Exception as error:
        raise rejection_of(error) from error


def _plain_rgb(picture: Image.Image) -> Image.Image:
    """8-bit RGB without colour conversion, transparency on white, the profile kept in ``info``."""
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):
        grey = np.asarray(picture)
        shift = 8 if grey.max(initial=0) > 255 else 0
        picture = Image.fromarray((grey.astype(np.uint32) >> shift).clip(0, 255).astype(np.uint8))
        profile = None
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        solid = picture.convert("RGBA")
        picture = Image.new("RGB", solid.size, (255, 255, 255))
        picture.paste(solid, mask=solid.getchannel("A"))
    elif picture.mode == "CMYK" and profile:
        return _to_srgb(picture)
    plain = picture if picture.mode == "RGB" else picture.convert("RGB")
    if profile:
        plain.info["icc_profile"] = profile
    return plain


def _to_srgb(picture: Image.Image) -> Image.Image:
    """RGB in sRGB; a profile that cannot be read is taken for sRGB."""
    raw = picture.info.get("icc_profile")
    source = picture if picture.mode == "CMYK" else _plain_rgb(picture)
    if not raw:
        return source.convert("RGB")
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(raw))
        if "srgb" in (ImageCms.getProfileDescription(profile) or "").lower():
            return source.convert("RGB")
        converted = ImageCms.profileToProfile(source, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return source.convert("RGB")
    return source.convert("RGB") if converted is None else converted


def _strip(content: bytes, media_type: MediaType) -> bytes:
    match media_type:
        case MediaType.JPEG:
            return containers.strip_jpeg(content)
        case MediaType.PNG:
            return containers.strip_png(content)
        case MediaType.WEBP:
            return containers.strip_webp(content)
        case MediaType.HEIC:
            raise ValueError("HEIC is converted, never stripped")


def _encode(picture: Image.Image, media_type: MediaType) -> bytes:
    profile = picture.info.get("icc_profile")
    clean = picture if media_type is MediaType.PNG else _plain_rgb(picture)
    if picture.mode == "CMYK":
        profile = None  # converted to sRGB on the way
    buffer = io.BytesIO()
    # An explicit empty EXIF: Pillow would otherwise carry over what the source had.
    match media_type:
        case MediaType.PNG:
            bare = Image.frombytes(clean.mode, clean.size, clean.tobytes())
            if clean.mode == "P":
                bare = clean.convert("RGBA" if "transparency" in clean.info else "RGB")
                bare.info.clear()
            bare.save(buffer, "PNG", icc_profile=profile)
        case MediaType.WEBP:
            clean.save(buffer, "WEBP", quality=REENCODE_QUALITY, icc_profile=profile, exif=b"", xmp=b"")
        case MediaType.JPEG | MediaType.HEIC:
            clean.info.pop("comment", None)
            clean.save(
                buffer, "JPEG", quality=REENCODE_QUALITY, subsampling="4:4:4", icc_profile=profile, exif=b"", xmp=b""
            )
    return buffer.getvalue()
