"""Reading threads, which leaves a trace, and what the care team does with one: assign, close, take up again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.decorators import CLINICIANS
from accounts.errors import Invalid
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from accounts.workflow import next_state
from care import selectors
from care.models import Message, Thread
from care.services.locks import locked_thread
from care.services.noting import note
from care.services.sending import mark_read
from care.workflow import THREADS, ThreadAction, ThreadState


@transaction.atomic
def read_inbox(*, actor: Actor, threads: Sequence[Thread], now: datetime) -> None:
    """One event for the page of the inbox that was shown; a patient's own list needs none."""
    if actor.role is not Role.PATIENT:
        ids = [str(thread.pk) for thread in threads]
        audit.record(action="inbox.read", now=now, actor=actor, subject_kind="inbox", detail={"threads": ids})


@transaction.atomic
def read_thread(*, actor: Actor, thread_id: UUID, now: datetime) -> tuple[Thread, list[Message]]:
    """The thread with all that this person may read; read from now on, and audited. Raises NotFound."""
    thread = selectors.thread_for(actor, thread_id)
    messages = selectors.messages_of(actor, thread)
    _note_read(thread, messages, actor, now)
    return thread, messages


@transaction.atomic
def read_news(*, actor: Actor, thread_id: UUID, after_id: UUID | None, now: datetime) -> tuple[Thread, list[Message]]:
    """What came after the message ``after_id``: for the page that keeps itself up to date. Nothing new, no event."""
    thread = selectors.thread_for(actor, thread_id)
    messages = selectors.messages_of(actor, thread, after_id=after_id)
    if messages:
        _note_read(thread, messages, actor, now)
    return thread, messages


def _note_read(thread: Thread, messages: Sequence[Message], actor: Actor, now: datetime) -> None:
    if messages:
        mark_read(thread, actor, messages[-1].number, now)
    detail = {"messages": len(messages), "files": [str(f.pk) for m in messages for f in m.attachments.all()]}
    note(thread.patient, "message.read", now, actor, kind="thread", subject_id=thread.pk, detail=detail)


@transaction.atomic
def assign(*, actor: Actor, thread_id: UUID, membership_id: UUID | None, now: datetime) -> Thread:
    """Give a thread to a clinician of the clinic, or back to everybody. Raises Invalid for anybody else."""
    actor.check(Permission.ANSWER_MESSAGES)
    thread = locked_thread(actor, thread_id)
    if membership_id is not None and membership_id not in {row.pk for row in staff_of(thread.clinic_id, CLINICIANS)}:
        raise Invalid("not_a_colleague", _("Choose a clinician of your clinic."))
    thread.assigned_to_id = membership_id
    thread.save(update_fields=["assigned_to"])
    detail = {"to": str(membership_id or "")}
    note(thread.patient, "message.assigned", now, actor, kind="thread", subject_id=thread.pk, detail=detail)
    return thread


@transaction.atomic
def change_state(*, actor: Actor, thread_id: UUID, action: ThreadAction, now: datetime) -> Thread:
    """Close a thread, or take it up again. Raises NotAllowed, NotFound, DomainError ``wrong_state``."""
    actor.check(Permission.ANSWER_MESSAGES)
    if action not in (ThreadAction.CLOSE, ThreadAction.REOPEN):
        raise Invalid("not_a_state", _("A conversation is closed or taken up again."))
    thread = locked_thread(actor, thread_id)
    step = next_state(THREADS, ThreadState(thread.status), action)
    thread.status = step.target.value
    closed = step.target is ThreadState.CLOSED
    thread.closed_at = now if closed else None
    thread.waiting_since = None if closed else now
    thread.urgent = thread.urgent and not closed
    thread.save(update_fields=["status", "closed_at", "waiting_since", "urgent"])
    note(thread.patient, step.audit, now, actor, kind="thread", subject_id=thread.pk)
    return thread
