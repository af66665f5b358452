"""When photographs are due, and which came early, late or not at all; on days when the clocks change, too."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, date, datetime, time, timedelta

import pytest

from care.rhythm import (
    Capture,
    Course,
    DueKind,
    Reminder,
    Rhythm,
    StepState,
    Stretch,
    due_reminder,
    is_interim,
    local_day,
    standing,
    timetable,
)

START = date(2026, 3, 2)


def course(*stretches: tuple[int, Rhythm | None], days: int = 90) -> Course:
    """A plan of 90 days; ``stretches``: days after the start, and the rhythm from there on."""
    parts = stretches or ((0, Rhythm.WEEKLY),)
    return Course(START, days, tuple(Stretch(on(day), rhythm) for day, rhythm in parts))


def on(day: int) -> date:
    return START + timedelta(days=day)


def sent(day: int, *, case: bool = False) -> Capture:
    return Capture(uuid.uuid4(), on(day), case)


def states(plan: Course, captures: list[Capture], today: int) -> dict[int, str]:
    return {step.due.day: step.state.value for step in standing(plan, captures, on(today)).steps}


def test_three_captures_and_a_review_each_month():
    dues = timetable(course()).dues
    assert [due.day for due in dues] == [0, 7, 14, 21, 30, 37, 44, 51, 60, 67, 74, 81, 90]
    assert [due.day for due in dues if due.kind is DueKind.REVIEW] == [30, 60, 90]
    assert dues[0].kind is DueKind.BASELINE
    assert timetable(course()).ends_on == on(90)


@pytest.mark.parametrize(
    ("rhythm", "days"), [(Rhythm.FORTNIGHTLY, [0, 14, 30, 44, 60, 74, 90]), (Rhythm.MONTHLY, [0, 30, 60, 90])]
)
def test_slower_rhythms_keep_the_monthly_review(rhythm, days):
    assert [due.day for due in timetable(course((0, rhythm))).dues] == days


@pytest.mark.parametrize("days", [30, 45, 90, 100, 104, 105, 365])
def test_the_last_day_is_a_review_and_no_two_reviews_are_near_each_other(days):
    reviews = [due.day for due in timetable(course(days=days)).dues if due.kind is not DueKind.INTERIM]
    assert reviews[-1] == days
    assert all(later - earlier >= 15 for earlier, later in itertools.pairwise(reviews))


def test_a_pause_moves_everything_after_it():
    dues = timetable(course((0, Rhythm.WEEKLY), (10, None), (18, Rhythm.WEEKLY)))
    assert [(due.on - START).days for due in dues.dues[:4]] == [0, 7, 14 + 8, 21 + 8]
    assert dues.ends_on == on(98)


def test_while_paused_nothing_is_promised_and_nothing_is_missed():
    found = standing(course((0, Rhythm.WEEKLY), (10, None)), [sent(0, case=True), sent(7)], on(40))
    assert [step.due.day for step in found.steps] == [0, 7]
    assert found.paused
    assert (found.ends_on, found.next, found.missed, found.day) == (None, None, 0, 10)


def test_a_change_of_rhythm_leaves_the_past_as_it_was():
    plan = course((0, Rhythm.WEEKLY), (16, Rhythm.FORTNIGHTLY))
    assert [due.day for due in timetable(plan).dues][:6] == [0, 7, 14, 30, 44, 60]


def test_on_time_early_late_missed_open_and_coming():
    captures = [sent(0, case=True), sent(8), sent(12), sent(24)]
    found = states(course(), captures, today=36)
    assert found == {
        0: "done", 7: "done", 14: "early", 21: "late", 30: "missed", 37: "open", 44: "coming", 51: "coming",
        60: "coming", 67: "coming", 74: "coming", 81: "coming", 90: "coming",
    }  # fmt: skip


def test_a_late_one_can_be_made_up_until_the_next_is_nearer():
    assert states(course(), [sent(0, case=True)], today=10)[7] == "overdue"
    assert states(course(), [sent(0, case=True)], today=11)[7] == "missed"


def test_of_two_in_one_window_the_nearer_counts_and_the_other_is_seen():
    near, far = sent(7), sent(5)
    found = standing(course(), [far, near, sent(0, case=True)], on(8))
    assert found.steps[1].capture == near
    assert found.extras == (far,)


def test_only_a_case_answers_a_review():
    assert states(course(), [sent(0, case=True), sent(30)], today=31)[30] == "open"
    assert states(course(), [sent(0, case=True), sent(30, case=True)], today=31)[30] == "done"


def test_the_session_that_the_plan_was_signed_on_is_its_baseline():
    assert states(course(), [sent(-9, case=True)], today=1)[0] == "done"
    assert states(course(), [sent(-20, case=True)], today=1)[0] == "open"


@pytest.mark.parametrize(
    ("today", "interim"), [(0, True), (5, True), (8, True), (24, True), (28, False), (31, False), (95, False)]
)
def test_what_is_kept_and_what_becomes_a_case(today, interim):
    assert is_interim(standing(course(), [sent(0, case=True)], on(today))) is interim


def test_without_a_baseline_or_in_a_pause_whoever_sends_something_wants_an_answer():
    assert not is_interim(standing(course(), [], on(8)))
    assert not is_interim(standing(course((0, Rhythm.WEEKLY), (6, None)), [sent(0, case=True)], on(8)))


def test_a_second_one_after_the_review_is_kept():
    assert is_interim(standing(course(), [sent(0, case=True), sent(29, case=True)], on(31)))


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), date(2026, 3, 29)),  # half past midnight before the clocks go on
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), date(2026, 3, 29)),  # a minute to midnight in summer time
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25)),  # winter time again
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), date(2026, 10, 26)),
    ],
)
def test_a_day_is_a_day_also_when_the_clocks_change(at, day):
    assert local_day(at, "Europe/Berlin") == day


def test_a_week_over_the_change_of_the_clocks_is_a_week():
    """Day 28 is 30 March 2026, the day after the change; sent at 00:15 there it is on time, not a day early."""
    plan = Course(date(2026, 3, 2), 90, (Stretch(date(2026, 3, 2), Rhythm.WEEKLY),))
    capture = Capture(uuid.uuid4(), local_day(datetime(2026, 3, 31, 22, 15, tzinfo=UTC), "Europe/Berlin"), True)
    step = standing(plan, [capture], date(2026, 4, 1)).steps[4]
    assert (step.due.on, step.state, step.days_off) == (date(2026, 4, 1), StepState.DONE, 0)


def remind(today: int, at: time = time(10), captures: list[Capture] | None = None, not_before: int = 1):
    found = standing(course(), captures or [sent(0, case=True)], on(today))
    reminder = due_reminder(found, clock=at, not_before=on(not_before))
    return (reminder[0].due.day, reminder[1]) if reminder else None


def test_one_reminder_then_one_more_then_silence():
    assert [remind(day) for day in range(5, 12)] == [
        None,
        None,  # a day early it may be sent, but nobody is reminded
        (7, Reminder.FIRST),
        (7, Reminder.FIRST),
        (7, Reminder.LAST),
        (7, Reminder.LAST),
        None,
    ]


def test_nobody_is_reminded_at_night_or_of_what_came():
    assert remind(7, time(8, 59)) is None
    assert remind(7, time(20, 0)) is None
    assert remind(7, captures=[sent(0, case=True), sent(6)]) is None


def test_who_began_today_is_not_reminded_today():
    assert remind(0, captures=[sent(-40)]) is None
    assert remind(1, captures=[sent(-40)]) == (0, Reminder.FIRST)
