"""Registration of the room with Django."""

from __future__ import annotations

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    """Tells the privacy registry what this room holds."""

    name = "patients"

    def ready(self) -> None:
        """Register once the models are loaded."""
        from accounts.privacy import register
        from patients.privacy import PRIVACY

        register(PRIVACY)
