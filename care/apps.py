"""Registration of the room with Django."""

from __future__ import annotations

from django.apps import AppConfig


class CareConfig(AppConfig):
    """Tells the privacy registry what this room holds, and the patient's home what it adds."""

    name = "care"

    def ready(self) -> None:
        """Register once the models are loaded."""
        from accounts.privacy import register
        from care.presenters.home import captures_panel, case_panel, panel
        from care.privacy import PRIVACY
        from care.services.captures import judge_occasion
        from patients import occasions
        from reports.home_panels import register_panel
        from reviews.case_panels import register_case_panel

        register(PRIVACY)
        occasions.register(judge_occasion)
        register_panel(captures_panel)
        register_panel(panel)
        register_case_panel(case_panel)
