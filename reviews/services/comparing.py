"""Laying an earlier session beside a case: a read that leaves a trace, and has a worker compare the two pictures."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from accounts.roles import Permission
from analysis.comparing import ask_for
from reviews.comparison import Comparison, compare, with_verdicts
from reviews.services.holding import LEASE, locked_review
from reviews.services.readings import holds
from reviews.visibility import check_findings_open


@transaction.atomic
def compare_case(
    *, actor: Actor, review_id: UUID, photo_id: UUID, session_id: UUID | None, now: datetime
) -> Comparison:
    """The case's photograph beside the same view of an earlier session; audited with both photographs. Raises NotFound
    for anything that is not of this case's patient."""
    actor.check(Permission.READ_CASES)
    review = locked_review(actor, review_id)
    check_findings_open(actor, review)
    if holds(review, actor):
        review.lease_until = now + LEASE
        review.save(update_fields=["lease_until"])
    found = compare(review, photo_id, session_id)
    if found.inputs is not None:
        found = with_verdicts(found, ask_for(found.inputs, now=now))
    audit.record(
        action="review.compared",
        now=now,
        actor=actor,
        patient_id=review.session.patient_id,
        subject_kind="review",
        subject_id=review.pk,
        detail={"photos": [str(shown) for shown in found.shown_photos]},
    )
    return found
