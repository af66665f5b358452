"""In which time zone a person reads times: patients in their own (their browser names it), the team in the clinic's."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Final

from django.http import HttpRequest

from accounts.models import User
from accounts.standing import standing_of

UTC: Final = "UTC"
COOKIE: Final = "trichora_zone"


@cache
def known_zones() -> frozenset[str]:
    """The names that the time zone database has."""
    return frozenset(zoneinfo.available_timezones())


def zone_of(wanted: str | None, clinic_zone: str) -> str:
    """``wanted`` if it is the name of a time zone, else the clinic's."""
    return wanted if wanted and wanted in known_zones() else clinic_zone


def zone_of_page(request: HttpRequest, user: User) -> str:
    """The zone of every time on a page for which nothing else is said; UTC while a patient's browser has named none."""
    membership = standing_of(user).membership
    if membership is not None:
        return zone_of(membership.clinic.time_zone, UTC)
    return zone_of(user.time_zone or request.COOKIES.get(COOKIE), UTC)
