"""Sessions in the database that end an hour after their last use, without being written at every request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.utils import timezone

RENEW_AFTER: Final = timedelta(minutes=1)
"""A session in use is written at most once in this time; so much earlier than promised it may end."""


class SessionStore(DatabaseSessions):
    """A session that was last written more than :data:`RENEW_AFTER` ago is written again by the request that reads it.

    What a request changes in it is written at once, as ever.
    """

    def load(self) -> dict[str, Any]:
        """What the session holds; marks it for writing when its end has to be put off."""
        row = self._get_session_from_db()  # type: ignore[attr-defined]
        if row is None:
            return {}
        held: dict[str, Any] = self.decode(row.session_data)
        life = held.get("_session_expiry") or self.get_session_cookie_age()
        if isinstance(life, int) and row.expire_date < timezone.now() + timedelta(seconds=life) - RENEW_AFTER:
            self.modified = True
        return held
