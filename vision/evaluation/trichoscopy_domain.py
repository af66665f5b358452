"""What the hair release refuses: unclipped hair, wrong magnification; and how many good pictures with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vision.decode import decode_image
from vision.evaluation.intervals import Figure, wilson
from vision.hairs import look, within_domain
from vision.release import Release
from vision.training.hairs_data import CANONICAL_PX_PER_MM, hairs_on_side, list_hair_files
from vision.types import RgbImage

if TYPE_CHECKING:
    from vision.runtime import Network

WRONG_SCALES: Final = (0.5, 0.7, 1.4, 2.0)
"""Stated px/mm over the true one."""

UNCLIPPED_WIDTHS_MM: Final = (3.57, 7.0)
"""Unclipped pictures carry no scale: they are shown as if this wide (the research trichoscope's field, and twice)."""

WRONG_SCALE_PICTURES: Final = 40


def evaluate_domain(data: Path, network: Network, release: Release) -> dict[str, Any]:
    """Shares refused, each with Wilson's interval over pictures: clipped and held out, by stated scale, unclipped."""
    release = replace(release, options={**release.options, "flips": False})  # the distance is told by the tile as it is
    files = hairs_on_side(list_hair_files(data), "test")
    clipped = [(decode_image(file.image.read_bytes()), file.px_per_mm) for file in files]
    few = clipped[:: max(1, len(clipped) // WRONG_SCALE_PICTURES)][:WRONG_SCALE_PICTURES]
    unclipped = [decode_image(path.read_bytes()) for path in sorted((data / "trichoscopy_unclipped").rglob("*.jpg"))]
    return {
        "limit": release.thresholds["distance"],
        "scale_px_per_mm": CANONICAL_PX_PER_MM,
        "clipped_refused": _refused(clipped, network, release),
        "unclipped_refused": {
            f"as if {width} mm wide": _refused(
                [(image, image.shape[1] / width) for image in unclipped], network, release
            )
            for width in UNCLIPPED_WIDTHS_MM
        },
        "wrong_scale_refused": {
            f"stated {factor} x the true px/mm": _refused(
                [(image, factor * px_per_mm) for image, px_per_mm in few], network, release
            )
            for factor in WRONG_SCALES
        },
    }


def _refused(pictures: Iterable[tuple[RgbImage, float]], network: Network, release: Release) -> dict[str, float] | None:
    outside = [not within_domain(look(image, scale, network, release), release) for image, scale in pictures]
    figure: Figure | None = wilson(sum(outside), len(outside))
    return None if figure is None else figure.as_dict()
