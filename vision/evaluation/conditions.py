"""How good the condition classifier is: per class, per source, calibrated or not, and how often it abstains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vision.condition import calibrated, load_head, outside, pooled
from vision.decode import decode_image
from vision.evaluation.intervals import Figure, bootstrap_over_people, wilson
from vision.preprocess import preprocess
from vision.release import Release
from vision.training.condition_pictures import Picture, atlas_pictures, stand_in_pictures
from vision.training.data import DataMissing

if TYPE_CHECKING:
    from vision.runtime import Network

CALIBRATION_BINS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """Pictures and what the release says of them: truth N, probabilities N x K, and which N are outside its domain."""

    classes: tuple[str, ...]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    outside: NDArray[np.bool_]
    sources: tuple[str, ...]
    people: tuple[str, ...]

    @property
    def best(self) -> NDArray[np.int64]:
        """The most probable class of each picture, shown or not."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    def shown(self, thresholds: Mapping[str, float]) -> NDArray[np.bool_]:
        """Which pictures get a class shown: probable enough, and like what the release was trained on."""
        sure = self.probabilities.max(axis=1) >= thresholds["probability"]
        return np.asarray(sure & ~self.outside)

    def of(self, rows: NDArray[np.bool_]) -> Judged:
        """The same for some of the pictures."""
        keep = np.flatnonzero(rows)
        return Judged(
            self.classes,
            self.truth[keep],
            self.probabilities[keep],
            self.outside[keep],
            tuple(self.sources[row] for row in keep),
            tuple(self.people[row] for row in keep),
        )


def evaluate(
    data: Path,
    network: Network,
    release: Release,
    *,
    split: str = "all",
    stand_ins: Path | None = None,
) -> dict[str, Any]:
    """The report of ``python -m vision evaluate conditions``.

    ``data`` holds ``images/`` and ``labels.csv``; ``stand_ins`` is a research folder whose heads with full hair and
    with pattern loss are added. ``split='test'`` keeps the groups that training never saw. Raises
    DataMissing without labels.
    """
    if not (data / "labels.csv").is_file():
        raise DataMissing(f"{data} has no labels.csv (file, condition, subtype, source, duplicate_group)")
    listed = atlas_pictures(data, with_augmented=split == "all")
    pictures = [picture for picture in listed if picture.path.is_file()]
    if stand_ins is not None:
        pictures += stand_in_pictures(stand_ins)
    if split == "test":
        pictures = [picture for picture in pictures if picture.part == "test"]
    return report(judge(pictures, network, release), release)


def judge(pictures: Sequence[Picture], network: Network, release: Release) -> Judged:
    """Run the release over pictures."""
    head = load_head(release)
    probabilities, strange = [], []
    for picture in pictures:
        batch, _ = preprocess(decode_image(picture.path.read_bytes()), release.input)
        logits, features = network.infer(batch)
        probabilities.append(calibrated(logits, release.temperature)[0])
        strange.append(bool(outside(pooled(features), head, release.thresholds)[0]))
    return Judged(
        classes=release.classes,
        truth=np.array([release.classes.index(picture.condition.value) for picture in pictures], dtype=np.int64),
        probabilities=np.array(probabilities, dtype=np.float32).reshape(-1, len(release.classes)),
        outside=np.array(strange, dtype=np.bool_),
        sources=tuple(picture.source for picture in pictures),
        people=tuple(picture.person for picture in pictures),
    )


def report(judged: Judged, release: Release) -> dict[str, Any]:
    """``{task, n_images, n_people, release, metrics: {name: {value, low, high, n}}}``; names like ``recall.other``."""
    metrics = figures(judged, release.thresholds)
    for source in sorted(set(judged.sources) - {""}):
        part = judged.of(np.array([one == source for one in judged.sources]))
        metrics |= {f"{name}@{source}": figure for name, figure in _source_figures(part, release.thresholds).items()}
    return {
        "task": "conditions",
        "n_images": len(judged.truth),
        "n_people": len(set(judged.people)),
        "release": release.id,
        "metrics": {name: figure.as_dict() for name, figure in metrics.items()},
        "confusion": confusion(judged).tolist(),
        "classes": list(judged.classes),
    }


def figures(judged: Judged, thresholds: Mapping[str, float]) -> dict[str, Figure]:
    """All figures over all pictures. Precision and recall count the most probable class; ``shown_*`` what is shown."""
    best, truth, shown = judged.best, judged.truth, judged.shown(thresholds)
    found: dict[str, Figure | None] = {}
    for number, name in enumerate(judged.classes):
        found[f"precision.{name}"] = _share(truth[best == number] == number)
        found[f"recall.{name}"] = _share(best[truth == number] == number)
        found[f"shown_precision.{name}"] = _share(truth[(best == number) & shown] == number)
        found[f"shown_recall.{name}"] = _share(((best == number) & shown)[truth == number])
    found["accuracy"] = _share(best == truth)
    found["balanced_accuracy"] = bootstrap_over_people(
        lambda rows: balanced_accuracy(truth[rows], best[rows]), judged.people
    )
    found["ece"] = bootstrap_over_people(
        lambda rows: calibration_error(judged.probabilities[rows], truth[rows]), judged.people
    )
    found["abstained"] = _share(~shown)
    found["out_of_domain"] = _share(judged.outside)
    found["accuracy_when_shown"] = _share((best == truth)[shown])
    return {name: figure for name, figure in found.items() if figure is not None}


def balanced_accuracy(truth: NDArray[np.int64], best: NDArray[np.int64]) -> float | None:
    """Mean recall over the classes that occur; None without pictures."""
    recalls = [float((best[truth == number] == number).mean()) for number in np.unique(truth)]
    return float(np.mean(recalls)) if recalls else None


def calibration_error(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> float | None:
    """Expected calibration error over ten equal bins of the best probability (Naeini 2015); None without pictures."""
    if len(truth) == 0:
        return None
    sureness, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bins = np.minimum((sureness * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gap = 0.0
    for number in np.unique(bins):
        rows = bins == number
        gap += abs(float(sureness[rows].mean()) - float(right[rows].mean())) * float(rows.mean())
    return gap


def confusion(judged: Judged) -> NDArray[np.int64]:
    """Counts, truth in rows, most probable class in columns."""
    counts = np.zeros((len(judged.classes), len(judged.classes)), dtype=np.int64)
    np.add.at(counts, (judged.truth, judged.best), 1)
    return counts


def _source_figures(judged: Judged, thresholds: Mapping[str, float]) -> dict[str, Figure]:
    """The same figures over the pictures of one source, without what is shown per class: too few are."""
    kept = ("precision.", "recall.", "accuracy", "balanced_accuracy", "ece", "abstained")
    return {name: figure for name, figure in figures(judged, thresholds).items() if name.startswith(kept)}


def _share(hits: NDArray[np.bool_]) -> Figure | None:
    return wilson(int(hits.sum()), len(hits))
