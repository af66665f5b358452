"""What a delta report (L3) or a summary (L6) says: words frozen with the numbers, on screen as on paper. Pure.

Like a signed report's content it is plain JSON with a hash; unlike that it is made on request and signed by nobody: it
names the signed reports that it was made from.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from reports.content import Letterhead, Person, hash_of

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Source:
    """A signed report that the document was made from."""

    report_id: str
    day: str  # of the photographs
    signed: str
    signatory: str
    code: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One number then and now. ``said`` is a ``reviews.judging.Said`` value, ``words`` the same for people."""

    name: str
    then: str
    then_range: str
    now: str
    now_range: str
    change: str
    percent: str
    detectable: str
    said: str
    words: str
    why: str
    meaning: str


@dataclass(frozen=True, slots=True)
class AreaLine:
    """The change of one metric on a part of the scalp that both photographs show."""

    metric: str
    area: str
    then: str
    now: str
    change: str
    interval: str
    percent: str


@dataclass(frozen=True, slots=True)
class CauseLine:
    """What a difference of two photographs' own values is put down to."""

    metric: str
    difference: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture: a frozen one of a signed report, or a derived one of a released comparison.

    ``source`` is ``report`` or ``comparison``; ``id`` names the ReportImage, or the ComparisonImage.
    """

    source: str
    id: str
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart: its specification, itself in words, and its numbers as a table."""

    id: str
    title: str
    label: str
    band: str
    spec: Mapping[str, Any]
    rows: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Everything about one view, or about the session as a whole. ``note``: why the photographs are not compared."""

    name: str
    note: str
    rows: tuple[ChangeRow, ...]
    areas: tuple[AreaLine, ...] = ()
    causes: tuple[CauseLine, ...] = ()
    places: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    pictures: tuple[Shown, ...] = ()
    charts: tuple[Drawn, ...] = ()


@dataclass(frozen=True, slots=True)
class CourseLine:
    """A treatment and how long it has been in the plan."""

    letter: str
    name: str
    doses: str
    started: str
    ended: str


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What the patient said about side effects on one day."""

    day: str
    said: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class ProgressContent:
    """The whole document. ``made_on`` is the day of the newest source, so that equal sources give an equal document."""

    kind: str  # reports.models.ProgressDocument.Kind
    title: str
    period: str
    lead: tuple[str, ...]
    clinic: Letterhead
    patient: Person
    made_on: dt.date
    sources: tuple[Source, ...]
    groups: tuple[Group, ...]
    courses: tuple[CourseLine, ...]
    answers: tuple[AnswerLine, ...]
    asked_about_side_effects: bool
    research_statement: str
    language: str = "en"
    schema_version: int = field(default=SCHEMA_VERSION)


def to_dict(content: ProgressContent) -> dict[str, Any]:
    """JSON-ready form; dates as ISO 8601."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(content), default=lambda value: value.isoformat()))
    return plain


def from_dict(raw: Mapping[str, Any]) -> ProgressContent:
    """The content back from :func:`to_dict`. Raises ValueError for a schema this release does not know."""
    if raw.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"unknown schema of a progress document: {raw.get('schema_version')!r}")
    fields = dict(raw)
    patient = dict(fields.pop("patient"))
    return ProgressContent(
        clinic=Letterhead(**fields.pop("clinic")),
        patient=Person(**{**patient, "birth_date": dt.date.fromisoformat(patient["birth_date"])}),
        made_on=dt.date.fromisoformat(fields.pop("made_on")),
        lead=tuple(fields.pop("lead")),
        sources=tuple(Source(**one) for one in fields.pop("sources")),
        groups=tuple(_group(one) for one in fields.pop("groups")),
        courses=tuple(CourseLine(**one) for one in fields.pop("courses")),
        answers=tuple(AnswerLine(**{**one, "said": tuple(one["said"])}) for one in fields.pop("answers")),
        **fields,
    )


def progress_hash(raw: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON."""
    return hash_of(raw)


def _group(raw: Mapping[str, Any]) -> Group:
    return Group(
        name=raw["name"],
        note=raw["note"],
        rows=tuple(ChangeRow(**one) for one in raw["rows"]),
        areas=tuple(AreaLine(**one) for one in raw["areas"]),
        causes=tuple(
            CauseLine(one["metric"], one["difference"], tuple((name, amount) for name, amount in one["parts"]))
            for one in raw["causes"]
        ),
        places=tuple(raw["places"]),
        remarks=tuple(raw["remarks"]),
        pictures=tuple(Shown(**one) for one in raw["pictures"]),
        charts=tuple(Drawn(**{**one, "rows": tuple(tuple(row) for row in one["rows"])}) for one in raw["charts"]),
    )
