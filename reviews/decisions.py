"""What counts after all decisions of a review: a stack per finding, on which "taken back" removes the row before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from analysis.models import Analysis, Finding
from analysis.selectors import latest_analysis
from patients.models import Photo, PhotoSession
from patients.selectors import photos_of
from reviews.models import FindingDecision, Review
from reviews.payloads import needs_decision
from vision.types import View

Verdict = FindingDecision.Verdict


@dataclass(frozen=True, slots=True)
class FinalFinding:
    """A finding as it stands after the review: the accepted or corrected payload, and the model's beside it.

    ``payload`` of a "not measurable" finding holds its reason; it needs no verdict and has none.
    """

    finding_id: UUID
    photo_id: UUID | None
    view: str  # of the photo; empty for a finding of the session
    kind: str
    code: str
    payload: Mapping[str, Any]
    model_payload: Mapping[str, Any]
    verdict: str  # "accepted", "corrected", or "" for what was not measurable
    reason: str
    release: str

    @property
    def corrected(self) -> bool:
        return self.verdict == Verdict.CORRECTED


def stacks(rows: Iterable[FindingDecision]) -> dict[UUID, list[FindingDecision]]:
    """Per finding, the decisions that were not taken back, oldest first. ``rows`` in order of position."""
    found: dict[UUID, list[FindingDecision]] = {}
    for row in rows:
        stack = found.setdefault(row.finding_id, [])
        if row.verdict == Verdict.WITHDRAWN:
            if stack:
                stack.pop()
        else:
            stack.append(row)
    return found


def effective(review: Review) -> dict[UUID, FindingDecision]:
    """The decision that counts for each decided finding of the review's analysis."""
    if review.analysis_id is None:
        return {}
    rows = FindingDecision.objects.filter(review=review, finding__analysis_id=review.analysis_id)
    rows = rows.select_related("review__session__patient", "decided_by").order_by("position")
    return {finding_id: stack[-1] for finding_id, stack in stacks(rows).items() if stack}


def done_analysis(session: PhotoSession) -> Analysis | None:
    """The session's newest analysis, when it is finished."""
    analysis = latest_analysis(session.pk)
    return analysis if analysis is not None and analysis.status == Analysis.Status.DONE else None


def findings_of(review: Review) -> list[Finding]:
    """What the models said about present photographs, in the order of the screen: photo by photo, then the session."""
    if review.analysis_id is None:
        return []
    rows = Finding.objects.filter(analysis_id=review.analysis_id, photo__removed_at=None)
    found = rows.select_related("photo", "analysis__session__patient").order_by("position")
    order = {photo.pk: index for index, photo in enumerate(photos_in_order(review.session))}
    return sorted(found, key=lambda finding: order.get(finding.photo_id, len(order)))


def photos_in_order(session: PhotoSession) -> list[Photo]:
    """The present photographs in the order of the protocol: crown first, trichoscopy last."""
    order = [view.value for view in View]
    return sorted(photos_of(session), key=lambda photo: order.index(photo.view))


def final_findings(review: Review) -> list[FinalFinding]:
    """Accepted and corrected findings, and what was not measurable; rejected and undecided ones are absent."""
    decided = effective(review)
    final = []
    for finding in findings_of(review):
        decision = decided.get(finding.pk)
        open_statement = needs_decision(finding.payload)
        if open_statement and (decision is None or decision.verdict == Verdict.REJECTED):
            continue
        corrected = decision.corrected if decision and decision.verdict == Verdict.CORRECTED else None
        final.append(
            FinalFinding(
                finding_id=finding.pk,
                photo_id=finding.photo_id,
                view=finding.photo.view if finding.photo else "",
                kind=finding.kind,
                code=finding.code,
                payload=corrected or finding.payload,
                model_payload=finding.payload,
                verdict=decision.verdict if decision else "",
                reason=decision.reason if decision else "",
                release=finding.release,
            )
        )
    return final


@dataclass(frozen=True, slots=True)
class Unseen:
    """What stands between a review and its decision."""

    photos: tuple[UUID, ...]  # not yet opened
    findings: tuple[UUID, ...]  # statements not yet decided
    unopened_findings: tuple[UUID, ...]  # statements not looked at, decided by an earlier reviewer or not

    @property
    def is_empty(self) -> bool:
        return not self.photos and not self.findings and not self.unopened_findings


def unseen(review: Review) -> Unseen:
    """Photographs never opened and findings never decided in this review."""
    opened = set(review.opened.values_list("subject_id", flat=True))
    decided = effective(review)
    statements = [finding.pk for finding in findings_of(review) if needs_decision(finding.payload)]
    return Unseen(
        photos=tuple(photo.pk for photo in photos_of(review.session) if photo.pk not in opened),
        findings=tuple(pk for pk in statements if pk not in decided),
        unopened_findings=tuple(pk for pk in statements if pk not in opened),
    )
