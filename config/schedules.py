"""What runs by the clock: one table, written to django-q2's schedule by ``python -m config.schedules``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """``task`` runs every ``minutes`` on the general queue."""

    name: str
    task: str
    minutes: int


JOBS: tuple[Job, ...] = (
    Job("sweep analyses", "analysis.tasks.sweep_analyses", 1),
    Job("chain the audit", "accounts.tasks.seal_audit", 5),
    Job("send waiting e-mails", "accounts.tasks.send_waiting", 5),
    Job("send waiting webhooks", "accounts.tasks.sweep_webhooks", 1),
    Job("sweep uploads", "patients.tasks.sweep_uploads", 60),
    Job("records of who comes of age", "patients.tasks.sweep_of_age", 15),
    Job("remind of follow-ups", "reviews.tasks.remind_of_follow_ups", 60),
    Job("sweep changes of reading policies", "reviews.tasks.sweep", 2),
    Job("sweep reports and exports", "reports.tasks.sweep", 2),
    Job("remind of consultations", "care.tasks.send_reminders", 5),
    Job("remind of photographs", "care.tasks.remind_of_captures", 15),
    Job("sweep drafts of messages", "care.tasks.sweep", 1440),
)


def write_schedules() -> None:
    """Make the schedule what the table says: new jobs are added, changed ones updated, dropped ones deleted."""
    from django_q.models import Schedule

    for job in JOBS:
        Schedule.objects.update_or_create(
            name=job.name,
            defaults={
                "func": job.task,
                "schedule_type": Schedule.MINUTES,
                "minutes": job.minutes,
                "repeats": -1,
            },
        )
    Schedule.objects.exclude(name__in=[job.name for job in JOBS]).delete()


if __name__ == "__main__":
    import django

    django.setup()
    write_schedules()
