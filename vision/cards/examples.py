"""Drawn pictures of a card: chosen from many by how right the model is, drawn small, and kept beside the card."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from vision.encode import webp
from vision.types import ImageKind, RgbImage

EXAMPLES_HEADING: Final = "## Drawn examples"
EXAMPLES_NOTE: Final = (
    "Drawings of the project's own, because pictures of people may not ship. They show what the model does when it is "
    "right and\nwhen it is most wrong *on drawings*; they say nothing about how often it is right on people."
)

PANEL_HEIGHT_PX: Final = 220
GAP_PX: Final = 6
WHITE: Final = 255


@dataclass(frozen=True, slots=True)
class Example:
    """One picture of a card. ``caption`` says what it shows, with its numbers; ``hit``: the model is right on it."""

    caption: str
    hit: bool
    picture: RgbImage


def save_examples(examples: Iterable[Example], folder: Path) -> str:
    """Write the pictures to ``folder`` (emptied first), and give the section of the card that shows them."""
    made = sorted(examples, key=lambda example: not example.hit)
    if folder.is_dir():
        shutil.rmtree(folder)
    if not made:
        return ""
    folder.mkdir(parents=True)
    named = []
    for number, example in enumerate(made, 1):
        file_name = f"{'hit' if example.hit else 'failure'}-{number}.webp"
        (folder / file_name).write_bytes(webp(ImageKind.OVERLAY, example.picture).data)
        named.append((example, file_name))
    return examples_section(named)


def examples_section(examples: Sequence[tuple[Example, str]]) -> str:
    """Markdown: each picture with its caption, hits first."""
    if not examples:
        return ""
    lines = [EXAMPLES_HEADING, EXAMPLES_NOTE]
    for example, file_name in examples:
        verdict = "Typical" if example.hit else "Among the worst"
        lines.append(f"![{example.caption}](examples/{file_name})\n\n*{verdict}: {example.caption}*")
    return "\n\n".join(lines)


def side_by_side(*panels: RgbImage) -> RgbImage:
    """Panels of one height, left to right, with a white gap."""
    scaled = [_to_height(panel) for panel in panels]
    gap = np.full((PANEL_HEIGHT_PX, GAP_PX, 3), WHITE, np.uint8)
    pieces = [piece for panel in scaled for piece in (panel, gap)][:-1]
    return np.ascontiguousarray(np.concatenate(pieces, axis=1))


def chosen(scores: list[float], hits: int = 2, failures: int = 2) -> tuple[list[int], list[int]]:
    """Indices of typical hits (around the upper quartile) and of the worst failures, for scores that rise with being
    right; ties by order."""
    order = np.argsort(np.array(scores), kind="stable")
    worst = [int(index) for index in order[:failures]]
    middle = int(0.75 * len(order))
    typical = [int(index) for index in order[middle : middle + hits] if int(index) not in worst]
    return typical, worst


def _to_height(panel: RgbImage) -> RgbImage:
    width = round(panel.shape[1] * PANEL_HEIGHT_PX / panel.shape[0])
    return np.asarray(cv2.resize(panel, (width, PANEL_HEIGHT_PX), interpolation=cv2.INTER_AREA), dtype=np.uint8)
