"""What a clinician put beside the models' findings: regions that were missed, and scales set by hand. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from patients.models import Photo, PhotoSession
from reviews.models import ManualScale, OwnRegion, Review

Act = OwnRegion.Act


@dataclass(frozen=True, slots=True)
class RegionNow:
    """A region of the clinician as it stands. ``payload`` has the shape of a region finding's."""

    region_id: UUID
    photo: Photo
    payload: Mapping[str, Any]
    reason: str
    drawn_by: str
    drawn_by_id: UUID
    at: datetime

    @property
    def kind(self) -> str:
        """ "bald" or "thinning"."""
        return str(self.payload["kind"])

    @property
    def polygon(self) -> list[list[float]]:
        """The outline in picture fractions."""
        return list(self.payload["polygon"])


def region_stacks(rows: Iterable[OwnRegion]) -> dict[UUID, list[OwnRegion]]:
    """Per region, its states that were not taken back, oldest first. ``rows`` in order of position."""
    found: dict[UUID, list[OwnRegion]] = {}
    for row in rows:
        stack = found.setdefault(row.region_id, [])
        if row.act == Act.WITHDRAWN:
            if stack:
                stack.pop()
        else:
            stack.append(row)
    return found


def own_regions(review: Review) -> list[RegionNow]:
    """The clinician's regions on present photographs, in the order in which they were first drawn."""
    rows = OwnRegion.objects.filter(review=review, photo__removed_at=None)
    rows = rows.select_related("review__session__patient", "photo__session__patient", "drawn_by")
    stacks = region_stacks(rows.order_by("position", "at"))
    standing = [stack for stack in stacks.values() if stack and stack[-1].act != Act.REMOVED]
    standing.sort(key=lambda stack: (stack[0].at, stack[0].turn, str(stack[0].region_id)))
    return [
        RegionNow(
            region_id=stack[-1].region_id,
            photo=stack[-1].photo,
            payload=stack[-1].payload or {},
            reason=stack[-1].reason,
            drawn_by=stack[-1].drawn_by.display_name,
            drawn_by_id=stack[-1].drawn_by_id,
            at=stack[-1].at,
        )
        for stack in standing
    ]


def manual_scales(session: PhotoSession) -> dict[UUID, ManualScale]:
    """The scale set by hand for each photo of the session that has one."""
    rows = ManualScale.objects.filter(photo__session=session, removed_at=None)
    return {row.photo_id: row for row in rows.select_related("set_by", "review__session__patient")}


def px_per_mm_of(photo: Photo, scale: ManualScale | None) -> float | None:
    """The scale that counts: the clinician's two points before the card in the picture."""
    return scale.px_per_mm if scale is not None else photo.px_per_mm
