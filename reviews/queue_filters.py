"""What stands in the address of the queue, and which cases it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.models import Clinic
from analysis.models import Analysis
from analysis.selectors import State
from patients.models import Measuring, Urgency

SHOWS: Final = ("all", "unclaimed", "mine", "handed")
URGENCIES: Final = ("1", "pressing")
"""Any red flag, or only those that ask for care now."""

MAX_WAITING_HOURS: Final = 24 * 365
MOST_SEVERE: Final = 100
"""The severity index in tenths: 10 to 100."""


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """``query()`` gives the address that shows the same again; values that stand for everything are left out of it."""

    show: str = "all"
    urgent: str = ""  # one of URGENCIES, or nothing
    overdue: bool = False
    waiting_hours: int | None = None  # waits at least so long
    severity_from: float | None = None  # severity index 1..10; a case that was not measured has none
    severity_to: float | None = None
    analysis: str = ""  # a state of the models, or nothing
    holder: UUID | None = None  # the membership that holds the case, or was handed it
    dermatologist: bool = False  # handed back because a dermatologist has to take over

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> QueueFilters:
        """Unknown values fall back to showing everything."""
        show, urgent, analysis = (str(query.get(name, "")) for name in ("show", "urgent", "analysis"))
        hours = _number(query.get("waiting"), 1, MAX_WAITING_HOURS)
        return cls(
            show=show if show in SHOWS else "all",
            urgent=urgent if urgent in URGENCIES else "",
            overdue=query.get("overdue") == "1",
            waiting_hours=int(hours) if hours is not None else None,
            severity_from=_number(query.get("severity_from"), 1, 10),
            severity_to=_number(query.get("severity_to"), 1, 10),
            analysis=analysis if analysis in {state.value for state in State} else "",
            holder=_id(query.get("holder")),
            dermatologist=query.get("dermatologist") == "1",
        )

    def query(self) -> str:
        """The canonical query string; empty for the whole queue."""
        pairs: dict[str, object] = {
            "show": self.show if self.show != "all" else "",
            "urgent": self.urgent,
            "overdue": "1" if self.overdue else "",
            "waiting": self.waiting_hours,
            "severity_from": None if self.severity_from is None else f"{self.severity_from:g}",
            "severity_to": None if self.severity_to is None else f"{self.severity_to:g}",
            "analysis": self.analysis,
            "holder": self.holder,
            "dermatologist": "1" if self.dermatologist else "",
        }
        return urlencode({name: value for name, value in pairs.items() if value not in ("", None)})

    @property
    def narrow(self) -> bool:
        """Whether anything but the tab narrows the list."""
        return self != QueueFilters(show=self.show)

    @property
    def rank_range(self) -> tuple[int, int]:
        """The lowest and highest severity in tenths that is asked for; 0 stands for one that is not known."""
        low = 0 if self.severity_from is None else round(self.severity_from * 10)
        if self.severity_to is None:
            return low, MOST_SEVERE
        return max(low, 1), round(self.severity_to * 10)

    def wants_rank(self, rank: int) -> bool:
        """Whether a case with this severity in tenths, as far as the person may know it, is asked for."""
        low, high = self.rank_range
        return low <= rank <= high

    @property
    def few(self) -> bool:
        """Whether an index finds the cases themselves: so few that reading all costs less than walking the order."""
        found = self.analysis not in ("", State.DONE.value) or self.show in ("mine", "handed")
        return found or self.dermatologist or self.holder is not None

    @property
    def is_everything(self) -> bool:
        return self == QueueFilters()


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Before which submission a case is overdue now, by urgency."""

    urgent: datetime
    routine: datetime

    @classmethod
    def of(cls, clinic: Clinic, now: datetime) -> Deadlines:
        return cls(now - timedelta(hours=clinic.urgent_sla_hours), now - timedelta(hours=clinic.sla_hours))

    def of_urgency(self, urgency: int) -> datetime:
        return self.routine if urgency == Urgency.ROUTINE else self.urgent

    @property
    def overdue(self) -> Q:
        return Q(urgency__lt=Urgency.ROUTINE, submitted_at__lt=self.urgent) | Q(
            urgency=Urgency.ROUTINE, submitted_at__lt=self.routine
        )


def condition(filters: QueueFilters, *, deadlines: Deadlines, now: datetime) -> Q:
    """The filters as a condition on photo sessions, without the severity, which some may not know yet, and without who
    holds a case, which is a matter of leases."""
    wanted = Q()
    if filters.urgent == "1":
        wanted &= Q(urgency__lt=Urgency.ROUTINE)
    elif filters.urgent == "pressing":
        wanted &= Q(urgency=Urgency.PRESSING)
    if filters.overdue:
        wanted &= deadlines.overdue
    if filters.waiting_hours is not None:
        wanted &= Q(submitted_at__lt=now - timedelta(hours=filters.waiting_hours))
    if filters.analysis:
        wanted &= _measuring(State(filters.analysis))
    if filters.dermatologist:
        wanted &= Q(for_dermatologist=True)
    return wanted


def severity_condition(filters: QueueFilters) -> Q:
    """The severity asked for, among the cases whose severity moves them in the list for everybody alike."""
    low, high = filters.rank_range
    return Q() if (low, high) == (0, MOST_SEVERE) else Q(shown_rank__gte=low, shown_rank__lte=high)


def _measuring(state: State) -> Q:
    """``PhotoSession.measuring`` is coarse; what it does not tell apart is looked up in the few rows it leaves."""
    rows = Analysis.objects.filter(session=OuterRef("pk"))
    match state:
        case State.DONE:
            return Q(measuring=Measuring.DONE)
        case State.FAILED:
            return Q(measuring=Measuring.FAILED)
        case State.RUNNING:
            return Q(Exists(rows.filter(status=Analysis.Status.RUNNING)), measuring=Measuring.PENDING)
        case State.WAITING:
            return Q(~Exists(rows.filter(status=Analysis.Status.RUNNING)), measuring=Measuring.PENDING)
        case State.OFF:
            return Q(~Exists(rows), measuring=Measuring.NONE, ai_consented=True)
        case State.CANCELLED:
            return Q(Exists(rows), measuring=Measuring.NONE)
        case State.NOT_CONSENTED:
            return Q(measuring=Measuring.NONE, ai_consented=False)
        case State.DRAFT:
            return Q(pk__in=[])


def _number(text: object, low: float, high: float) -> float | None:
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if low <= value <= high else None


def _id(text: object) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None
