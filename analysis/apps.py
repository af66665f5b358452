"""Registration of the room with Django."""

from __future__ import annotations

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "analysis"

    def ready(self) -> None:
        from accounts.privacy import register
        from analysis.privacy import PRIVACY

        register(PRIVACY)
