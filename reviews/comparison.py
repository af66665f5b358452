"""An earlier session beside the case: the same view, what was signed then, what stands now, and the plans of both.

A change is judged only once a worker has laid the two pictures over each other, and against how much this patient's
photographs vary by themselves. What was never signed shows no number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.errors import NotFound
from analysis.by_hand import UNTOUCHED
from analysis.comparing import Inputs
from analysis.models import Comparison as WorkerComparison
from analysis.noise import device_of, noise_book, takes_of
from patients.models import Photo, PhotoSession
from patients.selectors import sessions_of
from reviews.by_hand import by_hand_of
from reviews.change_words import ChangeFacts, facts_of
from reviews.decisions import FinalFinding, final_findings, photos_in_order
from reviews.judging import TONES, Pairing, Standing, cure_words, judge, why_words
from reviews.models import Plan, Review, ReviewStatus
from reviews.presenters.cards import area_words
from reviews.presenters.stage import picture_sources
from reviews.wording import interval, number, quantity, title, value, view_name
from vision.measure import AREAS
from vision.types import ImageKind, Measured, Metric, View

_AREAS = frozenset(metric.value for metric in AREAS)


@dataclass(frozen=True, slots=True)
class Choice:
    """A session that the case may be laid beside."""

    id: UUID
    at: datetime
    signed: bool
    has_view: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """One of the two photographs."""

    photo_id: UUID
    name: str
    at: datetime
    width: int
    height: int
    sources: list[dict[str, Any]]

    @property
    def sources_json(self) -> str:
        """The sizes for the script that loads them."""
        return json.dumps(self.sources)


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One statement then and now; empty where there was none. ``said`` is the verdict in words, ``why`` what stands in
    its way, ``detectable`` the smallest change that can be told from noise."""

    label: str
    then: str
    then_range: str
    now: str
    now_range: str
    said: str = ""
    tone: str = ""
    icon: str = ""
    why: str = ""
    detectable: str = ""


@dataclass(frozen=True, slots=True)
class Laid:
    """The two photographs laid over each other, as far as a worker got. ``aligned_id`` and ``map_id`` name pictures."""

    comparison_id: UUID | None
    pending: bool
    why: str
    cure: str  # what to do about it
    aligned_id: UUID | None
    map_id: UUID | None
    map_is_hairs: bool
    facts: ChangeFacts | None
    released: bool
    corrected: bool = False  # made with outlines or a scale of a clinician


@dataclass(frozen=True, slots=True)
class PlanSide:
    """A plan in a few lines: name, dose and duration of each treatment."""

    items: tuple[tuple[str, str], ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """``then`` None: the chosen session has no photograph of this view. ``signed_by`` empty: it was never signed."""

    review: Review
    photo: Photo
    view: str
    choices: tuple[Choice, ...]
    then: Picture | None
    now: Picture
    signed_by: str
    signed_at: datetime | None
    rows: tuple[ValueRow, ...]
    plan_then: PlanSide | None
    plan_now: PlanSide | None
    laid: Laid | None = None
    then_photo: Photo | None = None
    then_session: PhotoSession | None = None
    inputs: Inputs | None = None

    @property
    def shown_photos(self) -> tuple[UUID, ...]:
        """The photographs on the screen, for the audit."""
        return (self.now.photo_id, *((self.then.photo_id,) if self.then else ()))


def earlier_sessions(review: Review) -> list[PhotoSession]:
    """The patient's submitted sessions before this one, newest first."""
    own = review.session
    before = own.submitted_at or own.created_at
    rows = [(row.submitted_at, row) for row in sessions_of(own.patient_id) if row.pk != own.pk]
    dated = [(at, row) for at, row in rows if at is not None and at < before]
    return [row for _at, row in sorted(dated, key=lambda pair: pair[0], reverse=True)]


def compare(review: Review, photo_id: UUID, session_id: UUID | None = None) -> Comparison:
    """The case's photograph beside the same view of an earlier session: the one asked for, else the newest with it.

    Raises NotFound for a photograph of another case or a session that is not an earlier one of this patient. The caller
    has checked the scope.
    """
    photo = next((found for found in photos_in_order(review.session) if found.pk == photo_id), None)
    sessions = earlier_sessions(review)
    if photo is None or (session_id is not None and session_id not in {session.pk for session in sessions}):
        raise NotFound
    same = {session.pk: _same_view(session, photo) for session in sessions}
    chosen = session_id or next((pk for pk, found in same.items() if found), sessions[0].pk if sessions else None)
    signed = _signed(sessions)
    earlier = signed.get(chosen) if chosen else None
    found = same.get(chosen) if chosen else None
    return Comparison(
        review=review,
        photo=photo,
        view=view_name(photo.view, photo.site),
        choices=tuple(
            Choice(row.pk, row.submitted_at, row.pk in signed, same[row.pk] is not None, row.pk == chosen)
            for row in sessions
            if row.submitted_at
        ),
        then=_picture(found) if found else None,
        now=_picture(photo),
        signed_by=earlier.reviewer.display_name if earlier else "",
        signed_at=earlier.closed_at if earlier else None,
        rows=_rows(final_findings(earlier) if earlier else [], final_findings(review), photo.view),
        plan_then=_plan(earlier) if earlier else None,
        plan_now=_plan(review),
        then_photo=found,
        then_session=next((session for session in sessions if session.pk == chosen), None),
        inputs=_inputs(found, photo, [review, *([earlier] if earlier else [])]) if found else None,
    )


def _inputs(then: Photo, now: Photo, reviews: Sequence[Review]) -> Inputs:
    """Both photographs, with outlines and scales as they were signed then and stand now."""
    said = by_hand_of(reviews)
    return Inputs(then, now, said.get(then.pk, UNTOUCHED), said.get(now.pk, UNTOUCHED))


def with_verdicts(found: Comparison, row: WorkerComparison | None) -> Comparison:
    """The same with what the worker's comparison says: pictures laid over each other, causes, a verdict per number."""
    if found.then is None:
        return found
    pairing = pairing_of(row)
    return replace(found, laid=_laid(row, pairing), rows=_judged(found, pairing))


def pairing_of(row: WorkerComparison | None) -> Pairing:
    """How two photographs stand to each other, by the worker's comparison."""
    status = WorkerComparison.Status
    if row is None or row.status in (status.FAILED, status.CANCELLED):
        return Pairing(Standing.UNPROVEN)
    if row.status != status.DONE:
        return Pairing(Standing.PENDING)
    if row.not_comparable:
        return Pairing(Standing.NOT_COMPARABLE, row.not_comparable)
    return Pairing(Standing.COMPARABLE)


def _laid(row: WorkerComparison | None, pairing: Pairing) -> Laid:
    done = row is not None and pairing.standing is Standing.COMPARABLE
    images = {image.kind: image.pk for image in row.images.all()} if row is not None and done else {}
    fates = images.get(ImageKind.HAIR_FATES.value)
    return Laid(
        comparison_id=row.pk if row is not None and done else None,
        pending=pairing.standing is Standing.PENDING,
        why=why_words(pairing),
        cure=cure_words(pairing),
        aligned_id=images.get(ImageKind.ALIGNED.value),
        map_id=images.get(ImageKind.CHANGE.value) or fates,
        map_is_hairs=ImageKind.CHANGE.value not in images and fates is not None,
        facts=facts_of(row.result) if row is not None and done else None,
        released=row is not None and row.released_at is not None,
        corrected=row is not None and done and bool(row.by_hand),
    )


def _judged(found: Comparison, pairing: Pairing) -> tuple[ValueRow, ...]:
    """Verdicts of numbers that were signed then and stand now; regions and classes have none."""
    earlier = _signed([found.then_session]).get(found.then_session.pk) if found.then_session else None
    if earlier is None:
        return found.rows
    then = {_label(one): one for one in final_findings(earlier) if one.view in (found.photo.view, "")}
    now = {_label(one): one for one in final_findings(found.review) if one.view in (found.photo.view, "")}
    book = noise_book(found.review.session.patient_id)
    device = device_of(found.photo.capture or {})
    rows = []
    for row in found.rows:
        pair = then.get(row.label), now.get(row.label)
        values = [_takes(one) for one in pair if one is not None]
        if len(values) < 2 or values[0] is None or values[1] is None or pair[1] is None:
            rows.append(row)
            continue
        metric = pair[1].code
        view = View(found.photo.view) if pair[1].view else None
        noise = book.noise_for(found.review.session.patient_id, Metric(metric), view, device if view else None)
        of_view = pairing if pair[1].view else Pairing(Standing.NOT_NEEDED)
        (first, n_first), (later, n_later) = values[0], values[1]
        judged = judge(metric, first, later, noise, of_view, takes=(n_first, n_later))
        detectable = "" if judged.rise is None else _mdc(judged.rise, later.unit)
        tone, icon = TONES[judged.said]
        rows.append(replace(row, said=judged.words, tone=tone, icon=icon, why=judged.why, detectable=detectable))
    return tuple(rows)


def _mdc(size: float, unit: str) -> str:
    """The smallest change that can be told from noise; a share changes by points."""
    words = _("%(n)s points") % {"n": number(size)} if unit == "%" else quantity(size, unit)
    return _("MDC95 ± %(size)s") % {"size": words}


def _takes(one: FinalFinding) -> tuple[Measured, int] | None:
    """The number of a finding for a verdict; None where it is no number that has a noise."""
    payload = one.payload
    if one.kind in ("severity", "salt"):
        payload = payload.get({"severity": "index", "salt": "score"}[one.kind]) or {}
    elif one.kind != "measure":
        return None
    if payload.get("value") is None or one.code not in set(Metric):
        return None
    if payload.get("low") is None or payload.get("high") is None:
        value = float(payload["value"])
        return Measured(value, value, value, str(payload.get("unit", ""))), 1
    return takes_of(payload)


def _same_view(session: PhotoSession, photo: Photo) -> Photo | None:
    found = [other for other in photos_in_order(session) if (other.view, other.site) == (photo.view, photo.site)]
    return found[-1] if found else None


def _signed(sessions: Sequence[PhotoSession]) -> Mapping[UUID, Review]:
    """The newest signed review of each session."""
    rows = Review.objects.filter(session__in=sessions, status=ReviewStatus.SIGNED).order_by("closed_at")
    return {row.session_id: row for row in rows.select_related("session__patient__clinic", "reviewer", "analysis")}


def _picture(photo: Photo) -> Picture:
    return Picture(
        photo_id=photo.pk,
        name=view_name(photo.view, photo.site),
        at=photo.session.submitted_at or photo.created_at,
        width=photo.width_px,
        height=photo.height_px,
        sources=picture_sources(photo),
    )


def _rows(then: Sequence[FinalFinding], now: Sequence[FinalFinding], view: str) -> tuple[ValueRow, ...]:
    """Numbers of the view and of the session, each beside its counterpart; regions as how many there are."""
    before, after = _numbers(then, view), _numbers(now, view)
    rows = [
        ValueRow(label, *before.get(label, ("", "")), *after.get(label, ("", "")))
        for label in dict.fromkeys([*after, *before])
    ]
    return tuple(rows)


def _numbers(findings: Sequence[FinalFinding], view: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    regions: dict[str, int] = {}
    for one in findings:
        if one.view not in (view, ""):
            continue
        label = _label(one)
        if one.kind == "region":
            regions[label] = regions.get(label, 0) + 1
        else:
            found[label] = _words(one)
    return found | {label: (_("%(n)d marked") % {"n": count}, "") for label, count in regions.items()}


def _label(one: FinalFinding) -> str:
    name = title(one.kind, one.code, one.payload)
    return _("%(name)s, projected") % {"name": name} if one.code in _AREAS else name


def _words(one: FinalFinding) -> tuple[str, str]:
    """The value and its range."""
    payload = one.payload
    if one.code in _AREAS and "value" in payload:
        ends = {"low": area_words(payload["low"]), "high": area_words(payload["high"])}
        return area_words(payload["value"]), _("%(low)s to %(high)s") % ends
    return value(one.kind, payload), interval(one.kind, payload)


def _plan(review: Review) -> PlanSide | None:
    plan = Plan.objects.filter(review=review).select_related("review__session__patient").first()
    if plan is None:
        return None
    items = plan.items.select_related("entry", "plan__review__session__patient")
    return PlanSide(
        items=tuple(
            (item.entry.name, " · ".join(part for part in (item.dose, item.duration) if part)) for item in items
        ),
        summary=plan.summary,
    )
