"""Rows of the worklist in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

from django.urls import get_script_prefix, reverse
from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.context import ROLE_NAMES
from accounts.roles import Role
from analysis.selectors import State
from patients.red_flags import label
from patients.selectors import patient_label
from reviews.queue_filters import QueueFilters
from reviews.queue_rows import QueueRow
from reviews.services.saved_views import views_of
from reviews.wording import number, short_view
from reviews.workflow import ReadState
from reviews.workflow import State as ReviewState
from reviews.workload import workloads


class Moment(NamedTuple):
    """A time for a machine and for a reader, in the zone that is active."""

    iso: str
    words: str


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One row as the page shows it. ``state`` and ``analysis_state`` are words of the status badge."""

    session_id: UUID
    review_id: UUID | None
    claim_url: str
    patient: str
    urgent: bool
    why: tuple[str, ...]
    severity: str
    severity_range: str
    submitted: Moment
    age: str
    due: str
    overdue: bool
    views: tuple[bool, ...]  # of the views that are there or expected: whether it is there
    views_in_words: str
    photos: str  # how many, in words
    analysis_state: str
    analysis_label: str
    holder: str
    mine: bool
    free: bool
    not_free: str  # why nobody can claim it here, where no review holds it
    state_label: str
    handover_note: str
    handed_to_me: bool
    handed_by_me: bool
    handed: str  # by whom, or to whom; empty when nobody handed it over


def queue_lines(rows: Sequence[QueueRow], now: datetime) -> list[QueueLine]:
    """The page's rows."""
    kinds = {row.views: row for row in rows}  # most rows have the same views
    views = {present: _views(row) for present, row in kinds.items()}
    return [_line(row, views[row.views], now) for row in rows]


@dataclass(frozen=True, slots=True)
class Views:
    """Of the views that are there or expected: whether each is there, and the same in words."""

    there: tuple[bool, ...]
    in_words: str


def _views(row: QueueRow) -> Views:
    views = sorted(row.views | set(row.missing_views), key=_view_order)
    words = (f"{short_view(view)}: {_('present') if view in row.views else _('missing')}" for view in views)
    return Views(tuple(view in row.views for view in views), ", ".join(words))


def _line(row: QueueRow, views: Views, now: datetime) -> QueueLine:
    analysis_state, analysis_label = _analysis(row)
    return QueueLine(
        session_id=row.session.pk,
        review_id=row.review.pk if row.review else None,
        claim_url=_claim_url(get_script_prefix()).replace(_ANY, str(row.session.pk)) if row.free else "",
        patient=patient_label(row.patient),
        urgent=row.urgent,
        why=tuple(_why(row)),
        severity=number(row.severity[0]) if row.severity else "",
        severity_range=f"{number(row.severity[1])}–{number(row.severity[2])}" if row.severity else "",
        submitted=_moment(row.submitted_at, get_current_timezone_name(), get_language()),
        age=duration(max(0.0, (now - row.submitted_at).total_seconds())),
        due=_due(row, now),
        overdue=row.overdue,
        views=views.there,
        views_in_words=views.in_words,
        photos=ngettext("%(n)s photo", "%(n)s photos", row.photo_count) % {"n": row.photo_count},
        analysis_state=analysis_state,
        analysis_label=analysis_label,
        holder=row.holder,
        mine=row.mine,
        free=row.free,
        not_free=_("For a dermatologist") if row.out_of_reach else _("Not taken yet"),
        state_label=_("Ready to sign") if row.review and row.review.status == ReviewState.DECIDED.value else "",
        handover_note=row.handover_note,
        handed_to_me=row.handed_to_me,
        handed_by_me=row.handed_by_me,
        handed=_handed(row),
    )


@lru_cache(maxsize=4096)
def _moment(at: datetime, _zone: str, _language: str | None) -> Moment:
    """The same case is shown again and again: its time is put into words once for each zone and language."""
    local = localtime(at)
    return Moment(local.isoformat(), date_format(local, "DATETIME_FORMAT"))


_ANY: Final = "00000000-0000-0000-0000-000000000000"


@lru_cache(maxsize=4)
def _claim_url(_prefix: str) -> str:
    """Where a case is claimed, with :data:`_ANY` in the place of the case."""
    return reverse("reviews:claim", args=[_ANY])


def _handed(row: QueueRow) -> str:
    if row.offer is None:
        return ""
    if row.handed_to_me:
        return _("handed to you by %(name)s") % {"name": row.handed_by}
    return _("handed over, not taken yet")


def _why(row: QueueRow) -> list[str]:
    reasons = [label(flag) for flag in row.flags]
    if row.is_correction:
        reasons.append(_("Correction of a signed report"))
    reasons += _colleagues(row)
    if row.handed_to_me:
        reasons.append(_("Handed to you by %(name)s") % {"name": row.handed_by})
    elif row.for_dermatologist and not row.colleagues.escalated_by:
        reasons.append(_("Handed over: needs a dermatologist"))
    elif row.offer is not None:
        reasons.append(_("Handed over by %(name)s") % {"name": row.handed_by})
    elif row.handover_note:
        reasons.append(_("Handed back with a note"))
    return reasons


def _colleagues(row: QueueRow) -> list[str]:
    """Escalation, opinions and reads, in words."""
    found = []
    if row.colleagues.escalated:
        words = _("Escalated by %(name)s: %(why)s")
        found.append(words % {"name": row.colleagues.escalated_by, "why": row.colleagues.escalated.rstrip(".")})
    elif row.colleagues.escalated_by:  # read blind: what the colleague wrote is closed
        found.append(_("Escalated by %(name)s") % {"name": row.colleagues.escalated_by})
    if row.colleagues.opinion_asked:
        found.append(_("An opinion was asked for"))
    elif row.colleagues.opinion_given:
        found.append(_("An opinion is there"))
    match row.colleagues.reading:
        case ReadState.SECOND_DUE:
            found.append(_("Waits for a second read"))
        case ReadState.ADJUDICATION_DUE:
            found.append(_("Two readers differ"))
    return found


def _analysis(row: QueueRow) -> tuple[str, str]:
    """Badge and words for the models' state."""
    state = row.analysis
    match state.state:
        case State.RUNNING | State.WAITING:
            if state.photos_total:
                words = _("Measuring %(done)s of %(total)s")
                return "running", words % {"done": state.photos_done, "total": state.photos_total}
            return "waiting", _("Waiting for the models")
        case State.DONE:
            return "done", _("Measured")
        case State.FAILED:
            return "failed", _("Not measured")
        case State.NOT_CONSENTED | State.CANCELLED:
            return "not_consented", _("Without AI")
        case State.OFF | State.DRAFT:
            return "off", _("Models off")


def _due(row: QueueRow, now: datetime) -> str:
    seconds = (row.due_at - now).total_seconds()
    if row.is_correction:
        return ""
    if seconds < 0:
        return _("%(time)s overdue") % {"time": duration(-seconds)}
    return _("due in %(time)s") % {"time": duration(seconds)}


@dataclass(frozen=True, slots=True)
class ViewChip:
    """A named set of filters. ``url`` alone shows the same; ``current``: it is what is shown."""

    view_id: UUID
    name: str
    url: str
    current: bool
    mine: bool
    shared: bool
    owner: str


def saved_views(actor: Actor, filters: QueueFilters) -> list[ViewChip]:
    """One's own views and those that the clinic's clinicians share."""
    address = reverse("reviews:queue")
    return [
        ViewChip(
            view_id=view.pk,
            name=view.name,
            url=f"{address}?{view.query}",
            current=view.query == filters.query(),
            mine=view.owner_id == actor.membership_id,
            shared=view.shared,
            owner=view.owner.display_name,
        )
        for view in views_of(actor)
    ]


@dataclass(frozen=True, slots=True)
class WorkloadLine:
    """One clinician's desk in words, with the address of the cases on it."""

    name: str
    role: str
    is_me: bool
    open: int
    handed: int
    signed_this_week: int
    median: str
    url: str


def workload_lines(actor: Actor, *, now: datetime) -> list[WorkloadLine]:
    """Every clinician's desk."""
    address = reverse("reviews:queue")
    return [
        WorkloadLine(
            name=row.member.display_name,
            role=str(ROLE_NAMES[Role(row.member.role)]),
            is_me=row.is_me,
            open=row.open,
            handed=row.handed,
            signed_this_week=row.signed_this_week,
            median="" if row.seconds is None else duration(row.seconds),
            url=f"{address}?{QueueFilters(holder=row.member.pk).query()}",
        )
        for row in workloads(actor, now=now)
    ]


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """What the filters of the queue offer."""

    analysis: list[tuple[str, str]]
    waiting: list[tuple[int, str]]
    holders: list[tuple[UUID, str, bool]]  # membership, name, whether it is the one asked for
    severities: tuple[int, ...] = tuple(range(1, 11))


def filter_choices(filters: QueueFilters, clinicians: Sequence[tuple[UUID, str]]) -> FilterChoices:
    """The choices for the clinic of these clinicians (membership, name)."""
    return FilterChoices(
        analysis=analysis_choices(),
        waiting=[(hours, _("over %(time)s") % {"time": duration(hours * 3600)}) for hours in (4, 24, 72, 168, 720)],
        holders=[(pk, name, pk == filters.holder) for pk, name in clinicians],
    )


def analysis_choices() -> list[tuple[str, str]]:
    """States of the models that the queue can be filtered by."""
    return [
        (State.DONE.value, _("Measured")),
        (State.RUNNING.value, _("Measuring")),
        (State.WAITING.value, _("Waiting for the models")),
        (State.FAILED.value, _("Not measured")),
        (State.NOT_CONSENTED.value, _("Without AI")),
        (State.OFF.value, _("Models off")),
    ]


def duration(seconds: float) -> str:
    """The largest whole unit: minutes up to 90, hours up to two days, then days."""
    minutes = int(seconds // 60)
    if minutes < 90:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    if hours < 48:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": hours // 24}


_ORDER = ("crown", "hairline", "temple_left", "temple_right", "part", "occiput", "trichoscopy")


def _view_order(view: str) -> int:
    return _ORDER.index(view)
