"""The permission matrix as a page (``docs/permissions.md``), from the table that decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from vision.permissions import MATRIX, MISSING, Allowed, Needs, PictureKind
from vision.types import Metric, Reason

NEEDS: Final[Mapping[Needs, str]] = {
    Needs.QUALITY: "quality gate passed",
    Needs.SEGMENTATION: "segmentation switched on",
    Needs.SCALP: "enough scalp, found with confidence",
    Needs.PART_VIEW: "part view",
    Needs.PARTING: "a bare line with hair on both sides, its edges sharp",
    Needs.HEAD_WIDTH: "both sides of the head in the picture",
    Needs.FRONT_VIEW: "hairline view",
    Needs.EYES: "both eyes found",
    Needs.HAIRLINE: "hair beginning above a bare forehead",
    Needs.SCALE: "px/mm known",
    Needs.COUNTING_NETWORK: "counting network switched on",
    Needs.CLIPPED_HAIR: "clipped hair, a field like those it was trained on",
    Needs.FINE_SCALE: "4 px or more per vellus cut-off",
    Needs.SHARP_HAIRS: "edges of the hairs sharp",
    Needs.CALIBRES: "3 or more hairs measured",
    Needs.VIEWS: "a view with weight in the index",
    Needs.ALL_SIDES: "crown, occiput and both temples",
    Needs.GRADING_NETWORK: "a released grading network",
    Needs.MALE_PATTERN: "a man's pattern loss",
    Needs.GRADED_VIEWS: "views that settle the stage",
}
"""Each need in words."""

NEVER: Final[Mapping[Reason, str]] = {
    Reason.VIEW_NOT_SUPPORTED: "–",
    Reason.NOT_OFFERED: "the clinician's alone",
}


def permissions_page() -> str:
    """Markdown: what each number needs by kind of picture, and the reason given when a need is not met."""
    return "\n".join((*_matrix(), "", *_reasons(), ""))


def _matrix() -> Iterator[str]:
    yield "# Which numbers may exist"
    yield ""
    yield "Generated from `vision/permissions.py` by `python -m tools.check --write`; do not edit."
    yield ""
    yield "Every measurement asks this table. A number is shown with its 95 % interval; where a need is not met it"
    yield 'reads "not measurable, because …", with the first reason in the order of the row.'
    yield ""
    yield "| number | overview photograph | trichoscopy | session |"
    yield "|---|---|---|---|"
    for metric in Metric:
        cells = [_cell(metric, kind) for kind in (PictureKind.OVERVIEW, PictureKind.TRICHOSCOPY, PictureKind.SESSION)]
        yield f"| `{metric.value}` | {' | '.join(cells)} |"


def _cell(metric: Metric, kind: PictureKind) -> str:
    rule = MATRIX[metric, kind]
    if isinstance(rule, Allowed):
        return "; ".join(NEEDS[need] for need in rule.needs)
    return NEVER[rule.reason]


def _reasons() -> Iterator[str]:
    yield "| need | reason when nothing more exact is known |"
    yield "|---|---|"
    for need in Needs:
        yield f"| {NEEDS[need]} | `{MISSING[need].value}` |"
