"""How good the Norwood stage is: agreement with the stages of men it has not seen, from all views and from few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.evaluation.intervals import Figure, bootstrap_over_people, wilson
from vision.norwood import SETTLING_VIEWS, VIEWS, grade, read_evidence
from vision.release import Release, load_release
from vision.runtime import open_network
from vision.segment import segment
from vision.training.norwood_people import Man, read_men
from vision.training.split import side_of
from vision.types import NorwoodEvidence, NorwoodReading, NotMeasurable, Reason, View

if TYPE_CHECKING:
    from vision.runtime import Network

SEGMENTATION: Final = "scalp-segmentation"
UNKNOWN: Final = NotMeasurable(Reason.MODEL_OFF)
"""The condition of these men is not asked: that they have pattern loss is known."""

SUBSETS: Final[Mapping[str, frozenset[View]]] = {
    "all_views": frozenset(VIEWS),
    "crown_only": frozenset({View.CROWN}),
    "hairline_only": frozenset({View.HAIRLINE}),
    "crown_and_hairline": SETTLING_VIEWS,
    "sides_and_back": frozenset(VIEWS) - SETTLING_VIEWS,
}
"""Which views a man is graded from; the last shows why sides and back alone are refused."""


ROUNDS: Final = 1000
"""Draws of people for an interval."""


@dataclass(frozen=True, slots=True)
class Graded:
    """A man's true stage and what the release says."""

    person: str
    stage: int
    found: NorwoodReading | NotMeasurable


def evaluate(data: Path, network: Network, release: Release, *, split: str = "all") -> dict[str, Any]:
    """The report of ``python -m vision evaluate norwood``; ``data`` holds ``images/`` and ``labels.csv``.

    Photographs are segmented by the newest shipped segmentation. The quality gate and the condition network are not
    asked. Figures with a suffix are from fewer views: ``kappa_quadratic@crown_only``.
    """
    men = [man for man in read_men(data) if split == "all" or side_of(man.person) == split]
    segmentation = load_release(SEGMENTATION)
    segmenter = open_network(segmentation)
    evidence = [_evidence(man, network, release, segmenter, segmentation) for man in men]
    metrics: dict[str, Figure] = {}
    for name, views in SUBSETS.items():
        if name == "sides_and_back":
            continue
        graded = [
            Graded(man.person, man.stage, grade([e for e in seen if e.view in views], release, UNKNOWN, male=True))
            for man, seen in zip(men, evidence, strict=True)
            if any(one.view in views for one in seen)
        ]
        suffix = "" if name == "all_views" else f"@{name}"
        metrics |= {f"{key}{suffix}": figure for key, figure in figures(graded).items()}
        if not suffix:
            confusion = confusion_of(graded)
    return {
        "task": "norwood",
        "n_images": sum(len(man.photos) for man in men),
        "n_people": len(men),
        "release": release.id,
        "segmentation_release": segmentation.id,
        "metrics": {name: figure.as_dict() for name, figure in metrics.items()},
        "confusion": confusion,
    }


def _evidence(
    man: Man, network: Network, release: Release, segmenter: Network, segmentation: Release
) -> list[NorwoodEvidence]:
    found = []
    for view, path in man.photos:
        image = decode_image(path.read_bytes())
        read = read_evidence(image, segment(image, segmenter, segmentation), view, network, release)
        if isinstance(read, NorwoodEvidence):
            found.append(read)
    return found


def figures(graded: Sequence[Graded]) -> dict[str, Figure]:
    """``kappa_quadratic``, ``within_one``, ``exact`` over the men who were graded, ``in_range``: the true stage lies in
    the range shown; ``not_gradable`` over all men."""
    rows = [(one.person, one.stage, one.found) for one in graded if isinstance(one.found, NorwoodReading)]
    people = [person for person, _, _ in rows]
    truth = np.array([stage for _, stage, _ in rows], dtype=np.int64)
    stage = np.array([found.stage for _, _, found in rows], dtype=np.int64)
    inside = np.array([found.lowest <= true <= found.highest for _, true, found in rows], dtype=np.bool_)
    found: dict[str, Figure | None] = {}
    if rows:
        found["kappa_quadratic"] = bootstrap_over_people(
            lambda at: kappa_quadratic(truth[at], stage[at]), people, rounds=ROUNDS
        )
        found["within_one"] = share(abs(truth - stage) <= 1, people)
        found["exact"] = share(truth == stage, people)
        found["in_range"] = share(inside, people)
    found["not_gradable"] = wilson(len(graded) - len(rows), len(graded))
    return {name: figure for name, figure in found.items() if figure is not None}


def share(hits: NDArray[np.bool_], people: Sequence[str]) -> Figure | None:
    """Share of hits, resampling people; where all or none is a hit resampling knows no spread, and Wilson's interval
    over the people stands in."""
    found = bootstrap_over_people(lambda at: float(hits[at].mean()), people, rounds=ROUNDS)
    if found is not None and found.value in (0.0, 1.0):
        return wilson(round(found.value * found.n), found.n)
    return found


def kappa_quadratic(truth: NDArray[np.int64], stage: NDArray[np.int64]) -> float | None:
    """Cohen's kappa with squared weights: 1 - sum of squared differences / what chance would give; None when neither
    varies."""
    chance = float(((truth[:, None] - stage[None, :]) ** 2).mean())
    return None if chance == 0 else 1.0 - float(((truth - stage) ** 2).mean()) / chance


def confusion_of(graded: Sequence[Graded]) -> list[list[int]]:
    """Rows ``[true stage, stage said, men]``."""
    counts: dict[tuple[int, int], int] = {}
    for one in graded:
        if isinstance(one.found, NorwoodReading):
            pair = (one.stage, one.found.stage)
            counts[pair] = counts.get(pair, 0) + 1
    return [[true, said, men] for (true, said), men in sorted(counts.items())]
