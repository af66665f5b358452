"""Frozen view data, shaped for the screens of this room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.context import ROLE_NAMES
from accounts.models import AuditEvent
from accounts.roles import Role
from accounts.selectors import membership_names
from patients import access_words, red_flags, selectors
from patients.capture_protocol import (
    GUIDES,
    QUALITY_ADVICE,
    RETAKE_ADVICE,
    SITE_LABELS,
    Advice,
    RetakeReason,
    TrichoscopySite,
    ViewGuide,
    guide,
)
from patients.models import Intake, Patient, Photo, PhotoSession
from patients.red_flags import RedFlag, SafetyText, Severity
from patients.workflow import Gap
from vision.types import QualityCheck, View


@dataclass(frozen=True, slots=True)
class SafetyNote:
    """One red flag as the patient reads it."""

    flag: RedFlag
    urgent: bool
    text: SafetyText


def safety_notes(intake: Intake | None) -> list[SafetyNote]:
    """What this intake asks the patient to do, the most pressing first; empty without a flag."""
    if intake is None:
        return []
    flags = selectors.red_flags_of(intake)
    return [
        SafetyNote(flag, red_flags.severity(flag) is Severity.URGENT, red_flags.safety_text(flag)) for flag in flags
    ]


# --- the steps of a session ------------------------------------------------------------------------------------------


class Step(StrEnum):
    """The way from opening a session to sending it."""

    ANSWERS = "answers"
    CHECKLIST = "checklist"
    PHOTOS = "photos"
    SEND = "send"


def steps(session: PhotoSession, current: Step) -> list[dict[str, str]]:
    """Items of the stepper."""
    labels = {
        Step.ANSWERS: _("Your answers"),
        Step.CHECKLIST: _("Checklist"),
        Step.PHOTOS: _("Photos"),
        Step.SEND: _("Send"),
    }
    done = {Step.ANSWERS: selectors.intake_is_current(session), Step.CHECKLIST: bool(session.checklist)}
    return [
        {"label": label, "state": "current" if step is current else "done" if done.get(step) else "todo"}
        for step, label in labels.items()
    ]


def next_step_url(session: PhotoSession) -> str:
    """Where a person goes on with a session being prepared."""
    if not selectors.intake_is_current(session):
        return reverse("patients:session_answers", args=[session.pk])
    if not session.checklist:
        return reverse("patients:checklist", args=[session.pk])
    return reverse("patients:capture", args=[session.pk])


def gap_links(session: PhotoSession, gaps: Iterable[Gap]) -> list[dict[str, str]]:
    """What is missing, each with the page where it is put right."""
    table = {
        Gap.CONSENT: (_("Your consent to care"), reverse("patients:consents", args=[session.patient_id])),
        Gap.INTAKE: (
            _("Confirm your answers for this session"),
            reverse("patients:session_answers", args=[session.pk]),
        ),
        Gap.CHECKLIST: (_("The checklist"), reverse("patients:checklist", args=[session.pk])),
        Gap.PHOTO: (_("At least one photo"), reverse("patients:capture", args=[session.pk])),
        Gap.RETAKE: (_("The views your clinic asked for again"), reverse("patients:capture", args=[session.pk])),
    }
    return [{"label": table[gap][0], "url": table[gap][1]} for gap in gaps]


# --- capture ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PhotoTile:
    """One photo with its quality in words."""

    id: UUID
    name: str
    src: str
    href: str
    remove_url: str
    good: bool
    advice: tuple[Advice, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RetakeWish:
    """A view the clinician asks for again, and why."""

    view: View
    label: str
    advice: Advice
    answered: bool
    url: str


@dataclass(frozen=True, slots=True)
class CapturePage:
    """Everything the capture page shows for one view."""

    session_id: UUID
    guide: ViewGuide
    view_key: str  # what an upload of this page names as its view
    site: str
    sites: tuple[dict[str, Any], ...]
    strip: tuple[dict[str, Any], ...]
    tiles: tuple[PhotoTile, ...]
    retakes: tuple[RetakeWish, ...]
    next_guide: ViewGuide | None
    next_url: str
    photo_count: int
    not_good: int

    @property
    def wish(self) -> RetakeWish | None:
        """The clinician's request about the view on show, if any."""
        return next((wish for wish in self.retakes if wish.view == self.guide.view), None)

    @property
    def missing(self) -> list[dict[str, Any]]:
        """Views of a full session that have no photo yet."""
        return [item for item in self.strip if item["state"] == "missing" and item["expected"]]

    @property
    def can_upload(self) -> bool:
        """A close-up needs its site first."""
        return self.guide.view.is_global or bool(self.site)


def capture_page(session: PhotoSession, view: View | None, site: str = "") -> CapturePage:
    """The page for ``view``; without one, for the first view that is asked for again or still missing."""
    photos = selectors.photos_of(session)
    wishes = retake_wishes(session, photos)
    shown = view or _first_open(photos, wishes)
    order = [item.view for item in GUIDES]
    following = order[order.index(shown) + 1] if shown != order[-1] else None
    return CapturePage(
        session_id=session.pk,
        guide=guide(shown),
        view_key=shown.value if shown.is_global else f"{shown.value}:{site}",
        site=site,
        sites=tuple(_site(session, item, site) for item in TrichoscopySite),
        strip=tuple(_strip_item(session, item, photos, wishes, shown) for item in GUIDES),
        tiles=tuple(photo_tile(photo) for photo in photos if photo.view == shown),
        retakes=tuple(wishes),
        next_guide=guide(following) if following else None,
        next_url=view_url(session.pk, following) if following else reverse("patients:finish", args=[session.pk]),
        photo_count=len(photos),
        not_good=sum(not photo.quality_passed for photo in photos),
    )


def view_url(session_id: UUID, view: View | None, site: str = "") -> str:
    """The capture page of one view."""
    address = reverse("patients:capture", args=[session_id])
    if view is None:
        return address
    return f"{address}?view={view.value}" + (f":{site}" if site else "")


def tiles_in_order(photos: Iterable[Photo]) -> list[PhotoTile]:
    """All photos of a session in the order of the protocol."""
    order = {item.view.value: position for position, item in enumerate(GUIDES)}
    return [photo_tile(photo) for photo in sorted(photos, key=lambda photo: (order[photo.view], photo.created_at))]


def photo_tile(photo: Photo) -> PhotoTile:
    """One photo as a tile."""
    name = str(guide(View(photo.view)).label)
    if photo.site:
        name = f"{name}: {SITE_LABELS[TrichoscopySite(photo.site)]}"
    return PhotoTile(
        id=photo.pk,
        name=name,
        src=reverse("patients:thumbnail", args=[photo.pk]),
        href=reverse("patients:photo", args=[photo.pk]),
        remove_url=reverse("patients:photo_remove", args=[photo.pk]),
        good=photo.quality_passed,
        advice=quality_advice(photo),
        created_at=photo.created_at,
    )


def quality_advice(photo: Photo) -> tuple[Advice, ...]:
    """What to change about a photo that failed the gate, one item per failed check."""
    failed = [QualityCheck(item["check"]) for item in photo.quality.get("checks", []) if not item["passed"]]
    return tuple(QUALITY_ADVICE[check] for check in failed)


def retake_wishes(session: PhotoSession, photos: Sequence[Photo]) -> list[RetakeWish]:
    """What the clinician asked for again, with what has come since."""
    return [
        RetakeWish(
            view=View(wish["view"]),
            label=str(guide(View(wish["view"])).label),
            advice=RETAKE_ADVICE[RetakeReason(wish["reason"])],
            answered=any(selectors.answers_retake(photo, wish) for photo in photos),
            url=view_url(session.pk, View(wish["view"])),
        )
        for wish in session.retake_views
    ]


def _first_open(photos: Sequence[Photo], wishes: Sequence[RetakeWish]) -> View:
    for wish in wishes:
        if not wish.answered:
            return wish.view
    taken = {photo.view for photo in photos}
    return next((item.view for item in GUIDES if item.expected and item.view.value not in taken), GUIDES[0].view)


def _site(session: PhotoSession, site: TrichoscopySite, current: str) -> dict[str, Any]:
    url = view_url(session.pk, View.TRICHOSCOPY, site.value)
    return {"label": SITE_LABELS[site], "url": url, "current": site.value == current}


def _strip_item(
    session: PhotoSession, item: ViewGuide, photos: Sequence[Photo], wishes: Sequence[RetakeWish], shown: View
) -> dict[str, Any]:
    own = [photo for photo in photos if photo.view == item.view]
    asked = any(wish.view == item.view and not wish.answered for wish in wishes)
    best = next((photo for photo in reversed(own) if photo.quality_passed), own[-1] if own else None)
    if asked:
        state, label = "retake", _("asked for again")
    elif best is None:
        state, label = "missing", _("no photo yet") if item.expected else _("only with a lens")
    elif best.quality_passed:
        state, label = "good", _("good")
    else:
        state, label = "retake", _("not good enough yet")
    return {
        "name": item.label,
        "url": view_url(session.pk, item.view),
        "src": reverse("patients:thumbnail", args=[best.pk]) if best else "",
        "current": item.view == shown,
        "state": state,
        "state_label": label,
        "expected": item.expected,
    }


# --- records and the access log --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record in a person's list."""

    patient_id: UUID
    name: str
    clinic: str
    record_number: str
    is_own: bool


def record_rows(rows: Iterable[Any]) -> list[RecordRow]:
    """The records that one person holds."""
    return [
        RecordRow(
            patient_id=row.patient_id,
            name=full_name(row.patient),
            clinic=row.patient.clinic.name,
            record_number=row.patient.record_number,
            is_own=row.relation == "self",
        )
        for row in rows
    ]


def full_name(patient: Patient) -> str:
    """The patient's name as the patient's own side reads it."""
    return f"{patient.given_name} {patient.family_name}"


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One event of the access log in plain words."""

    at: datetime
    who: str
    role: str
    what: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class AccessDay:
    """The events of one day, in the clinic's time zone."""

    day: date
    rows: tuple[AccessRow, ...]


def access_days(events: Iterable[AuditEvent], reader: Actor, time_zone: str) -> list[AccessDay]:
    """The log, newest day first. Names of staff are looked up in one query; nobody else is named."""
    events = list(events)
    names = membership_names(event.actor_id for event in events if event.actor_id)
    zone = ZoneInfo(time_zone)
    rows = [_access_row(event, reader, names, zone) for event in events]
    return [AccessDay(day, tuple(group)) for day, group in groupby(rows, key=lambda row: row.at.date())]


def _access_row(event: AuditEvent, reader: Actor, names: dict[UUID, tuple[str, str]], zone: ZoneInfo) -> AccessRow:
    role = str(ROLE_NAMES[Role(event.actor_role)]) if event.actor_role in set(Role) else ""
    if event.actor_id is None:
        who, role = _("The portal"), _("automatic")
    elif event.actor_id == reader.user_id:
        who, role = _("You"), ""
    elif event.actor_id in names:
        who = names[event.actor_id][0]
    else:
        who, role = _("Another person who holds this record"), ""
    return AccessRow(
        at=event.at.astimezone(zone),
        who=who,
        role=role,
        what=access_words.sentence(event.action, event.detail),
        is_own=event.actor_id == reader.user_id,
    )
