"""Progress (L1-L6): audited reads, comparisons asked for when a report is signed, documents made on request."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.background import enqueue
from accounts.errors import DomainError, Invalid, NotFound
from accounts.roles import Role
from accounts.selectors import events_about
from analysis import comparing
from analysis.models import Comparison, ComparisonImage
from patients.models import Patient
from patients.selectors import patient_for
from patients.services.reading import PAGE_LIFE
from patients.services.storage import delete_after_commit
from reports.models import ProgressDocument, Report, ReportImage
from reports.progress import writing
from reports.progress.charts import svg_of
from reports.progress.content import ProgressContent, from_dict, progress_hash, to_dict
from reports.progress.paper import page_html
from reports.progress.reading import Place, Progress, progress_of
from reports.services.rendering import MAX_PICTURE_BYTES, STYLE_PATH, ContentAltered
from reviews.services.side_effects import answers_of_patient
from reviews.visibility import findings_hidden
from vault import files
from vision.types import ImageKind

FOLDER: Final = "progress"
MAX_ATTEMPTS: Final = 5
LATE: Final = timedelta(minutes=2)
KEPT_FOR: Final = timedelta(days=90)
PERIOD: Final = timedelta(days=90)
"""How far a summary reaches back unless somebody asks for another period."""

Kind = ProgressDocument.Kind


@dataclass(frozen=True, slots=True)
class Pair:
    """Two visits by their place among all; ``then`` comes before ``now``."""

    then: int
    now: int


@transaction.atomic
def read_progress(*, actor: Actor, patient_id: UUID, place: Place | None = None, now: datetime) -> Progress:
    """A patient's signed past for a page, for the patient and the clinic's clinicians. The event names the pictures.

    Without a place, comparisons of the newest visit that are missing or out of date are asked for."""
    patient = _patient(actor, patient_id)
    progress = progress_of(patient)
    if place is None:
        progress = brought_up_to_date(progress, newest_pairs(progress), now)
    places = [place] if place is not None else list(progress.places)
    pictures = [
        picture.id
        for visit in range(len(progress.visits))
        for shown in places
        if (picture := progress.picture(visit, shown)) is not None
    ]
    _note(actor, patient, "progress.read", now, {"pictures": pictures})
    return progress


@transaction.atomic
def read_document_content(
    *, actor: Actor, patient_id: UUID, kind: str, first: str, last: str, now: datetime
) -> ProgressContent:
    """A delta report or summary as it would be made now; reading it is an event.

    ``first`` and ``last``: for a delta report the ids of two signed reports, for a summary two days; empty ones choose
    the first and the newest visit, or the last ninety days. Raises NotFound for a report that is not this patient's,
    DomainError ``nothing_signed`` or ``one_visit`` when there is nothing to tell.
    """
    patient = _patient(actor, patient_id)
    content = _content(actor, progress_of(patient), kind, first, last, now)
    pictures = [one.id for group in content.groups for one in group.pictures]
    _note(actor, patient, "progress.read", now, {"pictures": pictures, "kind": kind})
    return content


@transaction.atomic
def request_document(
    *, actor: Actor, patient_id: UUID, kind: str, first: str, last: str, now: datetime
) -> ProgressDocument:
    """Have a delta report or summary made as PDF; asked for again, the same content is the same document."""
    patient = _patient(actor, patient_id)
    raw = to_dict(_content(actor, progress_of(patient), kind, first, last, now))
    digest = progress_hash(raw)
    row, created = ProgressDocument.objects.get_or_create(
        patient=patient,
        kind=kind,
        content_hash=digest,
        defaults={"content": raw, "requested_by_id": actor.user_id, "requested_at": now},
    )
    parked = not row.pdf_name and row.attempts >= MAX_ATTEMPTS
    if parked:
        ProgressDocument.objects.filter(pk=row.pk).update(attempts=0, failure_code="")
    if created or parked:
        _note(actor, patient, "progress.requested", now, {"kind": kind, "document": str(row.pk)})
        enqueue("reports.tasks.render_progress", row.pk)
    return row


def document_in_scope(actor: Actor, document_id: UUID) -> ProgressDocument:
    """The document, if this actor may see it; else NotFound."""
    _check_reader(actor)
    rows = ProgressDocument.objects.visible_to(actor).select_related("patient__clinic")
    row: ProgressDocument | None = rows.filter(pk=document_id).distinct().first()
    if row is None:
        raise NotFound
    return row


@transaction.atomic
def read_document(*, actor: Actor, document_id: UUID, now: datetime) -> tuple[ProgressDocument, files.SealedReader]:
    """A reader over the PDF. Raises DomainError ``pdf_not_ready`` while it is being made."""
    row = document_in_scope(actor, document_id)
    if not row.pdf_name:
        raise DomainError("pdf_not_ready", _("The PDF is being prepared. Try again in a minute."))
    _note(actor, row.patient, "progress.pdf_read", now, {"document": str(row.pk), "pdf_sha256": row.pdf_sha256})
    return row, files.open_file(key_id=row.sealing_key_id, name=row.pdf_name)


@transaction.atomic
def read_comparison_image(*, actor: Actor, image_id: UUID, now: datetime) -> tuple[ComparisonImage, files.SealedReader]:
    """A derived picture of a comparison.

    For clinicians as their case allows. For patients between signed sessions: the later photograph laid onto the
    earlier, and the map of change once a clinician released it (G8). NotFound for everybody else.
    """
    image = (
        ComparisonImage.objects.select_related("comparison__photo_now__session__patient").filter(pk=image_id).first()
    )
    if image is None or not _may_see(actor, image):
        raise NotFound
    patient = image.comparison.photo_now.session.patient
    recent = events_about(patient.pk).filter(
        actor_id=actor.user_id, action__in=("progress.read", "review.compared"), at__gte=now - PAGE_LIFE
    )
    if not recent.exists():
        _note(actor, patient, "progress.picture_read", now, {"pictures": [str(image.pk)]})
    return image, files.open_file(key_id=image.comparison.sealing_key_id, name=image.file_name)


def ask_for_pair(progress: Progress, place: Place, pair: Pair, now: datetime) -> Comparison | None:
    """Have the two signed photographs of a place compared, unless that is done or may not be."""
    inputs = progress.inputs(place, pair.then, pair.now)
    return None if inputs is None else comparing.ask_for(inputs, now=now)


def brought_up_to_date(progress: Progress, pairs: Iterable[Pair], now: datetime) -> Progress:
    """The same past, after asking for every comparison of these visits that is missing, or was made before a scale or
    an outline was corrected."""
    wanted = list(pairs)
    progress.load_pairs([(pair.then, pair.now) for pair in wanted])
    missing = [
        (place, pair)
        for pair in wanted
        for place in progress.photos[pair.then].keys() & progress.photos[pair.now].keys()
        if progress.comparison(place, pair.then, pair.now) is None
    ]
    asked = [ask_for_pair(progress, place, pair, now) for place, pair in missing]
    return refreshed(progress) if any(asked) else progress


def newest_pairs(progress: Progress) -> set[Pair]:
    """The newest visit against the first one and against the one before."""
    newest = len(progress.visits) - 1
    return {Pair(then, newest) for then in (0, newest - 1) if 0 <= then < newest}


def refreshed(progress: Progress) -> Progress:
    """The same past, with the comparisons as they stand now."""
    return replace(progress, _pairs={})


@transaction.atomic
def release_comparison(*, actor: Actor, comparison_id: UUID, released: bool, now: datetime) -> UUID:
    """Let the patient see map and figures of a comparison, or take that back; returns the patient's id."""
    row = comparing.release_to_patient(actor=actor, comparison_id=comparison_id, released=released, now=now)
    patient_id: UUID = row.photo_now.session.patient_id
    return patient_id


def ask_for_comparisons(report: Report, *, now: datetime) -> int:
    """A report was signed: compare its photographs with the first visit's and the last one's. Returns how many."""
    progress = progress_of(report.patient)
    latest = next((n for n, visit in enumerate(progress.visits) if visit.report_id == report.pk), None)
    if latest is None:
        return 0
    pairs = {Pair(then, latest) for then in (0, latest - 1) if 0 <= then < latest}
    pairs |= {Pair(latest, latest + 1)} if latest + 1 < len(progress.visits) else set()
    asked = [
        ask_for_pair(progress, place, pair, now)
        for pair in sorted(pairs, key=lambda one: (one.now, one.then))
        for place in progress.places
    ]
    return sum(one is not None for one in asked)


def render_progress(*, document_id: UUID, now: datetime) -> bool:
    """Make and attach the PDF unless it is there or was tried too often. Returns whether it was attached now."""
    open_rows = ProgressDocument.objects.filter(
        pk=document_id, pdf_name="", attempts__lt=MAX_ATTEMPTS, patient__erased_at=None
    )
    if not open_rows.update(attempts=F("attempts") + 1):
        return False
    row = ProgressDocument.objects.select_related("patient__clinic").get(pk=document_id)
    try:
        data = pdf_of(row)
    except Exception as error:
        ProgressDocument.objects.filter(pk=row.pk, pdf_name="").update(failure_code=type(error).__name__[:40])
        raise
    sealed = files.seal_file(key_id=row.sealing_key_id, source=io.BytesIO(data), folder=FOLDER)
    changed = ProgressDocument.objects.filter(pk=row.pk, pdf_name="").update(
        pdf_name=sealed.name, pdf_sha256=sealed.sha256_plain, failure_code="", made_at=now
    )
    if not changed:
        files.delete_file(sealed.name)
    return bool(changed)


def pdf_of(row: ProgressDocument) -> bytes:
    """The PDF of a frozen document: the same bytes for the same content. Raises ContentAltered."""
    from reports import pdf  # only a worker renders: a web process need not load the layout engine

    if progress_hash(row.content) != row.content_hash:
        raise ContentAltered(str(row.pk))
    content = from_dict(row.content)
    parts = {}
    for group in content.groups:
        for shown in group.pictures:
            media_type, data = _picture(row, shown.source, UUID(shown.id))
            parts[shown.id] = pdf.Part(media_type, data)
        for chart in group.charts:
            parts[chart.id] = pdf.Part("image/svg+xml", svg_of(dict(chart.spec)))
    with translation.override(content.language):
        html = page_html(content, row.requested_at, lambda name: f"{pdf.SCHEME}{name}")
    return pdf.render(
        html,
        parts=parts,
        style=STYLE_PATH.read_text(encoding="utf-8"),
        identifier=row.content_hash,
        paper=content.clinic.paper,
    )


@transaction.atomic
def sweep_progress(*, now: datetime) -> int:
    """Ask again for documents whose task was lost, and delete those that nobody needs any more. Returns how many."""
    waiting = ProgressDocument.objects.filter(
        pdf_name="", attempts__lt=MAX_ATTEMPTS, requested_at__lt=now - LATE, patient__erased_at=None
    )
    ids = list(waiting.values_list("pk", flat=True)[:50])
    for document_id in ids:
        enqueue("reports.tasks.render_progress", document_id)
    old = ProgressDocument.objects.filter(requested_at__lt=now - KEPT_FOR)
    names = [name for name in old.values_list("pdf_name", flat=True) if name]
    gone, _kinds = old.delete()
    delete_after_commit(names)
    return len(ids) + gone


def _content(actor: Actor, progress: Progress, kind: str, first: str, last: str, now: datetime) -> ProgressContent:
    if not progress.visits:
        raise DomainError("nothing_signed", _("Nothing was signed yet. A report of changes needs a signed report."))
    if kind == Kind.DELTA:
        pair = pair_of(progress, first, last)
        progress = brought_up_to_date(progress, [pair], now)
        return writing.delta_report(progress, pair.then, pair.now)
    clinic = progress.patient.clinic
    start, end = period_of(first, last, today=clinic.day_of(now))
    answers = [
        one for one in answers_of_patient(actor, progress.patient.pk) if start <= clinic.day_of(one.submitted_at) <= end
    ]
    told = writing.visits_told(progress, start, end)
    if told is not None and told[0] != told[1]:
        progress = brought_up_to_date(progress, [Pair(*told)], now)
    try:
        return writing.summary(progress, start, end, answers)
    except ValueError:
        raise DomainError("nothing_signed", _("Nothing was signed in this time. Choose a longer one.")) from None


def pair_of(progress: Progress, first: str, last: str) -> Pair:
    """The visits that an address asks for by their reports, in order; the first and the newest where it does not say.

    Raises NotFound for other ids, DomainError ``one_visit`` when there is only one.
    """
    if len(progress.visits) < 2:
        raise DomainError("one_visit", _("There is one signed visit so far. Changes show from the second one on."))
    places = {str(visit.report_id): number for number, visit in enumerate(progress.visits)}
    unknown = {asked for asked in (first, last) if asked} - places.keys()
    if unknown:
        raise NotFound
    now = places[last] if last else len(progress.visits) - 1
    then = places[first] if first else 0
    if then == now:
        raise Invalid("same_visit", _("Choose two different visits."))
    return Pair(min(then, now), max(then, now))


def period_of(first: str, last: str, *, today: dt.date) -> tuple[dt.date, dt.date]:
    """The period that an address asks for; the last ninety days where it does not say. Raises Invalid."""
    try:
        end = dt.date.fromisoformat(last) if last else today
        start = dt.date.fromisoformat(first) if first else end - PERIOD
    except ValueError:
        raise Invalid("no_date", _("Give both days of the period.")) from None
    return min(start, end), max(start, end)


def _may_see(actor: Actor, image: ComparisonImage) -> bool:
    row = image.comparison
    sessions = {row.photo_then.session_id, row.photo_now.session_id}
    if actor.role.is_clinician:
        visible = Comparison.objects.visible_to(actor).filter(pk=row.pk).exists()
        return visible and not findings_hidden(actor, row.photo_now.session)
    if actor.role is not Role.PATIENT:
        return False
    signed = Report.objects.visible_to(actor).filter(session_id__in=sessions, superseded_by=None)
    if set(signed.values_list("session_id", flat=True)) != sessions:
        return False
    return image.kind == ImageKind.ALIGNED.value or row.released_at is not None


def _picture(row: ProgressDocument, source: str, picture_id: UUID) -> tuple[str, bytes]:
    """A picture of the document; NotFound for one that is not this patient's."""
    if source == "report":
        frozen = ReportImage.objects.filter(pk=picture_id, report__patient_id=row.patient_id)
        found = frozen.select_related("report__patient", "report__clinic").first()
        if found is None:
            raise NotFound
        key_id, name, media_type = found.report.sealing_key_id, found.file_name, found.media_type
    else:
        derived = ComparisonImage.objects.filter(comparison__photo_now__session__patient_id=row.patient_id)
        image = derived.filter(pk=picture_id, comparison__released_at__isnull=False).first()
        if image is None:
            raise NotFound
        key_id, name, media_type = row.sealing_key_id, image.file_name, image.media_type
    return media_type, files.read_all(key_id=key_id, name=name, limit=MAX_PICTURE_BYTES)


def _patient(actor: Actor, patient_id: UUID) -> Patient:
    _check_reader(actor)
    return patient_for(actor, patient_id)


def _check_reader(actor: Actor) -> None:
    """Progress is the patient's and the clinicians'; to everybody else there is nothing."""
    if actor.role is not Role.PATIENT and not actor.role.is_clinician:
        raise NotFound


def _note(actor: Actor, patient: Patient, action: str, now: datetime, detail: dict[str, object]) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=patient.clinic_id,
        patient_id=patient.pk,
        subject_kind="patient",
        subject_id=patient.pk,
        detail=detail,
    )
