"""Free times: hours on a wall clock, also on the two days when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from care.slots import Busy, Exceptional, Hours, Rules, free_slots

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = date(2027, 3, 28), date(2026, 10, 25)  # both Sundays, at 02:00 and 03:00 Berlin time


MORNING = (Hours(time(9), time(12)),)


def rules(hours=MORNING, *, zone=BERLIN, **changes) -> Rules:
    fields = {
        "zone": zone,
        "week": [list(hours)] * 7,
        "exceptions": (),
        "length": timedelta(minutes=30),
        "step": timedelta(minutes=30),
        "buffer": timedelta(0),
        "lead": timedelta(0),
        "horizon_days": 365,
    }
    return Rules(**{**fields, **changes})


def on(day: date, found: Rules, busy=(), now=None) -> list[str]:
    early = datetime.combine(day - timedelta(days=1), time(0), UTC)
    slots = free_slots(found, busy, first=day, last=day, now=now or early)
    return [f"{slot.astimezone(found.zone):%H:%M}" for slot in slots]


def at(text: str, zone=BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def test_a_day_is_filled_from_its_beginning_and_ends_in_time():
    assert on(date(2026, 11, 23), rules()) == ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]


def test_hours_keep_their_wall_clock_when_the_clocks_change():
    for day, offset in ((SPRING - timedelta(1), 1), (SPRING, 2), (AUTUMN - timedelta(1), 2), (AUTUMN, 1)):
        slots = free_slots(
            rules(),
            (),
            first=day,
            last=day,
            now=datetime(2026, 1, 1, tzinfo=UTC) if day.year == 2026 else datetime(2027, 3, 1, tzinfo=UTC),
        )
        assert slots[0] == datetime.combine(day, time(9 - offset), UTC)
        assert len(slots) == 6


def test_hours_across_the_spring_change_lose_an_hour():
    assert on(SPRING, rules((Hours(time(1), time(4)),))) == ["01:00", "01:30", "03:00", "03:30"]


def test_hours_across_the_autumn_change_gain_an_hour_and_no_slot_is_offered_twice():
    night = rules((Hours(time(1), time(4)),))
    slots = free_slots(night, (), first=AUTUMN, last=AUTUMN, now=datetime(2026, 10, 1, tzinfo=UTC))
    assert len(slots) == len(set(slots)) == 8
    assert {later - earlier for earlier, later in pairwise(slots)} == {timedelta(minutes=30)}


def test_hours_that_begin_in_the_hour_that_does_not_exist_begin_after_it():
    assert on(SPRING, rules((Hours(time(2, 30), time(4, 30)),))) == ["03:30", "04:00"]


def test_a_booking_blocks_its_time_and_the_pause_after_it():
    busy = [Busy(at("2026-11-23T09:30"), at("2026-11-23T10:10"))]
    assert on(date(2026, 11, 23), rules(), busy) == ["09:00", "10:30", "11:00", "11:30"]
    paused = rules(buffer=timedelta(minutes=10))
    assert on(date(2026, 11, 23), paused, busy) == ["10:30", "11:00", "11:30"]


def test_closed_days_and_other_hours_replace_the_week():
    day = date(2026, 12, 24)
    closed = Exceptional(day, day + timedelta(days=2), None)
    short = Exceptional(day, day, Hours(time(9), time(10)))
    assert on(day, rules(exceptions=(closed,))) == []
    assert on(day, rules(exceptions=(short,))) == ["09:00", "09:30"]
    assert on(day, rules(exceptions=(short, closed))) == []


def test_lead_and_horizon_bound_what_is_offered():
    now = at("2026-11-23T09:10")
    assert on(date(2026, 11, 23), rules(lead=timedelta(hours=2)), now=now) == ["11:30"]
    assert on(date(2026, 11, 26), rules(horizon_days=2), now=now) == []
    assert on(date(2026, 11, 25), rules(horizon_days=2), now=now) != []


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]),
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    starts=st.integers(0, 22),
    length=st.sampled_from([15, 20, 45, 60]),
)
def test_no_slot_lies_outside_the_wall_clock_hours(zone, day, starts, length):
    hours = Hours(time(starts), time(23, 59))
    found = rules((hours,), zone=ZoneInfo(zone), length=timedelta(minutes=length), step=timedelta(minutes=15))
    slots = free_slots(found, (), first=day, last=day, now=datetime.combine(day, time(0), UTC) - timedelta(days=2))
    for slot in slots:
        begins, ends = slot.astimezone(found.zone), (slot + found.length).astimezone(found.zone)
        assert begins.date() == day
        assert hours.starts <= begins.time()
        assert ends.time() <= hours.ends
    assert len(slots) == len(set(slots))
