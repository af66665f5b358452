"""The archive (G3): everything, readable, sealed while it is made, one holder at a time, gone when it expires."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from functools import cache

import pytest
from django.urls import reverse
from fhir.resources.R4B.bundle import Bundle

from accounts.errors import DomainError, NotAllowed, NotFound
from accounts.models import AuditEvent, Notification
from patients.models import Photo
from patients.selectors import open_photo
from reports import services
from reports.models import ExportRequest
from reports.services import exporting
from tests.factories.patients import NOW, holder_actor, holder_of, make_clinic, make_patient, signed_in
from tests.factories.reports import REJECTED_SHARE, Case, make_case, signed_report
from vault import files
from vault.errors import SealedFileMissing

pytestmark = pytest.mark.django_db


def build(case: Case) -> zipfile.ZipFile:
    export = services.request_export(actor=case.holder, patient_id=case.patient.pk, now=NOW)
    assert services.build_export(export_id=export.pk, now=NOW)
    _export, reader = services.open_export(actor=case.holder, export_id=export.pk, now=NOW)
    with reader:
        return zipfile.ZipFile(io.BytesIO(reader.read()))


def an_archive() -> tuple[Case, zipfile.ZipFile]:
    case, _report = signed_report(render=True)
    return case, build(case)


_made_once = cache(an_archive)


@pytest.fixture
def whole(db) -> zipfile.ZipFile:
    """An archive to be looked into: the rows are gone after the first test that asked."""
    return _made_once()[1]


def test_the_archive_holds_everything_and_says_what_it_is():
    case, whole = an_archive()
    names = set(whole.namelist())
    assert {
        "index.html",
        "manifest.json",
        "fhir/bundle.json",
        "consents.json",
        "intake.json",
        "access-log.json",
    } <= names
    originals = [name for name in names if name.startswith("originals/")]
    assert len(originals) == 2
    photo = Photo.objects.filter(session=case.session).order_by("created_at")[0]
    with open_photo(photo) as stream:
        assert stream.read() in {whole.read(name) for name in originals}
    pdfs = [name for name in names if name.startswith("reports/") and name.endswith(".pdf")]
    assert len(pdfs) == 1
    assert whole.read(pdfs[0])[:5] == b"%PDF-"
    assert len([name for name in names if name.startswith("derived/")]) == 3
    assert whole.testzip() is None


def test_every_file_has_the_hash_of_the_manifest(whole):
    manifest = json.loads(whole.read("manifest.json"))
    listed = {item["path"]: item for item in manifest["files"]}
    assert set(listed) | {"manifest.json"} == set(whole.namelist())
    for path, item in listed.items():
        assert hashlib.sha256(whole.read(path)).hexdigest() == item["sha256"]


def test_the_index_reads_without_the_portal(whole):
    page = whole.read("index.html").decode()
    assert "Mira Sommer" in page
    assert "unreviewed/COVER.html" in page
    for outside in ("http://", "https://", "<script", "src="):
        assert outside not in page


def test_unsigned_machine_output_lies_apart_behind_a_cover(whole):
    cover = whole.read("unreviewed/COVER.html").decode()
    assert "No clinician has confirmed what is in this folder" in cover
    for name in whole.namelist():
        if name.startswith(("unreviewed/", "index.html", "manifest.json")):
            continue
        if name.endswith((".json", ".html")):
            assert str(REJECTED_SHARE) not in whole.read(name).decode(), name


def test_the_fhir_bundle_is_valid_and_links_into_the_archive(whole):
    raw = json.loads(whole.read("fhir/bundle.json"))
    Bundle.model_validate(raw)
    kinds = {entry["resource"]["resourceType"] for entry in raw["entry"]}
    assert kinds == {
        "Patient", "Consent", "Media", "Observation", "DiagnosticReport", "CarePlan", "Device", "Provenance",
    }  # fmt: skip
    names = set(whole.namelist())
    known = {entry["fullUrl"] for entry in raw["entry"]}
    for reference in references(raw):
        assert reference in known
    report = next(e["resource"] for e in raw["entry"] if e["resource"]["resourceType"] == "DiagnosticReport")
    assert report["status"] == "final"
    for attachment in [
        *report["presentedForm"],
        *(e["resource"]["content"] for e in raw["entry"] if e["resource"]["resourceType"] == "Media"),
    ]:
        assert attachment["url"].removeprefix("../") in names


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [str(node["reference"])] if "reference" in node else []
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []


def test_an_archive_without_a_report_has_no_report():
    case = make_case()
    whole = build(case)
    raw = json.loads(whole.read("fhir/bundle.json"))
    kinds = {entry["resource"]["resourceType"] for entry in raw["entry"]}
    assert "DiagnosticReport" not in kinds
    assert "Observation" not in kinds


def test_one_export_is_prepared_at_a_time():
    case = make_case()
    first = services.request_export(actor=case.holder, patient_id=case.patient.pk, now=NOW)
    again = services.request_export(actor=case.holder, patient_id=case.patient.pk, now=NOW)
    assert first.pk == again.pk


def test_a_second_delivery_does_nothing_while_the_first_holds_the_lease():
    case = make_case()
    export = services.request_export(actor=case.holder, patient_id=case.patient.pk, now=NOW)
    assert exporting._claim(export.pk, NOW) is not None
    assert services.build_export(export_id=export.pk, now=NOW) is False


def test_a_holder_that_lost_its_lease_throws_its_archive_away(monkeypatch, settings):
    case = make_case()
    export = services.request_export(actor=case.holder, patient_id=case.patient.pk, now=NOW)
    original = exporting._archive

    def overtaken(row, holder, now):
        yield from original(row, holder, now)
        assert exporting._claim(export.pk, NOW + timedelta(minutes=10)) is not None

    monkeypatch.setattr(exporting, "_archive", overtaken)
    before = sealed_exports(settings)
    assert services.build_export(export_id=export.pk, now=NOW) is False
    assert sealed_exports(settings) == before
    assert ExportRequest.objects.get(pk=export.pk).status == "queued"


def test_three_failures_park_the_export(monkeypatch):
    case = make_case()
    export = services.request_export(actor=case.holder, patient_id=case.patient.pk, now=NOW)

    def fail(*_):
        raise OSError("the storage is full")

    monkeypatch.setattr(exporting, "_archive", fail)
    for _ in range(exporting.MAX_ATTEMPTS):
        with pytest.raises(OSError):
            services.build_export(export_id=export.pk, now=NOW)
    assert ExportRequest.objects.get(pk=export.pk).status == "failed"
    assert services.build_export(export_id=export.pk, now=NOW) is False


def test_the_archive_is_sealed_and_expires(settings):
    case = make_case()
    build(case)
    export = ExportRequest.objects.get()
    assert export.expires_at == NOW + timedelta(hours=72)
    assert not any(b"index.html" in path.read_bytes() for path in sealed_exports(settings))
    late = NOW + timedelta(hours=73)
    with pytest.raises(DomainError, match="expired"):
        services.open_export(actor=case.holder, export_id=export.pk, now=late)
    services.sweep_exports(now=late)
    export.refresh_from_db()
    assert export.status == "expired"
    assert export.file_name == ""


def test_expired_archives_are_deleted_from_the_store(django_capture_on_commit_callbacks):
    case = make_case()
    build(case)
    name = ExportRequest.objects.get().file_name
    with django_capture_on_commit_callbacks(execute=True):
        services.sweep_exports(now=NOW + timedelta(hours=73))
    with pytest.raises(SealedFileMissing):
        files.open_file(key_id=case.patient.key_id, name=name)


def test_only_the_patient_fetches_the_archive():
    case = make_case()
    build(case)
    export = ExportRequest.objects.get()
    stranger = holder_actor(make_patient(make_clinic("Elsewhere")))
    with pytest.raises(NotFound):
        services.open_export(actor=stranger, export_id=export.pk, now=NOW)
    with pytest.raises(NotAllowed):
        services.open_export(actor=case.reviewer, export_id=export.pk, now=NOW)


def test_the_patient_asks_waits_and_downloads(monkeypatch):
    case, _report = signed_report()
    client = signed_in(holder_of(case.patient))
    url = reverse("reports:exports", args=[case.patient.pk])
    assert "Make a new archive" in client.get(url).content.decode()
    client.post(url)
    waiting = client.get(reverse("reports:exports_status", args=[case.patient.pk])).content.decode()
    assert "hx-get" in waiting
    export = ExportRequest.objects.get()
    services.build_export(export_id=export.pk, now=export.requested_at)
    assert Notification.objects.filter(kind="export_ready").count() == 1
    ready = client.get(reverse("reports:exports_status", args=[case.patient.pk])).content.decode()
    assert "hx-get" not in ready
    response = client.get(reverse("reports:export_download", args=[export.pk]))
    body = b"".join(response)
    export.refresh_from_db()
    assert hashlib.sha256(body).hexdigest() == export.sha256
    assert int(response["Content-Length"]) == len(body)
    assert "no-store" in response["Cache-Control"]
    assert AuditEvent.objects.filter(action="export.downloaded", patient_id=case.patient.pk).count() == 1


def sealed_exports(settings) -> list:
    from pathlib import Path

    return sorted((Path(settings.STORAGES["sealed"]["OPTIONS"]["location"]) / "exports").glob("*.sealed"))
