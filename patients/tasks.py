"""What workers call: uploads that were never finished are swept away, and records of children pass on at 18."""

from __future__ import annotations

from django.utils import timezone

from patients import services


def sweep_of_age(_: str = "") -> int:
    """Who turns 18 within 30 days is told of; from the birthday on nobody reads the record as a guardian."""
    return services.sweep_of_age(timezone.now())


def sweep_uploads(_: str = "") -> int:
    """Every hour: delete uploads whose time ran out, and files that a killed process left. Returns how many."""
    now = timezone.now()
    return services.sweep_uploads(now) + services.sweep_orphans(now)
