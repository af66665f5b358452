"""What sort of picture file this is, how large, and why it may not be taken.

The types and refusals shared by :mod:`vision.decode` and :mod:`vision.capture_facts`. Sizes are read from headers, so
that a decompression bomb is refused before a pixel is decoded.
"""

from __future__ import annotations

import io
from enum import StrEnum
from typing import BinaryIO, Final

import pillow_heif
from PIL import Image, ImageFile, UnidentifiedImageError

from vision import containers

MAX_BYTES: Final = 50 * 1024 * 1024
MAX_PIXELS: Final = 60_000_000
MIN_EDGE_PX: Final = 64
"""Below this nothing can be seen; whether a picture is large enough to measure is the quality gate's question."""


class MediaType(StrEnum):
    """The picture files that are read."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    HEIC = "image/heic"


class RejectionCode(StrEnum):
    """Why a file is not taken."""

    EMPTY = "empty"
    UNKNOWN_TYPE = "unknown_type"
    WRONG_EXTENSION = "wrong_extension"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    CORRUPT = "corrupt"
    ANIMATED = "animated"


MESSAGES: Final[dict[RejectionCode, str]] = {
    RejectionCode.EMPTY: "The file is empty. Choose the photo again.",
    RejectionCode.UNKNOWN_TYPE: "This is not a JPEG, PNG, WebP or HEIC photo.",
    RejectionCode.WRONG_EXTENSION: "The file's name says one type of picture and its content is another.",
    RejectionCode.TRUNCATED: "The photo arrived incomplete. Upload it again.",
    RejectionCode.TOO_LARGE: "The file is too large.",
    RejectionCode.TOO_MANY_PIXELS: "The picture has too many pixels.",
    RejectionCode.TOO_SMALL: "The picture is too small to see anything. Send the original photo, not a preview.",
    RejectionCode.CORRUPT: "The photo cannot be read. Take or export it again.",
    RejectionCode.ANIMATED: "This is an animation. Send a single still photo.",
}

EXTENSIONS: Final[dict[str, MediaType]] = {
    "jpg": MediaType.JPEG,
    "jpeg": MediaType.JPEG,
    "jpe": MediaType.JPEG,
    "mpo": MediaType.JPEG,
    "png": MediaType.PNG,
    "webp": MediaType.WEBP,
    "heic": MediaType.HEIC,
    "heif": MediaType.HEIC,
    "hif": MediaType.HEIC,
}

_HEIF_STILL_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"mif1"))
_HEIF_SEQUENCE_BRANDS = frozenset((b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"))


class ImageRejected(Exception):
    """A file that is not taken: ``code`` for programs, ``message`` (English) for people."""

    def __init__(self, code: RejectionCode, message: str | None = None) -> None:
        self.code = code
        self.message = message or MESSAGES[code]
        super().__init__(f"{code}: {self.message}")


def sniff(data: bytes, claimed: str | None = None) -> MediaType:
    """The type by the first bytes; ``claimed`` is a file extension or media type that must agree with it.

    Raises ImageRejected: empty, unknown_type, wrong_extension, animated (an HEIF sequence).
    """
    if not data:
        raise ImageRejected(RejectionCode.EMPTY)
    found = _type_by_content(data)
    if claimed is not None and _type_by_claim(claimed) is not found:
        raise ImageRejected(RejectionCode.WRONG_EXTENSION)
    return found


def read_content(data: bytes | BinaryIO) -> bytes:
    """All bytes of an upload. Raises ImageRejected(too_large) without reading far beyond the limit."""
    content = data if isinstance(data, bytes) else data.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ImageRejected(RejectionCode.TOO_LARGE, f"The file is larger than {MAX_BYTES // 1024**2} MB.")
    return content


def _type_by_content(data: bytes) -> MediaType:
    if data.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if data.startswith(containers.PNG_SIGNATURE):
        return MediaType.PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return MediaType.WEBP
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand in _HEIF_STILL_BRANDS:
            return MediaType.HEIC
        if brand in _HEIF_SEQUENCE_BRANDS:
            raise ImageRejected(RejectionCode.ANIMATED)
    raise ImageRejected(RejectionCode.UNKNOWN_TYPE)


def _type_by_claim(claimed: str) -> MediaType | None:
    wanted = claimed.strip().lower()
    if "/" in wanted:
        wanted = wanted.partition(";")[0].rpartition("/")[2]
    return EXTENSIONS.get(wanted.rpartition(".")[2])


def check_dimensions(content: bytes, media_type: MediaType, max_pixels: int) -> tuple[int, int]:
    """Width and height from the header, before any pixel is decoded: a decompression bomb ends here."""
    try:
        width, height, animated = _header(content, media_type)
    except Exception as error:
        raise rejection_of(error) from error
    if animated:
        raise ImageRejected(RejectionCode.ANIMATED)
    if width * height > max_pixels:
        limit = f"The picture has more than {max_pixels // 1_000_000} million pixels."
        raise ImageRejected(RejectionCode.TOO_MANY_PIXELS, limit)
    if min(width, height) < MIN_EDGE_PX:
        raise ImageRejected(RejectionCode.TOO_SMALL)
    return width, height


def _header(content: bytes, media_type: MediaType) -> tuple[int, int, bool]:
    match media_type:
        case MediaType.JPEG:
            return *containers.jpeg_size(content), False
        case MediaType.PNG:
            size = containers.png_size(content)
            return *size, size[0] * size[1] <= MAX_PIXELS and containers.png_is_animated(content)
        case MediaType.WEBP:
            return *containers.webp_size(content), containers.webp_is_animated(content)
        case MediaType.HEIC:
            if not containers.heif_is_complete(content):
                raise containers.TruncatedContainer("the HEIC ends inside a box")
            return *_heif(content).size, False


def open_picture(content: bytes, media_type: MediaType) -> Image.Image:
    """The picture by the reader of its type alone, pixels not yet decoded. Raises what the reader raises.

    A cut-short picture is an error here, whatever a library of the same process has asked Pillow for (WeasyPrint, once
    imported, lets every reader of the process fill what is missing with grey).
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    if media_type is MediaType.HEIC:
        picture: Image.Image = _heif(content).to_pillow()
        return picture
    return Image.open(io.BytesIO(content), formats=(media_type.name,))


def _heif(content: bytes) -> pillow_heif.HeifFile:
    # Not through Image.open: registering a global opener would change Pillow for every other room. Lazy: no pixel yet.
    return pillow_heif.HeifFile(content, convert_hdr_to_8bit=True)


def rejection_of(error: Exception) -> ImageRejected:
    """What a reader's complaint means to the person who sent the file."""
    if isinstance(error, ImageRejected):
        return error
    if isinstance(error, containers.TruncatedContainer):
        return ImageRejected(RejectionCode.TRUNCATED)
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return ImageRejected(RejectionCode.TOO_MANY_PIXELS)
    text = str(error).lower()
    cut_short = isinstance(error, EOFError) or "truncated" in text or "end of file" in text or "end of data" in text
    if cut_short and not isinstance(error, UnidentifiedImageError):
        return ImageRejected(RejectionCode.TRUNCATED)
    return ImageRejected(RejectionCode.CORRUPT)
