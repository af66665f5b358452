"""Replies that a clinic uses often."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import Invalid, NotFound
from accounts.roles import Permission
from care.models import CannedReply


@transaction.atomic
def save_reply(*, actor: Actor, title: str, body: str, now: datetime, reply_id: UUID | None = None) -> CannedReply:
    """A new reply, or a changed one. Raises NotAllowed, NotFound, Invalid."""
    actor.check(Permission.ANSWER_MESSAGES)
    if not title.strip() or not body.strip():
        raise Invalid("words_needed", _("Give the reply a title and its words."))
    reply = _own(actor, reply_id) if reply_id else CannedReply(clinic_id=actor.own_clinic_id, created_at=now)
    reply.title, reply.body, reply.created_by_id = title.strip()[:80], body.strip()[:4000], actor.user_id
    reply.save()
    audit.record(action="canned_reply.saved", now=now, actor=actor, subject_kind="canned_reply", subject_id=reply.pk)
    return reply


@transaction.atomic
def retire_reply(*, actor: Actor, reply_id: UUID, now: datetime) -> None:
    """Take a reply out of the list. Raises NotAllowed, NotFound."""
    actor.check(Permission.ANSWER_MESSAGES)
    reply = _own(actor, reply_id)
    reply.retired_at = now
    reply.save(update_fields=["retired_at"])
    audit.record(action="canned_reply.retired", now=now, actor=actor, subject_kind="canned_reply", subject_id=reply.pk)


def _own(actor: Actor, reply_id: UUID) -> CannedReply:
    rows = CannedReply.objects.select_for_update().filter(clinic_id=actor.own_clinic_id, retired_at=None)
    reply = rows.filter(pk=reply_id).first()
    if reply is None:
        raise NotFound
    return reply
