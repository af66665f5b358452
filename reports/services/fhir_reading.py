"""What the FHIR endpoints read: one resource by its id, or a search. Scope as on the pages; every read is audited.

A patient sees what was signed. What models measured and nobody signed is for the clinic's clinicians, as a report in
the state ``partial``, and stays hidden from those who have to read the case blind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts import audit
from accounts.actors import Actor
from accounts.errors import NotFound
from analysis.models import Analysis, Finding, ModelRelease
from analysis.selectors import visible_findings
from patients.models import Patient, Photo, PhotoSession
from patients.querysets import SENT
from reports import fhir
from reports.fhir import Resource
from reports.models import Report, ReportImage, ReportResource
from reports.services.rendering import frozen_content
from reports.words import finding_words

KINDS: Final = (
    "Patient", "Media", "Observation", "DiagnosticReport", "CarePlan", "Provenance", "Device",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """A search. ``since`` includes, ``before`` excludes; None: open. ``ids`` None: all."""

    patient_id: UUID | None = None
    ids: tuple[UUID, ...] | None = None
    since: datetime | None = None
    before: datetime | None = None
    offset: int = 0
    count: int = 50


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of a search; ``total`` counts all of it."""

    total: int
    resources: tuple[Resource, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows of one table that become resources of one type, with the names of the fields that a search asks for."""

    rows: QuerySet[Any]
    make: Callable[[Any], Resource]
    patient: str
    updated: str = "updated_at"
    key: str = "pk"

    def matching(self, query: Query) -> QuerySet[Any]:
        rows = self.rows
        if query.patient_id is not None:
            rows = rows.filter(**{self.patient: query.patient_id})
        if query.ids is not None:
            rows = rows.filter(**{f"{self.key}__in": query.ids})
        if query.since is not None:
            rows = rows.filter(**{f"{self.updated}__gte": query.since})
        if query.before is not None:
            rows = rows.filter(**{f"{self.updated}__lt": query.before})
        return rows.order_by(f"-{self.updated}", "pk").distinct()


@transaction.atomic
def read_fhir(*, actor: Actor, kind: str, resource_id: UUID, now: datetime) -> Resource:
    """One resource. Raises NotFound for what does not exist and for what is not this person's to see."""
    hits = _page(actor, kind, Query(ids=(resource_id,), count=1))
    if not hits.resources:
        raise NotFound
    _note(actor, kind, hits.resources, now)
    return _relative(hits.resources[0])


@transaction.atomic
def search_fhir(*, actor: Actor, kind: str, query: Query, now: datetime) -> Hits:
    """One page of what matches, newest first."""
    hits = _page(actor, kind, query)
    _note(actor, kind, hits.resources, now)
    return replace(hits, resources=tuple(_relative(item) for item in hits.resources))


def _page(actor: Actor, kind: str, query: Query) -> Hits:
    if kind == "Device":
        return _devices(query)
    found: list[Resource] = []
    total, skip = 0, query.offset
    for source in _sources(actor, kind, query):
        rows = source.matching(query)
        size = rows.count()
        wanted = query.count - len(found)
        if wanted > 0 and skip < size:
            found += [source.make(row) for row in rows[skip : skip + wanted]]
        skip = max(0, skip - size)
        total += size
    return Hits(total, tuple(found))


def _sources(actor: Actor, kind: str, query: Query) -> Iterator[_Source]:
    match kind:
        case "Patient":
            people = Patient.objects.visible_to(actor).select_related("clinic")
            yield _Source(people, _patient, "pk", updated="created_at")
        case "Media":
            photos = Photo.objects.visible_to(actor).present().filter(session__status__in=_SUBMITTED)
            yield _Source(photos.select_related("session__patient"), _photo, "session__patient_id", "created_at")
            pictures = ReportImage.objects.filter(report__in=Report.objects.visible_to(actor).values("pk"))
            yield _Source(
                pictures.select_related("report__patient"), _from_picture, "report__patient_id", "report__signed_at"
            )
        case "DiagnosticReport":
            yield _Source(_reports(actor), _one(kind), "patient_id")
            if actor.role.is_clinician:
                yield _Source(_unsigned(actor), _partial(actor), "session__patient_id", "finished_at", "session_id")
        case "Observation" | "CarePlan" | "Provenance":
            opened: dict[UUID, list[Resource]] = {}
            rows = ReportResource.objects.visible_to(actor).filter(kind=kind).annotate(updated_at=_UPDATED_OF_REPORT)
            yield _Source(
                rows.select_related("report__patient", "report__clinic", "report__superseded_by"),
                lambda row: _named(opened, row),
                "report__patient_id",
            )
            if kind == "Observation" and actor.role.is_clinician and (query.patient_id or query.ids):
                yield _preliminary(actor, query)
        case _:
            raise NotFound


_SUBMITTED: Final = SENT
_UPDATED: Final = Coalesce(F("superseded_by__signed_at"), F("signed_at"))
_UPDATED_OF_REPORT: Final = Coalesce(F("report__superseded_by__signed_at"), F("report__signed_at"))


def _reports(actor: Actor) -> QuerySet[Any]:
    rows: QuerySet[Any] = (
        Report.objects.visible_to(actor)
        .annotate(updated_at=_UPDATED)
        .select_related("patient", "clinic", "superseded_by")
        .prefetch_related("images")
    )
    return rows


def _unsigned(actor: Actor) -> QuerySet[Any]:
    """Analyses of submitted cases that no report stands for yet."""
    sessions = PhotoSession.objects.visible_to(actor).filter(status=PhotoSession.Status.SUBMITTED)
    rows: QuerySet[Any] = Analysis.objects.filter(
        status=Analysis.Status.DONE, session__in=sessions.values("pk"), session__reports=None
    ).select_related("session__patient__clinic")
    return rows


def _patient(row: Patient) -> Resource:
    facts = fhir.PatientFacts(
        id=str(row.pk),
        record_number=row.record_number,
        given_name=row.given_name,
        family_name=row.family_name,
        birth_date=row.birth_date,
        sex=str(row.sex or ""),
        clinic=row.clinic.name,
    )
    return _dated(fhir.patient_resource(facts), row.created_at)


def _photo(row: Photo) -> Resource:
    """A photograph. Its hash is not told: the portal keeps only a keyed one, to find duplicates."""
    facts = fhir.MediaFacts(
        id=str(row.pk),
        media_type=row.media_type,
        title=f"Photograph: {row.view.replace('_', ' ')}",
        url=_address("api-photo-content", row.pk),
        view=row.view,
        size_bytes=row.size_bytes,
        width_px=row.width_px,
        height_px=row.height_px,
        made_at=row.created_at,
    )
    return _dated(fhir.media(str(row.session.patient_id), facts), row.created_at)


def _from_picture(row: ReportImage) -> Resource:
    return next(item for item in _resources(row.report) if item["id"] == str(row.pk))


def _one(kind: str) -> Callable[[Report], Resource]:
    return lambda row: next(item for item in _resources(row) if item["resourceType"] == kind)


def _named(opened: dict[UUID, list[Resource]], row: ReportResource) -> Resource:
    if row.report_id not in opened:
        opened[row.report_id] = _resources(row.report)
    return next(item for item in opened[row.report_id] if item["id"] == str(row.pk))


def _resources(row: Report) -> list[Resource]:
    """Everything that a report became, dated. Raises ContentAltered for content that is not what was signed."""
    newer = getattr(row, "superseded_by", None)
    facts = fhir.ReportFacts(
        content=frozen_content(row),
        content_hash=row.content_hash,
        superseded=newer is not None,
        pdf_url=_address("api-report-pdf", row.pk) if row.pdf_name else "",
        pdf_sha256=row.pdf_sha256,
        picture_urls={str(image.pk): _address("api-report-picture", image.pk) for image in row.images.all()},
    )
    changed = newer.signed_at if newer is not None else row.signed_at
    return [_dated(item, changed) for item in fhir.report_resources(str(row.patient_id), facts)]


def _partial(actor: Actor) -> Callable[[Analysis], Resource]:
    return lambda row: next(
        item for item in _unsigned_resources(actor, row) if item["resourceType"] == "DiagnosticReport"
    )


def _preliminary(actor: Actor, query: Query) -> _Source:
    """Findings of unsigned cases that this clinician may see now, of one patient or by their ids."""
    cases = _unsigned(actor)
    if query.patient_id is not None:
        cases = cases.filter(session__patient_id=query.patient_id)
    if query.ids is not None:
        cases = cases.filter(findings__in=query.ids).distinct()
    analyses = {row.pk: row for row in cases}
    seen = [finding.pk for row in analyses.values() for finding in visible_findings(actor, row.pk)]
    rows = Finding.objects.filter(pk__in=seen).select_related("analysis__session__patient__clinic", "photo")
    opened: dict[UUID, list[Resource]] = {}

    def make(finding: Any) -> Resource:
        if finding.analysis_id not in opened:
            opened[finding.analysis_id] = _unsigned_resources(actor, analyses[finding.analysis_id])
        return next(item for item in opened[finding.analysis_id] if item["id"] == str(finding.pk))

    return _Source(rows, make, "analysis__session__patient_id", "analysis__finished_at")


def _unsigned_resources(actor: Actor, row: Analysis) -> list[Resource]:
    session = row.session
    zone = ZoneInfo(session.patient.clinic.time_zone)
    measured_at = row.finished_at or row.queued_at
    lines = []
    for finding in visible_findings(actor, row.pk):
        words = finding_words(finding.kind, finding.code, finding.payload, corrected=False)
        lines.append(
            fhir.MeasuredFacts(
                finding_id=str(finding.pk),
                kind=finding.kind,
                code=finding.code,
                view=finding.photo.view if finding.photo else "",
                title=words.title,
                statement=words.statement,
                payload=finding.payload,
                release=finding.release,
            )
        )
    facts = fhir.UnsignedFacts(
        session_id=str(session.pk),
        session_date=(session.submitted_at or session.created_at).astimezone(zone).date(),
        measured_at=measured_at,
        clinic=session.patient.clinic.name,
        findings=tuple(lines),
    )
    return [_dated(item, measured_at) for item in fhir.unsigned_resources(str(session.patient_id), facts)]


def _devices(query: Query) -> Hits:
    """The models that reports and observations name: the same for everybody."""
    found = [
        _dated(fhir.device_resource(f"{row.name}-{row.version}"), row.registered_at)
        for row in ModelRelease.objects.order_by("-registered_at", "pk")
        if (query.since is None or row.registered_at >= query.since)
        and (query.before is None or row.registered_at < query.before)
    ]
    if query.ids is not None:
        wanted = {str(one) for one in query.ids}
        found = [item for item in found if item["id"] in wanted]
    return Hits(len(found), tuple(found[query.offset : query.offset + query.count]))


def _dated(item: Resource, changed: datetime) -> Resource:
    return {**item, "meta": {"lastUpdated": fhir.instant(changed)}}


def _address(name: str, row_id: UUID) -> str:
    return str(settings.PORTAL_ORIGIN) + reverse(name, args=[row_id])


_TARGETS: Final[dict[str, str]] = {
    "subject": "Patient", "patient": "Patient", "device": "Device", "result": "Observation", "link": "Media",
}  # fmt: skip


def _relative(item: Resource) -> Resource:
    """The resource with references as ``Type/id``: what a ``urn:uuid:`` points to is known by where it stands."""

    def turned(value: Any, role: str) -> Any:
        if isinstance(value, list):
            targets = [turned(inner, role) for inner in value]
            if role == "target":  # a Provenance speaks of its report first, then of the plan
                names = ("DiagnosticReport", "CarePlan")
                targets = [{"reference": _local(one, name)} for one, name in zip(value, names, strict=True)]
            return targets
        if not isinstance(value, dict):
            return value
        if str(value.get("reference", "")).startswith("urn:uuid:") and role in _TARGETS:
            return {**value, "reference": _local(value, _TARGETS[role])}
        return {name: turned(inner, name) for name, inner in value.items()}

    turned_item: Resource = turned(item, "")
    return turned_item


def _local(value: Resource, kind: str) -> str:
    return f"{kind}/{str(value['reference']).removeprefix('urn:uuid:')}"


def _note(actor: Actor, kind: str, resources: Sequence[Resource], now: datetime) -> None:
    """One event per patient and request, naming what was read."""
    by_patient: dict[str, list[str]] = {}
    for item in resources:
        for patient_id in _about(item):
            by_patient.setdefault(patient_id, []).append(item["id"])
    clinics = dict(Patient.objects.filter(pk__in=by_patient).values_list("pk", "clinic_id"))
    for patient_id, ids in by_patient.items():
        audit.record(
            action="fhir.read",
            now=now,
            actor=actor,
            clinic_id=clinics.get(UUID(patient_id)),
            patient_id=UUID(patient_id),
            subject_kind=kind,
            subject_id=ids[0] if len(ids) == 1 else "",
            detail={"resources": ids},
        )


def _about(item: Resource) -> Iterable[str]:
    if item["resourceType"] == "Patient":
        return (item["id"],)
    if "subject" in item:
        return (str(item["subject"]["reference"]).removeprefix("urn:uuid:"),)
    if item["resourceType"] == "Provenance":
        report_id = str(item["target"][0]["reference"]).removeprefix("urn:uuid:")
        return (str(pk) for pk in Report.objects.filter(pk=report_id).values_list("patient_id", flat=True))
    return ()
