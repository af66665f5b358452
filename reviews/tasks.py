"""Background work of this room: reminders of follow-ups."""

from __future__ import annotations

from django.utils import timezone

from reviews import services


def remind_of_follow_ups() -> int:
    """Mail what is due; runs every hour, and reminds of each due date once."""
    return services.remind(now=timezone.now())
