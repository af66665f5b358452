"""Background work of this room: reminders of follow-ups, and a changed reading policy that the worklist follows."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from accounts.background import enqueue
from reviews import services


def remind_of_follow_ups() -> int:
    """Mail what is due; runs every hour, and reminds of each due date once."""
    return services.remind(now=timezone.now())


def apply_reading_policy(clinic_id: str) -> None:
    """Let the clinic's waiting cases follow its policy, as many as one task may take."""
    if services.apply_reading_policy(clinic_id=UUID(clinic_id)):
        enqueue("reviews.tasks.apply_reading_policy", clinic_id)


def sweep(_: str = "") -> None:
    """Changes of a policy whose task was lost go on."""
    services.resume_reading_policies()
