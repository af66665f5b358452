"""What clinicians put in place of the models' reading of photographs, as a comparison of two of them takes it.

Corrected outlines, and scales set by two points. Reads only; the callers have checked the scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import F

from analysis.by_hand import ByHand
from analysis.models import Finding
from reviews.decisions import stacks
from reviews.measuring import outlined_of
from reviews.models import FindingDecision, ManualScale, OwnRegion, Review
from reviews.own_regions import Act, region_stacks
from vision.corrections import Outlined, Outlines


def by_hand_of(reviews: Iterable[Review]) -> dict[UUID, ByHand]:
    """Per photograph, for the reviews of different sessions: as they stand, or as they stood when they were closed.

    A fixed number of queries; photographs that nobody touched are absent.
    """
    held = {review.pk: review for review in reviews}
    if not held:
        return {}
    regions, own, scales = _regions(held), _own(held), _scales(held)
    return {
        photo_id: found
        for photo_id in regions.keys() | own.keys() | scales.keys()
        if (found := _together(regions.get(photo_id, []), own.get(photo_id, []), scales.get(photo_id))).says_anything
    }


def _together(regions: list[Outlined], own: list[OwnRegion], scale: float | None) -> ByHand:
    drawn = tuple((str(row.payload["kind"]), row.payload["polygon"]) for row in own if row.payload)
    return ByHand(scale, Outlines(tuple(regions), drawn))


def _regions(reviews: Mapping[UUID, Review]) -> dict[UUID, list[Outlined]]:
    """The models' regions with what was decided about each, where anything was decided other than to accept."""
    rows = FindingDecision.objects.filter(
        review__in=reviews, finding__analysis_id=F("review__analysis_id"), finding__kind=Finding.Kind.REGION
    ).select_related("review__session__patient")
    decided = {pk: stack[-1] for pk, stack in stacks(rows.order_by("position")).items() if stack}
    if all(one.verdict == FindingDecision.Verdict.ACCEPTED for one in decided.values()):
        return {}
    analyses = {review.analysis_id for review in reviews.values()}
    findings = Finding.objects.filter(analysis__in=analyses, kind=Finding.Kind.REGION, photo__removed_at=None)
    return outlined_of(list(findings.select_related("analysis__session__patient").order_by("position")), decided)


def _own(reviews: Mapping[UUID, Review]) -> dict[UUID, list[OwnRegion]]:
    rows = OwnRegion.objects.filter(review__in=reviews, photo__removed_at=None)
    found: dict[UUID, list[OwnRegion]] = {}
    stood = region_stacks(rows.select_related("review__session__patient").order_by("position", "at"))
    for stack in sorted((one for one in stood.values() if one), key=lambda one: (one[0].at, str(one[0].region_id))):
        if stack[-1].act != Act.REMOVED:
            found.setdefault(stack[-1].photo_id, []).append(stack[-1])
    return found


def _scales(reviews: Mapping[UUID, Review]) -> dict[UUID, float]:
    """The scale that stood when the review was closed; of an open one the scale that stands now."""
    closed: dict[UUID, datetime | None] = {review.session_id: review.closed_at for review in reviews.values()}
    rows = ManualScale.objects.filter(photo__session__in=closed)
    found: dict[UUID, float] = {}
    for photo_id, session_id, scale, set_at, removed_at in rows.order_by("set_at").values_list(
        "photo_id", "photo__session_id", "px_per_mm", "set_at", "removed_at"
    ):
        until = closed[session_id]
        stands = removed_at is None if until is None else set_at <= until and (not removed_at or removed_at > until)
        if stands:
            found[photo_id] = scale
    return found
