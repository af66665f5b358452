"""Follow-up tasks: made by a signature, done, postponed or cancelled by a clinician, and reminded of by e-mail."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, notify
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.roles import Permission
from patients.selectors import users_of
from reviews.aftercare import due_after
from reviews.models import FollowUpTask, Plan, Review

REMIND_BATCH: Final = 500
REMIND_FROM: Final = time(8, 0)
REMIND_UNTIL: Final = time(20, 0)
LONGEST_DELAY: Final = timedelta(days=730)
Kind, Status = FollowUpTask.Kind, FollowUpTask.Status

SHOWS: Final = ("due", "week", "all", "done")


def plan_follow_up(*, review: Review, actor: Actor, now: datetime) -> list[FollowUpTask]:
    """What a freshly signed plan asks for. Open tasks of an earlier signature of the same case give way to it."""
    older = FollowUpTask.objects.filter(review__session_id=review.session_id, status=Status.OPEN)
    older.exclude(kind=Kind.URGENT_ANSWER).update(status=Status.CANCELLED, closed_at=now)
    plan = Plan.objects.filter(review=review).first()
    if plan is None:
        return []
    entries = {item.entry.code: item.entry for item in plan.items.select_related("entry")}
    dues = due_after(list(entries), signed_on=review.clinic.day_of(now), follow_up=plan.follow_up_date)
    return [
        FollowUpTask.objects.create(
            clinic_id=review.clinic_id,
            patient_id=review.session.patient_id,
            review=review,
            kind=due.kind,
            entry=entries.get(due.code),
            due_date=due.on,
            created_at=now,
        )
        for due in dues
    ]


@transaction.atomic
def complete_task(*, actor: Actor, task_id: UUID, note: str, now: datetime) -> FollowUpTask:
    """It is done. Raises DomainError ``closed``."""
    return _close(actor, task_id, Status.DONE, note, now, "follow_up.done")


@transaction.atomic
def cancel_task(*, actor: Actor, task_id: UUID, note: str, now: datetime) -> FollowUpTask:
    """It is not needed any more; the reason is kept. Raises Invalid ``reason_needed``, DomainError ``closed``."""
    if not note.strip():
        raise Invalid("reason_needed", _("Write why it is not needed any more."))
    return _close(actor, task_id, Status.CANCELLED, note, now, "follow_up.cancelled")


@transaction.atomic
def postpone_task(*, actor: Actor, task_id: UUID, until: date, note: str, now: datetime) -> FollowUpTask:
    """Give it a later day; the patient is reminded anew. Raises Invalid ``bad_date``, DomainError ``closed``."""
    task = _open_task(actor, task_id)
    today = task.clinic.day_of(now)
    if not today < until <= today + LONGEST_DELAY:
        raise Invalid("bad_date", _("Choose a day after today, within two years."))
    task.due_date, task.note, task.postponed = until, note.strip(), task.postponed + 1
    task.save(update_fields=["due_date", "note", "postponed"])
    _audit(task, actor, "follow_up.postponed", now)
    return task


def tasks(actor: Actor, *, show: str, today: date) -> list[FollowUpTask]:
    """The clinic's tasks: ``due`` (today and before), ``week`` (and the next seven days), ``all`` open, or the newest
    hundred that were ``done`` or cancelled. Urgent answers first."""
    actor.check(Permission.READ_CASES)
    rows = FollowUpTask.objects.visible_to(actor).select_related("patient", "entry", "review__reviewer", "closed_by")
    if show == "done":
        return list(rows.exclude(status=Status.OPEN).order_by("-closed_at")[:100])
    rows = rows.filter(status=Status.OPEN)
    if show == "due":
        rows = rows.filter(due_date__lte=today)
    elif show == "week":
        rows = rows.filter(due_date__lte=today + timedelta(days=7))
    return sorted(rows[:500], key=lambda task: (task.kind != Kind.URGENT_ANSWER, task.due_date))


@transaction.atomic
def read_tasks(*, actor: Actor, shown: list[FollowUpTask], now: datetime) -> None:
    """One event for the list that was shown."""
    actor.check(Permission.READ_CASES)
    ids = [str(task.pk) for task in shown]
    audit.record(action="follow_up.read", now=now, actor=actor, subject_kind="follow_up", detail={"tasks": ids})


def own_tasks(actor: Actor, patient_id: UUID) -> list[FollowUpTask]:
    """A patient's own open tasks, but for what concerns the clinic alone."""
    rows = FollowUpTask.objects.visible_to(actor).filter(patient_id=patient_id, status=Status.OPEN)
    return list(rows.exclude(kind=Kind.URGENT_ANSWER).select_related("entry"))


def remind(*, now: datetime) -> int:
    """Mail the patients whose tasks are due, once per due date, and who signed, once a day. Returns how many tasks.

    Days and hours are the clinic's: a task is due on its day there, and mails go out by day.
    """
    furthest = now.date() + timedelta(days=1)  # no clinic's day is later: each is asked for its own below
    due = FollowUpTask.objects.filter(status=Status.OPEN, due_date__lte=furthest, patient__erased_at=None)
    due = due.exclude(kind=Kind.URGENT_ANSWER).exclude(reminded_for=F("due_date"))
    reminded = 0
    for task_id in list(due.values_list("pk", flat=True)[:REMIND_BATCH]):
        with transaction.atomic():
            task = _locked_due(task_id)
            if task is None or task.reminded_for == task.due_date:
                continue
            today, clock = task.clinic.day_of(now), now.astimezone(ZoneInfo(task.clinic.time_zone)).time()
            if task.due_date <= today and REMIND_FROM <= clock < REMIND_UNTIL:
                _remind(task, today, now)
                reminded += 1
    return reminded


def _locked_due(task_id: UUID) -> FollowUpTask | None:
    rows = FollowUpTask.objects.select_for_update(of=("self",)).select_related("review__reviewer", "clinic")
    task: FollowUpTask | None = rows.filter(pk=task_id, status=Status.OPEN).first()
    return task


def _remind(task: FollowUpTask, today: date, now: datetime) -> None:
    path = reverse("reviews:side_effects", args=[task.patient_id])
    notify.notify(
        recipients=users_of(task.patient_id),
        kind=notify.Kind.FOLLOW_UP_DUE,
        clinic_id=task.clinic_id,
        path=path if task.kind == Kind.SIDE_EFFECTS else reverse("home"),
        dedupe_key=f"follow-up:{task.pk}:{task.due_date}",
        now=now,
    )
    reviewer = task.review.reviewer
    if reviewer.ended_at is None:
        notify.notify(
            recipients=[reviewer.user_id],
            kind=notify.Kind.TASKS_DUE,
            clinic_id=task.clinic_id,
            path=reverse("reviews:follow_up"),
            dedupe_key=f"tasks-due:{today}",
            now=now,
        )
    task.reminded_for = task.staff_reminded_for = task.due_date
    task.save(update_fields=["reminded_for", "staff_reminded_for"])


def _open_task(actor: Actor, task_id: UUID) -> FollowUpTask:
    actor.check(Permission.WRITE_PLAN)
    rows = FollowUpTask.objects.visible_to(actor).select_for_update(of=("self",)).select_related("patient", "clinic")
    task: FollowUpTask | None = rows.filter(pk=task_id).first()
    if task is None:
        raise NotFound
    if task.status != Status.OPEN:
        raise DomainError("closed", _("This is closed already."))
    return task


def _close(
    actor: Actor, task_id: UUID, status: FollowUpTask.Status, note: str, now: datetime, action: str
) -> FollowUpTask:
    task = _open_task(actor, task_id)
    task.status, task.note = status, note.strip()
    task.closed_at, task.closed_by_id = now, actor.membership_id
    task.save(update_fields=["status", "note", "closed_at", "closed_by"])
    _audit(task, actor, action, now)
    return task


def _audit(task: FollowUpTask, actor: Actor, action: str, now: datetime) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=task.clinic_id,
        patient_id=task.patient_id,
        subject_kind="follow_up",
        subject_id=task.pk,
    )
