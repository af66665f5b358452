"""Calendar files (RFC 5545, 5546). Pure: no medical content goes in, and no name of a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Component, Event, vCalAddress, vText

PRODUCT: Final = "-//Trichora//Consultations//EN"
DOMAIN: Final = "consultations.trichora"


@dataclass(frozen=True, slots=True)
class Entry:
    """One consultation as a calendar shows it. ``sequence`` grows with every change (RFC 5545, 3.8.7.4)."""

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    stamp: datetime
    summary: str
    location: str = ""
    url: str = ""
    cancelled: bool = False


def invitation(entry: Entry, *, zone: str, organizer: str, organizer_name: str, attendee: str) -> bytes:
    """The file of one consultation: METHOD REQUEST, or CANCEL once it is cancelled, with its time zone."""
    calendar = _calendar("CANCEL" if entry.cancelled else "REQUEST")
    event = _event(entry, zone)
    who = vCalAddress(f"mailto:{organizer}")
    who.params["CN"] = vText(organizer_name)
    event["organizer"] = who
    invited = vCalAddress(f"mailto:{attendee}")
    invited.params["PARTSTAT"] = vText("ACCEPTED")
    invited.params["ROLE"] = vText("REQ-PARTICIPANT")
    event.add("attendee", invited, encode=False)
    if not entry.cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", entry.summary)
        alarm.add("trigger", timedelta(hours=-1))
        event.add_component(alarm)
    calendar.add_component(event)
    _add_zones(calendar, [entry])
    return bytes(calendar.to_ical())


def feed(*, name: str, zone: str, entries: Sequence[Entry]) -> bytes:
    """A calendar to subscribe to."""
    calendar = _calendar("PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(minutes=30), parameters={"VALUE": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry, zone))
    _add_zones(calendar, entries)
    return bytes(calendar.to_ical())


def _add_zones(calendar: Calendar, entries: Sequence[Entry]) -> None:
    """The rules of the time zones, for the years around the entries."""
    if entries:
        first, last = min(entry.starts_at for entry in entries), max(entry.ends_at for entry in entries)
        margin = timedelta(days=366)
        calendar.add_missing_timezones(first_date=(first - margin).date(), last_date=(last + margin).date())
    for rules in calendar.timezones:
        for part in rules.subcomponents:
            _set_onsets(part, ZoneInfo(str(rules["tzid"])))


def _set_onsets(part: Component, zone: ZoneInfo) -> None:
    """Each onset on the clock that was valid until then (RFC 5545, 3.6.5).

    The library writes the first hour of summer time on the new clock, which a strict client reads an hour late.
    """
    found: Any = part  # its properties are of thirty types
    before, after = found["tzoffsetfrom"].td, found["tzoffsetto"].td
    further = found.get("rdate", [])
    listed = [one.dt for dates in (further if isinstance(further, list) else [further]) for one in dates.dts]
    onsets = [_on_the_old_clock(onset, before, after, zone) for onset in [found["dtstart"].dt, *listed]]
    for name in ("dtstart", "rdate"):
        part.pop(name, None)
    part.add("dtstart", onsets[0])
    if listed:
        part.add("rdate", onsets[1:])


def _on_the_old_clock(onset: datetime, before: timedelta, after: timedelta, zone: ZoneInfo) -> datetime:
    just_before = (onset - before).replace(tzinfo=UTC) - timedelta(seconds=1)
    late = before != after and just_before.astimezone(zone).utcoffset() == after
    return onset - (after - before) if late else onset


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _moment(at: datetime, zone: str) -> datetime:
    """On the zone's clock; in UTC in the hour that comes twice, of which a file can name only the first."""
    local = at.astimezone(ZoneInfo(zone))
    return at.astimezone(UTC) if local.fold else local


def _event(entry: Entry, zone: str) -> Event:
    event = Event()
    event.add("uid", f"{entry.uid}@{DOMAIN}")
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamp)
    event.add("dtstart", _moment(entry.starts_at, zone))
    event.add("dtend", _moment(entry.ends_at, zone))
    event.add("summary", entry.summary)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("class", "PRIVATE")
    if entry.location:
        event.add("location", entry.location)
    if entry.url:
        event.add("url", entry.url)
    return event
