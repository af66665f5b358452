"""What workers call: uploads that were never finished are swept away."""

from __future__ import annotations

from django.utils import timezone

from patients import services


def sweep_uploads(_: str = "") -> int:
    """Every hour: delete uploads whose time ran out, and files that a killed process left. Returns how many."""
    now = timezone.now()
    return services.sweep_uploads(now) + services.sweep_orphans(now)
