"""A patient's record as FHIR R4 (release R4B of the Python models, which validates every resource). Pure.

Only what a clinician signed becomes an Observation or a DiagnosticReport. Concepts without a verified LOINC code stand
in the portal's own code systems. Pictures and PDFs are linked by their path inside the archive.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fhir.resources.R4B.bundle import Bundle

from reports.content import FindingLine, ReportContent

SYSTEM: Final = "urn:trichora"
ICD10: Final = "http://hl7.org/fhir/sid/icd-10"
_NAMESPACE: Final = uuid.UUID("c2f3a1d4-8f0e-4b58-9a4e-5f3d3f0c7b21")
_GENDERS: Final = {"female": "female", "male": "male", "other": "other"}
_UCUM: Final = {"%": "%", "mm2": "mm2", "per_cm2": "/cm2", "index": "{index}"}


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """Who the record is about."""

    id: str
    record_number: str
    given_name: str
    family_name: str
    birth_date: dt.date | None
    sex: str
    clinic: str


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """One decision about one purpose."""

    id: str
    purpose: str
    decision: str  # granted, refused, withdrawn
    title: str
    version: int
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A picture of the archive."""

    path: str
    media_type: str
    title: str


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A signed report with its place in the archive. ``superseded``: another one replaced it."""

    content: ReportContent
    pdf_path: str
    content_hash: str
    superseded: bool


def bundle(
    *,
    patient: PatientFacts,
    consents: Sequence[ConsentFacts],
    pictures: Sequence[FileFacts],
    reports: Sequence[ReportFacts],
    now: dt.datetime,
) -> bytes:
    """The whole record as a FHIR collection, as JSON. Raises pydantic.ValidationError for a wrong resource."""
    resources = [_patient(patient)]
    resources += [_consent(patient, consent) for consent in consents]
    resources += [_media(patient, picture, now) for picture in pictures]
    resources += _devices(reports)
    for report in reports:
        resources += _report(patient, report)
    whole = Bundle.model_validate(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "timestamp": now.isoformat(),
            "entry": [{"fullUrl": f"urn:uuid:{item['id']}", "resource": item} for item in resources],
        }
    )
    return str(whole.model_dump_json(indent=2)).encode()


def reference(identifier: str) -> dict[str, str]:
    """A reference inside the bundle."""
    return {"reference": f"urn:uuid:{identifier}"}


def derived_id(*parts: str) -> str:
    """A stable id for a resource that has no row of its own."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


def _patient(facts: PatientFacts) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": facts.id,
        "identifier": [{"system": f"{SYSTEM}:record-number", "value": facts.record_number}],
        "name": [{"use": "official", "family": facts.family_name, "given": facts.given_name.split() or ["-"]}],
        "gender": _GENDERS.get(facts.sex, "unknown"),
        **({"birthDate": facts.birth_date.isoformat()} if facts.birth_date else {}),
        "managingOrganization": {"display": facts.clinic},
    }


def _consent(patient: PatientFacts, facts: ConsentFacts) -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "id": facts.id,
        "status": "active"
        if facts.decision == "granted"
        else "rejected"
        if facts.decision == "refused"
        else "inactive",
        "scope": _concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy", "Privacy Consent"),
        "category": [_concept(f"{SYSTEM}:consent-purpose", facts.purpose, facts.title)],
        "patient": reference(patient.id),
        "dateTime": facts.at.isoformat(),
        "policyRule": {"text": f"{facts.title}, version {facts.version}"},
        "provision": {"type": "permit" if facts.decision == "granted" else "deny"},
    }


def _media(patient: PatientFacts, facts: FileFacts, now: dt.datetime) -> dict[str, Any]:
    return {
        "resourceType": "Media",
        "id": derived_id("media", patient.id, facts.path),
        "status": "completed",
        "type": _concept("http://terminology.hl7.org/CodeSystem/media-type", "image", "Image"),
        "subject": reference(patient.id),
        "content": {"contentType": facts.media_type, "url": f"../{facts.path}", "title": facts.title or facts.path},
    }


def _devices(reports: Iterable[ReportFacts]) -> list[dict[str, Any]]:
    releases = sorted({release for report in reports for release in _releases(report.content)})
    return [
        {
            "resourceType": "Device",
            "id": derived_id("device", release),
            "deviceName": [{"name": release, "type": "model-name"}],
            "type": {"text": "Image analysis model, research use"},
            "version": [{"value": release.rpartition("-")[2] or release}],
        }
        for release in releases
    ]


def _releases(content: ReportContent) -> set[str]:
    return {*content.releases, *(line.release for line in content.findings if line.release)}


def _report(patient: PatientFacts, report: ReportFacts) -> list[dict[str, Any]]:
    content = report.content
    issue = content.issue
    if issue is None:
        raise ValueError("only a signed report can be exported as a DiagnosticReport")
    signed_at = issue.signed_at.isoformat()
    who = {"display": ", ".join(part for part in (content.signatory.name, content.signatory.qualification) if part)}
    observations = [_observation(patient, content, line, signed_at, who) for line in content.findings]
    plan_id = derived_id("plan", issue.report_id)
    diagnostic: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "id": issue.report_id,
        "identifier": [{"system": f"{SYSTEM}:verification-code", "value": issue.verification_code}],
        "status": "amended" if issue.supersedes_code else "final",
        "code": {"text": "Hair and scalp report"},
        "subject": reference(patient.id),
        "effectiveDateTime": content.session_date.isoformat(),
        "issued": signed_at,
        "performer": [who],
        "conclusion": "\n".join(text for text in (content.reading.diagnosis, content.summary) if text) or None,
        "presentedForm": [
            {"contentType": "application/pdf", "url": f"../{report.pdf_path}", "title": "Signed report (PDF/A)"}
        ]
        if report.pdf_path
        else None,
    }
    if observations:
        diagnostic["result"] = [reference(item["id"]) for item in observations]
    if content.reading.diagnosis_code[:1] == "L":
        diagnostic["conclusionCode"] = [_concept(ICD10, content.reading.diagnosis_code, content.reading.diagnosis)]
    if report.superseded:
        diagnostic["extension"] = [{"url": f"{SYSTEM}:superseded", "valueBoolean": True}]
    provenance = {
        "resourceType": "Provenance",
        "id": derived_id("provenance", issue.report_id),
        "target": [reference(issue.report_id), reference(plan_id)],
        "recorded": signed_at,
        "agent": [
            {"type": {"text": content.signatory.role}, "who": who, "onBehalfOf": {"display": content.clinic.name}}
        ],
        "reason": [{"text": issue.amendment_reason}] if issue.amendment_reason else None,
        "entity": [
            {
                "role": "source",
                "what": {"identifier": {"system": f"{SYSTEM}:sha256", "value": report.content_hash}},
            }
        ],
    }
    found = [diagnostic, _plan(patient, content, plan_id, signed_at, who), provenance]
    return [*observations, *({key: value for key, value in item.items() if value is not None} for item in found)]


def _observation(
    patient: PatientFacts, content: ReportContent, line: FindingLine, signed_at: str, who: Mapping[str, str]
) -> dict[str, Any]:
    item: dict[str, Any] = {
        "resourceType": "Observation",
        "id": derived_id("observation", content.issue.report_id if content.issue else "", line.finding_id),
        "status": "final",
        "category": [
            _concept("http://terminology.hl7.org/CodeSystem/observation-category", "imaging", "Imaging"),
        ],
        "code": _concept(f"{SYSTEM}:finding", line.code, line.title),
        "subject": reference(patient.id),
        "effectiveDateTime": content.session_date.isoformat(),
        "issued": signed_at,
        "performer": [who],
        "note": [{"text": line.statement}],
    }
    if line.release:
        item["device"] = reference(derived_id("device", line.release))
    if line.view:
        item["bodySite"] = _concept(f"{SYSTEM}:view", line.view, line.view.replace("_", " "))
    number = line.payload.get("index") if line.kind == "severity" else line.payload
    if line.kind == "region" and "share_of_scalp" in line.payload:
        number = {"value": line.payload["share_of_scalp"], "unit": "%"}
    if number and number.get("value") is not None:
        item["valueQuantity"] = _quantity(number["value"], str(number.get("unit", "")))
        if number.get("low") is not None and number.get("high") is not None:
            item["component"] = [
                {
                    "code": _concept(f"{SYSTEM}:interval", edge, f"95 % interval, {edge}"),
                    "valueQuantity": _quantity(number[edge], str(number.get("unit", ""))),
                }
                for edge in ("low", "high")
            ]
    elif "reason" in line.payload:
        item["dataAbsentReason"] = _concept(f"{SYSTEM}:not-measurable", str(line.payload["reason"]), line.statement)
    else:
        item["valueString"] = line.statement
    return item


def _plan(
    patient: PatientFacts, content: ReportContent, plan_id: str, signed_at: str, who: Mapping[str, str]
) -> dict[str, Any]:
    activities: list[dict[str, Any]] = [
        {
            "detail": {
                "status": "scheduled",
                "code": _concept(f"{SYSTEM}:treatment", item.code, item.name),
                "description": "; ".join(part for part in (item.dose, item.duration, item.instructions) if part),
            }
        }
        for item in content.treatments
    ]
    if content.follow_up_date:
        activities.append(
            {
                "detail": {
                    "status": "scheduled",
                    "description": "Next photographs or visit",
                    "scheduledPeriod": {"start": content.follow_up_date.isoformat()},
                }
            }
        )
    return {
        "resourceType": "CarePlan",
        "id": plan_id,
        "status": "active",
        "intent": "plan",
        "title": "Treatment plan",
        "description": content.summary or None,
        "subject": reference(patient.id),
        "created": signed_at,
        "author": dict(who),
        "activity": activities or None,
        "note": [{"text": warning} for warning in content.warnings] or None,
    }


def _quantity(value: float, unit: str) -> dict[str, Any]:
    quantity: dict[str, Any] = {"value": round(float(value), 4)}
    if unit in _UCUM:
        quantity |= {"unit": unit, "system": "http://unitsofmeasure.org", "code": _UCUM[unit]}
    elif unit:
        quantity["unit"] = unit
    return quantity


def _concept(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}
