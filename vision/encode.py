"""Arrays to the small files that pages show: JPEG for photographs, WebP for what is transparent, PNG for masks, lines.

A worker encodes six of them for every photo. At the same look JPEG takes a fifth of WebP's time, which would be a
third of the whole photo's; its files are about twice as large.
"""

from __future__ import annotations

import io
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.types import EncodedImage, ImageKind, RgbImage

LONG_EDGE_PX: Final = 1280
"""Longest edge of a derived picture."""

WEBP_QUALITY: Final = 82
JPEG_QUALITY: Final = 88


def fitted(image: RgbImage, long_edge_px: int = LONG_EDGE_PX) -> RgbImage:
    """The picture reduced to the longest edge by area averaging; never enlarged."""
    scale = long_edge_px / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def jpeg(kind: ImageKind, pixels: NDArray[np.uint8]) -> EncodedImage:
    """H x W x 3 as JPEG with colours at full resolution, so that thin coloured outlines stay thin."""
    return _encoded(kind, pixels, "JPEG", "image/jpeg", quality=JPEG_QUALITY, subsampling=0)


def webp(kind: ImageKind, pixels: NDArray[np.uint8]) -> EncodedImage:
    """H x W x 3 or H x W x 4 (RGBA) as lossy WebP; alpha is kept exactly."""
    return _encoded(kind, pixels, "WEBP", "image/webp", quality=WEBP_QUALITY, method=0)


def png(kind: ImageKind, pixels: NDArray[np.uint8]) -> EncodedImage:
    """H x W as 8-bit PNG, values kept exactly."""
    return _encoded(kind, pixels, "PNG", "image/png", compress_level=3)


def _encoded(kind: ImageKind, pixels: NDArray[np.uint8], form: str, media_type: str, **options: int) -> EncodedImage:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, form, **options)
    return EncodedImage(kind, media_type, buffer.getvalue(), pixels.shape[1], pixels.shape[0])
