"""What the worklist orders and filters a case by, written beside the case whenever the truth behind it changes.

The truth stays where it was: red flags in the sealed answers, the severity index in a sealed finding, progress in the
``Analysis`` row. A list of 50,000 cases cannot open seals to find its first page, so the session keeps coarse
numbers: how urgent, how far the measuring is, the index in tenths, and the index as far as it may move the case (a case
that is read blind stands as if it had none). They go when the session goes.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from analysis import blinding
from analysis.models import Analysis, Finding
from analysis.selectors import latest_analysis
from patients.models import Measuring, PhotoSession
from patients.services.sessions import rank_session

HEAL_BATCH: Final = 500

_MEASURING: Final = {
    Analysis.Status.QUEUED: Measuring.PENDING,
    Analysis.Status.RUNNING: Measuring.PENDING,
    Analysis.Status.DONE: Measuring.DONE,
    Analysis.Status.FAILED: Measuring.FAILED,
    Analysis.Status.CANCELLED: Measuring.NONE,
}


def ranks_of(session: PhotoSession) -> tuple[Measuring, int]:
    """How far the measuring of a case is, and its severity index in tenths (0: not measured), from the truth."""
    analysis = latest_analysis(session.pk)
    if analysis is None:
        return Measuring.NONE, 0
    measuring = _MEASURING[Analysis.Status(analysis.status)]
    return measuring, _severity_rank(analysis.pk) if measuring is Measuring.DONE else 0


@transaction.atomic
def refresh(session_id: UUID) -> None:
    """Bring the case's ranks up to date, in the caller's transaction when there is one.

    Locks the case: a claim may hide its findings at the same moment.
    """
    rows = PhotoSession.objects.select_for_update(of=("self",)).select_related("patient", "intake__patient")
    session = rows.filter(pk=session_id).first()
    if session is not None and session.submitted_at is not None:
        measuring, rank = ranks_of(session)
        read_blind = blinding.hidden_from_newcomers(session_id)
        rank_session(session=session, measuring=measuring, severity_rank=rank, read_blind=read_blind)


def refresh_unranked(limit: int = HEAL_BATCH) -> int:
    """Rank the cases that have none yet: those that were waiting before ranks existed. Returns how many."""
    waiting = PhotoSession.objects.filter(status=PhotoSession.Status.SUBMITTED, measuring=Measuring.UNKNOWN)
    ids = list(waiting.values_list("pk", flat=True)[:limit])
    for session_id in ids:
        refresh(session_id)
    return len(ids)


def _severity_rank(analysis_id: UUID) -> int:
    row = Finding.objects.filter(analysis_id=analysis_id, kind=Finding.Kind.SEVERITY).first()
    index = row.payload.get("index") if row is not None else None
    return round(float(index["value"]) * 10) if index else 0
