"""What clinicians corrected, as labels for better models (F1): with consent, lineage, and nothing leaving the store.

A label is chosen anew each time it is asked for: it exists while the patient's newest decision lets photographs improve
the models, the patient is an adult who registered themself, and the report is signed. Withdrawing the consent removes
it from the next selection; a removed photograph takes its labels along. The row holds ids, digests and the sealed
correction as it is read; pictures stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from analysis.models import Finding
from patients.models import Consent, Patient, Photo, Purpose
from patients.selectors import consent_state, purposes_open_to
from reviews.decisions import Verdict, effective, findings_of
from reviews.models import Review, ReviewStatus
from reviews.own_regions import own_regions

VERDICTS = (Verdict.ACCEPTED, Verdict.CORRECTED, Verdict.REJECTED)


@dataclass(frozen=True, slots=True)
class Label:
    """One statement about one photograph (or a session) with everything it came from.

    ``photo_digest`` is the keyed digest of the photograph's bytes as uploaded; ``finding_id`` None and ``release``
    empty: the clinician drew what no model said. ``payload`` is what counts: the corrected one, the model's where it
    was accepted, None where it was rejected; ``model_payload`` is what the model had said.
    """

    session_id: UUID
    patient_id: UUID
    photo_id: UUID | None
    photo_digest: str
    view: str
    finding_id: UUID | None
    region_id: UUID | None
    release: str
    kind: str
    code: str
    verdict: str
    payload: Mapping[str, Any] | None
    model_payload: Mapping[str, Any] | None
    reason: str
    cause: str  # of reviews.causes; empty where none of them was named
    review_id: UUID
    reviewer_id: UUID
    decided_at: datetime
    consent_id: UUID
    consent_version: int


def labels_of(clinic_id: UUID, *, today: date) -> Iterator[Label]:
    """Every label that may be used today, patient by patient. Unsigned work gives none."""
    rows = Review.objects.filter(clinic_id=clinic_id, status=ReviewStatus.SIGNED, session__patient__erased_at=None)
    newest: dict[UUID, Review] = {}
    for review in rows.select_related("session__patient", "analysis").order_by("closed_at"):
        newest[review.session_id] = review  # a correction of a signed report replaces what it corrects
    allowed: dict[UUID, Consent | None] = {}
    for review in newest.values():
        patient = review.session.patient
        if patient.pk not in allowed:
            allowed[patient.pk] = _consent(patient, today)
        consent = allowed[patient.pk]
        if consent is not None:
            yield from _labels(review, consent)


def _consent(patient: Patient, today: date) -> Consent | None:
    """The decision that lets this patient's photographs improve the models, while it holds."""
    if Purpose.MODEL_IMPROVEMENT not in purposes_open_to(patient, today):
        return None
    state = consent_state(patient.pk)[Purpose.MODEL_IMPROVEMENT]
    return state.consent if state.granted else None


def _labels(review: Review, consent: Consent) -> Iterator[Label]:
    decided = effective(review)
    for finding in findings_of(review):
        decision = decided.get(finding.pk)
        if decision is None or decision.verdict not in VERDICTS:
            continue
        payload = decision.corrected if decision.verdict == Verdict.CORRECTED else finding.payload
        yield Label(
            **_of_photo(finding.photo),
            **_of_review(review, consent),
            finding_id=finding.pk,
            region_id=None,
            release=finding.release,
            kind=finding.kind,
            code=finding.code,
            verdict=decision.verdict,
            payload=None if decision.verdict == Verdict.REJECTED else payload,
            model_payload=finding.payload,
            reason=decision.reason,
            cause=decision.cause,
            reviewer_id=decision.decided_by_id,
            decided_at=decision.at,
        )
    for region in own_regions(review):
        yield Label(
            **_of_photo(region.photo),
            **_of_review(review, consent),
            finding_id=None,
            region_id=region.region_id,
            release="",
            kind=Finding.Kind.REGION,
            code=region.kind,
            verdict="added",
            payload=region.payload,
            model_payload=None,
            reason=region.reason,
            cause="",
            reviewer_id=region.drawn_by_id,
            decided_at=region.at,
        )


def _of_photo(photo: Photo | None) -> dict[str, Any]:
    if photo is None:
        return {"photo_id": None, "photo_digest": "", "view": ""}
    return {"photo_id": photo.pk, "photo_digest": photo.sha256, "view": photo.view}


def _of_review(review: Review, consent: Consent) -> dict[str, Any]:
    return {
        "session_id": review.session_id,
        "patient_id": review.session.patient_id,
        "review_id": review.pk,
        "consent_id": consent.pk,
        "consent_version": consent.text.version,
    }
