"""Keeps the worklist's order blind: whether a case's severity moves it, written whenever who may see it changes.

That is the case at every claim and whenever a case is free again, and for all waiting cases when the policy changes.
What the severity is, ``analysis.ranking`` writes; the rule itself is ``reviews.visibility``.

What a page shows of a case follows a new policy at once, because it asks the rule. The order follows in the background,
batch by batch: until then a case stands where it stood before the change.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.background import enqueue
from patients import services as patient_services
from patients.models import PhotoSession
from patients.querysets import PhotoSessionQuerySet
from reviews.models import ReadingPolicy
from reviews.visibility import hidden_from_newcomers

BATCH: Final = 1000
"""Cases that are locked together: a claim waits for no more than these."""

BATCHES_A_TASK: Final = 200
"""After so many a task hands on to the next one, long before it would be taken for dead."""

_MOVED: Final = (PhotoSession.Status.SUBMITTED, PhotoSession.Status.KEPT)
"""A kept session may be presented as a case at any time."""


def refresh_shown(session: PhotoSession) -> None:
    """After a claim, or after the case was given up: ``session`` is locked by the caller's transaction."""
    hidden = bool(hidden_from_newcomers(session.clinic_id, [session]))
    patient_services.show_ranks(session_ids=[session.pk], read_blind=hidden)


def begin_applying(policy: ReadingPolicy) -> None:
    """Let all waiting cases follow the changed policy, whose row the caller's transaction has locked. A change that was
    still being applied is left where it is: the new one begins with the first case again."""
    policy.applying, policy.applied_to, policy.cases_done = True, None, 0
    policy.cases_total = _waiting(policy.clinic_id).count()
    policy.save(update_fields=["applying", "applied_to", "cases_done", "cases_total"])
    enqueue("reviews.tasks.apply_reading_policy", policy.clinic_id)


def apply_reading_policy(*, clinic_id: UUID) -> bool:
    """Go on where the last batch ended. Returns whether cases are left for another task.

    May run twice at once or again: every batch locks the policy and takes the cases behind the one that it names.
    """
    return all(_apply_batch(clinic_id) for _batch in range(BATCHES_A_TASK))


def resume_reading_policies() -> int:
    """Changes whose task was lost go on. Returns how many were being applied."""
    rows = ReadingPolicy.objects.filter(applying=True).values_list("clinic_id", flat=True)
    for clinic_id in rows:
        enqueue("reviews.tasks.apply_reading_policy", clinic_id)
    return len(rows)


@transaction.atomic
def _apply_batch(clinic_id: UUID) -> bool:
    """One batch; False when none was left. Locks its cases before it looks at who holds them: a claim that goes on at
    the same moment either follows the new policy or is seen here."""
    policy = ReadingPolicy.objects.select_for_update(of=("self",)).filter(clinic_id=clinic_id, applying=True).first()
    if policy is None:
        return False
    rows = _waiting(clinic_id).select_for_update(of=("self",)).order_by("pk")
    if policy.applied_to is not None:
        rows = rows.filter(pk__gt=policy.applied_to)
    batch = list(rows.only("pk", "clinic_id", "submitted_at", "status")[:BATCH])
    if batch:
        hidden = hidden_from_newcomers(clinic_id, batch, policy.rules)
        shown = {session.pk for session in batch} - hidden
        patient_services.show_ranks(session_ids=hidden, read_blind=True)
        patient_services.show_ranks(session_ids=shown, read_blind=False)
        policy.applied_to = batch[-1].pk
        policy.cases_done += len(batch)
        policy.cases_total = max(policy.cases_total, policy.cases_done)
    else:
        policy.applying, policy.applied_to, policy.cases_total = False, None, policy.cases_done
    policy.save(update_fields=["applying", "applied_to", "cases_done", "cases_total"])
    return bool(batch)


def _waiting(clinic_id: UUID) -> PhotoSessionQuerySet:
    rows: PhotoSessionQuerySet = PhotoSession.objects.filter(clinic_id=clinic_id, status__in=_MOVED)
    return rows
