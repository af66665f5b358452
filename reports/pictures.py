"""Pictures of a report: the photo in a size for reading, and the same with the accepted regions outlined. Pure.

Regions are drawn from what counts after the review, never from the models' own overlay: a rejected region is nowhere.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from PIL import Image, ImageDraw

from vision.colour import CLASS_COLOURS
from vision.decode import decode_image
from vision.types import ScalpClass

LONG_EDGE_PX: Final = 1600
JPEG_QUALITY: Final = 86
_FILL_ALPHA: Final = 56


@dataclass(frozen=True, slots=True)
class Outline:
    """One region to draw: a closed outline in picture fractions."""

    bald: bool
    polygon: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A picture ready to seal."""

    data: bytes
    sha256: str
    width_px: int
    height_px: int


def readable_copy(photo: BinaryIO | bytes, outlines: Sequence[Outline] = ()) -> Jpeg:
    """The photo at most ``LONG_EDGE_PX`` long, sRGB, without metadata, with ``outlines`` drawn over it.

    Raises vision.decode.ImageRejected when the bytes are no picture.
    """
    pixels = decode_image(photo, max_long_edge=LONG_EDGE_PX)
    image = Image.fromarray(pixels)
    image.thumbnail((LONG_EDGE_PX, LONG_EDGE_PX), Image.Resampling.LANCZOS)
    if outlines:
        image = _drawn(image, outlines)
    target = io.BytesIO()
    image.save(target, "JPEG", quality=JPEG_QUALITY, optimize=True)
    data = target.getvalue()
    return Jpeg(data, hashlib.sha256(data).hexdigest(), image.width, image.height)


def _drawn(image: Image.Image, outlines: Sequence[Outline]) -> Image.Image:
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    line = max(3, round(max(image.size) / 320))
    for outline in outlines:
        points = [(x * image.width, y * image.height) for x, y in outline.polygon]
        if len(points) < 3:
            continue
        colour = CLASS_COLOURS[ScalpClass.BALD if outline.bald else ScalpClass.THINNING]
        pen.polygon(points, fill=(*colour, _FILL_ALPHA))
        closed = [*points, points[0]]
        pen.line(closed, fill=(255, 255, 255, 255), width=line + 3, joint="curve")
        pen.line(closed, fill=(*colour, 255), width=line, joint="curve")
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")
