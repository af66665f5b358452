"""Who reaches the addresses of the room ``accounts``."""

from __future__ import annotations

from tests.access.rules import (
    ADMINISTRATORS,
    OPEN,
    OWN_ADMINISTRATORS,
    SIGNED_IN,
    Address,
    May,
    api,
    get,
    post,
    rule,
)

TABLE: dict[str, Address] = {
    "home": get(SIGNED_IN),
    "healthz": get(OPEN),
    "readyz": get(OPEN),
    "accounts:staff": get(ADMINISTRATORS),
    "accounts:staff_invite": post(ADMINISTRATORS, display_name="N", email="n@example.org", role="dermatologist"),
    "accounts:staff_role": post(OWN_ADMINISTRATORS, "colleague", role="trichologist"),
    "accounts:staff_end": post(OWN_ADMINISTRATORS, "colleague"),
    "accounts:invitation_withdraw": post(OWN_ADMINISTRATORS, "invitation"),
    "accounts:invitation": get(OPEN, "token"),
    "accounts:clinic": get(ADMINISTRATORS),
    "accounts:clinic_new_link": post(ADMINISTRATORS),
    "accounts:audit": get(ADMINISTRATORS),
    "api-unknown": api(rule(May.NOT_FOUND, anybody=May.SIGN_IN), "get", "patient"),
}
