"""Calendar files across the days when the clocks change: read back by a second library, no client is an hour off."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from icalendar import Calendar

from care.calendar_file import Entry, feed, invitation

NEW_YORK, BERLIN, SYDNEY = "America/New_York", "Europe/Berlin", "Australia/Sydney"
CHANGES = {
    NEW_YORK: (datetime(2027, 3, 14, 7, tzinfo=UTC), datetime(2027, 11, 7, 6, tzinfo=UTC)),
    BERLIN: (datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC)),
    SYDNEY: (datetime(2027, 4, 3, 16, tzinfo=UTC), datetime(2027, 10, 2, 16, tzinfo=UTC)),
}
"""When the clocks change in 2027 (published by each country; not taken from the code)."""

AROUND = [
    (zone, change + timedelta(minutes=minutes))
    for zone, changes in CHANGES.items()
    for change in changes
    for minutes in (-90, -30, 0, 30, 90)
]


def file_of(at: datetime, zone: str) -> str:
    entry = Entry("x", 0, at, at + timedelta(minutes=20), at, "Consultation")
    return invitation(entry, zone=zone, organizer="a@b.test", organizer_name="A", attendee="c@d.test").decode()


def as_a_client(text: str) -> datetime:
    """The start as a client finds it that knows nothing but the rules in the file (python-dateutil)."""
    start: datetime = Calendar.from_ical(text).events[0]["dtstart"].dt  # type: ignore[assignment]
    if start.utcoffset() == timedelta(0):
        return start.astimezone(UTC)
    unfolded = text.replace("\r\n ", "").replace("\r\n", "\n")
    rules = tzical(io.StringIO(unfolded)).get()
    return start.replace(tzinfo=rules, fold=0).astimezone(UTC)


@pytest.mark.parametrize(("zone", "at"), AROUND)
def test_around_a_change_of_the_clocks_a_client_shows_the_right_hour(zone, at):
    text = file_of(at, zone)
    assert as_a_client(text) == at
    assert Calendar.from_ical(text).events[0]["dtstart"].dt.astimezone(UTC) == at


@pytest.mark.parametrize("zone", CHANGES)
def test_the_rules_change_at_the_moment_when_the_clocks_do(zone):
    """An onset stands on the clock that was valid until then (RFC 5545, 3.6.5)."""
    onsets = []
    for part in Calendar.from_ical(file_of(datetime(2027, 6, 1, 12, tzinfo=UTC), zone)).timezones[0].subcomponents:
        further = part.get("rdate", [])
        lists = further if isinstance(further, list) else [further]
        for local in [part["dtstart"].dt, *(one.dt for dates in lists for one in dates.dts)]:
            onsets.append((local - part["tzoffsetfrom"].td).replace(tzinfo=UTC))
    assert set(CHANGES[zone]) <= set(onsets)
    wall = ZoneInfo(zone)
    for onset in onsets[1:]:
        before = (onset - timedelta(seconds=1)).astimezone(wall).utcoffset()
        assert onset.astimezone(wall).utcoffset() != before or onset == min(onsets)


def test_a_feed_holds_summer_and_winter_on_the_clinics_clock():
    entries = [
        Entry(f"{month}", 0, at, at + timedelta(minutes=20), at, "Consultation")
        for month, at in ((1, datetime(2027, 1, 15, 9, tzinfo=UTC)), (7, datetime(2027, 7, 15, 8, tzinfo=UTC)))
    ]
    calendar = Calendar.from_ical(feed(name="Agenda", zone=BERLIN, entries=entries))
    assert [event["dtstart"].dt.hour for event in calendar.events] == [10, 10]
    assert calendar.timezones[0]["tzid"] == BERLIN
