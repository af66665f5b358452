"""What workers call by the clock: reminders, and what nobody sent or named."""

from __future__ import annotations

from django.utils import timezone

from care import services
from care.services.attachments import sweep_files


def send_reminders(_: str = "") -> int:
    """Every few minutes: e-mails about consultations that come soon."""
    return services.send_reminders(now=timezone.now())


def remind_of_captures(_: str = "") -> int:
    """Every quarter of an hour: e-mails about photographs that are due, and plans that are complete."""
    now = timezone.now()
    services.complete_plans(now=now)
    return services.remind_of_captures(now=now)


def sweep(_: str = "") -> int:
    """Every day: drafts of a month ago, and files that a killed process left. Returns how many went."""
    now = timezone.now()
    return services.sweep_drafts(now=now) + sweep_files(now=now)
