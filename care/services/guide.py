"""A clinic's own words on its pages for patients, and the approval of a page by a clinician (C9)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid
from accounts.models import Clinic
from accounts.roles import Permission
from care import selectors
from care.guide import Page
from care.models import GuideAddition, GuideVersion
from care.services.hours import own_membership

ADDITION_LENGTH: Final = 6000


@transaction.atomic
def save_addition(*, actor: Actor, page: Page, text: str, now: datetime) -> GuideAddition:
    """Write the clinic's own words; patients read them once a clinician approved them. Raises NotAllowed, Invalid."""
    actor.check(Permission.EDIT_GUIDE)
    if len(text) > ADDITION_LENGTH:
        raise Invalid("too_long", _("Keep it under 6000 characters."))
    row, _created = GuideAddition.objects.update_or_create(
        clinic_id=actor.own_clinic_id,
        page=page.value,
        defaults={"text": text.strip(), "saved_by_id": actor.user_id, "saved_at": now},
    )
    _audit(actor, "guide.addition_saved", page, now)
    return row


@transaction.atomic
def approve_page(*, actor: Actor, page: Page, digest: str, now: datetime) -> GuideVersion:
    """Approve what stands on the page now, as the next version.

    ``digest`` names what the clinician had before their eyes. Raises NotAllowed, DomainError ``text_changed`` when it
    changed meanwhile, ``approved_already`` when patients read it already.
    """
    actor.check(Permission.APPROVE_GUIDE)
    clinic = Clinic.objects.select_for_update().get(pk=actor.own_clinic_id)
    state = selectors.page_state(clinic.pk, page)
    if state.pending.digest != digest:
        raise DomainError("text_changed", _("The text changed after you opened it. Read it again, then approve it."))
    if not state.waits:
        raise DomainError("approved_already", _("This version is approved already."))
    version = GuideVersion.objects.create(
        clinic=clinic,
        page=page.value,
        number=state.approved.number + 1 if state.approved else 1,
        content=dict(state.pending.content),
        addition=state.pending.addition,
        digest=digest,
        approved_by_id=own_membership(actor),
        approved_at=now,
    )
    _audit(actor, "guide.approved", page, now, version.number)
    return version


def _audit(actor: Actor, action: str, page: Page, now: datetime, number: int | None = None) -> None:
    detail = {"page": page.value} | ({"version": number} if number is not None else {})
    audit.record(action=action, now=now, actor=actor, subject_kind="guide", subject_id=page.value, detail=detail)
