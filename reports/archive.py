"""The patient's archive: every room's files, FHIR, signed reports, an index page and a manifest, as one ZIP (G3).

Nothing is written anywhere in clear: the ZIP is made while it is sealed. What no clinician confirmed lies in
``unreviewed/`` behind a cover page that says so.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO, Final
from uuid import UUID

from django.template.loader import render_to_string
from zipstream import ZipStream  # type: ignore[import-untyped]

from accounts import privacy
from accounts.models import Clinic
from patients.models import Consent, Patient
from reports import fhir
from reports.content import from_dict
from reports.models import ProgressDocument, Report, ReportImage
from vault import files

CHUNK_BYTES: Final = 256 * 1024
UNREVIEWED: Final = "unreviewed/"
DERIVED: Final = "derived/"  # pictures of signed reports
_STORED: Final = ("image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf")


@dataclass(frozen=True, slots=True)
class Written:
    """One file as it stands in the manifest."""

    path: str
    media_type: str
    size_bytes: int
    sha256: str
    description: str


class Archive:
    """Streams the archive of one patient. ``pulse`` is called between pieces, so the holder can renew its lease."""

    def __init__(self, patient: Patient, *, now: datetime, pulse: Callable[[], None]) -> None:
        self._patient = patient
        self._now = now
        self._pulse = pulse
        self._written: list[Written] = []

    def chunks(self) -> Iterator[bytes]:
        """The ZIP, piece by piece."""
        planned = self._planned()
        stream = ZipStream(compress_type=zipfile.ZIP_DEFLATED)
        for file in planned:
            kind = zipfile.ZIP_STORED if file.media_type in _STORED else zipfile.ZIP_DEFLATED
            stream.add(self._copy(file), file.path, compress_type=kind)
        stream.add(self._index(planned), "index.html")
        stream.add(self._manifest(), "manifest.json")
        for chunk in stream:
            self._pulse()
            yield chunk

    def _planned(self) -> list[privacy.ExportFile]:
        planned: dict[str, privacy.ExportFile] = {}
        for room in privacy.registered().values():
            for file in room.export(self._patient.pk):
                placed = _placed(file)
                planned.setdefault(placed.path, placed)
        if any(path.startswith(UNREVIEWED) for path in planned):
            cover = _text_file(f"{UNREVIEWED}COVER.html", render_to_string("reports/archive_cover.html", {}))
            planned[cover.path] = cover
        bundle = fhir_bundle(self._patient, list(planned.values()), now=self._now)
        planned["fhir/bundle.json"] = privacy.ExportFile(
            "fhir/bundle.json", "application/fhir+json", lambda: io.BytesIO(bundle), "The record as FHIR R4"
        )
        return list(planned.values())

    def _copy(self, file: privacy.ExportFile) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        with file.open() as source:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
                yield chunk
        self._written.append(Written(file.path, file.media_type, size, digest.hexdigest(), file.description))

    def _index(self, planned: Sequence[privacy.ExportFile]) -> Iterator[bytes]:
        """A generator, so that it is made only after everything that it lists."""
        groups: dict[str, list[Written]] = {}
        for written in self._written:
            folder = written.path.partition("/")[0] + "/" if "/" in written.path else ""
            groups.setdefault(folder, []).append(written)
        context = {
            "patient": self._patient,
            "clinic": self._patient.clinic,
            "made_at": self._now,
            "groups": sorted(groups.items()),
            "has_unreviewed": any(file.path.startswith(UNREVIEWED) for file in planned),
        }
        page = render_to_string("reports/archive_index.html", context).encode()
        digest = hashlib.sha256(page).hexdigest()
        self._written.append(Written("index.html", "text/html", len(page), digest, "A page that lists everything"))
        yield page

    def _manifest(self) -> Iterator[bytes]:
        """As the index: made last."""
        document: dict[str, Any] = {
            "made_at": self._now.isoformat(),
            "patient": str(self._patient.pk),
            "clinic": self._patient.clinic.name,
            "files": [
                {
                    "path": item.path,
                    "media_type": item.media_type,
                    "size_bytes": item.size_bytes,
                    "sha256": item.sha256,
                    "description": item.description,
                }
                for item in self._written
            ],
        }
        yield json.dumps(document, indent=2, ensure_ascii=False).encode()


class ChunkReader(io.RawIOBase):
    """Reads from an iterator of chunks: what the vault takes as its source."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Up to a buffer full of what the iterator gives; 0 at its end."""
        target = memoryview(buffer).cast("B")
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def fhir_bundle(patient: Patient, planned: Sequence[privacy.ExportFile], *, now: datetime) -> bytes:
    """The FHIR part: only what was signed, with links into the archive."""
    clinic: Clinic = patient.clinic
    consents = Consent.objects.filter(patient=patient).select_related("text").order_by("decided_at")
    reports = Report.objects.filter(patient=patient).select_related("superseded_by", "clinic", "patient")
    return fhir.bundle(
        patient=fhir.PatientFacts(
            id=str(patient.pk),
            record_number=patient.record_number,
            given_name=patient.given_name,
            family_name=patient.family_name,
            birth_date=patient.birth_date,
            sex=str(patient.sex or ""),
            clinic=clinic.name,
        ),
        consents=[
            fhir.ConsentFacts(str(row.pk), row.purpose, row.decision, row.text.title, row.text.version, row.decided_at)
            for row in consents
        ],
        pictures=[
            fhir.MediaFacts(
                id=fhir.derived_id("media", str(patient.pk), file.path),
                media_type=file.media_type,
                title=file.description or file.path,
                url=f"../{file.path}",
            )
            for file in planned
            if file.media_type.startswith("image/") and not file.path.startswith((UNREVIEWED, DERIVED))
        ],
        reports=[
            fhir.ReportFacts(
                content=from_dict(report.content),
                content_hash=report.content_hash,
                superseded=hasattr(report, "superseded_by"),
                pdf_url=f"../{pdf_path(report)}" if report.pdf_name else "",
                pdf_sha256=report.pdf_sha256,
                picture_urls={str(image.pk): f"../{_picture_path(report, image)}" for image in report.images.all()},
            )
            for report in reports.order_by("signed_at")
        ],
        now=now,
    )


def export_files(patient_id: UUID) -> Iterator[privacy.ExportFile]:
    """What this room contributes: each signed report as PDF and JSON, its pictures, and documents of progress."""
    reports = Report.objects.filter(patient_id=patient_id).select_related("patient", "clinic")
    for report in reports.order_by("signed_at"):
        stem = _stem(report)
        if report.pdf_name:
            yield privacy.ExportFile(
                pdf_path(report), "application/pdf", _opener(report, report.pdf_name), "Signed report"
            )
        content = json.dumps(report.content, indent=2, ensure_ascii=False).encode()
        yield privacy.ExportFile(
            f"reports/{stem}.json", "application/json", partial(io.BytesIO, content), "Signed report, as data"
        )
        for image in report.images.all():
            yield privacy.ExportFile(
                _picture_path(report, image),
                image.media_type,
                _opener(report, image.file_name),
                "Picture of the signed report",
            )
    yield from _progress_files(patient_id)


def _progress_files(patient_id: UUID) -> Iterator[privacy.ExportFile]:
    rows = ProgressDocument.objects.filter(patient_id=patient_id).exclude(pdf_name="").select_related("patient")
    for row in rows.order_by("requested_at"):
        yield privacy.ExportFile(
            f"progress/{row.requested_at:%Y-%m-%d}-{row.kind}-{str(row.pk)[:8]}.pdf",
            "application/pdf",
            partial(_open_sealed, row.sealing_key_id, row.pdf_name),
            "Changes between signed reports",
        )


def _open_sealed(key_id: UUID, name: str) -> BinaryIO:
    return files.open_file(key_id=key_id, name=name)  # type: ignore[return-value]


def pdf_path(report: Report) -> str:
    """Where the report's PDF lies in the archive."""
    return f"reports/{_stem(report)}.pdf"


def _picture_path(report: Report, image: ReportImage) -> str:
    return f"{DERIVED}{_stem(report)}/{image.position + 1:02d}-{image.view}-{image.kind}.jpg"


def _stem(report: Report) -> str:
    return f"{report.signed_at:%Y-%m-%d}-{report.verification_code[:5].lower()}"


def _opener(report: Report, name: str) -> Callable[[], BinaryIO]:
    return lambda: files.open_file(key_id=report.sealing_key_id, name=name)  # type: ignore[return-value]


def _placed(file: privacy.ExportFile) -> privacy.ExportFile:
    """Unreviewed output under its folder, whatever its room called it; no path leaves the archive."""
    path = "/".join(part for part in file.path.replace("\\", "/").split("/") if part not in ("", ".", ".."))
    if file.unreviewed and not path.startswith(UNREVIEWED):
        path = UNREVIEWED + path
    return privacy.ExportFile(path, file.media_type, file.open, file.description, file.unreviewed)


def _text_file(path: str, text: str) -> privacy.ExportFile:
    data = text.encode()
    return privacy.ExportFile(path, "text/html", lambda: io.BytesIO(data), "Read this first", unreviewed=True)
