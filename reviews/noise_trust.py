"""Numbers that a clinician did not take over as measured: they tell nothing about how much photographs vary (C8)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from analysis.models import Finding
from reviews.decisions import Verdict, stacks
from reviews.models import FindingDecision, ManualScale, OwnRegion
from reviews.own_regions import Act, region_stacks


def distrusted(photo_ids: Collection[UUID]) -> dict[UUID, set[str] | None]:
    """Rejected and corrected numbers of these photographs by code; None for a photograph of which all are.

    All are where an outline was corrected, rejected or added, or the scale set by hand: the numbers of a review follow
    those. What was accepted or never decided stands as measured.
    """
    found: dict[UUID, set[str] | None] = {}
    for finding in _decided_otherwise(photo_ids):
        if finding.photo_id is None:
            continue
        if finding.kind == Finding.Kind.REGION:
            found[finding.photo_id] = None
        elif (codes := found.setdefault(finding.photo_id, set())) is not None:
            codes.add(finding.code)
    scaled = ManualScale.objects.filter(photo__in=photo_ids, removed_at=None).values_list("photo_id", flat=True)
    return found | dict.fromkeys([*scaled, *_redrawn(photo_ids)])


def _decided_otherwise(photo_ids: Collection[UUID]) -> list[Finding]:
    rows = FindingDecision.objects.filter(finding__photo__in=photo_ids).defer("corrected", "reason")
    by_review: dict[UUID, list[FindingDecision]] = {}
    for row in rows.select_related("finding").order_by("review", "position"):
        by_review.setdefault(row.review_id, []).append(row)
    return [
        stack[-1].finding
        for group in by_review.values()
        for stack in stacks(group).values()
        if stack and stack[-1].verdict != Verdict.ACCEPTED
    ]


def _redrawn(photo_ids: Collection[UUID]) -> set[UUID]:
    rows = OwnRegion.objects.filter(photo__in=photo_ids).defer("payload", "reason").order_by("position", "at")
    standing = [stack[-1] for stack in region_stacks(rows).values() if stack and stack[-1].act != Act.REMOVED]
    return {row.photo_id for row in standing}
