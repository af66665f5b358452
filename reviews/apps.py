"""Registration of the room with Django."""

from __future__ import annotations

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"

    def ready(self) -> None:
        """Say what this room holds about a person, who must not see findings yet, and which numbers were overruled."""
        from accounts import privacy
        from analysis import blinding, noise
        from reviews.noise_trust import distrusted
        from reviews.privacy import PRIVACY
        from reviews.visibility import hides_findings, hides_from_newcomers

        privacy.register(PRIVACY)
        blinding.register(hides_findings, hides_from_newcomers)
        noise.register(distrusted)
