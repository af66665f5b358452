"""Which version of a page a clinic's patients read, and what waits for approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.actors import Actor
from accounts.errors import NotFound
from accounts.models import Clinic
from accounts.roles import Permission, Role
from accounts.selectors import clinic_of
from care.guide import Page, digest_of, page_text, to_dict
from care.models import GuideAddition, GuideVersion
from patients.selectors import records_of


@dataclass(frozen=True, slots=True)
class Wording:
    """A page as somebody may read it: the portal's words and the clinic's own."""

    content: Mapping[str, Any]
    addition: str
    digest: str


@dataclass(frozen=True, slots=True)
class PageState:
    """One page of a clinic. ``approved`` None: no clinician has approved it yet."""

    page: Page
    approved: GuideVersion | None
    pending: Wording

    @property
    def shown(self) -> Wording:
        """What patients read: the approved version, and before the first approval the portal's own wording alone."""
        if self.approved is not None:
            return Wording(self.approved.content, self.approved.addition, self.approved.digest)
        return current_wording(self.page, "")

    @property
    def waits(self) -> bool:
        """Whether there is something that no clinician has approved."""
        return self.approved is None or self.approved.digest != self.pending.digest

    @property
    def portal_changed(self) -> bool:
        """Whether the portal brought another wording since the approval."""
        return self.approved is not None and dict(self.approved.content) != dict(self.pending.content)


def current_wording(page: Page, addition: str) -> Wording:
    """The portal's wording of today with these words of the clinic."""
    content = to_dict(page_text(page))
    return Wording(content, addition, digest_of(content, addition))


def parse_page(name: str) -> Page:
    """The page of an address; NotFound when there is none."""
    if name not in set(Page):
        raise NotFound
    return Page(name)


def page_state(clinic_id: UUID | None, page: Page) -> PageState:
    """One page of a clinic; without a clinic nothing is approved. Holds nothing about a person."""
    if clinic_id is None:
        return PageState(page, None, current_wording(page, ""))
    approved = GuideVersion.objects.filter(clinic_id=clinic_id, page=page.value).select_related("approved_by")
    newest = approved.order_by("-number").first()
    draft = GuideAddition.objects.filter(clinic_id=clinic_id, page=page.value).first()
    addition = draft.text if draft else (newest.addition if newest else "")
    return PageState(page, newest, current_wording(page, addition))


def guide_clinics(actor: Actor) -> list[Clinic]:
    """The clinics whose guide this person reads: their own, or those of the records that they hold."""
    if actor.role is not Role.PATIENT:
        return [clinic_of(actor)]
    clinics = {row.patient.clinic_id: row.patient.clinic for row in records_of(actor)}
    return list(clinics.values())


def guide_versions(actor: Actor, page: Page) -> list[GuideVersion]:
    """Every approved version of a page, newest first, for the clinic's staff."""
    actor.check(Permission.EDIT_GUIDE)
    rows = GuideVersion.objects.filter(clinic_id=actor.own_clinic_id, page=page.value).select_related("approved_by")
    return list(rows.order_by("-number"))
