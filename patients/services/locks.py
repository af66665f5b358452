"""Rows taken for a change: within the actor's scope, locked, and in a state that allows it."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import DomainError, NotFound
from patients import selectors
from patients.models import PhotoSession


def locked_session(actor: Actor, session_id: UUID) -> PhotoSession:
    """The session, locked until the transaction ends; NotFound outside the actor's scope."""
    rows = PhotoSession.objects.visible_to(actor).select_related("patient", "patient__clinic", "intake")
    session: PhotoSession | None = rows.select_for_update(of=("self",)).filter(pk=session_id).first()
    if session is None:
        raise NotFound
    return session


def locked_draft(actor: Actor, session_id: UUID) -> PhotoSession:
    """As :func:`locked_session`, and still being prepared; DomainError ``session_not_open`` when not."""
    session = locked_session(actor, session_id)
    check_open(session)
    return session


def check_open(session: PhotoSession) -> None:
    """DomainError ``session_not_open`` unless the session is still being prepared."""
    if session.status != PhotoSession.Status.DRAFT:
        raise DomainError(
            "session_not_open",
            _("This session was sent already and cannot be changed. Start a new one if you need to."),
        )


def draft_for(actor: Actor, session_id: UUID) -> PhotoSession:
    """The session without a lock, still being prepared: for work that must not hold the database."""
    session = selectors.session_for(actor, session_id)
    check_open(session)
    return session
