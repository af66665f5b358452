"""Pictures that explain a result (A11): segmentation overlay, density map, model attention, and the label mask.

All are for looking; none is ever measured. The longest edge is :data:`LONG_EDGE_PX` at most, the mask keeps the size of
the segmentation. The attention map shows what the condition network looked at; it is not a map of lesions.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.colour import CLASS_COLOURS, density_table
from vision.encode import fitted, jpeg, png, webp
from vision.measure import find_scalp, labels_at
from vision.types import EncodedImage, FloatMap, ImageKind, RgbImage, ScalpClass, ScalpMap

OVERLAY_OPACITY: Final = {ScalpClass.DENSE: 0.10, ScalpClass.THINNING: 0.30, ScalpClass.BALD: 0.34}
"""The photo is what matters: covered scalp is hardly tinted, its outline says enough."""

DENSITY_SMOOTHING: Final = 1 / 40
"""Smoothing of the density map, standard deviation in shares of the long edge."""

DENSITY_LONG_EDGE_PX: Final = 480
"""The density map is smooth: a page may enlarge it over the photo without loss."""

OUTLINE_TOLERANCE_PX: Final = 0.8

ATTENTION_OPACITY: Final = 0.55


def overlay_picture(image: RgbImage, scalp_map: ScalpMap) -> EncodedImage:
    """The photo with its classes tinted and outlined in the colours of :data:`~vision.colour.CLASS_COLOURS`."""
    shown = fitted(image).copy()
    height, width = shown.shape[:2]
    labels = labels_at(scalp_map, width, height)
    line = max(2, round(max(height, width) / 480))
    for kind, colour in CLASS_COLOURS.items():
        tinted = cv2.LUT(shown, _tint(colour, OVERLAY_OPACITY[kind]))
        cv2.copyTo(tinted, (labels == kind).astype(np.uint8), shown)
    for kind, colour in CLASS_COLOURS.items():
        area = smooth_mask(labels == kind)
        found, _ = cv2.findContours(area, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        long_enough = [cv2.approxPolyDP(one, OUTLINE_TOLERANCE_PX, True) for one in found
                       if len(one) > 0.02 * (height + width)]  # fmt: skip
        cv2.drawContours(shown, long_enough, -1, (255, 255, 255), line + 2, cv2.LINE_AA)
        cv2.drawContours(shown, long_enough, -1, colour, line, cv2.LINE_AA)
    return jpeg(ImageKind.OVERLAY, shown)


def density_picture(image: RgbImage, scalp_map: ScalpMap) -> EncodedImage:
    """Cover as a map on its own: blue and green covered, yellow and red thin, transparent outside the scalp."""
    height, width = image.shape[:2]
    scale = min(1.0, DENSITY_LONG_EDGE_PX / max(height, width))
    thin, alpha = thinness(scalp_map, max(1, round(width * scale)), max(1, round(height * scale)))
    rgba = np.dstack((density_table()[np.round(thin * 255).astype(np.uint8)], alpha))
    return webp(ImageKind.DENSITY, rgba)


def _tint(colour: tuple[int, int, int], share: float) -> NDArray[np.uint8]:
    """Table 1 x 256 x 3 that lays ``share`` of a colour over a picture."""
    levels = np.arange(256, dtype=np.float32)[:, None]
    return np.round(levels * (1 - share) + np.array(colour, np.float32) * share).astype(np.uint8)[None]


def thinness(scalp_map: ScalpMap, width_px: int, height_px: int) -> tuple[FloatMap, NDArray[np.uint8]]:
    """How thin (0 covered .. 1 bald; expected value of bald + half thinning), smoothed, and the scalp's alpha.

    Smoothing is normalised by the scalp, so that what lies outside never bleeds in.
    """
    scalp = find_scalp(scalp_map)
    inside = scalp.mask.astype(np.float32)
    thin = 0.5 * scalp.classes[1] + scalp.classes[2]
    size = (width_px, height_px)
    sigma = DENSITY_SMOOTHING * max(inside.shape)  # smoothed at the segmentation's size, where it costs little
    weight = cv2.GaussianBlur(inside, (0, 0), sigma)
    smooth = cv2.GaussianBlur(thin.astype(np.float32), (0, 0), sigma) / np.maximum(weight, 1e-4)
    smooth = cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR)
    inside = cv2.resize(inside, size, interpolation=cv2.INTER_LINEAR)
    alpha = (255 * np.clip((inside - 0.3) / 0.4, 0, 1)).astype(np.uint8)
    return np.clip(smooth, 0, 1).astype(np.float32), alpha


def attention_picture(image: RgbImage, attention: FloatMap) -> EncodedImage:
    """The photo under the condition network's attention (Grad-CAM, 0..1, whole photo): dark little, light much."""
    shown = fitted(image)
    height, width = shown.shape[:2]
    level = cv2.resize(attention.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    level = np.clip(level, 0, 1)
    coloured = cv2.cvtColor(
        cv2.applyColorMap(np.round(level * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB
    )
    grey = cv2.cvtColor(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    blended = cv2.addWeighted(grey, 1 - ATTENTION_OPACITY, coloured, ATTENTION_OPACITY, 0)
    return jpeg(ImageKind.ATTENTION, np.asarray(blended, np.uint8))


def mask_picture(scalp_map: ScalpMap) -> EncodedImage:
    """The label map as 8-bit PNG whose grey values are :class:`~vision.types.ScalpClass`."""
    return png(ImageKind.MASK, scalp_map.labels)


def smooth_mask(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A mask without the stairs of the segmentation's grid, for drawing."""
    edge = 2 * round(max(mask.shape) / 160) + 1
    inside = cv2.boxFilter(
        mask.astype(np.uint8), cv2.CV_32F, (edge, edge), normalize=False, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(inside > edge * edge / 2, dtype=np.uint8)  # the median of a mask, and far cheaper
