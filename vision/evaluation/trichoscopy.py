"""How well the shipped release finds hairs in trichoscopy, against hairs that readers marked, on people held out.

Every figure comes from the release through :func:`vision.hairs.look`, on the picture as stored. A picture whose hairs
are counted is compared inside the counting frame (inset 10 % of each side): outside it readers left hairs unmarked.
Intervals resample patients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.evaluation.intervals import Figure, bootstrap_over_people
from vision.evaluation.trichoscopy_matching import FRAME_INSET, in_frame, match_hairs
from vision.hairs import hairs_of, look
from vision.release import Release
from vision.training.hairs_data import KINDS, HairFile, hairs_on_side, list_hair_files

if TYPE_CHECKING:
    from vision.runtime import Network


@dataclass(frozen=True, slots=True)
class Counted:
    """One picture: pairs, found and labelled hairs in the frame, pairs whose kind is right, and labelled by kind."""

    patient: str
    hits: int
    found: int
    true: int
    kinds_right: int
    frame_cm2: float
    hits_of_kind: tuple[int, ...]
    true_of_kind: tuple[int, ...]
    distance: float


Rows = NDArray[np.int64]


def evaluate(data: Path, network: Network, release: Release, *, split: str = "all") -> dict[str, Any]:
    """The report of ``python -m vision evaluate trichoscopy``.

    ``f1``, ``precision``, ``recall`` pooled over hairs; ``count_error`` mean of |found - true| / true per picture;
    ``density_bias`` mean density found over mean density labelled, minus 1; ``kind_accuracy`` over matched hairs;
    ``refused`` share of pictures that the release calls outside its domain (they are counted above all the same).
    """
    files = list_hair_files(data)
    pictures = [count(file, network, release) for file in (hairs_on_side(files, "test") if split == "test" else files)]
    limit = release.thresholds["distance"]
    people = [picture.patient for picture in pictures]
    figures = FIGURES | {"refused": lambda seen: float(np.mean([one.distance > limit for one in seen]))}
    found: dict[str, Figure | None] = {
        name: bootstrap_over_people(_over(pictures, figure), people) for name, figure in figures.items()
    }
    of_kind = {
        kind: bootstrap_over_people(_over(pictures, lambda seen, k=number: _recall_of(seen, k)), people)  # type: ignore[misc]
        for number, kind in enumerate(KINDS)
    }
    return {
        "task": "trichoscopy",
        "n_images": len(pictures),
        "n_people": len(set(people)),
        "n_hairs": sum(picture.true for picture in pictures),
        "release": release.id,
        "metrics": {name: figure.as_dict() for name, figure in found.items() if figure is not None},
        "recall_of_kind": {kind: figure.as_dict() for kind, figure in of_kind.items() if figure is not None},
    }


def count(file: HairFile, network: Network, release: Release) -> Counted:
    """Find the hairs of one labelled picture and pair them with the marked ones."""
    image = decode_image(file.image.read_bytes())
    height, width = image.shape[:2]
    seen = look(image, file.px_per_mm, network, release)
    hairs = hairs_of(seen, file.px_per_mm, release)
    hairs = hairs.chosen(in_frame(hairs.arrows, width, height))
    inside = in_frame(file.arrows, width, height)
    kinds = file.kinds[inside]
    match = match_hairs(hairs.arrows, file.arrows[inside], file.px_per_mm)
    told = hairs.kinds[match.found_rows].argmax(axis=1) if match.hits else np.zeros(0, np.int64)
    return Counted(
        patient=file.patient,
        hits=match.hits,
        found=match.found,
        true=match.true,
        kinds_right=int((told == kinds[match.true_rows]).sum()),
        frame_cm2=(1 - 2 * FRAME_INSET) ** 2 * width * height / file.px_per_mm**2 / 100,
        hits_of_kind=tuple(int((kinds[match.true_rows] == kind).sum()) for kind in range(len(KINDS))),
        true_of_kind=tuple(int((kinds == kind).sum()) for kind in range(len(KINDS))),
        distance=seen.distance,
    )


def _f1(seen: Sequence[Counted]) -> float | None:
    total = sum(one.found + one.true for one in seen)
    return 2 * sum(one.hits for one in seen) / total if total else None


def _precision(seen: Sequence[Counted]) -> float | None:
    total = sum(one.found for one in seen)
    return sum(one.hits for one in seen) / total if total else None


def _recall(seen: Sequence[Counted]) -> float | None:
    total = sum(one.true for one in seen)
    return sum(one.hits for one in seen) / total if total else None


def _count_error(seen: Sequence[Counted]) -> float | None:
    errors = [abs(one.found - one.true) / one.true for one in seen if one.true]
    return float(np.mean(errors)) if errors else None


def _density_bias(seen: Sequence[Counted]) -> float | None:
    true = sum(one.true / one.frame_cm2 for one in seen)
    return sum(one.found / one.frame_cm2 for one in seen) / true - 1 if true else None


def _kind_accuracy(seen: Sequence[Counted]) -> float | None:
    total = sum(one.hits for one in seen)
    return sum(one.kinds_right for one in seen) / total if total else None


def _recall_of(seen: Sequence[Counted], kind: int) -> float | None:
    total = sum(one.true_of_kind[kind] for one in seen)
    return sum(one.hits_of_kind[kind] for one in seen) / total if total else None


FIGURES: dict[str, Callable[[Sequence[Counted]], float | None]] = {
    "f1": _f1,
    "precision": _precision,
    "recall": _recall,
    "count_error": _count_error,
    "density_bias": _density_bias,
    "kind_accuracy": _kind_accuracy,
}


def _over(
    pictures: Sequence[Counted], figure: Callable[[Sequence[Counted]], float | None]
) -> Callable[[Rows], float | None]:
    return lambda rows: figure([pictures[row] for row in rows])
