"""Picture files as bytes: what is in a JPEG, PNG or WebP container, and the same file without its metadata.

Only the wrapping is read here, never a pixel, so every answer is cheap and safe on hostile input. The rewriters keep
the coded picture bit for bit and copy an allow-list of segments: what is not needed to show the picture upright and in
its colours does not survive, and nothing after the end of the picture does.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass


class BrokenContainer(ValueError):
    """The bytes do not follow their container's grammar."""


class TruncatedContainer(BrokenContainer):
    """The bytes end before the picture does."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One JPEG segment or PNG/WebP chunk: its marker or name and the half-open byte range it fills."""

    name: bytes
    start: int
    payload: int
    stop: int


PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT"))
WEBP_KEPT = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP"))
WEBP_EXIF_XMP_ANIMATION = 0x08 | 0x04 | 0x02
"""Bits of the VP8X flags that announce what is dropped."""

_JPEG_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SOS, _JPEG_EOI, _JPEG_COMMENT = 0xDA, 0xD9, 0xFE
_JPEG_SCAN_END = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_JFIF_PLAIN = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
"""A JFIF header without thumbnail: density 1:1, no unit."""


def jpeg_segments(data: bytes) -> Iterator[Segment]:
    """Walk a JPEG from SOI to EOI. An SOS segment includes the coded scan that follows its header.

    Raises TruncatedContainer when EOI is never reached, BrokenContainer on anything that is no marker.
    """
    position = 2
    while True:
        if position + 2 > len(data):
            raise TruncatedContainer("the JPEG ends before its end marker")
        if data[position] != 0xFF:
            raise BrokenContainer("bytes between JPEG segments")
        start = position
        while position < len(data) and data[position] == 0xFF:
            position += 1
        if position >= len(data):
            raise TruncatedContainer("the JPEG ends inside a marker")
        marker = data[position]
        position += 1
        if marker == _JPEG_EOI:
            yield Segment(bytes((marker,)), start, position, position)
            return
        if marker in _JPEG_STANDALONE:
            continue
        if position + 2 > len(data):
            raise TruncatedContainer("the JPEG ends inside a segment header")
        stop = position + int.from_bytes(data[position : position + 2], "big")
        if stop > len(data):
            raise TruncatedContainer("the JPEG ends inside a segment")
        if stop < position + 2:
            raise BrokenContainer("a JPEG segment with an impossible length")
        if marker == _JPEG_SOS:
            found = _JPEG_SCAN_END.search(data, stop)
            if found is None:
                raise TruncatedContainer("the JPEG ends inside its picture data")
            stop = found.start()
        yield Segment(bytes((marker,)), start, position + 2, stop)
        position = stop


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in px as coded (orientation not applied)."""
    for segment in jpeg_segments(data):
        if segment.name[0] in _JPEG_FRAMES:
            if segment.stop - segment.payload < 6:
                break
            height, width = struct.unpack(">HH", data[segment.payload + 1 : segment.payload + 5])
            return width, height
        if segment.name[0] == _JPEG_SOS:
            break
    raise BrokenContainer("a JPEG without a frame header")


def strip_jpeg(data: bytes) -> bytes:
    """The same coded picture with only ICC profile, Adobe colour flag and a plain JFIF header beside it.

    EXIF, XMP, IPTC, comments, thumbnails, maker notes, MPO second frames and trailing data (motion photos) are gone.
    """
    kept = [b"\xff\xd8"]
    for segment in jpeg_segments(data):
        marker = segment.name[0]
        payload = data[segment.payload : segment.payload + 14]
        if marker == 0xE0 and payload.startswith(b"JFIF\x00"):
            if _JFIF_PLAIN not in kept:
                kept.append(_JFIF_PLAIN)
            continue
        application = 0xE0 <= marker <= 0xEF
        icc = marker == 0xE2 and payload.startswith(b"ICC_PROFILE\x00")
        adobe = marker == 0xEE and payload.startswith(b"Adobe")
        if (application and not (icc or adobe)) or marker == _JPEG_COMMENT:
            continue
        kept.append(data[segment.start : segment.stop])
    return b"".join(kept)


def png_chunks(data: bytes) -> Iterator[Segment]:
    """Walk a PNG up to and including IEND. Raises TruncatedContainer when IEND is never reached."""
    position = len(PNG_SIGNATURE)
    while True:
        if position + 12 > len(data):
            raise TruncatedContainer("the PNG ends before its end chunk")
        length = int.from_bytes(data[position : position + 4], "big")
        name = data[position + 4 : position + 8]
        stop = position + 12 + length
        if not name.isalpha():
            raise BrokenContainer("a PNG chunk without a name")
        if stop > len(data):
            raise TruncatedContainer("the PNG ends inside a chunk")
        yield Segment(name, position, position + 8, stop)
        if name == b"IEND":
            return
        position = stop


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height in px."""
    if len(data) < 24:
        raise TruncatedContainer("the PNG ends inside its header")
    if data[12:16] != b"IHDR":
        raise BrokenContainer("a PNG that does not begin with its header")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def png_is_animated(data: bytes) -> bool:
    """Whether the PNG carries an animation (APNG) chunk."""
    return any(chunk.name == b"acTL" for chunk in png_chunks(data))


def strip_png(data: bytes) -> bytes:
    """The same coded picture with only the chunks that say how to show it."""
    kept = [data[chunk.start : chunk.stop] for chunk in png_chunks(data) if chunk.name in PNG_KEPT]
    return PNG_SIGNATURE + b"".join(kept)


def webp_chunks(data: bytes) -> Iterator[Segment]:
    """Walk the chunks inside the RIFF body. Raises TruncatedContainer when the body is longer than the bytes."""
    if len(data) < 20:
        raise TruncatedContainer("the WebP ends inside its header")
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise TruncatedContainer("the WebP ends before its picture does")
    position = 12
    while position + 8 <= end:
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        stop = position + 8 + length
        if stop > end:
            raise TruncatedContainer("the WebP ends inside a chunk")
        yield Segment(data[position : position + 4], position, position + 8, stop)
        position = stop + (length & 1)


def webp_size(data: bytes) -> tuple[int, int]:
    """Width and height in px."""
    for chunk in webp_chunks(data):
        body = data[chunk.payload : chunk.payload + 10]
        if chunk.name == b"VP8X" and len(body) >= 10:
            return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        if chunk.name == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
            width, height = struct.unpack("<HH", body[6:10])
            return width & 0x3FFF, height & 0x3FFF
        if chunk.name == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
            bits = int.from_bytes(body[1:5], "little")
            return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    raise BrokenContainer("a WebP without a picture")


def webp_is_animated(data: bytes) -> bool:
    """Whether the WebP carries animation chunks."""
    return any(chunk.name in (b"ANIM", b"ANMF") for chunk in webp_chunks(data))


def strip_webp(data: bytes) -> bytes:
    """The same coded picture with only picture, alpha and ICC chunks."""
    body = [b"WEBP"]
    for chunk in webp_chunks(data):
        if chunk.name not in WEBP_KEPT:
            continue
        coded = bytearray(data[chunk.start : chunk.stop])
        if chunk.name == b"VP8X":
            coded[8] &= ~WEBP_EXIF_XMP_ANIMATION & 0xFF
        if len(coded) & 1:
            coded.append(0)
        body.append(bytes(coded))
    joined = b"".join(body)
    return b"RIFF" + len(joined).to_bytes(4, "little") + joined


def heif_is_complete(data: bytes) -> bool:
    """Whether every top-level box of an ISO base media file ends inside the bytes."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 1:
            if position + 16 > len(data):
                return False
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        elif size == 0:
            return True
        if size < 8:
            return False
        position += size
    return position == len(data)
