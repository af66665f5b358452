"""Registration of the room with Django."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.privacy import register
        from accounts.privacy_rules import PRIVACY

        register(PRIVACY)
