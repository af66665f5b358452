"""Measuring a case again with the scales that a clinician set by two points, and what then becomes of the decisions.

Areas follow a scale at once (``reviews.remeasure``). Counting hairs, and a width or a distance in millimetres, take the
networks: a worker measures the session again with the scales in place, and the review goes on with what it found.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import isclose
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError
from accounts.roles import Permission
from analysis.models import Analysis, Finding
from analysis.services import queue_analysis
from reviews.decisions import effective
from reviews.models import FindingDecision, FindingOpened, Review
from reviews.own_regions import manual_scales
from reviews.services.holding import graded_review


@transaction.atomic
def measure_with_scales(*, actor: Actor, review_id: UUID, now: datetime) -> Review:
    """Have the case measured again with its scales set by hand. The review keeps its findings until that is done.

    Raises DomainError ``nothing_to_measure`` when no scale was set, ``not_measured`` when nothing may be measured.
    """
    actor.check(Permission.REVIEW_FINDINGS)
    review = graded_review(actor, review_id, now)
    scales = {photo_id: row.px_per_mm for photo_id, row in manual_scales(review.session).items()}
    if not scales:
        raise DomainError("nothing_to_measure", _("Set the scale of a photograph by two points first."))
    if queue_analysis(session=review.session, now=now, hand_scales=scales) is None:
        raise DomainError("not_measured", _("These photographs are not measured: without consent, or switched off."))
    audit.record(
        action="review.measured_again",
        now=now,
        actor=actor,
        patient_id=review.session.patient_id,
        subject_kind="review",
        subject_id=review.pk,
        detail={"photos": [str(photo_id) for photo_id in scales]},
    )
    return review


def wants_measuring(review: Review, scales: dict[UUID, float]) -> bool:
    """Whether a scale set by hand is not yet what the review's analysis was measured with."""
    used = {} if review.analysis is None else review.analysis.hand_scales
    return any(not isclose(scale, used.get(str(photo_id), 0.0), rel_tol=1e-6) for photo_id, scale in scales.items())


def go_on_with(review: Review, analysis: Analysis) -> None:
    """Let the review stand on an analysis made with its scales: what was opened and decided about findings that came
    out the same stays; the others are to be looked at. Called with the review locked; saves nothing of the review."""
    same = _unchanged(review.analysis_id, analysis.pk)
    for decision in effective(review).values():
        finding = same.get(decision.finding_id)
        if finding is not None:
            FindingDecision.objects.create(
                review=review,
                finding=finding,
                verdict=decision.verdict,
                corrected=decision.corrected,
                reason=decision.reason,
                cause=decision.cause,
                decided_by_id=decision.decided_by_id,
                position=0,
                at=decision.at,
            )
    opened = review.opened.filter(subject_kind="finding", subject_id__in=same)
    FindingOpened.objects.bulk_create(
        FindingOpened(review=review, subject_kind="finding", subject_id=same[row.subject_id].pk, at=row.at)
        for row in opened
    )
    review.analysis = analysis


def _unchanged(before: UUID | None, after: UUID) -> dict[UUID, Finding]:
    """For findings that say the same in both analyses: from the earlier one's id to the later finding."""
    rows = Finding.objects.filter(analysis_id__in=[before, after]).select_related("analysis__session__patient")
    old: dict[tuple[Any, ...], list[Finding]] = {}
    for finding in rows.filter(analysis_id=before):
        old.setdefault((finding.photo_id, finding.kind, finding.code), []).append(finding)
    same: dict[UUID, Finding] = {}
    for finding in rows.filter(analysis_id=after):
        match = _matching(old.get((finding.photo_id, finding.kind, finding.code), []), finding)
        if match is not None:
            same[match.pk] = finding
    return same


def _matching(candidates: Sequence[Finding], finding: Finding) -> Finding | None:
    return next((one for one in candidates if one.payload == finding.payload), None)
