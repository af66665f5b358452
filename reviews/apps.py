"""Registration of the room with Django."""

from __future__ import annotations

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"

    def ready(self) -> None:
        """Say what this room holds about a person."""
        from accounts import privacy
        from reviews.privacy import PRIVACY

        privacy.register(PRIVACY)
