"""Acts about findings and own regions as rows: appended in turns, taken back, done again; audited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, NotAllowed
from accounts.roles import Permission
from patients.models import Photo
from reviews.models import FindingDecision, OwnRegion, Review
from reviews.services.holding import graded_review
from reviews.turns import log_of, next_turn, subject_of

Verdict = FindingDecision.Verdict
Act = OwnRegion.Act


@transaction.atomic
def undo(*, actor: Actor, review_id: UUID, now: datetime) -> UUID:
    """Take back the last act of this review that still stands. Returns the finding or region it was about.

    Raises DomainError ``nothing_to_undo``.
    """
    actor.check(Permission.REVIEW_FINDINGS)
    review = graded_review(actor, review_id, now)
    rows = log_of(review).undoable
    if not rows:
        raise DomainError("nothing_to_undo", _("There is nothing to take back."))
    turn = next_turn(review)
    for row in rows:
        _withdraw(review, row, actor, now, turn)
    return subject_of(rows[0])


@transaction.atomic
def redo(*, actor: Actor, review_id: UUID, now: datetime) -> UUID:
    """Do again what was taken back last, as long as nothing was done since. Returns what it was about.

    Raises DomainError ``nothing_to_redo``.
    """
    actor.check(Permission.REVIEW_FINDINGS)
    review = graded_review(actor, review_id, now)
    rows = log_of(review).redoable
    if not rows:
        raise DomainError("nothing_to_redo", _("There is nothing to do again."))
    turn = next_turn(review)
    for row in rows:
        if isinstance(row, FindingDecision):
            append_decision(
                review, row.finding_id, actor, now, verdict=row.verdict, corrected=row.corrected, reason=row.reason,
                cause=row.cause, turn=turn, of_turn=row.turn,
            )  # fmt: skip
        else:
            append_region(
                review, row.photo, row.region_id, actor, now, act=row.act, payload=row.payload, reason=row.reason,
                turn=turn, of_turn=row.turn,
            )  # fmt: skip
    return subject_of(rows[0])


def append_decision(
    review: Review,
    finding_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    verdict: str,
    turn: int,
    of_turn: int | None = None,
    corrected: Mapping[str, Any] | None = None,
    reason: str = "",
    cause: str = "",
) -> FindingDecision:
    """One decision on its finding's stack, audited."""
    last = FindingDecision.objects.filter(review=review, finding_id=finding_id).aggregate(last=Max("position"))["last"]
    decision: FindingDecision = FindingDecision.objects.create(
        review=review,
        finding_id=finding_id,
        verdict=verdict,
        corrected=corrected,
        reason=reason,
        cause=cause,
        decided_by_id=acting_membership(actor),
        position=0 if last is None else last + 1,
        turn=turn,
        of_turn=of_turn,
        at=now,
    )
    _audit(review, actor, now, "finding.decided", "finding", finding_id, {"verdict": str(verdict)})
    return decision


def append_region(
    review: Review,
    photo: Photo,
    region_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    act: str,
    turn: int,
    of_turn: int | None = None,
    payload: Mapping[str, Any] | None = None,
    reason: str = "",
) -> OwnRegion:
    """One state on its region's stack, audited."""
    last = OwnRegion.objects.filter(review=review, region_id=region_id).aggregate(last=Max("position"))["last"]
    region: OwnRegion = OwnRegion.objects.create(
        review=review,
        photo=photo,
        region_id=region_id,
        act=act,
        payload=payload,
        reason=reason,
        drawn_by_id=acting_membership(actor),
        position=0 if last is None else last + 1,
        turn=turn,
        of_turn=of_turn,
        at=now,
    )
    detail = {"act": str(act), "photos": [str(photo.pk)]}
    _audit(review, actor, now, "finding.added", "region", region_id, detail)
    return region


def _withdraw(review: Review, row: FindingDecision | OwnRegion, actor: Actor, now: datetime, turn: int) -> None:
    if isinstance(row, FindingDecision):
        append_decision(review, row.finding_id, actor, now, verdict=Verdict.WITHDRAWN, turn=turn, of_turn=row.turn)
    else:
        append_region(review, row.photo, row.region_id, actor, now, act=Act.WITHDRAWN, turn=turn, of_turn=row.turn)


def acting_membership(actor: Actor) -> UUID:
    """Whose act it is; NotAllowed for anybody who is no staff of a clinic."""
    if actor.membership_id is None:
        raise NotAllowed(_("Only staff of the clinic review cases."))
    return actor.membership_id


def _audit(
    review: Review, actor: Actor, now: datetime, action: str, kind: str, subject_id: UUID, detail: dict[str, Any]
) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        patient_id=review.session.patient_id,
        subject_kind=kind,
        subject_id=subject_id,
        detail={"review": str(review.pk), **detail},
    )
