"""Labelled trichoscopy: reading the folder, and turning one picture into something new with its hairs.

Labels are arrows root to tip in px of the picture as stored. Everything else works at the release's canonical scale
(:data:`CANONICAL_PX_PER_MM`), at which a picture of the research set is 416 x 333 px.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.decode import decode_image
from vision.training.data import DataMissing
from vision.training.split import Side, side_of
from vision.types import RgbImage

CANONICAL_PX_PER_MM: Final = 116.65
"""Half of the research trichoscope's 233.3 px/mm: a hair of 30 micrometres is 3.5 px wide."""

KINDS: Final = ("premium", "single", "undersize", "abnormal")
"""Kinds as the source writes them: in a multi-hair unit, alone, thin or vellus, abnormal."""

FloatRows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HairFile:
    """A picture and its labelled hairs: ``arrows`` N x 4 (root x, y, tip x, y) in stored px, ``kinds`` N."""

    image: Path
    patient: str
    px_per_mm: float
    arrows: FloatRows
    kinds: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HairPicture:
    """A picture at the canonical scale with its hairs."""

    image: RgbImage
    arrows: FloatRows
    kinds: NDArray[np.int64]
    patient: str


def list_hair_files(folder: Path) -> list[HairFile]:
    """Every picture of ``images.csv``, in its order. ``folder`` is ``trichoscopy`` or the folder above it.

    Raises :class:`DataMissing` when there is no such table. The patient is the last part of ``session_patient``: one
    patient came to several sessions.
    """
    home = folder / "trichoscopy" if (folder / "trichoscopy").is_dir() else folder
    if not (home / "images.csv").is_file() or not (home / "hairs.csv").is_file():
        raise DataMissing(f"no trichoscopy in {folder}: images.csv and hairs.csv are needed")
    arrows: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
    kinds: dict[str, list[int]] = defaultdict(list)
    for row in _rows(home / "hairs.csv"):
        arrows[row["file"]].append(
            (float(row["root_x"]), float(row["root_y"]), float(row["tip_x"]), float(row["tip_y"]))
        )
        kinds[row["file"]].append(KINDS.index(row["kind"]))
    return [
        HairFile(
            home / "images" / row["file"],
            row["session_patient"].rsplit("_", 1)[-1],
            float(row["px_per_mm"]),
            np.array(arrows[row["file"]], np.float32).reshape(-1, 4),
            np.array(kinds[row["file"]], np.int64),
        )
        for row in _rows(home / "images.csv")
    ]


def hairs_on_side(files: Iterable[HairFile], side: Side) -> list[HairFile]:
    """The pictures of the patients on this side of the split."""
    return [file for file in files if side_of(file.patient) == side]


def load_pictures(files: Sequence[HairFile]) -> list[HairPicture]:
    """Decoded, at the canonical scale."""
    pictures = []
    for file in files:
        image = decode_image(file.image.read_bytes())
        factor = CANONICAL_PX_PER_MM / file.px_per_mm
        size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
        small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        pictures.append(HairPicture(small, file.arrows * np.float32(factor), file.kinds, file.patient))
    return pictures


def _rows(path: Path) -> Iterable[Mapping[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)
