"""The folder ``norwood``: men, their photographs by view, and the stage that belongs to each man."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vision.training.data import DataMissing
from vision.types import View

VIEW_OF: Final[Mapping[str, View]] = {
    "top_down": View.CROWN,
    "front": View.HAIRLINE,
    "left": View.TEMPLE_LEFT,
    "right": View.TEMPLE_RIGHT,
    "back": View.OCCIPUT,
}
"""The folder's names of views, and the views of the capture protocol that they stand for."""


@dataclass(frozen=True, slots=True)
class Man:
    """One man: his stage 2..7 and his photographs."""

    person: str
    stage: int
    photos: tuple[tuple[View, Path], ...]


def read_men(folder: Path) -> tuple[Man, ...]:
    """Every man of ``folder`` (``images/``, ``labels.csv`` with file, person, view, norwood), by id.

    Rows of unknown views and of files that are not there are left out. Raises DataMissing without a table, ValueError
    for a man with two stages.
    """
    table = folder / "labels.csv"
    if not table.is_file():
        raise DataMissing(f"{folder} has no labels.csv (file, person, view, norwood)")
    stages: dict[str, int] = {}
    photos: dict[str, list[tuple[View, Path]]] = {}
    with table.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            person, stage = row["person"], int(row["norwood"])
            if stages.setdefault(person, stage) != stage:
                raise ValueError(f"{person} has stages {stages[person]} and {stage}")
            path = folder / "images" / row["file"]
            if row["view"] in VIEW_OF and path.is_file():
                photos.setdefault(person, []).append((VIEW_OF[row["view"]], path))
    return tuple(Man(person, stages[person], tuple(sorted(photos[person]))) for person in sorted(photos))
