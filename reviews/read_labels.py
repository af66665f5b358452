"""Adjudicated grades as label candidates: what a third reader decided, with consent and lineage, and no picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from analysis.models import Finding
from patients.models import Purpose
from patients.selectors import has_consent, purposes_open_to
from reviews.grade import Grade
from reviews.models import CaseReading, Read
from reviews.workflow import ReadState


@dataclass(frozen=True, slots=True)
class ReadLabel:
    """An adjudicated grade. ``findings``: the statements it stands beside, with the release that made each."""

    session_id: UUID
    case_id: UUID
    read_id: UUID
    grade: Grade
    reader_ids: tuple[UUID, ...]  # memberships, in the order of commitment; the last one adjudicated
    findings: tuple[tuple[UUID, str], ...]
    consent_id: UUID
    consent_version: int


def label_candidates(clinic_id: UUID, *, today: date) -> Iterator[ReadLabel]:
    """Adjudicated grades that may improve the models today.

    The patient had agreed when the grade was committed, still agrees, and is no minor and no record of a guardian.
    """
    rows = CaseReading.objects.filter(
        clinic_id=clinic_id, status=ReadState.SETTLED.value, session__patient__erased_at=None
    )
    for case in rows.select_related("session__patient").order_by("settled_at"):
        reads = list(case.reads.select_related("case__session__patient").order_by("position"))
        last = next((read for read in reads if read.role == Read.Role.ADJUDICATION), None)
        if last is None or last.consent_id is None or last.consent_version is None:
            continue
        patient = case.session.patient
        if Purpose.MODEL_IMPROVEMENT not in purposes_open_to(patient, today):
            continue
        if not has_consent(patient.pk, Purpose.MODEL_IMPROVEMENT):
            continue
        found = Finding.objects.filter(analysis__session=case.session).values_list("pk", "release")
        yield ReadLabel(
            session_id=case.session_id,
            case_id=case.pk,
            read_id=last.pk,
            grade=Grade.from_dict(last.grade),
            reader_ids=tuple(read.reader_id for read in reads),
            findings=tuple(found),
            consent_id=last.consent_id,
            consent_version=last.consent_version,
        )
