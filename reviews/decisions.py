"""What counts after all decisions of a review: a stack per finding, on which "taken back" removes the row before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from accounts.errors import NotFound
from analysis.models import Analysis, Finding, PhotoResult
from analysis.selectors import latest_analysis
from patients.models import Photo, PhotoSession
from patients.selectors import first_takes, photos_of
from reviews.measuring import Numbers, numbers_of
from reviews.models import FindingDecision, ManualScale, Review
from reviews.own_regions import RegionNow, manual_scales, own_regions
from reviews.payloads import BY, FROM_SCALE, needs_decision
from vision.codec import measurement_to_json
from vision.measure import AREAS
from vision.types import View

Verdict = FindingDecision.Verdict

ADDED = "added"
"""The verdict of what no model said: a region that the clinician drew, an area in mm2 by the clinician's scale."""

_NAMESPACE = UUID("0d7c1d0e-6a3f-4a35-9a42-0c2b7c5f6f10")


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
    verdict: str  # "accepted", "corrected", ADDED, or "" for what was not measurable
    reason: str
    release: str  # empty for what the clinician added

    @property
    def corrected(self) -> bool:
        return self.verdict == Verdict.CORRECTED

    @property
    def added(self) -> bool:
        """Whether the clinician put it beside the models' findings; ``model_payload`` is empty then."""
        return self.verdict == ADDED


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


def is_amended(review: Review) -> bool:
    """Whether the clinician changed anything: a verdict other than accepted, a region added, a scale set."""
    if any(decision.verdict != Verdict.ACCEPTED for decision in effective(review).values()):
        return True
    return bool(own_regions(review)) or bool(manual_scales(review.session))


def done_analysis(session: PhotoSession) -> Analysis | None:
    """The session's newest analysis, when it is finished."""
    analysis = latest_analysis(session.pk)
    return analysis if analysis is not None and analysis.status == Analysis.Status.DONE else None


def findings_of(review: Review) -> list[Finding]:
    """What the models said about present photographs, in the order of the screen: photo by photo, then the session."""
    return _findings(review, photos_in_order(review.session))


def _findings(review: Review, photos: Sequence[Photo]) -> list[Finding]:
    if review.analysis_id is None:
        return []
    rows = Finding.objects.filter(analysis_id=review.analysis_id, photo__removed_at=None)
    found = rows.select_related("photo__session__patient", "analysis__session__patient").order_by("position")
    order = {photo.pk: index for index, photo in enumerate(photos)}
    return sorted(found, key=lambda finding: order.get(finding.photo_id, len(order)))


@dataclass(frozen=True, slots=True)
class CaseState:
    """Everything that was looked at, decided and added in a review, read once for one page."""

    review: Review
    photos: Sequence[Photo]  # present, in the order of the protocol
    findings: Sequence[Finding]
    decided: Mapping[UUID, FindingDecision]
    opened: frozenset[UUID]
    own: Sequence[RegionNow]
    scales: Mapping[UUID, ManualScale]

    def numbers(self, results: Mapping[UUID, PhotoResult] | None = None) -> Numbers:
        """What was counted again on the corrected outlines and scales."""
        return numbers_of(self.review, self.findings, self.decided, self.own, self.scales, results)


def case_state(review: Review) -> CaseState:
    """Read the state of a review whose scope the caller has checked."""
    photos = photos_in_order(review.session)
    return CaseState(
        review=review,
        photos=photos,
        findings=_findings(review, photos),
        decided=effective(review),
        opened=frozenset(review.opened.values_list("subject_id", flat=True)),
        own=own_regions(review),
        scales=manual_scales(review.session),
    )


def photos_in_order(session: PhotoSession) -> list[Photo]:
    """The present photographs in the order of the protocol: crown first, trichoscopy last; of two takes the first."""
    order = [view.value for view in View]
    return sorted(first_takes(photos_of(session)), key=lambda photo: order.index(photo.view))


def second_take(photo: Photo) -> Photo | None:
    """The good photograph of the same view taken again in the same sitting, if there is one: looked at, never read."""
    good = [again for again in photos_of(photo.session) if again.repeat_of_id == photo.pk and again.quality_passed]
    return max(good, key=lambda again: again.created_at, default=None)


def looked_at(session: PhotoSession, photo_id: UUID) -> list[Photo]:
    """The photograph that comes to a stage, and the second take shown beside it. Raises NotFound for any other."""
    photo = next((photo for photo in photos_in_order(session) if photo.pk == photo_id), None)
    if photo is None:
        raise NotFound
    again = second_take(photo)
    return [photo] if again is None else [photo, again]


def final_findings(review: Review) -> list[FinalFinding]:
    """What counts, in the order of the screen: accepted and corrected findings, what was not measurable, and what the
    clinician added; rejected and undecided ones are absent.

    A number that was accepted follows the outlines: where the clinician redrew, it is the one counted on the corrected
    map, which the screen shows beside the model's. A number that was typed stays as typed.
    """
    return final_in(case_state(review))


def final_in(state: CaseState) -> list[FinalFinding]:
    """The same for a state at hand."""
    numbers = state.numbers()
    final = []
    for finding in state.findings:
        decision = state.decided.get(finding.pk)
        open_statement = needs_decision(finding.payload)
        if open_statement and (decision is None or decision.verdict == Verdict.REJECTED):
            continue
        corrected = decision.corrected if decision and decision.verdict == Verdict.CORRECTED else None
        counted = numbers.payload_for(finding) if decision and decision.verdict == Verdict.ACCEPTED else None
        final.append(
            FinalFinding(
                finding_id=finding.pk,
                photo_id=finding.photo_id,
                view=finding.photo.view if finding.photo else "",
                kind=finding.kind,
                code=finding.code,
                payload=corrected or counted or finding.payload,
                model_payload=finding.payload,
                verdict=Verdict.CORRECTED if counted else decision.verdict if decision else "",
                reason=decision.reason if decision else "",
                release=finding.release,
            )
        )
    added = [*(_added_region(region) for region in state.own), *_added_areas(numbers)]
    order = {photo.pk: index for index, photo in enumerate(state.photos)}
    return sorted([*final, *added], key=lambda found: order.get(found.photo_id, len(order)) if found.photo_id else 99)


def _added_region(region: RegionNow) -> FinalFinding:
    return FinalFinding(
        finding_id=region.region_id,
        photo_id=region.photo.pk,
        view=region.photo.view,
        kind=Finding.Kind.REGION,
        code=region.kind,
        payload=region.payload,
        model_payload={},
        verdict=ADDED,
        reason=region.reason,
        release="",
    )


def _added_areas(numbers: Numbers) -> list[FinalFinding]:
    """Areas in mm2 that exist only because a clinician gave the photograph its scale."""
    return [
        FinalFinding(
            finding_id=uuid5(_NAMESPACE, f"{photo_id}:{metric.value}"),
            photo_id=photo_id,
            view=found.photo.view,
            kind=Finding.Kind.MEASURE,
            code=metric.value,
            payload={"metric": metric.value, **measurement_to_json(found.now[metric]), "by": BY, "from": FROM_SCALE},
            model_payload={},
            verdict=ADDED,
            reason="",
            release="",
        )
        for photo_id, found in numbers.photos.items()
        if found.scaled_by_hand
        for metric in AREAS
        if found.changed(metric) is not None
    ]


@dataclass(frozen=True, slots=True)
class Unseen:
    """What stands between a review and its decision."""

    photos: tuple[UUID, ...]  # not yet opened
    findings: tuple[UUID, ...]  # statements not yet decided
    unopened_findings: tuple[UUID, ...]  # statements not looked at, decided by an earlier reviewer or not
    unexplained: tuple[UUID, ...] = ()  # own regions that carry no reason yet

    @property
    def is_empty(self) -> bool:
        return not (self.photos or self.findings or self.unopened_findings or self.unexplained)


def unseen(review: Review) -> Unseen:
    """Photographs never opened, findings never decided and own regions never explained in this review."""
    return unseen_in(case_state(review))


def unseen_in(state: CaseState) -> Unseen:
    """The same for a state at hand."""
    statements = [finding.pk for finding in state.findings if needs_decision(finding.payload)]
    return Unseen(
        photos=tuple(photo.pk for photo in state.photos if photo.pk not in state.opened),
        findings=tuple(pk for pk in statements if pk not in state.decided),
        unopened_findings=tuple(pk for pk in statements if pk not in state.opened),
        unexplained=tuple(region.region_id for region in state.own if not region.reason.strip()),
    )
