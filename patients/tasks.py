"""What workers call: uploads that were never finished are swept away."""

from __future__ import annotations

from django.utils import timezone

from patients.services.uploads import sweep_uploads as sweep


def sweep_uploads(_: str = "") -> int:
    """Every hour: delete the parts of uploads whose time ran out. Returns how many."""
    return sweep(timezone.now())
