"""Is a session that is sent a case of its own, or one of a series that a clinician reads at the next review?

The room that plans a patient's photographs registers its judgement, as rooms register their privacy rules; without one
every session is a case. What keeps a session out of the series stands here, because safety does not depend on a plan.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from patients import selectors
from patients.models import Occasion, PhotoSession
from patients.red_flags import RedFlag, Severity, severity

Judge = Callable[[PhotoSession, datetime], Occasion]
_judges: list[Judge] = []


def register(judge: Judge) -> None:
    """Called once, from ``AppConfig.ready``."""
    if judge not in _judges:
        _judges.append(judge)


def expected_occasion(session: PhotoSession, now: datetime) -> Occasion:
    """What the plan makes of a session sent now, before its answers are looked at."""
    return next((judge(session, now) for judge in _judges), Occasion.CASE)


def occasion_of(session: PhotoSession, now: datetime) -> Occasion:
    """As :func:`expected_occasion`, but a case whenever the answers raise a pressing red flag, or one that no clinician
    has seen."""
    if session.submitted_at is not None or is_pressing(session):
        return Occasion.CASE  # a case that a clinician gave back for new photos stays one
    return expected_occasion(session, now)


def is_pressing(session: PhotoSession) -> bool:
    """Whether the session's answers alone make it a case (R7)."""
    flags = set(selectors.red_flags_of(session.intake)) if session.intake else set()
    if not flags:
        return False
    return any(severity(flag) is Severity.URGENT for flag in flags) or not flags <= _known(session)


def _known(session: PhotoSession) -> set[RedFlag]:
    """The flags of the newest session that a clinician has answered."""
    rows = PhotoSession.objects.select_related("intake__patient").filter(
        patient_id=session.patient_id, status=PhotoSession.Status.CLOSED, occasion=Occasion.CASE
    )
    last = rows.exclude(pk=session.pk).order_by("-closed_at").first()
    return set(selectors.red_flags_of(last.intake)) if last is not None and last.intake else set()
