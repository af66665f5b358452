"""The resources: what a clinician signed as DiagnosticReport, Observation, CarePlan and Provenance, and what they need.

Concepts without a verified LOINC code stand in the portal's own code systems (docs/fhir.md). References are
``urn:uuid:`` inside a bundle; the endpoints turn them into relative ones. What nobody signed is ``preliminary``.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fhir.resources.R4B.bundle import Bundle

from reports.content import FindingLine, Picture, ReportContent
from reports.fhir.facts import ConsentFacts, MeasuredFacts, MediaFacts, PatientFacts, ReportFacts, UnsignedFacts

Resource = dict[str, Any]

SYSTEM: Final = "urn:trichora"
ICD10: Final = "http://hl7.org/fhir/sid/icd-10"
_NAMESPACE: Final = uuid.UUID("c2f3a1d4-8f0e-4b58-9a4e-5f3d3f0c7b21")
_GENDERS: Final = {"female": "female", "male": "male", "other": "other"}
_UCUM: Final = {
    "%": "%", "mm2": "mm2", "mm": "mm", "um": "um", "per_cm2": "/cm2", "/cm2": "/cm2", "per_mm": "/mm",
    "mm/cm2": "mm/cm2", "index": "{index}", "score": "{score}", "ratio": "1", "1": "1",
}  # fmt: skip


def bundle(
    *,
    patient: PatientFacts,
    consents: Sequence[ConsentFacts],
    pictures: Sequence[MediaFacts],
    reports: Sequence[ReportFacts],
    now: dt.datetime,
) -> bytes:
    """The whole record as a FHIR collection, as JSON. Raises pydantic.ValidationError for a wrong resource."""
    resources = [patient_resource(patient)]
    resources += [_consent(patient, consent) for consent in consents]
    resources += [media(patient.id, picture) for picture in pictures]
    found = [item for report in reports for item in report_resources(patient.id, report)]
    resources += list({item["id"]: item for item in found}.values())  # reports share the devices of their models
    whole = Bundle.model_validate(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "timestamp": instant(now),
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


def instant(when: dt.datetime) -> str:
    """A moment as FHIR writes it, in UTC."""
    return when.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def patient_resource(facts: PatientFacts) -> Resource:
    """The person. An erased one has no birth date."""
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
        "dateTime": instant(facts.at),
        "policyRule": {"text": f"{facts.title}, version {facts.version}"},
        "provision": {"type": "permit" if facts.decision == "granted" else "deny"},
    }


def media(patient_id: str, facts: MediaFacts) -> Resource:
    """A picture: what it shows, where its bytes are, and their SHA-256 (FHIR's own ``hash`` is SHA-1, so not used)."""
    attachment = {
        "contentType": facts.media_type,
        "url": facts.url,
        "size": facts.size_bytes,
        "title": facts.title or facts.url,
    }
    item: Resource = {
        "resourceType": "Media",
        "id": facts.id,
        "status": "completed",
        "type": _concept("http://terminology.hl7.org/CodeSystem/media-type", "image", "Image"),
        "subject": reference(patient_id),
        "content": {key: value for key, value in attachment.items() if value},
    }
    if facts.sha256:
        item["identifier"] = [{"system": f"{SYSTEM}:sha256", "value": facts.sha256}]
    if facts.view:
        item["view"] = _concept(f"{SYSTEM}:view", facts.view, facts.view.replace("_", " "))
    if facts.width_px and facts.height_px:
        item |= {"width": facts.width_px, "height": facts.height_px}
    if facts.made_at:
        item["createdDateTime"] = instant(facts.made_at)
    return item


def report_resources(patient_id: str, report: ReportFacts) -> list[Resource]:
    """Everything that a signed report became: devices, pictures, observations, the report, its plan, its provenance.

    Raises ValueError for content that was not signed.
    """
    content = report.content
    if content.issue is None:
        raise ValueError("only a signed report becomes a DiagnosticReport")
    pictures = [media(patient_id, _frozen_picture(content, report, picture)) for picture in content.pictures]
    observations = [_observation(patient_id, content, line) for line in content.findings]
    rest = [_diagnostic(patient_id, report, observations), _plan(patient_id, report), _provenance(report)]
    return [*_devices(_releases(content)), *pictures, *observations, *(_without_none(item) for item in rest)]


def unsigned_resources(patient_id: str, case: UnsignedFacts) -> list[Resource]:
    """What models measured and nobody signed: a DiagnosticReport ``partial``, every Observation ``preliminary``.

    For clinicians only: the caller has checked who reads.
    """
    observations = [_preliminary(patient_id, case, line) for line in case.findings]
    report: Resource = {
        "resourceType": "DiagnosticReport",
        "id": case.session_id,
        "status": "partial",
        "code": {"text": "Hair and scalp report, waiting for a clinician"},
        "subject": reference(patient_id),
        "effectiveDateTime": case.session_date.isoformat(),
        "issued": instant(case.measured_at),
        "performer": [{"display": case.clinic}],
    }
    if observations:
        report["result"] = [reference(item["id"]) for item in observations]
    return [*_devices({line.release for line in case.findings if line.release}), *observations, report]


def device_resource(release: str) -> Resource:
    """A model as ``name-version``."""
    return {
        "resourceType": "Device",
        "id": derived_id("device", release),
        "deviceName": [{"name": release, "type": "model-name"}],
        "type": {"text": "Image analysis model, research use"},
        "version": [{"value": release.rpartition("-")[2] or release}],
    }


def _devices(releases: Iterable[str]) -> list[Resource]:
    return [device_resource(release) for release in sorted(releases)]


def _releases(content: ReportContent) -> set[str]:
    return {*content.releases, *(line.release for line in content.findings if line.release)}


def _who(content: ReportContent) -> dict[str, str]:
    return {"display": ", ".join(part for part in (content.signatory.name, content.signatory.qualification) if part)}


def _signed_at(content: ReportContent) -> str:
    return instant(content.issue.signed_at) if content.issue else ""


def _report_id(content: ReportContent) -> str:
    return content.issue.report_id if content.issue else ""


def _frozen_picture(content: ReportContent, report: ReportFacts, picture: Picture) -> MediaFacts:
    return MediaFacts(
        id=picture.id,
        media_type="image/jpeg",
        title=picture.alt,
        url=report.picture_urls.get(picture.id, ""),
        view=picture.view,
        sha256=picture.sha256,
        width_px=picture.width_px,
        height_px=picture.height_px,
        made_at=content.issue.signed_at if content.issue else None,
    )


def _diagnostic(patient_id: str, report: ReportFacts, observations: Sequence[Resource]) -> Resource:
    content, issue = report.content, report.content.issue
    assert issue is not None
    form: dict[str, Any] = {"contentType": "application/pdf", "url": report.pdf_url, "title": "Signed report (PDF/A-3)"}
    code = content.reading.diagnosis_code
    return {
        "resourceType": "DiagnosticReport",
        "id": issue.report_id,
        "extension": [{"url": f"{SYSTEM}:superseded", "valueBoolean": True}] if report.superseded else None,
        "identifier": [{"system": f"{SYSTEM}:verification-code", "value": issue.verification_code}],
        "status": "amended" if issue.supersedes_code else "final",
        "code": {"text": "Hair and scalp report"},
        "subject": reference(patient_id),
        "effectiveDateTime": content.session_date.isoformat(),
        "issued": _signed_at(content),
        "performer": [_who(content)],
        "result": [reference(item["id"]) for item in observations] or None,
        "media": [{"link": reference(picture.id)} for picture in content.pictures] or None,
        "conclusion": "\n".join(text for text in (content.reading.diagnosis, content.summary) if text) or None,
        "conclusionCode": [_concept(ICD10, code, content.reading.diagnosis)] if code[:1] == "L" else None,
        "presentedForm": [form] if report.pdf_url else None,
    }


def _provenance(report: ReportFacts) -> Resource:
    content, issue = report.content, report.content.issue
    assert issue is not None
    hashes = [("sha256", report.content_hash), ("pdf-sha256", report.pdf_sha256)]
    return {
        "resourceType": "Provenance",
        "id": derived_id("provenance", issue.report_id),
        "target": [reference(issue.report_id), reference(derived_id("plan", issue.report_id))],
        "recorded": _signed_at(content),
        "activity": {"text": "corrected and signed" if issue.supersedes_code else "reviewed and signed"},
        "agent": [
            {
                "type": {"text": content.signatory.role},
                "who": _who(content),
                "onBehalfOf": {"display": content.clinic.name},
            }
        ],
        "reason": [{"text": issue.amendment_reason}] if issue.amendment_reason else None,
        "entity": [
            {"role": "source", "what": {"identifier": {"system": f"{SYSTEM}:{name}", "value": value}}}
            for name, value in hashes
            if value
        ],
    }


def _observation(patient_id: str, content: ReportContent, line: FindingLine) -> Resource:
    return {
        "resourceType": "Observation",
        "id": derived_id("observation", _report_id(content), line.finding_id),
        "status": "final",
        **_observed(patient_id, line, content.session_date),
        "issued": _signed_at(content),
        "performer": [_who(content)],
    }


def _preliminary(patient_id: str, case: UnsignedFacts, line: MeasuredFacts) -> Resource:
    return {
        "resourceType": "Observation",
        "id": line.finding_id,
        "status": "preliminary",
        **_observed(patient_id, line, case.session_date),
        "issued": instant(case.measured_at),
        "performer": [{"display": case.clinic}],
    }


def _observed(patient_id: str, line: FindingLine | MeasuredFacts, day: dt.date) -> Resource:
    """What an Observation says, whoever stands for it."""
    item: Resource = {
        "category": [_concept("http://terminology.hl7.org/CodeSystem/observation-category", "imaging", "Imaging")],
        "code": _concept(f"{SYSTEM}:finding", line.code, line.title),
        "subject": reference(patient_id),
        "effectiveDateTime": day.isoformat(),
        "note": [{"text": line.statement}],
    }
    if line.release:
        item["device"] = reference(derived_id("device", line.release))
    if line.view:
        item["bodySite"] = _concept(f"{SYSTEM}:view", line.view, line.view.replace("_", " "))
    inside = {"severity": "index", "salt": "score"}.get(line.kind)
    number: Any = line.payload.get(inside) if inside else line.payload
    if line.kind == "region" and "share_of_scalp" in line.payload:
        edges = {edge: line.payload.get(f"share_{edge}") for edge in ("low", "high")}
        number = {"value": line.payload["share_of_scalp"], "unit": "%", **edges}
    if isinstance(number, Mapping) and number.get("value") is not None:
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


def _plan(patient_id: str, report: ReportFacts) -> Resource:
    content = report.content
    activities: list[Resource] = [
        {
            "detail": {
                "status": "scheduled",
                "code": _concept(f"{SYSTEM}:treatment", item.code, item.name),
                "description": "; ".join(part for part in (item.dose, item.duration, item.instructions) if part)
                or item.name,
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
        "id": derived_id("plan", _report_id(content)),
        "status": "revoked" if report.superseded else "active",
        "intent": "plan",
        "title": "Treatment plan",
        "description": content.summary or None,
        "subject": reference(patient_id),
        "created": _signed_at(content),
        "author": _who(content),
        "activity": activities or None,
        "note": [{"text": warning} for warning in content.warnings] or None,
    }


def _without_none(item: Resource) -> Resource:
    return {key: value for key, value in item.items() if value is not None}


def _quantity(value: float, unit: str) -> dict[str, Any]:
    quantity: dict[str, Any] = {"value": round(float(value), 4)}
    if unit in _UCUM:
        quantity |= {"unit": unit, "system": "http://unitsofmeasure.org", "code": _UCUM[unit]}
    elif unit:
        quantity["unit"] = unit
    return quantity


def _concept(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}
