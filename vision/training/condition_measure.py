"""Figures of a condition release on what it has not seen: every number of its card that can be measured again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vision.condition import read_condition
from vision.evaluation.condition_probes import watermark_probe
from vision.evaluation.conditions import judge, report
from vision.evaluation.intervals import wilson
from vision.release import Release
from vision.runtime import Network, open_network
from vision.training.condition_domain import Sample, strangers, subjects
from vision.training.condition_pictures import Picture, atlas_pictures, counts, stand_in_pictures
from vision.types import Condition, Reason, RgbImage


def measure(release: Release, data: Path) -> dict[str, Any]:
    """Figures on the test part: all pictures, the atlases' alone, watermarks, and pictures that are not its subject."""
    served = open_network(release)
    pictures = [*atlas_pictures(data / "conditions"), *stand_in_pictures(data)]
    test = [picture for picture in pictures if picture.part == "test"]
    atlases = [picture for picture in test if is_of_atlas(picture)]
    judged = judge(test, served, release)
    of_atlases = np.array([is_of_atlas(picture) for picture in test])
    return {
        "test": report(judged, release),
        "test_atlases_only": report(judged.of(of_atlases), release),
        "watermark_probe": {
            name: figure.as_dict() for name, figure in watermark_probe(atlases, served, release).items()
        },
        "strangers_abstained": _abstained(strangers(data), served, release),
        "subjects_out_of_domain": _out_of_domain(subjects(data), served, release),
        "test_pictures": counts(test),
    }


def _abstained(samples: Sequence[Sample], network: Network, release: Release) -> dict[str, Any]:
    return _per_kind(samples, lambda image: read_condition(image, network, release)[0].shown is Condition.UNSURE)


def _out_of_domain(samples: Sequence[Sample], network: Network, release: Release) -> dict[str, Any]:
    def refused(image: RgbImage) -> bool:
        return read_condition(image, network, release)[0].abstained_because is Reason.OUT_OF_DOMAIN

    return _per_kind(samples, refused)


def _per_kind(samples: Sequence[Sample], holds: Callable[[RgbImage], bool]) -> dict[str, Any]:
    """Share of the test pictures of each kind for which something holds."""
    found: dict[str, list[bool]] = {}
    for sample in samples:
        if sample.part == "test":
            found.setdefault(sample.kind, []).append(holds(sample.open()))
    figures = {kind: wilson(sum(hits), len(hits)) for kind, hits in found.items()}
    return {kind: figure.as_dict() for kind, figure in figures.items() if figure is not None}


def is_of_atlas(picture: Picture) -> bool:
    """Whether a picture is a clinical one, not a head that stands in for full hair or pattern loss."""
    return picture.path.parent.parent.name == "conditions"
