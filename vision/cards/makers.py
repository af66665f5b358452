"""Who measures and who words the card of each task. A new network is one line in :data:`MAKERS`.

A task without a line of its own still gets a card: it is measured by every evaluation that names its release, its text
stays as its training wrote it, and it has no drawn examples.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vision.cards.examples import EXAMPLES_HEADING, Example
from vision.release import Release

Metrics = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Maker:
    """``measure(release, data)``: what goes into ``metrics.json``; ``text(release, metrics)``: Markdown;
    ``examples(release)``: drawn pictures."""

    measure: Callable[[Release, Path], Metrics]
    text: Callable[[Release, Metrics], str]
    examples: Callable[[Release], Iterable[Example]]


MAKERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "segmentation": (
        "vision.training.segmentation_release:measure",
        "vision.training.segmentation_card:card_text",
        "vision.cards.overviews:segmentation_examples",
    ),
    "regions": (
        "vision.cards.makers:measure_regions",
        "vision.cards.makers:regions_text",
        "vision.cards.overviews:region_examples",
    ),
    "conditions": (
        "vision.training.condition_measure:measure",
        "vision.training.condition_card:card_text",
        "vision.cards.overviews:condition_examples",
    ),
    "norwood": (
        "vision.training.norwood:measure",
        "vision.training.norwood_card:card_text",
        "vision.cards.overviews:norwood_examples",
    ),
    "trichoscopy": (
        "vision.training.hairs_release:measure",
        "vision.training.hairs_card:card_text",
        "vision.cards.trichoscopy:hair_examples",
    ),
}
"""Task to ``module:function`` of measure, text and examples."""


def maker_for(task: str) -> Maker:
    """The maker of a task's cards."""
    if task not in MAKERS:
        return Maker(measure_by_evaluation, text_as_trained, no_examples)
    measure, text, examples = (_function(name) for name in MAKERS[task])
    return Maker(measure, text, examples)


def measure_by_evaluation(release: Release, data: Path) -> Metrics:
    """Every evaluation that scores this release, on its held-out people."""
    from vision.evaluation.commands import TASKS, run_task

    reports = {name: run_task(name, data, "test") for name, task in TASKS.items() if task.release == release.name}
    commands = {name: f"python -m vision evaluate {name} --data ../shared/data --split test" for name in reports}
    return {"tasks": {name: {**report, "command": commands[name]} for name, report in reports.items()}}


def text_as_trained(release: Release, metrics: Metrics) -> str:
    """The card as its training wrote it, without the examples that this command adds."""
    return release.card().partition(EXAMPLES_HEADING)[0]


def no_examples(release: Release) -> Iterable[Example]:
    """None."""
    return ()


def measure_regions(release: Release, data: Path) -> Metrics:
    """Figures of the region detector, with the segmentation it was tuned for, on its held-out people."""
    from vision.evaluation.regions import Reader
    from vision.release import load_release
    from vision.runtime import open_network
    from vision.training.region_pictures import outlined_photos
    from vision.training.region_release import look, measure

    segmentation = load_release(str(release.options.get("segmentation", "scalp-segmentation")))
    reader = Reader(open_network(segmentation), segmentation, open_network(release), release)
    photos = [photo for photo in outlined_photos(data / "scalp_regions") if photo.side == "test"]
    return measure(photos, look(photos, reader), release.thresholds["score"])


def regions_text(release: Release, metrics: Metrics) -> str:
    """The region detector's card."""
    from vision.training.region_release import card_text

    return card_text(metrics, release)


def _function(name: str) -> Callable[..., Any]:
    module, function = name.split(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
