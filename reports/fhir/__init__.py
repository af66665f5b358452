"""A patient's record as FHIR R4: in the archive, inside the signed PDF, and on the portal's FHIR endpoints. Pure."""

from __future__ import annotations

from reports.fhir.facts import ConsentFacts, MeasuredFacts, MediaFacts, PatientFacts, ReportFacts, UnsignedFacts
from reports.fhir.resources import (
    SYSTEM,
    Resource,
    bundle,
    derived_id,
    device_resource,
    instant,
    media,
    patient_resource,
    report_resources,
    unsigned_resources,
)

__all__ = [
    "SYSTEM",
    "ConsentFacts",
    "MeasuredFacts",
    "MediaFacts",
    "PatientFacts",
    "ReportFacts",
    "Resource",
    "UnsignedFacts",
    "bundle",
    "derived_id",
    "device_resource",
    "instant",
    "media",
    "patient_resource",
    "report_resources",
    "unsigned_resources",
]
