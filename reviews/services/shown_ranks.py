"""Keeps the worklist's order blind: whether a case's severity moves it, written whenever who may see it changes.

That is the case at every claim and whenever a case is free again, and for all waiting cases when the policy changes.
What the severity is, ``analysis.ranking`` writes; the rule itself is ``reviews.visibility``.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from patients import services as patient_services
from patients.models import PhotoSession
from reviews.visibility import hidden_from_newcomers

BATCH: Final = 5000
_MOVED: Final = (PhotoSession.Status.SUBMITTED, PhotoSession.Status.KEPT)
"""A kept session may be presented as a case at any time."""


def refresh_shown(session: PhotoSession) -> None:
    """After a claim, or after the case was given up: ``session`` is locked by the caller's transaction."""
    hidden = bool(hidden_from_newcomers(session.clinic_id, [session]))
    patient_services.show_ranks(session_ids=[session.pk], read_blind=hidden)


@transaction.atomic
def refresh_shown_of(clinic_id: UUID) -> int:
    """After the policy changed. Locks the clinic's waiting cases first: a claim that goes on at the same moment either
    follows the new policy or is seen here. Returns how many cases changed."""
    rows = PhotoSession.objects.select_for_update(of=("self",)).filter(clinic_id=clinic_id, status__in=_MOVED)
    sessions = list(rows.order_by("pk").only("pk", "clinic_id", "submitted_at", "status"))
    changed = 0
    for start in range(0, len(sessions), BATCH):
        batch = sessions[start : start + BATCH]
        hidden = hidden_from_newcomers(clinic_id, batch)
        changed += patient_services.show_ranks(session_ids=hidden, read_blind=True)
        changed += patient_services.show_ranks(
            session_ids=[session.pk for session in batch if session.pk not in hidden], read_blind=False
        )
    return changed
