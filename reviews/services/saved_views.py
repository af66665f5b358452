"""Named filters of the queue, for oneself or for the clinic's clinicians."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.roles import Permission
from reviews.models import SavedView
from reviews.queue_filters import QueueFilters

MOST_VIEWS: Final = 30
"""Of one person: more than that is no help in finding one."""


@transaction.atomic
def save_view(*, actor: Actor, name: str, filters: QueueFilters, shared: bool, now: datetime) -> SavedView:
    """Give filters a name; the same name again replaces what it stood for.

    Raises Invalid ``name_needed`` and ``nothing_filtered``, DomainError ``too_many_views``.
    """
    actor.check(Permission.READ_CASES)
    name = " ".join(name.split())[:60]
    if not name:
        raise Invalid("name_needed", _("Give the view a name."))
    if filters.is_everything:
        raise Invalid("nothing_filtered", _("Choose filters first: this is the whole queue."))
    if actor.membership_id is None:
        raise NotAllowed(_("Only staff of the clinic review cases."))
    own = SavedView.objects.filter(owner_id=actor.membership_id)
    if not own.filter(name=name).exists() and own.count() >= MOST_VIEWS:
        raise DomainError("too_many_views", _("You have thirty views. Remove one first."))
    view, _created = SavedView.objects.update_or_create(
        owner_id=actor.membership_id,
        name=name,
        defaults={"clinic_id": actor.own_clinic_id, "query": filters.query(), "shared": shared, "created_at": now},
    )
    return view


@transaction.atomic
def remove_view(*, actor: Actor, view_id: UUID) -> None:
    """Take one's own view away, for everybody who saw it."""
    actor.check(Permission.READ_CASES)
    view = SavedView.objects.visible_to(actor).filter(pk=view_id).first()
    if view is None:
        raise NotFound
    if view.owner_id != actor.membership_id:
        raise NotAllowed(_("This view belongs to a colleague."))
    view.delete()


def views_of(actor: Actor) -> list[SavedView]:
    """One's own and the shared ones, by name."""
    actor.check(Permission.READ_CASES)
    rows = SavedView.objects.visible_to(actor).select_related("owner").order_by("name", "created_at")
    return list(rows.only("clinic", "name", "query", "shared", "created_at", "owner__display_name"))
