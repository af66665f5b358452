"""Registration of the room with Django."""

from __future__ import annotations

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from accounts.privacy import register
        from reports import checks
        from reports.privacy import PRIVACY

        assert checks.check_certificates  # registered by its import

        register(PRIVACY)
