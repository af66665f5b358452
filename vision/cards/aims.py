"""What each network was to reach, what it reaches, and, where it does not: what was tried and which data would help.

A section of every card. Aims come from the product's brief; figures from ``metrics.json``; earlier releases from
``earlier.json``, which keeps the figures that their own ``metrics.json`` stated before they left the tree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any, Final

from vision.release import Release
from vision.training.curve import save_curve

WIDTH: Final = 118
CURVE: Final = "curve.png"
EARLIER: Final = Path(__file__).with_name("earlier.json")


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure (``path`` in ``metrics.json``) that is to be at least, or at most, ``value``; None: it is the price of
    the others and has no aim of its own."""

    words: str
    path: tuple[str, ...]
    value: float | None
    at_most: bool = False
    digits: int = 3

    def figure(self, metrics: Mapping[str, Any]) -> Mapping[str, float] | None:
        """Value with its interval; None where the metrics do not state it."""
        found: Any = metrics
        for part in self.path:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else None

    def verdict(self, figure: Mapping[str, float]) -> str:
        """Whether it is reached, and whether its interval leaves that open."""
        if self.value is None:
            return "the price"
        sign = -1 if self.at_most else 1
        worst = figure["high"] if self.at_most else figure["low"]
        best = figure["low"] if self.at_most else figure["high"]
        if sign * figure["value"] >= sign * self.value:
            return "reached" if sign * worst >= sign * self.value else "reached; the interval leaves it open"
        return "not reached; the interval leaves it open" if sign * best >= sign * self.value else "**not reached**"


@dataclass(frozen=True, slots=True)
class Story:
    """What was tried for the aims that are not reached, and which data would help."""

    tried: str
    data: str


_SEGMENTED: Final = ("tasks", "scalp_regions", "metrics")
_HAIR: Final = ("tasks", "hair_masks", "metrics")
_TEST: Final = ("test", "metrics")
_CLASSES: Final = (("alopecia", 0.895), ("psoriasis", 0.846), ("folliculitis", 0.95))

AIMS: Final[Mapping[str, Sequence[Aim]]] = {
    "segmentation": (
        Aim("hair on Figaro, F1", (*_HAIR, "f1.figaro"), 0.95),
        Aim("hair on Figaro, IoU", (*_HAIR, "iou.figaro"), 0.91),
        Aim("scalp outline, IoU", (*_SEGMENTED, "scalp_iou"), 0.93),
        Aim("thinning or bald, IoU", (*_SEGMENTED, "thin_or_bald_iou"), 0.75),
        Aim("affected share, mean error in points", (*_SEGMENTED, "affected_share_mae"), 5.0, at_most=True, digits=1),
    ),
    "regions": (
        Aim("precision of what is listed", (*_TEST, "precision"), 0.95),
        Aim("recall", (*_TEST, "recall"), None),
    ),
    "conditions": (
        *(
            Aim(f"{name}, {figure}", (*_TEST, f"{figure}.{name}"), value)
            for name, value in _CLASSES
            for figure in ("precision", "recall")
        ),
        Aim(
            "balanced accuracy on sources never trained on",
            ("leave_one_source_out", "metrics", "balanced_accuracy"),
            0.80,
        ),
        Aim("expected calibration error", (*_TEST, "ece"), 0.05, at_most=True),
    ),
    "norwood": (
        Aim("quadratic kappa", (*_TEST, "kappa_quadratic"), 0.88),
        Aim("within one stage", (*_TEST, "within_one"), 0.95),
    ),
    "trichoscopy": (
        Aim("hair F1", ("tasks", "trichoscopy", "metrics", "f1"), 0.85),
        Aim("count error per picture", ("tasks", "trichoscopy", "metrics", "count_error"), 0.10, at_most=True),
    ),
}

STORIES: Final[Mapping[str, Story]] = {
    "segmentation": Story(
        "a larger encoder in place of MobileNetV2, longer training, labels that the network gave itself on photographs "
        "without outlines, more weight for views from the front and the back, drawn heads in the last stage. The curve "
        "flattens on the validation people, while the loss on the training people goes on falling: more steps add "
        "little. The error that is left is mostly where thinning ends, on which two annotators do not agree either.",
        "photographs outlined by two clinicians each, from the front and the back above all; women's diffuse loss, "
        "darker skin and coily hair; the same heads in other light, so that glare is not read as thin hair.",
    ),
    "regions": Story(
        "three times as many epochs, regions of the segmentation and of a detector that must agree, thresholds on what "
        "both say. Precision is bought with recall: most regions are missed.",
        "regions outlined one by one by clinicians (a hundred photographs from the front), and a second reading of "
        "each: bald cores overlap by less than half between two readings.",
    ),
    "conditions": Story(
        "the table above: ways of using the trained weights, with and without the mirror image; pictures of other "
        "collections as strangers; healthy scalp of the same collections. What a source looks like stays the easiest "
        "thing to learn while a disease comes from one or two.",
        "each disease from at least three collections or clinics, a hundred pictures a class in every one, and healthy "
        "scalp taken by the same cameras.",
    ),
    "trichoscopy": Story(
        "another score for hairs that cross, the mean over mirror images, longer training; see above. Two trials with "
        "figures, arrows read at the middles of hairs and the full resolution of the pictures, are docs/adr/0028: the "
        "second found a little more, and took the drawn field of a test for a picture outside its domain.",
        "a second reading of every picture, thin hairs marked at full magnification, hairs marked to the edge.",
    ),
}


def aims_section(release: Release, metrics: Mapping[str, Any]) -> str:
    """Markdown: the aims with a verdict each, earlier releases, what was tried and which data would help; the learning
    curve is drawn into the release's folder where the metrics hold one. Empty for a task without aims."""
    rows = [(aim, figure) for aim in AIMS.get(release.task, ()) if (figure := aim.figure(metrics))]
    if not rows:
        return ""
    lines = ["## What it was to reach", "", "| figure | aim | here (95 % interval) | |", "|---|---|---|---|"]
    lines += [_row(aim, figure) for aim, figure in rows]
    missed = any("not reached" in aim.verdict(figure) for aim, figure in rows)
    story = STORIES.get(release.task)
    if story and (missed or release.task == "regions"):
        lines += ["", fill(f"Tried: {story.tried}", WIDTH), "", fill(f"Data that would help: {story.data}", WIDTH)]
    lines += _earlier(release, [aim for aim, _ in rows])
    if points := metrics.get("training", {}).get("curve"):
        save_curve(points, release.folder / CURVE)
        lines += ["", f"![learning curve on the validation people]({CURVE})"]
    return "\n".join(lines)


def _row(aim: Aim, figure: Mapping[str, float]) -> str:
    value, low, high = (f"{figure[part]:.{aim.digits}f}" for part in ("value", "low", "high"))
    wanted = "–" if aim.value is None else f"{'≤' if aim.at_most else '≥'} {aim.value:g}"
    return f"| {aim.words} | {wanted} | {value} ({low} to {high}) | {aim.verdict(figure)} |"


def _earlier(release: Release, aims: Sequence[Aim]) -> list[str]:
    """Earlier releases by the same figures: how far each step led."""
    kept = json.loads(EARLIER.read_text(encoding="utf-8")).get(release.name, {})
    rows = [
        f"| {version} | "
        + " | ".join(f"{told[name]:.{aim.digits}f}" if (name := aim.path[-1]) in told else "–" for aim in aims)
        + f" | {told['what']} |"
        for version, told in kept.items()
    ]
    if not rows:
        return []
    head, line = " | ".join(aim.words for aim in aims), "---|" * (len(aims) + 2)
    return ["", "Earlier releases, on the same held-out people:", "", f"| | {head} | |", f"|{line}", *rows]
