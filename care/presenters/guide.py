"""Pages of the guide as they are read, and as the clinic's staff approve them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import Clinic
from accounts.roles import Permission, Role
from care import selectors
from care.guide import Page, translated
from care.selectors.guide import PageState, Wording
from patients.selectors import records_of

ICONS = {Page.PHOTOS: "camera", Page.QUESTIONS: "question-circle", Page.AI: "cpu", Page.DOCTOR: "exclamation-octagon"}


@dataclass(frozen=True, slots=True)
class Contents:
    """One page in the table of contents."""

    page: str
    title: str
    lead: str
    icon: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class GuidePage:
    """A page as its reader sees it. ``approved_by`` empty: no clinician of the clinic has approved it yet."""

    page: str
    title: str
    lead: str
    sections: list[dict[str, Any]]
    addition: str
    clinic: Clinic | None
    clinics: list[Clinic]
    contents: tuple[Contents, ...]
    number: int | None
    approved_by: str
    approved_as: str
    approved_at: datetime | None


@dataclass(frozen=True, slots=True)
class ManagedPage:
    """A page in the staff's list, and on its own."""

    page: str
    title: str
    state: PageState
    waits: bool
    reason: str
    shown: list[dict[str, Any]]
    addition: str
    digest: str
    may_approve: bool


def guide_page(actor: Actor, page: Page, clinic_id: UUID | None) -> GuidePage:
    """One page for this reader, of the clinic that they chose among theirs."""
    clinics = selectors.guide_clinics(actor)
    clinic = next((one for one in clinics if one.pk == clinic_id), clinics[0] if clinics else None)
    state = selectors.page_state(clinic.pk if clinic else None, page)
    content = translated(state.shown.content)
    approved = state.approved
    links = _links(actor, clinic)
    return GuidePage(
        page=page.value,
        title=content["title"],
        lead=content["lead"],
        sections=_drawable(content["sections"], links),
        addition=state.shown.addition,
        clinic=clinic,
        clinics=clinics if len(clinics) > 1 else [],
        contents=contents(page, clinic if len(clinics) > 1 else None),
        number=approved.number if approved else None,
        approved_by=approved.approved_by.display_name if approved else "",
        approved_as=approved.approved_by.qualification if approved else "",
        approved_at=approved.approved_at if approved else None,
    )


def contents(current: Page | None, clinic: Clinic | None) -> tuple[Contents, ...]:
    """All pages; ``clinic`` only where the reader has several."""
    query = f"?clinic={clinic.pk}" if clinic else ""
    found = []
    for page in Page:
        content = translated(selectors.current_wording(page, "").content)
        url = reverse("care:guide_page", args=[page.value]) + query
        found.append(Contents(page.value, content["title"], content["lead"], ICONS[page], url, page is current))
    return tuple(found)


def managed_pages(actor: Actor) -> list[ManagedPage]:
    """Every page with what waits for approval."""
    actor.check(Permission.EDIT_GUIDE)
    return [managed_page(actor, page) for page in Page]


def managed_page(actor: Actor, page: Page) -> ManagedPage:
    """One page as it would be approved now."""
    actor.check(Permission.EDIT_GUIDE)
    state = selectors.page_state(actor.own_clinic_id, page)
    content = translated(state.pending.content)
    return ManagedPage(
        page=page.value,
        title=content["title"],
        state=state,
        waits=state.waits,
        reason=_reason(state, state.pending),
        shown=_drawable(content["sections"], {}),
        addition=state.pending.addition,
        digest=state.pending.digest,
        may_approve=state.waits and actor.can(Permission.APPROVE_GUIDE),
    )


def _drawable(sections: list[dict[str, Any]], links: Mapping[str, str]) -> list[dict[str, Any]]:
    """The sections with what a template cannot work out: items beside their notes, and where a link leads."""
    return [
        {
            "title": section["title"],
            "blocks": [
                {
                    **block,
                    "rows": list(zip(block["items"], block["notes"], strict=False)),
                    "url": links.get(block["target"], ""),
                }
                for block in section["blocks"]
            ],
        }
        for section in sections
    ]


def _reason(state: PageState, pending: Wording) -> str:
    if state.approved is None:
        return _("No clinician has approved this page. Patients read the portal’s own wording, and a note says so.")
    if not state.waits:
        return ""
    parts = []
    if state.portal_changed:
        parts.append(_("The portal brought another wording."))
    if state.approved.addition != pending.addition:
        parts.append(_("The clinic’s own words were changed."))
    parts.append(_("Patients read the approved version until this one is approved."))
    return " ".join(parts)


def _links(actor: Actor, clinic: Clinic | None) -> dict[str, str]:
    """Where the links of the pages lead; empty for staff, who have no record of their own."""
    if actor.role is not Role.PATIENT or clinic is None:
        return {}
    patient_id = next((row.patient_id for row in records_of(actor) if row.patient.clinic_id == clinic.pk), None)
    if patient_id is None:
        return {}
    return {
        "card": reverse("patients:card", args=[patient_id]),
        "side_effects": reverse("reviews:side_effects", args=[patient_id]),
        "write": reverse("care:write", args=[patient_id]),
        "consents": reverse("patients:consents", args=[patient_id]),
    }
