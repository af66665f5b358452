"""Sign-in rules that allauth asks us for."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class PortalAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """An account alone opens nothing: it becomes a patient through a clinic's link, or staff through an invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Only somebody who came through a clinic's link or an invitation may make an account."""
        return bool(request.session.get("may_sign_up"))
