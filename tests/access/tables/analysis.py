"""Who reaches the addresses of the room ``analysis``."""

from __future__ import annotations

from tests.access.rules import (
    ADMINISTRATORS,
    CLINICIANS_OF_THE_CASE,
    HOLDERS,
    HOLDERS_AND_CASES,
    Address,
    api,
    get,
    post,
)

TABLE: dict[str, Address] = {
    "api-releases": api(ADMINISTRATORS, "get"),
    "api-release": api(ADMINISTRATORS, "get", "release"),
    "analysis:session": get(HOLDERS, "session"),
    "analysis:session_status": get(HOLDERS, "session"),
    "analysis:submit": post(HOLDERS, "draft"),
    "analysis:derived": get(CLINICIANS_OF_THE_CASE, "derived"),
    "analysis:releases": get(ADMINISTRATORS),
    "analysis:release_card": get(ADMINISTRATORS, "release"),
    "analysis:release_switch": post(ADMINISTRATORS, "release", enabled="off"),
    "api-submit": api(HOLDERS, "post", "draft"),
    "api-analysis": api(HOLDERS_AND_CASES, "get", "session"),
    "api-derived": api(CLINICIANS_OF_THE_CASE, "get", "derived"),
}
