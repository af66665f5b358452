"""Words typed and not sent yet: sealed under the patient's key, gone when sent, swept after a month."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.actors import Actor
from accounts.roles import Permission
from care import selectors
from care.models import MessageDraft
from care.services.sending import BODY_LENGTH, SUBJECT_LENGTH
from patients.selectors import patient_for

LIFE: Final = timedelta(days=30)


def save_draft(
    *,
    actor: Actor,
    patient_id: UUID,
    thread_id: UUID | None,
    subject: str,
    body: str,
    send_key: UUID | None,
    now: datetime,
) -> None:
    """Keep what stands in the form. An empty form deletes its draft, and one that was sent already leaves none.

    Raises NotFound, NotAllowed.
    """
    actor.check(Permission.WRITE_MESSAGES)
    patient = patient_for(actor, patient_id)
    thread = selectors.thread_for(actor, thread_id) if thread_id else None
    mine = MessageDraft.objects.filter(user_id=actor.user_id, patient=patient, thread=thread)
    if send_key is not None and selectors.sent_before(actor, send_key) is not None:
        return
    if not body.strip() and not subject.strip():
        mine.delete()
        return
    words = {"subject": subject[:SUBJECT_LENGTH], "body": body[:BODY_LENGTH], "saved_at": now}
    draft = mine.select_related("patient").first() or MessageDraft(
        user_id=actor.user_id, patient=patient, thread=thread
    )
    for name, value in words.items():
        setattr(draft, name, value)
    try:
        with transaction.atomic():
            draft.save()
    except IntegrityError:  # two tabs at once: the other one has made the row
        other = mine.select_related("patient").first()
        if other is not None:
            for name, value in words.items():
                setattr(other, name, value)
            other.save()


def sweep_drafts(*, now: datetime) -> int:
    """Delete drafts that nobody touched for a month. Returns how many."""
    deleted, _per_model = MessageDraft.objects.filter(saved_at__lt=now - LIFE).delete()
    return deleted
