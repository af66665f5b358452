"""Which pictures the condition classifier (A8) learns from and is judged on, with their class, source and group.

The atlases hold no healthy scalp and little pattern loss, and a class seen in one source only is learnt as that source.
So pictures of other collections stand in: heads with full hair as ``no_finding``, and the photographs of pattern loss
that people outlined by eye as ``alopecia``. Nothing here opens a picture.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vision.types import Condition

CLASSES: tuple[Condition, ...] = (
    Condition.ALOPECIA,
    Condition.PSORIASIS,
    Condition.FOLLICULITIS,
    Condition.NO_FINDING,
    Condition.OTHER,
)
"""Order of the network's outputs."""

Part = Literal["train", "validation", "test"]

AUGMENTED_SOURCES = frozenset({"eshwar"})
"""Sources whose files are augmented copies of atlas pictures: left out, because they would leak across the split."""

_BY_NAME = {
    "alopecia": Condition.ALOPECIA,
    "psoriasis": Condition.PSORIASIS,
    "folliculitis": Condition.FOLLICULITIS,
    "no_finding": Condition.NO_FINDING,
    "healthy": Condition.NO_FINDING,
    "normal": Condition.NO_FINDING,
}

# Share of the scalp affected (bald + half thinning, %) as outlined by eye: full hair up to the first figure, pattern
# loss from the second on; what lies between is left out. A parting alone reads as 5-10 % on a clinic's photograph.
_AFFECTED = {"norwood": (8.0, 25.0), "clinic_tops": (9.0, 18.0)}

# Numbers of duplicate groups run along an atlas series, where neighbours are often one patient from two sides: whole
# runs of this length go to one part.
_GROUPS_IN_RUN = 6


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its class, where it comes from, and the group (person or run of a series) it must not leave."""

    path: Path
    condition: Condition
    source: str
    group: str
    person: str
    part: Part


def part_of(group: str) -> Part:
    """Stable part of a group: a quarter test, an eighth validation, the rest training.

    The number in the key was chosen, before any training, so that every class and source gets its share of each part.
    """
    number = int(hashlib.sha256(f"conditions-378/{group}".encode()).hexdigest()[:8], 16) % 1000
    if number < 250:
        return "test"
    return "validation" if number < 375 else "train"


def condition_named(name: str) -> Condition:
    """Class of a label in ``labels.csv``; what is none of the four named classes is ``other``."""
    return _BY_NAME.get(name.strip().lower(), Condition.OTHER)


def atlas_pictures(folder: Path, *, with_augmented: bool = False) -> tuple[Picture, ...]:
    """Pictures of a folder with ``images/`` and ``labels.csv`` (file, condition, subtype, source, duplicate_group).

    Only file and condition are needed: without a source it is empty, without a group each file is its own.
    """
    pictures = []
    for row in _rows(folder / "labels.csv"):
        source, member = row.get("source") or "", row.get("duplicate_group") or row["file"]
        if source in AUGMENTED_SOURCES and not with_augmented:
            continue
        group = f"{source}/{row.get('subtype', '')}/{_run_of(member)}"
        pictures.append(
            Picture(
                path=folder / "images" / row["file"],
                condition=condition_named(row["condition"]),
                source=source,
                group=group,
                person=f"group {member}",
                part=part_of(group),
            )
        )
    return tuple(pictures)


def stand_in_pictures(data: Path) -> tuple[Picture, ...]:
    """Full hair and pattern loss from the other collections of the research folder ``data``."""
    pictures = [*_outlined(data), *_figaro(data), *_women(data)]
    known = {picture.path.name for picture in pictures}
    return (*pictures, *(picture for picture in _norwood(data) if picture.path.name not in known))


def counts(pictures: Iterable[Picture]) -> dict[str, dict[str, int]]:
    """Pictures per class and source."""
    table: dict[str, dict[str, int]] = {}
    for picture in pictures:
        row = table.setdefault(picture.condition.value, {})
        row[picture.source] = row.get(picture.source, 0) + 1
    return table


def _outlined(data: Path) -> Iterator[Picture]:
    folder = data / "scalp_regions"
    for row in _rows(folder / "labels.csv"):
        affected = float(row["bald_percent"]) + float(row["thinning_percent"]) / 2
        full, lost = _AFFECTED[row["source"]]
        if full < affected < lost:
            continue
        condition = Condition.NO_FINDING if affected <= full else Condition.ALOPECIA
        yield _of_person(folder / "images" / row["file"], condition, row["source"], row["person"])


def _norwood(data: Path) -> Iterator[Picture]:
    folder = data / "norwood"
    for row in _rows(folder / "labels.csv"):
        stage = int(row["norwood"])
        if row["view"] == "top_down" and stage >= 5:
            condition = Condition.ALOPECIA
        elif row["view"] == "back" and stage <= 3:
            condition = Condition.NO_FINDING
        else:
            continue
        yield _of_person(folder / "images" / row["file"], condition, "norwood", row["person"])


def _figaro(data: Path) -> Iterator[Picture]:
    for index, path in enumerate(sorted((data / "hair_masks" / "images").glob("figaro_*.jpg"))):
        if index % 4 == 0:  # the files run by hair style: every fourth keeps all styles
            yield _of_person(path, Condition.NO_FINDING, "figaro", path.stem)


def _women(data: Path) -> Iterator[Picture]:
    for path in sorted((data / "women_views").glob("*.jpg")):
        yield _of_person(path, Condition.NO_FINDING, "women_views", path.stem.split("_")[0])


def _of_person(path: Path, condition: Condition, source: str, person: str) -> Picture:
    return Picture(path, condition, source, group=person, person=person, part=part_of(person))


def _run_of(group: str) -> str:
    return str(int(group) // _GROUPS_IN_RUN) if group.isdigit() else group


def _rows(table: Path) -> list[dict[str, str]]:
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
