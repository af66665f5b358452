"""Threads, messages, attachments, drafts and replies in an actor's scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.actors import Actor
from accounts.errors import NotFound
from accounts.roles import Permission, Role
from accounts.statements import Statement
from care.models import Attachment, CannedReply, Message, MessageDraft, Thread, ThreadReader
from care.querysets import ThreadQuerySet
from patients.models import Patient, PhotoSession
from patients.selectors import visible_sessions
from reports.models import Report


class InboxView(StrEnum):
    """Which threads of the inbox are shown."""

    UNANSWERED = "unanswered"
    ANSWERED = "answered"
    CLOSED = "closed"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class InboxFilters:
    """``mine``: assigned to the reader; ``free``: to nobody."""

    view: InboxView = InboxView.UNANSWERED
    mine: bool = False
    free: bool = False


@dataclass(frozen=True, slots=True)
class ThreadRead:
    """A thread in a list, and whether this person has read all of it."""

    thread: Thread
    unread: bool


_STATES = {
    InboxView.UNANSWERED: (Thread.Status.OPEN,),
    InboxView.ANSWERED: (Thread.Status.ANSWERED,),
    InboxView.CLOSED: (Thread.Status.CLOSED,),
    InboxView.ALL: (Thread.Status.OPEN, Thread.Status.ANSWERED, Thread.Status.CLOSED),
}


def thread_for(actor: Actor, thread_id: UUID) -> Thread:
    """The thread with its patient, if this actor may see it; else NotFound."""
    rows = Thread.objects.visible_to(actor).select_related("patient", "patient__clinic", "assigned_to")
    thread: Thread | None = rows.filter(pk=thread_id).first()
    if thread is None:
        raise NotFound
    return thread


def messages_of(actor: Actor, thread: Thread, *, after_id: UUID | None = None) -> list[Message]:
    """The messages of the thread that this person may read, oldest first; only those after one, if it is given."""
    rows = Message.objects.visible_to(actor).filter(thread=thread)
    if after_id is not None:
        known = rows.filter(pk=after_id).values_list("number", flat=True).first()
        rows = rows.filter(number__gt=known or 0)
    rows = rows.select_related("membership", "session", "report", "thread__patient")
    return list(rows.prefetch_related("attachments__message__thread__patient").order_by("number"))


def inbox(actor: Actor, filters: InboxFilters) -> ThreadQuerySet:
    """Threads of the scope: urgent first, then who waits longest, then the newest. Rows carry ``is_unread``."""
    rows: ThreadQuerySet = Thread.objects.visible_to(actor).select_related("patient", "assigned_to", "clinic")
    rows = _with_unread(actor, rows)
    if actor.role is Role.PATIENT:
        return rows.order_by("-last_message_at")
    rows = _filtered(actor, rows, filters)
    return rows.order_by("-urgent", F("waiting_since").asc(nulls_last=True), "-last_message_at")


def inbox_counts(actor: Actor) -> dict[str, int]:
    """How many threads each view holds, in one statement."""
    held = {view.value: Count("pk", filter=Q(status__in=_STATES[view])) for view in InboxView}
    counts: dict[str, int] = Thread.objects.visible_to(actor).aggregate(**held)
    return counts


def unread_count(actor: Actor) -> int:
    """Threads with something new for this person; of the team's threads those that are theirs or nobody's."""
    if not actor.can(Permission.WRITE_MESSAGES):
        return 0
    values: dict[str, Any] = {"user": actor.user_id}
    if actor.role is not Role.PATIENT:
        values |= {"clinic": actor.own_clinic_id, "member": actor.membership_id or _NOBODY}
    return sum(count for (count,) in _UNREAD.rows(actor.role, **values))


def _unread(role: Role, *, user: UUID, clinic: UUID | None = None, member: UUID | None = None) -> QuerySet[Any, Any]:
    """How many, as one row, or none: what the frame of every page asks."""
    actor = Actor(user, role, clinic, member)
    rows: ThreadQuerySet = Thread.objects.visible_to(actor)
    if role is not Role.PATIENT:
        rows = rows.filter(Q(assigned_to=member) | Q(assigned_to=None)).exclude(status=Thread.Status.CLOSED)
    read = ThreadReader.objects.filter(
        thread=OuterRef("pk"), user_id=user, last_read_number__gte=OuterRef(_newest(actor))
    )
    new = rows.filter(~Exists(read), **{f"{_newest(actor)}__gt": 0}).order_by()
    counted: QuerySet[Any, Any] = new.values(one=Value(1)).annotate(count=Count("pk")).values_list("count")
    return counted


_NOBODY: Final = UUID(int=0)
_UNREAD: Final = Statement(_unread)


def sent_before(actor: Actor, send_key: UUID) -> Message | None:
    """The message that this form has sent already."""
    return Message.objects.filter(sender_id=actor.user_id, send_key=send_key).select_related("thread").first()


def attachment_for(actor: Actor, attachment_id: UUID) -> Attachment:
    """The file with its thread, if this actor may see it; else NotFound."""
    rows = Attachment.objects.visible_to(actor).select_related("message__thread__patient")
    attachment: Attachment | None = rows.filter(pk=attachment_id).first()
    if attachment is None:
        raise NotFound
    return attachment


def draft_for(actor: Actor, patient: Patient, thread: Thread | None) -> MessageDraft | None:
    """What this person typed here and did not send."""
    rows = MessageDraft.objects.filter(user_id=actor.user_id, patient=patient, thread=thread)
    return rows.select_related("patient").first()


def canned_replies(actor: Actor) -> list[CannedReply]:
    """The clinic's replies, by title."""
    actor.check(Permission.ANSWER_MESSAGES)
    return list(CannedReply.objects.filter(clinic_id=actor.own_clinic_id, retired_at=None).order_by("title"))


def canned_reply_for(actor: Actor, reply_id: UUID) -> CannedReply:
    """One reply of the clinic; else NotFound."""
    actor.check(Permission.ANSWER_MESSAGES)
    reply = CannedReply.objects.filter(pk=reply_id, clinic_id=actor.own_clinic_id, retired_at=None).first()
    if reply is None:
        raise NotFound
    return reply


def about_choices(actor: Actor, patient: Patient) -> tuple[list[PhotoSession], list[Report]]:
    """Sessions and signed reports that a message of this person about the patient may refer to, newest first."""
    reports = Report.objects.visible_to(actor).filter(patient=patient).order_by("-signed_at")
    reports = reports.select_related("superseded_by")
    return visible_sessions(actor, patient.pk), list(reports)


def check_about(actor: Actor, patient: Patient, *, session_id: UUID | None, report_id: UUID | None) -> None:
    """NotFound unless the sender may see what the message is about, and it is this patient's."""
    sessions = PhotoSession.objects.visible_to(actor).filter(patient=patient, pk=session_id)
    reports = Report.objects.visible_to(actor).filter(patient=patient, pk=report_id)
    if (session_id and not sessions.exists()) or (report_id and not reports.exists()):
        raise NotFound


def with_reading(threads: Sequence[Any]) -> list[ThreadRead]:
    """Rows of :func:`inbox` with what the annotation says."""
    return [ThreadRead(thread, bool(thread.is_unread)) for thread in threads]


def _filtered(actor: Actor, rows: ThreadQuerySet, filters: InboxFilters) -> ThreadQuerySet:
    rows = rows.filter(status__in=_STATES[filters.view])
    if filters.mine:
        rows = rows.filter(assigned_to_id=actor.membership_id)
    elif filters.free:
        rows = rows.filter(assigned_to=None)
    return rows


def _newest(actor: Actor) -> str:
    """The number of the newest message that this person may read."""
    return "public_number" if actor.role is Role.PATIENT else "last_number"


def _with_unread(actor: Actor, rows: ThreadQuerySet) -> ThreadQuerySet:
    mine = ThreadReader.objects.filter(thread=OuterRef("pk"), user_id=actor.user_id).values("last_read_number")[:1]
    newest = _newest(actor)
    rows = rows.annotate(read_number=Coalesce(Subquery(mine), Value(0)))
    marked: ThreadQuerySet = rows.annotate(
        is_unread=Case(When(**{f"{newest}__gt": F("read_number")}, then=True), default=False)
    )
    return marked
