"""What a signed report says: frozen values, their canonical JSON and its hash. Pure.

Only what the clinician accepted or corrected enters; a rejected finding has no place here. The sentences are frozen
with the numbers, so that the document says for ever what was signed. ``Issue`` is added at signing; without it the
content is a draft, whose hash tells whether the document that was read is still the one being signed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The clinic as printed, the time zone its dates are meant in, and its paper (``a4`` or ``letter``)."""

    name: str
    address: str
    phone: str
    timezone: str
    usual_reply: str
    paper: str = "a4"


@dataclass(frozen=True, slots=True)
class Person:
    """The patient as printed. ``sex`` is a ``patients.models.Sex`` value."""

    record_number: str
    given_name: str
    family_name: str
    birth_date: dt.date
    sex: str

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding that counts.

    ``verdict`` is ``accepted`` or ``corrected``; ``view`` is empty for the session's own findings, ``site`` names the
    place of a trichoscopy picture; ``payload`` holds
    the numbers in the shape of ``analysis.models.Finding`` (a corrected one without what the model had said);
    ``statement`` is the finding in words, ``meaning`` what it means for the patient.
    """

    finding_id: str
    kind: str
    code: str
    view: str
    verdict: str
    title: str
    statement: str
    meaning: str
    payload: Mapping[str, Any]
    release: str
    site: str = ""
    photo_id: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """The clinician's own judgement, as written for the patient's record (R8)."""

    diagnosis_code: str = ""
    diagnosis: str = ""
    differential: tuple[str, ...] = ()
    examination: str = ""
    tests: str = ""
    reasoning: str = ""

    @property
    def empty(self) -> bool:
        return not (self.diagnosis or self.differential or self.examination or self.tests or self.reasoning)


@dataclass(frozen=True, slots=True)
class Treatment:
    """One line of the plan."""

    code: str
    category: str
    name: str
    dose: str
    duration: str
    instructions: str
    about: str
    monitoring: str
    prescription: bool
    why_despite_caution: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the report. ``kind`` is ``photo`` or ``marked``; the hash is over the JPEG (empty in a draft)."""

    id: str
    photo_id: str
    view: str
    kind: str
    alt: str
    sha256: str = ""
    width_px: int = 0
    height_px: int = 0


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs, as printed."""

    membership_id: str
    name: str
    qualification: str
    role: str


@dataclass(frozen=True, slots=True)
class Issue:
    """What signing adds: identity, time, verification code, and what it supersedes."""

    report_id: str
    signed_at: dt.datetime
    verification_code: str
    step_up: str
    supersedes_code: str = ""
    amendment_reason: str = ""


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything that the report says."""

    clinic: Letterhead
    patient: Person
    session_id: str
    session_date: dt.date
    views: tuple[str, ...]
    outcome: str  # approved or amended
    measured_by_models: bool
    no_models_because: str
    findings: tuple[FindingLine, ...]
    reading: Reading
    summary: str
    treatments: tuple[Treatment, ...]
    warnings: tuple[str, ...]
    follow_up_date: dt.date | None
    signatory: Signatory
    releases: tuple[str, ...]
    research_statement: str
    pictures: tuple[Picture, ...]
    issue: Issue | None = None
    language: str = "en"
    schema_version: int = field(default=SCHEMA_VERSION)

    def issued(self, issue: Issue, pictures: tuple[Picture, ...]) -> ReportContent:
        """The signed content: this draft with its pictures' hashes and the issue."""
        return replace(self, issue=issue, pictures=pictures)

    @property
    def signed_day(self) -> dt.date | None:
        """The day of the signature on the clinic's clock, as every page prints it; None in a draft."""
        return self.issue.signed_at.astimezone(ZoneInfo(self.clinic.timezone)).date() if self.issue else None

    def of_kind(self, kind: str) -> tuple[FindingLine, ...]:
        return tuple(line for line in self.findings if line.kind == kind)


def to_dict(content: ReportContent) -> dict[str, Any]:
    """JSON-ready form; dates and times as ISO 8601."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(content), default=_iso))
    return plain


def from_dict(raw: Mapping[str, Any]) -> ReportContent:
    """The content back from ``to_dict``. Raises ValueError for a schema this release does not know."""
    if raw.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"unknown schema of report content: {raw.get('schema_version')!r}")
    fields = dict(raw)
    issue = fields.pop("issue")
    patient = dict(fields.pop("patient"))
    reading = dict(fields.pop("reading"))
    follow_up = fields.pop("follow_up_date")
    return ReportContent(
        clinic=Letterhead(**fields.pop("clinic")),
        patient=Person(**{**patient, "birth_date": dt.date.fromisoformat(patient["birth_date"])}),
        session_date=dt.date.fromisoformat(fields.pop("session_date")),
        views=tuple(fields.pop("views")),
        findings=tuple(FindingLine(**line) for line in fields.pop("findings")),
        reading=Reading(**{**reading, "differential": tuple(reading["differential"])}),
        treatments=tuple(Treatment(**line) for line in fields.pop("treatments")),
        warnings=tuple(fields.pop("warnings")),
        follow_up_date=dt.date.fromisoformat(follow_up) if follow_up else None,
        signatory=Signatory(**fields.pop("signatory")),
        releases=tuple(fields.pop("releases")),
        pictures=tuple(Picture(**picture) for picture in fields.pop("pictures")),
        issue=Issue(**{**issue, "signed_at": dt.datetime.fromisoformat(issue["signed_at"])}) if issue else None,
        **fields,
    )


def canonical_json(raw: Mapping[str, Any]) -> bytes:
    """One spelling per content: sorted keys, no spaces, UTF-8."""
    return json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def content_hash(content: ReportContent) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits."""
    return hash_of(to_dict(content))


def hash_of(raw: Mapping[str, Any]) -> str:
    """SHA-256 of any JSON document's canonical spelling."""
    return hashlib.sha256(canonical_json(raw)).hexdigest()


def picture_uuid(picture: Picture) -> UUID:
    return UUID(picture.id)


def _iso(value: object) -> str:
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    raise TypeError(f"not JSON: {type(value).__name__}")
