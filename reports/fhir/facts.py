"""What a FHIR record is made from: frozen values, handed over by whoever knows the rows. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from reports.content import ReportContent


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
class MediaFacts:
    """A picture. ``url`` leads to its content; ``sha256`` is over its bytes where the portal knows it."""

    id: str
    media_type: str
    title: str
    url: str = ""
    view: str = ""
    sha256: str = ""
    size_bytes: int = 0
    width_px: int = 0
    height_px: int = 0
    made_at: dt.datetime | None = None
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A signed report. ``superseded``: another one replaced it; ``picture_urls`` by picture id, where there are some.

    ``pdf_sha256`` is empty while the PDF is being made.
    """

    content: ReportContent
    content_hash: str
    superseded: bool = False
    pdf_url: str = ""
    pdf_sha256: str = ""
    picture_urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeasuredFacts:
    """One finding of a model that nobody has signed yet."""

    finding_id: str
    kind: str
    code: str
    view: str
    title: str
    statement: str
    payload: Mapping[str, object]
    release: str


@dataclass(frozen=True, slots=True)
class UnsignedFacts:
    """A submitted case that was measured and not signed: for clinicians, as a report in the state ``partial``."""

    session_id: str
    session_date: dt.date
    measured_at: dt.datetime
    clinic: str
    findings: tuple[MeasuredFacts, ...]
