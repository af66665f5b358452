"""Writing: the first message of a thread, and every one after it. Sent twice by the same form, it is one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import DomainError, Invalid
from accounts.notify import Kind, notify
from accounts.roles import Permission, Role
from accounts.workflow import next_state
from care import selectors, symptoms
from care.models import Message, MessageDraft, Thread, ThreadReader
from care.services.attachments import SealedUpload, Upload, attach, sealed_uploads
from care.services.locks import locked_thread
from care.services.noting import clinicians_of, note
from care.workflow import THREADS, ThreadAction, ThreadState
from patients.models import Patient
from patients.red_flags import RedFlag
from patients.selectors import patient_for, users_of

BODY_LENGTH = 8000
SUBJECT_LENGTH = 120

__all__ = ["BODY_LENGTH", "SUBJECT_LENGTH", "Upload", "Writing", "reply", "start_thread"]


@dataclass(frozen=True, slots=True)
class Writing:
    """What is sent. ``send_key`` names the form that sends it; session and report are what the message is about."""

    body: str
    send_key: UUID
    symptoms: tuple[RedFlag, ...] = ()
    session_id: UUID | None = None
    report_id: UUID | None = None
    uploads: Sequence[Upload] = field(default_factory=tuple)
    internal: bool = False


def start_thread(*, actor: Actor, patient_id: UUID, subject: str, writing: Writing, now: datetime) -> Message:
    """A new thread with its first message. Raises NotFound, NotAllowed, Invalid."""
    actor.check(Permission.WRITE_MESSAGES)
    patient = patient_for(actor, patient_id)
    if (sent := selectors.sent_before(actor, writing.send_key)) is not None:
        return sent
    subject = subject.strip()
    if not subject or len(subject) > SUBJECT_LENGTH:
        raise Invalid("subject_needed", _("Give a subject of at most %(n)d letters.") % {"n": SUBJECT_LENGTH})
    _check(actor, patient, writing)
    if writing.internal:
        raise Invalid("note_needs_a_thread", _("A note belongs to a conversation that has begun."))
    try:
        with sealed_uploads(patient, writing.uploads) as sealed, transaction.atomic():
            thread = Thread.objects.create(
                clinic_id=patient.clinic_id, patient=patient, subject=subject, created_at=now, last_message_at=now
            )
            return _append(thread, actor, writing, sealed, now)
    except IntegrityError:
        return _the_other(actor, writing)


def reply(*, actor: Actor, thread_id: UUID, writing: Writing, now: datetime) -> Message:
    """One more message, or a note of the team. Raises NotFound, NotAllowed, Invalid, DomainError ``thread_closed``."""
    actor.check(Permission.ANSWER_MESSAGES if writing.internal else Permission.WRITE_MESSAGES)
    thread = selectors.thread_for(actor, thread_id)
    if (sent := selectors.sent_before(actor, writing.send_key)) is not None:
        return sent
    _check(actor, thread.patient, writing)
    try:
        with sealed_uploads(thread.patient, writing.uploads) as sealed, transaction.atomic():
            return _append(locked_thread(actor, thread_id), actor, writing, sealed, now)
    except IntegrityError:
        return _the_other(actor, writing)


def _check(actor: Actor, patient: Patient, writing: Writing) -> None:
    if not writing.body.strip() and not writing.uploads and not writing.symptoms:
        raise Invalid("words_needed", _("Write your message, or attach a file."))
    if len(writing.body) > BODY_LENGTH:
        raise Invalid("too_long", _("The message is too long: at most %(n)d letters.") % {"n": BODY_LENGTH})
    selectors.check_about(actor, patient, session_id=writing.session_id, report_id=writing.report_id)


def _the_other(actor: Actor, writing: Writing) -> Message:
    """The message that the same form sent a moment before this one."""
    sent = selectors.sent_before(actor, writing.send_key)
    if sent is None:
        raise DomainError("try_again", _("The message could not be sent. Please send it once more."))
    return sent


def _append(thread: Thread, actor: Actor, writing: Writing, sealed: Sequence[SealedUpload], now: datetime) -> Message:
    from_patient = actor.role is Role.PATIENT
    flags = symptoms.flags_of(writing.body, writing.symptoms) if from_patient else ()
    if not writing.internal:
        _advance(thread, actor, flags, now)
    thread.last_number += 1
    message = Message.objects.create(
        thread=thread,
        number=thread.last_number,
        sender_id=actor.user_id,
        membership_id=actor.membership_id,
        internal=writing.internal,
        body=writing.body.strip(),
        red_flags=[flag.value for flag in flags],
        session_id=writing.session_id,
        report_id=writing.report_id,
        send_key=writing.send_key,
        sent_at=now,
    )
    attach(message, sealed)
    if not writing.internal:
        thread.public_number = message.number
        thread.last_message_at = now
    thread.save()
    mark_read(thread, actor, message.number, now)
    drafts = MessageDraft.objects.filter(user_id=actor.user_id, patient_id=thread.patient_id)
    drafts.filter(thread=thread).delete()
    if message.number == 1:
        drafts.filter(thread=None).delete()
    action = "message.noted" if writing.internal else "message.sent" if from_patient else "message.answered"
    detail = {"message": str(message.pk), "files": len(sealed)}
    note(thread.patient, action, now, actor, kind="thread", subject_id=thread.pk, detail=detail)
    if not writing.internal:
        _tell(thread, message, actor, urgent=symptoms.any_urgent(flags), now=now)
    return message


def _advance(thread: Thread, actor: Actor, flags: Sequence[RedFlag], now: datetime) -> None:
    """The thread's state after this message: who waits for whom, since when, and how pressing it is."""
    if thread.status == Thread.Status.CLOSED:
        raise DomainError("thread_closed", _("This conversation is closed. Please start a new one."))
    if actor.role is Role.PATIENT:
        step = next_state(THREADS, ThreadState(thread.status), ThreadAction.ASK)
        thread.waiting_since = thread.waiting_since or now
        thread.urgent = thread.urgent or symptoms.any_urgent(flags)
    else:
        step = next_state(THREADS, ThreadState(thread.status), ThreadAction.ANSWER)
        thread.waiting_since, thread.urgent = None, False
        thread.assigned_to_id = thread.assigned_to_id or actor.membership_id
    thread.status = step.target.value


def mark_read(thread: Thread, actor: Actor, number: int, now: datetime) -> None:
    """This person has read up to ``number``; never less than before."""
    reader, _created = ThreadReader.objects.get_or_create(
        thread=thread, user_id=actor.user_id, defaults={"last_read_number": number, "read_at": now}
    )
    if reader.last_read_number < number:
        reader.last_read_number, reader.read_at = number, now
        reader.save(update_fields=["last_read_number", "read_at"])


def _tell(thread: Thread, message: Message, actor: Actor, *, urgent: bool, now: datetime) -> None:
    """One e-mail per person and thread until they have read it; an urgent message is told to every clinician."""
    if actor.role is Role.PATIENT:
        assigned = thread.assigned_to
        alone = assigned is not None and assigned.ended_at is None and not urgent
        recipients = [assigned.user_id] if alone and assigned else clinicians_of(thread.clinic_id)
    else:
        recipients = users_of(thread.patient_id)
    read = dict(ThreadReader.objects.filter(thread=thread).values_list("user_id", "last_read_number"))
    for user_id in recipients:
        if user_id == actor.user_id:
            continue
        notify(
            recipients=[user_id],
            kind=Kind.URGENT_MESSAGE if urgent else Kind.MESSAGE,
            clinic_id=thread.clinic_id,
            path=reverse("care:thread", args=[thread.pk]),
            dedupe_key=f"urgent-message:{message.pk}" if urgent else f"message:{thread.pk}:{read.get(user_id, 0)}",
            now=now,
        )
