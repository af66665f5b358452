"""Figures of a condition release on what it has not seen: every number of its card that can be measured again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vision.evaluation.condition_probes import strangers_probe, watermark_probe
from vision.evaluation.conditions import judge, report
from vision.release import Release
from vision.runtime import open_network
from vision.training.condition_pictures import Picture, atlas_pictures, counts, stand_in_pictures


def measure(release: Release, data: Path) -> dict[str, Any]:
    """Figures on the test part: all pictures, the atlases' alone, watermarks, and pictures that are not its subject."""
    served = open_network(release)
    pictures = [*atlas_pictures(data / "conditions"), *stand_in_pictures(data)]
    test = [picture for picture in pictures if picture.part == "test"]
    atlases = [picture for picture in test if is_of_atlas(picture)]
    strangers = {
        "trichoscopy, hair not clipped": sorted((data / "trichoscopy_unclipped").rglob("*.jpg")),
        "press photographs of faces (LFW)": sorted((data / "hair_masks" / "images").glob("lfw_*.jpg"))[::45],
    }
    judged = judge(test, served, release)
    of_atlases = np.array([is_of_atlas(picture) for picture in test])
    return {
        "test": report(judged, release),
        "test_atlases_only": report(judged.of(of_atlases), release),
        "watermark_probe": {
            name: figure.as_dict() for name, figure in watermark_probe(atlases, served, release).items()
        },
        "strangers_abstained": {
            name: figure.as_dict()
            for name, paths in strangers.items()
            if (figure := strangers_probe(paths, served, release)) is not None
        },
        "test_pictures": counts(test),
    }


def is_of_atlas(picture: Picture) -> bool:
    """Whether a picture is a clinical one, not a head that stands in for full hair or pattern loss."""
    return picture.path.parent.parent.name == "conditions"
