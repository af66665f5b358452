"""How often a picture is refused as no scalp: heads that should pass, other pictures that should not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vision.decode import decode_image
from vision.evaluation.intervals import wilson
from vision.measure import MIN_CONFIDENCE, MIN_SCALP_PERCENT
from vision.release import Release
from vision.segment import segment
from vision.training.data import list_bare_skin, list_scalp_regions, on_side
from vision.types import ScalpClass, ScalpMap

if TYPE_CHECKING:
    from vision.runtime import Network


def evaluate_domain(data: Path, network: Network, release: Release) -> dict[str, Any]:
    """``heads_refused``: photographs of heads not measured; ``others_accepted``: held-out pictures of
    bodies and faces without scalp that are.

    The rule is the one that serves: scalp at least :data:`MIN_SCALP_PERCENT` of the frame, and a mean probability of
    being scalp of at least :data:`MIN_CONFIDENCE` over the pixels labelled so.
    """
    heads = [file.image for file in on_side(list_scalp_regions(data), "test")]
    others = list_bare_skin(data, "test")
    refused = sum(not accepted for accepted in _accepted(heads, network, release))
    passed = sum(_accepted(others, network, release))
    found = {"heads_refused": wilson(refused, len(heads)), "others_accepted": wilson(passed, len(others))}
    return {
        "min_scalp_percent": MIN_SCALP_PERCENT,
        "min_confidence": MIN_CONFIDENCE,
        "heads": len(heads),
        "others": len(others),
        "metrics": {name: figure.as_dict() for name, figure in found.items() if figure is not None},
    }


def is_accepted(scalp_map: ScalpMap) -> bool:
    """Whether enough of the picture is scalp, surely enough, to be measured."""
    scalp = np.isin(scalp_map.labels, ScalpClass.scalp())
    if 100 * scalp.mean() < MIN_SCALP_PERCENT:
        return False
    confidence = scalp_map.probabilities[[int(one) for one in ScalpClass.scalp()]].sum(0)[scalp].mean()
    return bool(confidence >= MIN_CONFIDENCE)


def _accepted(pictures: Iterable[Path], network: Network, release: Release) -> list[bool]:
    return [is_accepted(segment(decode_image(path.read_bytes()), network, release)) for path in pictures]
