"""Conversations as the pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.urls import reverse
from django.utils import timesince
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.decorators import CLINICIANS
from accounts.roles import Permission, Role
from accounts.selectors import staff_of
from care import selectors, symptoms
from care.attachment_intake import default_title
from care.models import Message, Thread
from care.selectors import InboxView
from care.selectors.messages import with_reading
from patients.models import Patient, PatientAccess
from patients.red_flags import RedFlag, SafetyText, Severity, label, safety_text, severity
from patients.selectors import patient_label, records_of, relation_of
from reports.models import Report

_STATES = {
    Thread.Status.OPEN: "waiting",
    Thread.Status.ANSWERED: "done",
    Thread.Status.CLOSED: "inactive",
}


@dataclass(frozen=True, slots=True)
class FileView:
    """One attached file."""

    id: UUID
    title: str
    is_picture: bool
    size_bytes: int


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message. ``own``: the reader's side wrote it; ``about``: (words, address) of what it refers to."""

    id: UUID
    who: str
    own: bool
    internal: bool
    sent_at: datetime
    body: str
    files: tuple[FileView, ...]
    about: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """One conversation in a list."""

    id: UUID
    subject: str
    patient: str
    unread: bool
    urgent: bool
    state: str
    state_label: str
    waiting: str
    last_message_at: datetime
    assigned_to: str


@dataclass(frozen=True, slots=True)
class SafetyNote:
    """A reviewed text about a red flag; ``urgent``: seek care now or within days."""

    urgent: bool
    text: SafetyText


def rows(actor: Actor, threads: Sequence[Any], now: datetime) -> list[ThreadRow]:
    """Conversations of a list, as this person reads them."""
    staff = actor.role is not Role.PATIENT
    shown = []
    for item in with_reading(threads):
        thread = item.thread
        shown.append(
            ThreadRow(
                id=thread.pk,
                subject=thread.subject,
                patient=patient_label(thread.patient) if staff else thread.patient.given_name,
                unread=item.unread,
                urgent=thread.urgent and staff,
                state=_STATES[Thread.Status(thread.status)],
                state_label=state_label(actor, thread),
                waiting=timesince.timesince(thread.waiting_since, now, depth=1) if thread.waiting_since else "",
                last_message_at=thread.last_message_at,
                assigned_to=thread.assigned_to.display_name if thread.assigned_to else "",
            )
        )
    return shown


def state_label(actor: Actor, thread: Thread) -> str:
    """The state in words for either side."""
    patient_side = actor.role is Role.PATIENT
    match thread.status:
        case Thread.Status.OPEN:
            return _("With the care team") if patient_side else _("Waits for an answer")
        case Thread.Status.ANSWERED:
            return _("Answered")
        case _:
            return _("Closed")


def message_views(actor: Actor, thread: Thread, messages: Iterable[Message]) -> list[MessageView]:
    """Messages with their senders' names, as this person reads them."""
    relations = dict(PatientAccess.objects.filter(patient=thread.patient).values_list("user_id", "relation"))
    return [_view(actor, thread, message, relations) for message in messages]


def _view(actor: Actor, thread: Thread, message: Message, relations: dict[UUID, str]) -> MessageView:
    patient_side = actor.role is Role.PATIENT
    about = []
    if message.session is not None:
        day = date_format(message.session.submitted_at or message.session.created_at, "j M Y")
        about.append((_("Photo session of %(day)s") % {"day": day}, _session_url(actor, message.session_id)))
    if message.report is not None:
        day = date_format(message.report.signed_at, "j M Y")
        about.append((_("Report of %(day)s") % {"day": day}, reverse("reports:report", args=[message.report_id])))
    return MessageView(
        id=message.pk,
        who=_who(actor, thread, message, relations),
        own=(message.membership_id is None) == patient_side,
        internal=message.internal,
        sent_at=message.sent_at,
        body=message.body,
        files=tuple(
            FileView(item.pk, item.title or default_title(item.media_type), item.is_picture, item.size_bytes)
            for item in message.attachments.all()
        ),
        about=tuple(about),
        flags=() if patient_side else tuple(label(RedFlag(value)) for value in message.red_flags),
    )


def _session_url(actor: Actor, session_id: UUID | None) -> str:
    return reverse("analysis:session", args=[session_id]) if actor.role is Role.PATIENT else ""


def _who(actor: Actor, thread: Thread, message: Message, relations: dict[UUID, str]) -> str:
    if message.sender_id == actor.user_id:
        return _("You")
    if message.membership is not None:
        return str(message.membership.display_name)
    if message.sender_id and relations.get(message.sender_id) == PatientAccess.Relation.GUARDIAN:
        return _("Parent or guardian")
    return str(thread.patient.given_name) if actor.role is Role.PATIENT else _("Patient")


def safety_notes(flags: Iterable[RedFlag]) -> list[SafetyNote]:
    """The reviewed texts of these flags, the urgent first."""
    return [SafetyNote(severity(flag) is Severity.URGENT, safety_text(flag)) for flag in flags]


def notes_of(actor: Actor, messages: Sequence[Message]) -> list[SafetyNote]:
    """What the patient's side reads above the conversation: the flags of what they wrote since the last answer."""
    if actor.role is not Role.PATIENT:
        return []
    found: list[RedFlag] = []
    for message in reversed(messages):
        if message.membership_id is not None:
            break
        found += [RedFlag(value) for value in message.red_flags]
    return safety_notes(symptoms.flags_of("", found))


def inbox_page(actor: Actor, filters: selectors.InboxFilters, page: Any, now: datetime) -> dict[str, Any]:
    """The list of conversations."""
    staff = actor.role is not Role.PATIENT
    return {
        "rows": rows(actor, list(page.object_list), now),
        "page": page,
        "filters": filters,
        "staff": staff,
        "views": _views(actor, filters) if staff else [],
        "records": [] if staff else [row.patient for row in records_of(actor)],
    }


def _views(actor: Actor, filters: selectors.InboxFilters) -> list[dict[str, Any]]:
    words = {
        InboxView.UNANSWERED: _("Unanswered"),
        InboxView.ANSWERED: _("Answered"),
        InboxView.CLOSED: _("Closed"),
        InboxView.ALL: _("All"),
    }
    counts = selectors.inbox_counts(actor)
    return [
        {"value": view.value, "label": words[view], "count": counts[view.value], "current": filters.view is view}
        for view in InboxView
    ]


def _report_words(report: Report) -> str:
    return _("Report of %(day)s, replaced since") if hasattr(report, "superseded_by") else _("Report of %(day)s")


def write_page(actor: Actor, patient: Patient, thread: Thread | None) -> dict[str, Any]:
    """What a form for a message needs: what it may refer to, symptoms to tick, replies, and the saved draft."""
    sessions, reports = selectors.about_choices(actor, patient)
    about = [
        (f"session:{row.pk}", _("Photo session of %(day)s") % {"day": _day(row.submitted_at or row.created_at)})
        for row in sessions
    ]
    about += [(f"report:{row.pk}", _report_words(row) % {"day": _day(row.signed_at)}) for row in reports]
    draft = selectors.draft_for(actor, patient, thread)
    may_answer = actor.can(Permission.ANSWER_MESSAGES)
    return {
        "patient": patient,
        "clinic": patient.clinic,
        "patient_label": patient_label(patient) if may_answer else patient.given_name,
        "staff": may_answer,
        "guardian": relation_of(actor, patient.pk) == PatientAccess.Relation.GUARDIAN,
        "about": about,
        "symptoms": [] if may_answer else [(flag.value, label(flag)) for flag in symptoms.TICKABLE],
        "replies": selectors.canned_replies(actor) if may_answer else [],
        "draft": draft,
        "draft_notes": safety_notes(symptoms.flags_of(draft.body, ())) if draft and not may_answer else [],
        "send_key": uuid4(),
    }


def _day(when: datetime) -> str:
    return date_format(when, "j M Y")


def thread_page(actor: Actor, thread: Thread, messages: Sequence[Message]) -> dict[str, Any]:
    """One conversation and the form below it."""
    may_answer = actor.can(Permission.ANSWER_MESSAGES)
    return {
        **write_page(actor, thread.patient, thread),
        "thread": thread,
        "state": _STATES[Thread.Status(thread.status)],
        "state_label": state_label(actor, thread),
        "messages_shown": message_views(actor, thread, messages),
        "last_id": messages[-1].pk if messages else None,
        "notes": notes_of(actor, messages),
        "closed": thread.status == Thread.Status.CLOSED,
        "colleagues": staff_of(thread.clinic_id, CLINICIANS) if may_answer else [],
    }
