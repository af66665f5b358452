"""Signed values over time: one series per metric, view and site, from the frozen contents of reports. Pure.

A correction supersedes: only the valid report of a session counts. What was not measurable is a gap with its reason,
never a zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from analysis.noise import takes_of
from reports.content import FindingLine, ReportContent, Treatment
from vision.types import Measured, Metric, View

SESSION: Final = ""
"""The view of numbers that belong to all photographs of a session together."""

NOT_SHOWN: Final = frozenset({Metric.SCALP_IN_FRAME.value})
"""Says how well a photograph frames the scalp, nothing about the hair: no progress."""

_VIEWS: Final = {view.value: position for position, view in enumerate(View)} | {SESSION: -1}
_METRICS: Final = {metric.value: position for position, metric in enumerate(Metric)}
_NESTED: Final[Mapping[str, str]] = {"severity": "index", "salt": "score"}


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What a series is about. ``view`` is :data:`SESSION` for numbers of the whole session."""

    view: str
    site: str
    metric: str

    @property
    def place(self) -> tuple[str, str]:
        return self.view, self.site


@dataclass(frozen=True, slots=True)
class Visit:
    """One signed session: when its photographs were taken, and the report that is valid for it."""

    report_id: UUID
    session_id: str
    day: dt.date
    content: ReportContent

    @property
    def code(self) -> str:
        return self.content.issue.verification_code if self.content.issue else ""


@dataclass(frozen=True, slots=True)
class Point:
    """One signed value. ``takes``: of how many photographs of one sitting it is the mean; ``corrected``: typed or drawn
    by the clinician."""

    visit: int  # place among the visits
    day: dt.date
    value: Measured
    takes: int
    corrected: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """A visit at which the number could not be measured: ``reason`` is a ``vision.types.Reason``."""

    visit: int
    day: dt.date
    reason: str


@dataclass(frozen=True, slots=True)
class Series:
    """The signed values of one metric at one place, oldest first."""

    key: Key
    points: tuple[Point, ...]
    gaps: tuple[Gap, ...]

    @property
    def unit(self) -> str:
        return self.points[-1].value.unit if self.points else ""

    def at(self, visit: int) -> Point | None:
        return next((point for point in self.points if point.visit == visit), None)

    def gap_at(self, visit: int) -> Gap | None:
        return next((gap for gap in self.gaps if gap.visit == visit), None)


@dataclass(frozen=True, slots=True)
class Course:
    """A treatment of signed plans from its first to its last: ``ended`` None while the newest plan names it.

    ``letter`` marks it on charts and in their legend.
    """

    letter: str
    name: str
    doses: tuple[str, ...]
    started: dt.date
    ended: dt.date | None


def visits_of(reports: Iterable[tuple[UUID, ReportContent, bool]]) -> tuple[Visit, ...]:
    """Visits by day from (report id, content, superseded) of a patient's reports; superseded ones are left out."""
    found = [
        Visit(report_id, content.session_id, content.session_date, content)
        for report_id, content, superseded in reports
        if not superseded
    ]
    return tuple(sorted(found, key=lambda visit: (visit.day, str(visit.report_id))))


def series_of(visits: Sequence[Visit]) -> tuple[Series, ...]:
    """All series, session first, then by view, site and metric."""
    points: dict[Key, list[Point]] = {}
    gaps: dict[Key, list[Gap]] = {}
    for number, visit in enumerate(visits):
        for key, line in _lines(visit.content).items():
            found = _value(line)
            if found is not None:
                value, takes = found
                points.setdefault(key, []).append(Point(number, visit.day, value, takes, line.verdict != "accepted"))
            elif reason := str(line.payload.get("reason", "")):
                gaps.setdefault(key, []).append(Gap(number, visit.day, reason))
    made = [Series(key, tuple(points[key]), tuple(gaps.get(key, ()))) for key in points]
    return tuple(sorted(made, key=lambda one: _order(one.key)))


def courses_of(visits: Sequence[Visit]) -> tuple[Course, ...]:
    """Treatments by start. One that a later plan no longer names ended with that plan's signature."""
    open_ones: dict[str, tuple[dt.date, list[Treatment]]] = {}
    done: list[tuple[dt.date, dt.date | None, list[Treatment]]] = []
    for visit in visits:
        signed = visit.content.signed_day or visit.day
        named = {item.code: item for item in visit.content.treatments}
        for code in [code for code in open_ones if code not in named]:
            start, items = open_ones.pop(code)
            done.append((start, signed, items))
        for code, item in named.items():
            open_ones.setdefault(code, (signed, []))[1].append(item)
    done += [(start, None, items) for start, items in open_ones.values()]
    done.sort(key=lambda row: (row[0], row[2][0].name))
    return tuple(
        Course(_letter(place), items[-1].name, tuple(dict.fromkeys(item.dose for item in items)), start, end)
        for place, (start, end, items) in enumerate(done)
    )


def place_order(place: tuple[str, str]) -> tuple[int, str]:
    """The order of views and sites on every page: session, crown ... trichoscopy."""
    return _VIEWS.get(place[0], len(_VIEWS)), place[1]


def _lines(content: ReportContent) -> dict[Key, FindingLine]:
    """The numbers of one report. Of two photographs of one view and site the later one counts, as on the desk."""
    found: dict[Key, FindingLine] = {}
    for line in content.findings:
        metric = line.code if line.kind in ("measure", *_NESTED, "norwood") else ""
        if metric and metric not in NOT_SHOWN:
            found[Key(line.view, line.site, metric)] = line
    return found


def _value(line: FindingLine) -> tuple[Measured, int] | None:
    payload: Mapping[str, Any] = line.payload.get(_NESTED[line.kind]) or {} if line.kind in _NESTED else line.payload
    if line.kind == "norwood":
        stage = payload.get("stage")
        if not isinstance(stage, int | float):
            return None
        low, high = payload.get("lowest") or stage, payload.get("highest") or stage
        return Measured(float(stage), float(min(low, stage)), float(max(high, stage)), "stage"), 1
    if payload.get("value") is None:
        return None
    if payload.get("low") is None or payload.get("high") is None:
        value = float(payload["value"])
        return Measured(value, value, value, str(payload.get("unit", ""))), 1
    if line.verdict != "accepted":
        payload = {key: item for key, item in payload.items() if key != "takes"}
    return takes_of(payload)


def _order(key: Key) -> tuple[tuple[int, str], int]:
    return place_order(key.place), _METRICS.get(key.metric, len(_METRICS))


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else f"A{place - 25}"
