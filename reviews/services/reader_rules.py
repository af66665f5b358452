"""Who may read a case independently, asked of the locked reading."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import DomainError, NotAllowed, NotFound
from reviews.models import CaseReading
from reviews.policy import refusal
from reviews.second_reads import facts_of


def locked_reading(actor: Actor, case_id: UUID) -> CaseReading:
    """The reading with its case, in scope, locked until the transaction ends; else NotFound."""
    rows = CaseReading.objects.visible_to(actor).select_for_update(of=("self",)).select_related("session__patient")
    case: CaseReading | None = rows.filter(pk=case_id).first()
    if case is None:
        raise NotFound
    return case


def check_reader(case: CaseReading, actor: Actor) -> UUID:
    """The reader's membership. Raises DomainError with the reason why this person may not read the case."""
    if actor.membership_id is None:
        raise NotAllowed(_("Only staff of the clinic review cases."))
    why = refusal(facts_of(case), actor.membership_id)
    if why is not None:
        raise DomainError(why.value, why.words)
    return actor.membership_id
