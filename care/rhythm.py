"""The rhythm of photographs (C7): which are due when, which came, came early, late or not at all. Pure.

A plan runs for a number of days from its first one (90 by default). Day 0 is the baseline; every thirtieth day and the
last one is a review, which a clinician answers; between two reviews there are captures at the plan's interval. Days on
which the plan is paused do not count: everything after them moves by as many days. All days are dates on the patient's
wall clock, so that a week is a week also when the clocks change; instants become dates in :func:`local_day`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

REVIEW_EVERY_DAYS: Final = 30
PLAN_DAYS: Final = 90
SHORTEST_PLAN, LONGEST_PLAN = 30, 365
BASELINE_BEFORE_DAYS: Final = 14
"""A session of the two weeks before the plan began may be its baseline: mostly the one that the plan was signed on."""

LONGEST_PAUSE_DAYS: Final = 730
DAY: Final = timedelta(days=1)


class Rhythm(StrEnum):
    """How often between two reviews."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"


INTERVAL_DAYS: Final = {Rhythm.WEEKLY: 7, Rhythm.FORTNIGHTLY: 14, Rhythm.MONTHLY: REVIEW_EVERY_DAYS}
TOLERANCE_DAYS: Final = {Rhythm.WEEKLY: 1, Rhythm.FORTNIGHTLY: 2, Rhythm.MONTHLY: 3}
"""So many days before or after its day a capture is on time: hair grows 0.3 mm a day, a day more or less shows nothing,
and people have weekends."""


class DueKind(StrEnum):
    """What is asked for."""

    BASELINE = "baseline"
    INTERIM = "interim"
    REVIEW = "review"


class StepState(StrEnum):
    """How one step stands today."""

    DONE = "done"
    EARLY = "early"  # done before its time
    LATE = "late"  # done after its time
    OPEN = "open"  # its time is now
    OVERDUE = "overdue"  # its time has passed, and it can still be made up
    MISSED = "missed"
    COMING = "coming"


ANSWERED: Final = frozenset({StepState.DONE, StepState.EARLY, StepState.LATE})


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``first`` on the plan has this rhythm; None: it is paused."""

    first: date
    rhythm: Rhythm | None


@dataclass(frozen=True, slots=True)
class Course:
    """A plan as its rules see it. ``stretches`` are in order; the first begins on or before ``starts_on``."""

    starts_on: date
    days: int
    stretches: tuple[Stretch, ...]

    def rhythm_on(self, day: date) -> Rhythm | None:
        """The rhythm of a day; None while paused."""
        found = self.stretches[0].rhythm
        for stretch in self.stretches:
            if stretch.first <= day:
                found = stretch.rhythm
        return found


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is asked for: on ``on``, the plan's day ``day``."""

    day: int
    kind: DueKind
    on: date
    interval_days: int
    tolerance_days: int


@dataclass(frozen=True, slots=True)
class Timetable:
    """Everything that is asked for. ``ends_on`` None: the plan is paused, and nobody knows for how long."""

    dues: tuple[Due, ...]
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Capture:
    """A session that was sent. ``is_case``: a clinician answers it; only such a one can be a baseline or a review."""

    session_id: UUID
    on: date
    is_case: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is asked for, and what came of it. It may be sent from ``opens_on`` to ``closes_on``."""

    due: Due
    state: StepState
    opens_on: date
    closes_on: date
    capture: Capture | None = None

    @property
    def days_off(self) -> int:
        """Days from its day to the capture: negative when it came early; 0 without one."""
        return (self.capture.on - self.due.on).days if self.capture else 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A whole plan as it stands on one day. ``extras`` were sent beside what was asked for."""

    steps: tuple[Step, ...]
    extras: tuple[Capture, ...]
    today: date
    day: int  # of the plan: 0 on its first day, at most ``days``
    days: int
    ends_on: date | None
    paused: bool

    @property
    def next(self) -> Step | None:
        """What to do now, else what comes next."""
        now = [step for step in self.steps if step.state in (StepState.OPEN, StepState.OVERDUE)]
        return now[-1] if now else next((step for step in self.steps if step.state is StepState.COMING), None)

    @property
    def is_due(self) -> bool:
        """Whether something can and should be sent today."""
        found = self.next
        return not self.paused and found is not None and found.state is not StepState.COMING

    @property
    def answered(self) -> int:
        return sum(step.state in ANSWERED for step in self.steps)

    @property
    def missed(self) -> int:
        return sum(step.state is StepState.MISSED for step in self.steps)

    @property
    def asked(self) -> int:
        """How many were asked for so far: those that came and those that were missed."""
        return self.answered + self.missed

    @property
    def is_over(self) -> bool:
        """Whether the last step can no longer be sent, or was, on its day or after."""
        last = self.steps[-1] if self.steps else None
        if self.ends_on is None or last is None:
            return False
        return self.today > last.closes_on or (last.state in ANSWERED and self.today >= self.ends_on)


def local_day(at: datetime, zone: str) -> date:
    """The date of an instant on the wall clock of ``zone``."""
    return at.astimezone(ZoneInfo(zone)).date()


def timetable(course: Course) -> Timetable:
    """What a plan asks for.

    Reviews stand on every thirtieth day that counts and on the last one. Captures between them follow the interval from
    whatever was asked for last; one that would come nearer to the next review than half an interval is left out.
    """
    dues: list[Due] = []
    day, last_asked, on = 0, 0, course.starts_on
    until = course.starts_on + timedelta(days=course.days + LONGEST_PAUSE_DAYS)
    final = course.stretches[-1]
    while day <= course.days and on <= until:
        rhythm = course.rhythm_on(on)
        if rhythm is None:
            if final.rhythm is None and on >= final.first:
                return Timetable(tuple(dues), None)
            on += DAY
            continue
        kind = _kind(day, last_asked, rhythm, course.days)
        if kind is not None:
            dues.append(Due(day, kind, on, INTERVAL_DAYS[rhythm], TOLERANCE_DAYS[rhythm]))
            last_asked = day
        day, on = day + 1, on + DAY
    return Timetable(tuple(dues), on - DAY)


def _kind(day: int, last_asked: int, rhythm: Rhythm, days: int) -> DueKind | None:
    if day == 0:
        return DueKind.BASELINE
    following = _next_review(day, days)
    if day == following:
        return DueKind.REVIEW
    interval = INTERVAL_DAYS[rhythm]
    if day - last_asked >= interval and 2 * (following - day) >= interval:
        return DueKind.INTERIM
    return None


def _next_review(day: int, days: int) -> int:
    """The plan's day of the review on or after ``day``; the last two are never nearer than half of their distance."""
    following = -(-day // REVIEW_EVERY_DAYS) * REVIEW_EVERY_DAYS
    return days if 2 * (days - following) < REVIEW_EVERY_DAYS else following


def standing(course: Course, captures: Iterable[Capture], today: date) -> Standing:
    """The plan today: each step with the capture that answers it.

    A capture answers the step whose day is nearest, the midpoint between two days being the border. Of several, the
    nearest to its day counts, and the others are extras. A baseline or review is answered only by a case.
    """
    table = timetable(course)
    windows = _windows(table.dues)
    sent = sorted(captures, key=lambda capture: capture.on)
    taken: set[UUID] = set()
    steps = []
    for due, (opens_on, closes_on) in zip(table.dues, windows, strict=True):
        fitting = [one for one in sent if opens_on <= one.on <= closes_on and one.session_id not in taken]
        if due.kind is not DueKind.INTERIM:
            fitting = [one for one in fitting if one.is_case]
        capture = min(fitting, key=lambda one: abs((one.on - due.on).days), default=None)
        if capture is not None:
            taken.add(capture.session_id)
        steps.append(Step(due, _state(due, capture, closes_on, today), opens_on, closes_on, capture))
    first = windows[0][0] if windows else course.starts_on
    paused = course.rhythm_on(today) is None
    return Standing(
        steps=tuple(steps),
        extras=tuple(one for one in sent if one.session_id not in taken and first <= one.on),
        today=today,
        day=_day_on(course, today),
        days=course.days,
        ends_on=table.ends_on,
        paused=paused,
    )


def _windows(dues: Sequence[Due]) -> list[tuple[date, date]]:
    """First and last day on which each step may be answered: the borders lie halfway to its neighbours."""
    opens = [
        due.on - timedelta(days=BASELINE_BEFORE_DAYS) if index == 0 else _border(dues[index - 1].on, due.on)
        for index, due in enumerate(dues)
    ]
    closes = [opening - DAY for opening in opens[1:]]
    closes += [due.on + timedelta(days=due.interval_days // 2) for due in dues[-1:]]
    return list(zip(opens, closes, strict=True))


def _border(before: date, after: date) -> date:
    """The first day that is nearer to ``after``, or as near."""
    return before + timedelta(days=-(-(after - before).days // 2))


def _state(due: Due, capture: Capture | None, closes_on: date, today: date) -> StepState:
    tolerance = timedelta(days=due.tolerance_days)
    if capture is not None:
        if capture.on < due.on - tolerance and due.kind is not DueKind.BASELINE:
            return StepState.EARLY
        return StepState.LATE if capture.on > due.on + tolerance else StepState.DONE
    if today < due.on - tolerance:
        return StepState.COMING
    if today <= due.on + tolerance:
        return StepState.OPEN
    return StepState.OVERDUE if today <= closes_on else StepState.MISSED


def _day_on(course: Course, today: date) -> int:
    day, on = 0, course.starts_on
    while on < today and day < course.days:
        day += course.rhythm_on(on) is not None
        on += DAY
    return day


def is_interim(found: Standing) -> bool:
    """Whether a session sent today belongs to the series between two reviews, and no clinician has to answer it.

    It does in the window of a capture between two reviews, and in that of a baseline or review that was answered
    already. Without a baseline, while paused, and before or after the plan, whoever sends something wants an answer.
    """
    if found.paused or not any(step.capture and step.capture.is_case for step in found.steps):
        return False
    step = next((one for one in found.steps if one.opens_on <= found.today <= one.closes_on), None)
    if step is None:
        return False
    return step.due.kind is DueKind.INTERIM or step.capture is not None


# --- reminders -------------------------------------------------------------------------------------------------------

REMIND_FROM: Final = time(9, 0)
REMIND_UNTIL: Final = time(20, 0)
FOLLOW_UP_AFTER_DAYS: Final = {7: 2, 14: 3, REVIEW_EVERY_DAYS: 4}


class Reminder(StrEnum):
    """The first e-mail about a step, and the one that follows. There is no third."""

    FIRST = "first"
    LAST = "last"


def due_reminder(found: Standing, *, clock: time, not_before: date) -> tuple[Step, Reminder] | None:
    """The reminder that is to be sent now, if any: its step, and which of the two.

    Only by day (``clock``: the reader's wall clock), from the step's day on but not before ``not_before`` (the day
    after the plan was begun or taken up again), and never about a step that was answered or can no longer be. When
    the first was not sent in time, the last takes its place: nobody gets both at once.
    """
    step = found.next
    if found.paused or step is None or step.state not in (StepState.OPEN, StepState.OVERDUE):
        return None
    if not REMIND_FROM <= clock < REMIND_UNTIL:
        return None
    first_on = max(step.due.on, not_before)
    last_on = first_on + timedelta(days=FOLLOW_UP_AFTER_DAYS[step.due.interval_days])
    if found.today < first_on:
        return None
    return step, Reminder.LAST if found.today >= last_on else Reminder.FIRST
