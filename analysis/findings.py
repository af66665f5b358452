"""From an analysis to the statements a clinician accepts, corrects or rejects. Pure.

Few and telling: per overview photo the coverage index, the scalp visibility and each region; per session the condition
and the severity index. Everything else stays in the photo's result, beside the finding it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vision.types import Metric

MEASURES: tuple[Metric, ...] = (Metric.COVERAGE_INDEX, Metric.SCALP_VISIBILITY)


@dataclass(frozen=True, slots=True)
class FindingDraft:
    """A finding before it has a row. ``kind`` is a value of ``Finding.Kind``; ``photo_id`` None: the session's."""

    kind: str
    code: str
    photo_id: UUID | None
    payload: Mapping[str, Any]
    release: str


def draft_findings(
    photos: Sequence[tuple[UUID, Mapping[str, Any]]], summary: Mapping[str, Any], releases: Mapping[str, str]
) -> Iterator[FindingDraft]:
    """Findings in the order of the review: photo by photo, then the session's.

    ``photos``: (photo id, ``photo_to_json``) pairs; ``summary``: ``session_to_json``; ``releases``: task → release id.
    """
    segmentation = releases.get("segmentation", "")
    for photo_id, result in photos:
        for metric in MEASURES:
            found = result["measures"].get(metric.value)
            if found is not None:
                yield FindingDraft(
                    "measure", metric.value, photo_id, {"metric": metric.value, **_reasoned(found)}, segmentation
                )
        for region in result["regions"]:
            yield FindingDraft("region", region["kind"], photo_id, region, releases.get("regions", segmentation))
    condition = _reasoned(summary["condition"])
    yield FindingDraft(
        "condition", condition.get("shown", "not_measurable"), None, condition, releases.get("conditions", "")
    )
    yield FindingDraft("severity", Metric.SEVERITY_INDEX.value, None, _reasoned(summary["severity"]), segmentation)


def _reasoned(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """A number that may not exist, as a finding says it: ``reason`` and ``detail``."""
    if "not_measurable" not in found:
        return found
    return {"reason": found["not_measurable"], "detail": found.get("detail", "")}
