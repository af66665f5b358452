"""Which lengths along the head a photo of each view is asked for (A6, A15)."""

from __future__ import annotations

from vision.hairline import measure_hairline
from vision.head_lines import Lengths
from vision.parting import measure_parting
from vision.types import NotMeasurable, RgbImage, ScalpMap, View


def read_lengths(image: RgbImage, scalp_map: ScalpMap | NotMeasurable, view: View, size_px: tuple[int, int]) -> Lengths:
    """Part width of a parting, hairline of a front view; nothing in other views, or without a segmentation.

    ``size_px`` is width and height of the photo, in whose px the lengths are.
    """
    if isinstance(scalp_map, ScalpMap) and view is View.PART:
        return measure_parting(image, scalp_map, size_px)
    if isinstance(scalp_map, ScalpMap) and view is View.HAIRLINE:
        return measure_hairline(image, scalp_map, size_px)
    return {}
