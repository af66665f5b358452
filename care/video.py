"""Where a video consultation happens: the clinic's address with an unguessable room, open around its time. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

OPENS_BEFORE: Final = timedelta(minutes=15)
PLACE: Final = "{room}"


def is_template(text: str) -> bool:
    """An https address with a host and one ``{room}`` in its path, query or fragment."""
    parts = urlsplit(text)
    return (
        parts.scheme == "https"
        and bool(parts.hostname)
        and parts.username is None
        and text.count(PLACE) == 1
        and PLACE not in parts.netloc
    )


def address(template: str, room: str) -> str:
    """The address of one room."""
    return template.replace(PLACE, room)


def is_open(starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """From 15 minutes before the start to the end."""
    return starts_at - OPENS_BEFORE <= now <= ends_at
