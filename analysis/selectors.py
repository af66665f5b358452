"""Scoped reads of this room. Findings and derived pictures are for clinicians; a patient sees progress only (G8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db.models import FilteredRelation, Q, QuerySet

from accounts.actors import Actor
from accounts.errors import NotFound
from accounts.roles import Permission
from analysis import blinding
from analysis.models import Analysis, DerivedImage, Finding, ModelRelease, PhotoResult
from analysis.releases import FIRST_STAGE, enabled_releases, version_key
from patients.models import PhotoSession
from vault.files import iter_chunks
from vision.release import Release, ReleaseError, load_release


class State(StrEnum):
    """Where the measuring of a session stands, as a page says it."""

    DRAFT = "draft"
    NOT_CONSENTED = "not_consented"
    OFF = "off"  # no network is switched on, or no photo may be measured
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in (State.WAITING, State.RUNNING)


@dataclass(frozen=True, slots=True)
class AnalysisState:
    """The state with its progress. ``failure_code`` is for staff."""

    state: State
    photos_done: int = 0
    photos_total: int = 0
    failure_code: str = ""
    analysis_id: UUID | None = None


_LONG = ("summary", "hand_scales", "input_digest")
"""Of an analysis: what a list of cases does not show."""

_STATES = {
    Analysis.Status.QUEUED: State.WAITING,
    Analysis.Status.RUNNING: State.RUNNING,
    Analysis.Status.DONE: State.DONE,
    Analysis.Status.FAILED: State.FAILED,
    Analysis.Status.CANCELLED: State.CANCELLED,
}


def latest_analysis(session_id: UUID) -> Analysis | None:
    """The session's newest analysis that was not cancelled, or the newest cancelled one when there is no other."""
    rows = Analysis.objects.filter(session_id=session_id).select_related("pipeline").order_by("-queued_at", "-pk")
    return rows.exclude(status=Analysis.Status.CANCELLED).first() or rows.first()


def analysis_state(session: PhotoSession) -> AnalysisState:
    """Where the measuring of ``session`` stands."""
    return states_of([session])[session.pk]


def states_of(sessions: Sequence[PhotoSession]) -> dict[UUID, AnalysisState]:
    """The same for many sessions in one query."""
    newest = _newest(sessions, Analysis.objects.defer(*_LONG))
    return {session.pk: _state(session, newest.get(session.pk)) for session in sessions}


@dataclass(frozen=True, slots=True)
class Measured:
    """Where the measuring of a session stands, and the severity index that it found. The caller has checked who may
    see findings, and opens the seal only then."""

    state: AnalysisState
    severity: Finding | None


def measured_of(sessions: Sequence[PhotoSession]) -> dict[UUID, Measured]:
    """The same with the severity index, in one query."""
    index = FilteredRelation("findings", condition=Q(findings__kind=Finding.Kind.SEVERITY))
    rows = Analysis.objects.annotate(severity=index).select_related("severity").defer(*_LONG)  # type: ignore[misc]
    newest = _newest(sessions, rows)
    found = {}
    for session in sessions:
        row = newest.get(session.pk)
        severity: Finding | None = getattr(row, "severity", None)  # not there when none was found
        if row is not None and severity is not None:
            row.session, severity.analysis = session, row  # opens what is sealed without another query
        found[session.pk] = Measured(_state(session, row), severity)
    return found


def _newest(sessions: Sequence[PhotoSession], rows: QuerySet[Analysis]) -> dict[UUID, Analysis]:
    """The newest analysis of each session that was not cancelled, or the newest cancelled one."""
    newest: dict[UUID, Analysis] = {}
    for row in rows.filter(session__in=[session.pk for session in sessions]).order_by("queued_at", "pk"):
        held = newest.get(row.session_id)
        if held is None or row.status != Analysis.Status.CANCELLED or held.status == Analysis.Status.CANCELLED:
            newest[row.session_id] = row
    return newest


def _state(session: PhotoSession, row: Analysis | None) -> AnalysisState:
    if session.status == PhotoSession.Status.DRAFT:
        return AnalysisState(State.DRAFT)
    if row is None:
        return AnalysisState(State.OFF if session.ai_consented else State.NOT_CONSENTED)
    return AnalysisState(
        state=_STATES[Analysis.Status(row.status)],
        photos_done=row.photos_done if row.status != Analysis.Status.DONE else row.photos_total,
        photos_total=row.photos_total,
        failure_code=row.failure_code,
        analysis_id=row.pk,
    )


def visible_findings(actor: Actor, analysis_id: UUID | None) -> list[Finding]:
    """The findings that this actor may see: none for a patient, all of the case for its clinic's clinicians."""
    if analysis_id is None:
        return []
    if _blinded(actor, analysis_id):
        return []
    return list(Finding.objects.visible_to(actor).filter(analysis_id=analysis_id).order_by("position"))


def visible_images(actor: Actor, analysis_id: UUID | None) -> list[DerivedImage]:
    """The derived pictures that this actor may see: none for a patient."""
    if analysis_id is None or _blinded(actor, analysis_id):
        return []
    rows = DerivedImage.objects.visible_to(actor).filter(photo_result__analysis_id=analysis_id)
    return list(rows.select_related("photo_result").order_by("photo_result__photo__created_at", "kind"))


def photo_results(analysis_id: UUID) -> dict[UUID, PhotoResult]:
    """Results by photo id, with their derived pictures loaded."""
    rows = PhotoResult.objects.filter(analysis_id=analysis_id).prefetch_related("images")
    return {row.photo_id: row for row in rows}


def derived_for(actor: Actor, image_id: UUID) -> DerivedImage:
    """A derived picture in the clinician's scope; 404 otherwise, and as long as the case is read blind."""
    row: DerivedImage | None = (
        DerivedImage.objects.visible_to(actor)
        .select_related("photo_result__photo__session__patient")
        .filter(pk=image_id)
        .first()
    )
    if row is None or blinding.hidden(actor, row.photo_result.photo.session_id):
        raise NotFound
    return row


def _blinded(actor: Actor, analysis_id: UUID) -> bool:
    session_id = Analysis.objects.filter(pk=analysis_id).values_list("session_id", flat=True).first()
    return session_id is not None and blinding.hidden(actor, session_id)


def open_derived(image: DerivedImage) -> Iterator[bytes]:
    """The picture's bytes, chunk by chunk."""
    return iter_chunks(key_id=image.photo_result.photo.session.patient.key_id, name=image.file_name)


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A network as the administrator sees it. ``release`` None: its files are missing or altered."""

    row: ModelRelease
    release: Release | None
    problem: str
    in_use: bool


def releases(actor: Actor) -> list[ReleaseRow]:
    """Every known release, the needed network first, newest first; files are verified on the way."""
    actor.check(Permission.MANAGE_RELEASES)
    used = {row.pk for row in enabled_releases().values()}
    rows = sorted(
        ModelRelease.objects.select_related("changed_by"),
        key=lambda row: (row.task != FIRST_STAGE, row.task, tuple(-part for part in version_key(row.version))),
    )
    return [_release_row(row, in_use=row.pk in used) for row in rows]


def _release_row(row: ModelRelease, *, in_use: bool) -> ReleaseRow:
    try:
        return ReleaseRow(row, load_release(f"{row.name}-{row.version}"), "", in_use)
    except ReleaseError as error:
        return ReleaseRow(row, None, str(error), in_use)


def release_card(actor: Actor, release_id: UUID) -> ReleaseRow:
    """One release with its card; 404 when unknown."""
    for found in releases(actor):
        if found.row.pk == release_id:
            return found
    raise NotFound
