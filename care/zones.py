"""In which time zone a person reads times: the one their browser names, else the clinic's. Pure."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Final

COOKIE: Final = "trichora_zone"


@cache
def known_zones() -> frozenset[str]:
    """The names that the time zone database has."""
    return frozenset(zoneinfo.available_timezones())


def zone_of(wanted: str | None, clinic_zone: str) -> str:
    """``wanted`` if it is the name of a time zone, else the clinic's."""
    return wanted if wanted and wanted in known_zones() else clinic_zone
