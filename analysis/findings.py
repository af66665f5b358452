"""From an analysis to the statements a clinician accepts, corrects or rejects. Pure.

Few and telling: per overview photo the coverage index, the scalp visibility and each region, and the part width or the
hairline where the view shows it; per trichoscopy picture what was counted and measured, or why nothing was; per session
the condition, the severity index, the SALT estimate and the Norwood stage. Everything else stays in the photo's result,
beside the finding it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vision.types import Metric, Reason, View

MEASURES: tuple[Metric, ...] = (Metric.COVERAGE_INDEX, Metric.SCALP_VISIBILITY)
LENGTHS: Mapping[View, tuple[tuple[Metric, Metric], ...]] = {
    View.PART: ((Metric.PART_WIDTH_MM, Metric.PART_WIDTH_RATIO),),
    View.HAIRLINE: (
        (Metric.HAIRLINE_MIDDLE_MM, Metric.HAIRLINE_MIDDLE_RATIO),
        (Metric.HAIRLINE_LEFT_MM, Metric.HAIRLINE_LEFT_RATIO),
        (Metric.HAIRLINE_RIGHT_MM, Metric.HAIRLINE_RIGHT_RATIO),
    ),
}
"""What is said of the views that show a parting or the hairline: each length in mm, and its ratio where that is all."""
COUNTS: tuple[Metric, ...] = (
    Metric.HAIR_DENSITY,
    Metric.FOLLICULAR_UNIT_DENSITY,
    Metric.CALIBRE_MEAN,
    Metric.VELLUS_SHARE,
    Metric.CUMULATIVE_THICKNESS,
)
"""What is said of a trichoscopy picture."""
IN_MILLIMETRES: Mapping[Metric, Metric] = {ratio: mm for pairs in LENGTHS.values() for mm, ratio in pairs}


@dataclass(frozen=True, slots=True)
class FindingDraft:
    """A finding before it has a row. ``kind`` is a value of ``Finding.Kind``; ``photo_id`` None: the session's."""

    kind: str
    code: str
    photo_id: UUID | None
    payload: Mapping[str, Any]
    release: str


Results = Sequence[tuple[UUID, Mapping[str, Any]]]
"""(photo id, ``photo_to_json``) pairs."""


def split_takes(photos: Results, first_of: Mapping[UUID, UUID | None]) -> tuple[Results, Mapping[UUID, Results]]:
    """First takes, and the repeats of each by its id. A repeat whose first take was not measured stands for it."""
    measured = {photo_id for photo_id, _ in photos}
    firsts: list[tuple[UUID, Mapping[str, Any]]] = []
    repeats: dict[UUID, list[tuple[UUID, Mapping[str, Any]]]] = {}
    for photo_id, result in photos:
        first = first_of.get(photo_id)
        if first is None or first not in measured:
            firsts.append((photo_id, result))
        else:
            repeats.setdefault(first, []).append((photo_id, result))
    return firsts, repeats


def draft_findings(
    photos: Results,
    summary: Mapping[str, Any],
    releases: Mapping[str, str],
    repeats: Mapping[UUID, Results] | None = None,
) -> Iterator[FindingDraft]:
    """Findings in the order of the review: photo by photo, then the session's.

    ``photos``: first takes; ``summary``: ``session_to_json``; ``releases``: task → release id; ``repeats``: second
    takes by the id of the first, which make no findings: a number of the first carries theirs as ``takes``.
    """
    segmentation = releases.get("segmentation", "")
    for photo_id, result in photos:
        overview = View(result["view"]).is_global
        release = segmentation if overview else releases.get("trichoscopy", "")
        for metric in (*MEASURES, *lengths_shown(result)) if overview else counts_shown(result):
            found = result["measures"].get(metric.value)
            if found is not None:
                payload = {"metric": metric.value, **_reasoned(found), **_beside(metric, result)}
                payload |= _takes(metric, found, (repeats or {}).get(photo_id, ()))
                yield FindingDraft("measure", metric.value, photo_id, payload, release)
        for region in result["regions"]:
            yield FindingDraft("region", region["kind"], photo_id, region, releases.get("regions", segmentation))
    condition = _reasoned(summary["condition"])
    yield FindingDraft(
        "condition", condition.get("shown", "not_measurable"), None, condition, releases.get("conditions", "")
    )
    yield FindingDraft("severity", Metric.SEVERITY_INDEX.value, None, _reasoned(summary["severity"]), segmentation)
    yield FindingDraft("salt", Metric.SALT_ESTIMATE.value, None, _reasoned(summary["salt"]), segmentation)
    norwood = _reasoned(summary["norwood"])
    scale = Metric.LUDWIG_SINCLAIR if norwood.get("reason") == Reason.NOT_OFFERED else Metric.NORWOOD_STAGE
    yield FindingDraft("norwood", scale.value, None, norwood, releases.get("norwood", ""))


def lengths_shown(result: Mapping[str, Any]) -> tuple[Metric, ...]:
    """What is said of the lengths of a part view or a front view: one number each, in mm where there is a scale.

    Of a length that may not exist in mm the ratio is shown. When none of a view's lengths could be measured, for one
    and the same reason, that is said once.
    """
    pairs = LENGTHS.get(View(result["view"]), ())
    measures = result["measures"]
    if any(metric.value not in measures for pair in pairs for metric in pair):
        return ()  # a result from before the view was measured for it
    shown = tuple(mm if "value" in measures[mm.value] else ratio for mm, ratio in pairs)
    refused = {measures[metric.value].get("not_measurable") for metric in shown}
    return shown[:1] if len(refused) == 1 and None not in refused else shown


def counts_shown(result: Mapping[str, Any]) -> tuple[Metric, ...]:
    """All counts of a trichoscopy picture that was counted; the density alone, with its reason, of one that was not."""
    return COUNTS[:1] if "not_measurable" in result["measures"].get(Metric.HAIR_DENSITY.value, {}) else COUNTS


def _beside(metric: Metric, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """What has to be stored with a count: the cut-off of a vellus share, and what the reader has to be warned of; and
    with a length that is told as a ratio why it is not told in mm."""
    if metric in IN_MILLIMETRES and (why := result["measures"][IN_MILLIMETRES[metric].value].get("not_measurable")):
        return {"not_in_mm": why}
    field = result.get("hairs", {})
    if metric not in COUNTS or "hairs" not in field:
        return {}
    beside: dict[str, Any] = {"warnings": list(field["warnings"]), "field_cm2": round(field["frame_cm2"], 4)}
    if metric is Metric.VELLUS_SHARE:
        widths = [hair[-1] for hair in field["hairs"] if hair[-2] and hair[-1] is not None]
        vellus = sum(width < field["vellus_cutoff_um"] for width in widths)
        beside |= {"vellus_cutoff_um": field["vellus_cutoff_um"], "terminal": len(widths) - vellus, "vellus": vellus}
    return beside


def _takes(metric: Metric, found: Mapping[str, Any], repeats: Results) -> Mapping[str, Any]:
    """The same number of every take of this sitting, the first one's first; empty when there is one take."""
    again = [result["measures"].get(metric.value, {}).get("value") for _, result in repeats]
    values = [value for value in (found.get("value"), *again) if value is not None]
    return {"takes": values} if "value" in found and len(values) > 1 else {}


def _reasoned(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """A number that may not exist, as a finding says it: ``reason`` and ``detail``."""
    if "not_measurable" not in found:
        return found
    return {"reason": found["not_measurable"], "detail": found.get("detail", "")}
