"""Looking at findings and deciding about them, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.roles import Permission
from analysis.models import Finding
from patients.selectors import photos_of
from reviews.causes import SHAPED, Because, Cause, because, of_outline
from reviews.decisions import Verdict, effective, findings_of, stacks, unseen
from reviews.label_maps import label_map
from reviews.models import FindingDecision, FindingOpened, Review
from reviews.outlines import fractions
from reviews.payloads import correct_condition, correct_number, correct_region, correct_stage, needs_decision
from reviews.services.acts import append_decision
from reviews.services.holding import graded_review, held_review
from reviews.turns import next_turn
from reviews.visibility import check_findings_open


@dataclass(frozen=True, slots=True)
class Correction:
    """What the clinician puts in place of the model's value; which field counts depends on the finding's kind."""

    value: float | None = None
    condition: str = ""
    stage: str = ""  # Norwood: "1" to "7", or "not_gradable"
    polygon: tuple[tuple[float, float], ...] | None = None
    region_kind: str = ""


@transaction.atomic
def mark_opened(*, actor: Actor, review_id: UUID, kind: str, subject_id: UUID, now: datetime) -> Review:
    """Record that the reviewer looked at a photo or a finding of this case (once is enough)."""
    actor.check(Permission.REVIEW_FINDINGS)
    review = held_review(actor, review_id, now)
    if kind != "photo":
        check_findings_open(actor, review)
    subjects = photos_of(review.session) if kind == "photo" else findings_of(review)
    if kind not in ("photo", "finding") or subject_id not in {subject.pk for subject in subjects}:
        raise NotFound
    FindingOpened.objects.get_or_create(review=review, subject_kind=kind, subject_id=subject_id, defaults={"at": now})
    return review


@transaction.atomic
def decide_finding(
    *,
    actor: Actor,
    review_id: UUID,
    finding_id: UUID,
    verdict: str,
    now: datetime,
    reason: str = "",
    cause: str = "",
    correction: Correction | None = None,
) -> FindingDecision:
    """Accept, correct or reject one finding. The model's value stays as it was; a changed mind is a new row.

    ``cause`` is one of :mod:`reviews.causes`, ``reason`` free words. A region that is corrected without either says by
    its shape how the model was wrong; corrected again with nothing but another cause, it keeps its outline.

    Raises Invalid ``not_opened`` for a finding that was not looked at, ``reason_needed`` for a rejection, or a
    correction of a number or class, without one, ``unknown_cause``,
    ``nothing_to_decide`` for a number that is not measurable, and what the correction itself refuses.
    """
    actor.check(Permission.REVIEW_FINDINGS)
    review = graded_review(actor, review_id, now)
    finding = _finding(review, finding_id)
    if not needs_decision(finding.payload):
        raise Invalid("nothing_to_decide", _("There is no number here to decide about."))
    if not review.opened.filter(subject_id=finding.pk).exists():
        raise Invalid("not_opened", _("Open this finding first: what was not looked at cannot be decided."))
    corrected, why = None, because(cause, reason)
    if verdict == Verdict.CORRECTED:
        if finding.kind != Finding.Kind.REGION and not why.words:
            raise Invalid("reason_needed", _("Say in a few words why the model is wrong."))
        before = effective(review).get(finding.pk)
        stands = before.corrected if before and before.corrected else finding.payload
        corrected = _corrected(finding, stands, correction or Correction())
        if finding.kind == Finding.Kind.REGION and not why.words:
            why = _shown_by(finding, corrected, before)
    elif verdict == Verdict.REJECTED:
        if not why.words:
            raise Invalid("reason_needed", _("Say in a few words why you reject this finding."))
    elif verdict != Verdict.ACCEPTED:
        raise Invalid("unknown_verdict", _("Accept, correct or reject the finding."))
    return append_decision(
        review, finding.pk, actor, now, verdict=verdict, corrected=corrected, reason=why.words,
        cause=why.cause or "", turn=next_turn(review),
    )  # fmt: skip


@transaction.atomic
def decide_and_open_next(
    *,
    actor: Actor,
    review_id: UUID,
    finding_id: UUID,
    verdict: str,
    now: datetime,
    reason: str = "",
    cause: str = "",
    correction: Correction | None = None,
) -> UUID | None:
    """Decide, then open the next undecided finding, which the page shows at once with its photograph.

    Returns its id; None when every finding is decided. Raises as :func:`decide_finding`.
    """
    decision = decide_finding(
        actor=actor,
        review_id=review_id,
        finding_id=finding_id,
        verdict=verdict,
        now=now,
        reason=reason,
        cause=cause,
        correction=correction,
    )
    review = decision.review
    order = [finding.pk for finding in findings_of(review)]
    waiting = set(unseen(review).findings)
    at = order.index(finding_id)
    following = next((pk for pk in order[at + 1 :] + order[:at] if pk in waiting), None)
    if following is not None:
        open_finding(actor=actor, review_id=review_id, finding_id=following, now=now)
    return following


@transaction.atomic
def open_finding(*, actor: Actor, review_id: UUID, finding_id: UUID, now: datetime) -> Review:
    """Show a finding with its photograph: both count as looked at."""
    review = mark_opened(actor=actor, review_id=review_id, kind="finding", subject_id=finding_id, now=now)
    finding = _finding(review, finding_id)
    if finding.photo_id is not None:
        mark_opened(actor=actor, review_id=review_id, kind="photo", subject_id=finding.photo_id, now=now)
    return review


@transaction.atomic
def correct_outline(
    *,
    actor: Actor,
    review_id: UUID,
    photo_id: UUID,
    finding_id: UUID,
    polygon_px: Sequence[tuple[float, float]],
    now: datetime,
) -> FindingDecision:
    """Keep the outline that was drawn on the stage (pixels of the photograph) as a correction of its finding."""
    review = open_finding(actor=actor, review_id=review_id, finding_id=finding_id, now=now)
    finding = _finding(review, finding_id)
    if finding.photo is None or finding.photo_id != photo_id:
        raise NotFound
    polygon = fractions(polygon_px, finding.photo.width_px, finding.photo.height_px)
    return decide_finding(
        actor=actor,
        review_id=review_id,
        finding_id=finding_id,
        verdict=Verdict.CORRECTED,
        correction=Correction(polygon=polygon),
        now=now,
    )


@transaction.atomic
def undo_decision(*, actor: Actor, review_id: UUID, finding_id: UUID, now: datetime) -> Review:
    """Go back to the decision before the last one, or to none. The history keeps both."""
    actor.check(Permission.REVIEW_FINDINGS)
    review = graded_review(actor, review_id, now)
    finding = _finding(review, finding_id)
    rows = FindingDecision.objects.filter(review=review, finding=finding).order_by("position")
    stack = stacks(rows).get(finding.pk)
    if not stack:
        raise DomainError("nothing_to_undo", _("There is no decision to take back."))
    append_decision(
        review, finding.pk, actor, now, verdict=Verdict.WITHDRAWN, turn=next_turn(review), of_turn=stack[-1].turn
    )
    return review


@transaction.atomic
def accept_opened(*, actor: Actor, review_id: UUID, now: datetime) -> int:
    """Accept every undecided finding, when each was opened. Returns how many. Raises Invalid ``not_opened``."""
    actor.check(Permission.REVIEW_FINDINGS)
    review = graded_review(actor, review_id, now)
    waiting = unseen(review)
    if waiting.unopened_findings or waiting.photos:
        raise Invalid("not_opened", _("Open every photograph and finding first; then accept the rest at once."))
    turn = next_turn(review)
    for finding_id in waiting.findings:
        append_decision(review, finding_id, actor, now, verdict=Verdict.ACCEPTED, turn=turn)
    return len(waiting.findings)


def _finding(review: Review, finding_id: UUID) -> Finding:
    finding = next((f for f in findings_of(review) if f.pk == finding_id), None)
    if finding is None:
        raise NotFound
    return finding


def _shown_by(finding: Finding, corrected: Mapping[str, Any], before: FindingDecision | None) -> Because:
    """Why a region was changed, when nothing was said: what was said of it before, else what the change shows."""
    if before is not None and before.corrected and before.reason and before.cause not in (*SHAPED, Cause.OTHER_KIND):
        return Because(Cause(before.cause) if before.cause else None, before.reason)
    if corrected["polygon"] == finding.payload["polygon"]:
        return because(Cause.OTHER_KIND, "")
    return of_outline(finding.payload["polygon"], corrected["polygon"])


def _corrected(finding: Finding, stands: Mapping[str, Any], correction: Correction) -> dict[str, Any]:
    """The model's payload with the clinician's value; ``stands`` is what counted so far, from which a region keeps what
    was not changed now (its outline or its kind)."""
    match finding.kind:
        case Finding.Kind.MEASURE | Finding.Kind.SEVERITY | Finding.Kind.SALT:
            if correction.value is None:
                raise Invalid("value_needed", _("Type the number that is right."))
            return correct_number(finding.kind, finding.code, finding.payload, correction.value)
        case Finding.Kind.CONDITION:
            return correct_condition(finding.payload, correction.condition)
        case Finding.Kind.NORWOOD:
            return correct_stage(finding.payload, correction.stage)
        case _:
            return correct_region(
                finding.payload,
                kind=correction.region_kind or stands["kind"],
                polygon=stands["polygon"] if correction.polygon is None else correction.polygon,
                labels=label_map(finding),
            )
