"""The index of all model cards, ``docs/model-cards.md``: what each release is for, and its figures in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os.path import relpath
from pathlib import Path
from typing import Any, Final

from vision.release import Release

INDEX_FILE: Final = Path(__file__).parents[2] / "docs" / "model-cards.md"

PURPOSES: Final[Mapping[str, str]] = {
    "segmentation": "dense hair, thinning and bald scalp, pixel by pixel",
    "regions": "boxes and outlines of thinning and bald regions",
    "conditions": "alopecia, psoriasis, folliculitis, other, or none of them",
    "norwood": "Norwood stage of a man from his overview photographs",
    "trichoscopy": "hairs in a trichoscopy picture, their kind and calibre",
}

HEADLINES: Final[Mapping[str, str]] = {
    "scalp_iou": "scalp outline IoU",
    "thin_or_bald_iou": "thinning or bald IoU",
    "affected_share_mae": "affected share, mean error in points",
    "precision": "precision",
    "recall": "recall",
    "balanced_accuracy": "balanced accuracy",
    "ece": "calibration error",
    "abstained": "abstained",
    "kappa_quadratic": "quadratic kappa",
    "within_one": "within one stage",
    "f1": "hair F1",
    "count_error": "count error",
}
"""Figures of the index, in its order."""

MOST: Final = 4


def write_index(releases: Sequence[Release], path: Path) -> None:
    """Write the index of these releases to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(index_text(releases, path.parent), encoding="utf-8")


def index_text(releases: Sequence[Release], beside: Path) -> str:
    """Markdown; links are relative to the folder ``beside``."""
    rows = [_row(release, beside) for release in releases]
    return "\n".join(
        [
            "# Model cards",
            "",
            "Written by `python -m vision card`. Every figure was measured on people the network had not seen, with",
            "its 95 % interval; the card says on which pictures and by which command. **Research use only.**",
            "",
            "| release | what it says | held-out figures | weights |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _row(release: Release, beside: Path) -> str:
    card = Path(relpath(release.folder / "card.md", beside)).as_posix()
    figures = "; ".join(headlines(release.metrics()))
    size = sum((release.folder / name).stat().st_size for name in release.files) / 1e6
    purpose = PURPOSES.get(release.task, release.task)
    return f"| [{release.id}]({card}) | {purpose} | {figures} | {size:.1f} MB |"


def headlines(metrics: Mapping[str, Any]) -> Iterator[str]:
    """The first figures of :data:`HEADLINES` that a release states, in words."""
    found = {name: figure for name, figure in reversed(list(_figures(metrics))) if name in HEADLINES}
    for name in [name for name in HEADLINES if name in found][:MOST]:
        figure = found[name]
        digits = 1 if name.endswith("_mae") else 2
        value, low, high = (f"{figure[part]:.{digits}f}" for part in ("value", "low", "high"))
        yield f"{HEADLINES[name]} {value} ({low}–{high})"


def _figures(table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, float]]]:
    for name, entry in table.items():
        if isinstance(entry, Mapping):
            if {"value", "low", "high"} <= set(entry):
                yield name, entry
            else:
                yield from _figures(entry)
