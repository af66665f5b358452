"""E-mails without content: an outbox row in the caller's transaction, sent after commit, retried, sent once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.background import enqueue
from accounts.models import Notification

MAX_ATTEMPTS = 8


class Kind(StrEnum):
    """What happened, never what it says."""

    REPORT_SIGNED = "report_signed"
    REPORT_NOT_ISSUED = "report_not_issued"
    WEBHOOK_OFF = "webhook_off"
    RETAKE_REQUESTED = "retake_requested"
    CASE_REJECTED = "case_rejected"
    EXPORT_READY = "export_ready"
    ERASURE_REQUESTED = "erasure_requested"
    ERASURE_DECIDED = "erasure_decided"
    URGENT_CASE = "urgent_case"
    STAFF_INVITED = "staff_invited"
    MESSAGE = "message"
    URGENT_MESSAGE = "urgent_message"
    CONSULTATION_BOOKED = "consultation_booked"
    CONSULTATION_MOVED = "consultation_moved"
    CONSULTATION_CANCELLED = "consultation_cancelled"
    CONSULTATION_SOON = "consultation_soon"
    CAPTURE_DUE = "capture_due"
    CAPTURE_STILL_DUE = "capture_still_due"
    CASE_ESCALATED = "case_escalated"
    OPINION_ASKED = "opinion_asked"
    OPINION_GIVEN = "opinion_given"
    READ_WANTED = "read_wanted"
    CASE_HANDED_OVER = "case_handed_over"
    HANDOVER_DECLINED = "handover_declined"
    FOLLOW_UP_DUE = "follow_up_due"
    TASKS_DUE = "tasks_due"
    URGENT_ANSWER = "urgent_answer"
    CHILD_OF_AGE_SOON = "child_of_age_soon"
    CHILD_OF_AGE = "child_of_age"
    RECORD_TO_HAND_OVER = "record_to_hand_over"


def subject_and_line(kind: Kind) -> tuple[str, str]:
    """Subject and the one sentence of each kind."""
    match kind:
        case Kind.REPORT_SIGNED:
            return _("Your report is ready"), _("Your clinic has signed a report for you. Sign in to read it.")
        case Kind.REPORT_NOT_ISSUED:
            return _("A signed report has no PDF"), _("The PDF of a report could not be signed. Sign in to see why.")
        case Kind.WEBHOOK_OFF:
            return _("A webhook was switched off"), _("An address failed for days. Sign in to see its log.")
        case Kind.RETAKE_REQUESTED:
            return _("New photos needed"), _("Your clinic asks for some photos again. Sign in to see which and why.")
        case Kind.CASE_REJECTED:
            return _("News about your session"), _("Your clinic has answered your session. Sign in to read it.")
        case Kind.EXPORT_READY:
            return _("Your data is ready"), _("The archive you asked for can be downloaded until it expires.")
        case Kind.ERASURE_REQUESTED:
            return _("A request needs your decision"), _("A person asked for erasure. Sign in to see the deadline.")
        case Kind.ERASURE_DECIDED:
            return _("Your request was answered"), _("Your erasure request was answered. The link shows the outcome.")
        case Kind.URGENT_CASE:
            return _("An urgent case is waiting"), _("A case with a red flag was submitted. Sign in to see the queue.")
        case Kind.CASE_ESCALATED:
            return _("A case was escalated"), _("A case waits for a dermatologist. Sign in to see the queue.")
        case Kind.OPINION_ASKED:
            return _("A colleague asks for your opinion"), _("Sign in to read the question and the case.")
        case Kind.OPINION_GIVEN:
            return _("An opinion you asked for is there"), _("Sign in to read it beside the case.")
        case Kind.READ_WANTED:
            return _("A case waits for your read"), _("Two readers differ about a case. Sign in to see your reads.")
        case Kind.MESSAGE:
            return _("You have a new message"), _("A message waits for you in the portal. Sign in to read it.")
        case Kind.URGENT_MESSAGE:
            return _("An urgent message is waiting"), _("A patient's message names a red flag. Sign in to read it.")
        case Kind.CONSULTATION_BOOKED:
            return _("A consultation was booked"), _("Sign in to see when, and to add it to your calendar.")
        case Kind.CONSULTATION_MOVED:
            return _("A consultation was moved"), _("Sign in to see the new time and to update your calendar.")
        case Kind.CONSULTATION_CANCELLED:
            return _("A consultation was cancelled"), _("Sign in to see which one.")
        case Kind.CONSULTATION_SOON:
            return _("Your consultation is coming up"), _("Sign in to see when and where it takes place.")
        case Kind.CAPTURE_DUE:
            return _("A step of your plan is due"), _("Sign in to see it. You can switch these reminders off there.")
        case Kind.CAPTURE_STILL_DUE:
            return _("A step of your plan is still open"), _("Sign in to see it. This is the last e-mail about it.")
        case Kind.CASE_HANDED_OVER:
            return _("A colleague handed you a case"), _("A case waits for you. Sign in to see it in your queue.")
        case Kind.HANDOVER_DECLINED:
            return _("A case is back in the queue"), _("A colleague could not take a case that you handed over.")
        case Kind.FOLLOW_UP_DUE:
            return _("Something of your plan is due"), _("A step of your plan is due. Sign in to see which.")
        case Kind.TASKS_DUE:
            return _("Follow-ups are due"), _("Tasks of signed plans are due. Sign in to see the list.")
        case Kind.URGENT_ANSWER:
            return _("An urgent answer of a patient"), _("An answer needs a clinician today. Sign in to read it.")
        case Kind.CHILD_OF_AGE_SOON:
            return _("A record you hold will pass on"), _(
                "Someone whose record you hold turns 18 within 30 days. From that day on the record is theirs alone; "
                "the clinic invites them. Take along what you need until then."
            )
        case Kind.CHILD_OF_AGE:
            return _("A record you held has passed on"), _(
                "Someone whose record you held is 18 now, and decides alone who reads it. The clinic invites them."
            )
        case Kind.RECORD_TO_HAND_OVER:
            return _("A patient comes of age"), _(
                "A record that a guardian holds has to pass on to the patient. Sign in to make the invitation."
            )
        case Kind.STAFF_INVITED:
            return _("You are invited to a clinic's portal"), _("Open the link to set up your access.")


def notify(
    *, recipients: Iterable[UUID], kind: Kind, clinic_id: UUID | None, path: str, dedupe_key: str, now: datetime
) -> None:
    """Queue one e-mail per recipient. The same ``dedupe_key`` never mails the same person twice."""
    for user_id in recipients:
        row, created = Notification.objects.get_or_create(
            dedupe_key=f"{dedupe_key}:{user_id}",
            defaults={
                "recipient_id": user_id,
                "clinic_id": clinic_id,
                "kind": kind.value,
                "path": path,
                "created_at": now,
            },
        )
        if created:
            enqueue("accounts.tasks.send_notification", row.pk)


def withdraw(*, dedupe_prefix: str, recipient_id: UUID | None = None) -> int:
    """Forget e-mails that have not gone out, by the beginning of their ``dedupe_key``: what they say holds no more."""
    rows = Notification.objects.filter(sent_at=None, dedupe_key__startswith=dedupe_prefix)
    if recipient_id is not None:
        rows = rows.filter(recipient_id=recipient_id)
    deleted, _rows = rows.delete()
    return deleted


def unsent_keys(kinds: Iterable[Kind]) -> list[str]:
    """The ``dedupe_key`` of every e-mail of these kinds that has not gone out."""
    rows = Notification.objects.filter(sent_at=None, kind__in=[kind.value for kind in kinds])
    return list(rows.values_list("dedupe_key", flat=True))


def deliver(notification_id: UUID, *, now: datetime) -> bool:
    """Send one outbox row unless it was sent. Returns whether it went out now; a refused mail stays for the sweep."""
    with transaction.atomic():
        row = (
            Notification.objects.select_for_update(of=("self",))
            .select_related("recipient", "clinic")
            .filter(pk=notification_id, sent_at=None, attempts__lt=MAX_ATTEMPTS)
            .first()
        )
        if row is None or not row.recipient.is_active:
            return False
        with translation.override(row.recipient.language or settings.LANGUAGE_CODE):
            subject, line = subject_and_line(Kind(row.kind))
            context = {"line": line, "link": settings.PORTAL_ORIGIN + row.path, "clinic": row.clinic}
            body = render_to_string("accounts/email/notification.txt", context)
        row.attempts += 1
        try:
            send_mail(
                f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{subject}",
                body,
                settings.DEFAULT_FROM_EMAIL,
                [row.recipient.email],
            )
        except OSError as error:
            row.last_error = type(error).__name__
            row.save(update_fields=["attempts", "last_error"])
            return False
        row.sent_at = now
        row.save(update_fields=["attempts", "sent_at"])
        return True
