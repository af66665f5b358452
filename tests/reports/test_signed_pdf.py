"""The digital signature under a report's PDF: what it covers and carries, and what happens without one."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import pikepdf
import pytest
from django.urls import reverse
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import load_cert_from_pemder
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from accounts.errors import DomainError
from accounts.models import AuditEvent, Clinic, Notification
from accounts.roles import Role
from reports import certificates, fhir, services, signature
from reports.certificates import SigningFailed
from reports.content import from_dict
from reports.models import Report
from reports.services.rendering import FHIR_NAME, HASHES_NAME, MAX_ATTEMPTS
from reviews.reading import Reading
from tests.factories.patients import NOW, actor_for, make_clinic, make_staff, signed_in
from tests.factories.reports import signed_report
from vault import files
from vision.types import View

pytestmark = pytest.mark.django_db
FULL = (View.CROWN, View.HAIRLINE, View.TEMPLE_LEFT, View.TEMPLE_RIGHT, View.PART, View.OCCIPUT)


def pdf_bytes(report: Report) -> bytes:
    return files.read_all(key_id=report.sealing_key_id, name=report.pdf_name, limit=20_000_000)


def an_issued_report() -> tuple[Report, bytes]:
    _case, report = signed_report(render=True)
    return report, pdf_bytes(report)


_made_once = cache(an_issued_report)


@pytest.fixture
def issued(db) -> tuple[Report, bytes]:
    """A report and its signed PDF, to be looked at: the rows are gone after the first test that asked."""
    return _made_once()


@pytest.fixture
def unsignable(settings, tmp_path):
    """A portal without certificates, as a clinic's that forgot to install one."""
    settings.SIGNING_FOLDER, settings.SIGNING_DEMO_CERTIFICATES = tmp_path, False
    return tmp_path


def status_of(data: bytes, trusted: list | None = None):
    found = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
    return validate_pdf_signature(found, ValidationContext(trust_roots=trusted or [], allow_fetching=False))


def certificate_inside(data: bytes):
    return PdfFileReader(io.BytesIO(data)).embedded_signatures[0].signer_cert


def pdfsig(data: bytes, tmp_path) -> str:
    if shutil.which("pdfsig") is None:
        pytest.skip("pdfsig (poppler-utils) is not installed")
    place = tmp_path / "report.pdf"
    place.write_bytes(data)
    return subprocess.run(["pdfsig", str(place)], capture_output=True, text=True, check=False).stdout


def test_pyhanko_trusts_the_signature_by_the_clinics_certificate(issued):
    report, data = issued
    status = status_of(data, [certificate_inside(data)])
    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert certificate_inside(data).sha256.hex() == report.pdf_certificate
    assert report.pdf_profile == "PAdES B-B"
    assert report.pdf_signer == "DEMO Hair Clinic North"
    found = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
    assert found.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert found.docmdp_level.name == "NO_CHANGES"


def test_pdfsig_finds_it_valid_and_both_catch_one_changed_byte(issued, tmp_path):
    report, data = issued
    told = pdfsig(data, tmp_path)
    assert "Signature is Valid" in told
    assert "Total document signed" in told
    assert report.pdf_signer in told
    at = data.index(b"\xff\xd8\xff") + 400  # inside a photograph
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert "Signature is Valid" not in pdfsig(changed, tmp_path)
    assert not signature.holds(changed)
    assert not status_of(changed).intact


def test_archival_metadata_survives_the_signature(issued):
    with pikepdf.open(io.BytesIO(issued[1])) as document:
        metadata = document.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert "pdfuaid:part" not in metadata  # its rules are followed, its name is not claimed
        assert metadata["dc:title"].startswith("Hair and scalp report P-")
        assert "/Version" not in document.Root
        assert document.pdf_version == "1.7"


def test_the_attached_bundle_and_hashes_are_those_of_the_report():
    report, data = an_issued_report()
    with pikepdf.open(io.BytesIO(data)) as document:
        related = {str(item.UF): str(item.AFRelationship) for item in document.Root.AF}
        assert related == {FHIR_NAME: "/Data", HASHES_NAME: "/Supplement"}
        inside = {name: item.get_file().read_bytes() for name, item in document.attachments.items()}
        kinds = {str(item.UF): str(item.EF.F.Subtype) for item in document.Root.AF}
    assert kinds == {FHIR_NAME: "/application/fhir+json", HASHES_NAME: "/application/json"}
    bundle = json.loads(inside[FHIR_NAME])
    resources = [entry["resource"] for entry in bundle["entry"]]
    expected = fhir.report_resources(
        str(report.patient_id), fhir.ReportFacts(from_dict(report.content), report.content_hash)
    )
    assert [item["id"] for item in resources[1:]] == [item["id"] for item in expected]
    hashes = json.loads(inside[HASHES_NAME])
    assert hashes["content_sha256"] == report.content_hash
    stored = {str(image.pk): image.sha256 for image in report.images.all()}
    assert {image["id"]: image["sha256"] for image in hashes["images"]} == stored


def test_it_follows_the_rules_of_an_accessible_pdf(issued):
    """What ISO 14289-1 asks for and a program can check: title, language, order, figures, headings, tables, lists."""
    with pikepdf.open(io.BytesIO(issued[1])) as document:
        assert document.Root.ViewerPreferences.DisplayDocTitle
        assert str(document.Root.Lang) == "en"
        assert document.Root.MarkInfo.Marked
        whole = document.Root.StructTreeRoot.K[0]
        elements = list(walk(whole))
        levels = [
            int(str(item.S)[2]) for item, _parent in elements if str(item.S)[1:2] == "H" and len(str(item.S)) == 3
        ]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        for item, parent in elements:
            match str(item.S):
                case "/Figure" | "/Form":
                    assert str(item.Alt)
                case "/TH":
                    assert str(item.A.Scope) in {"/Row", "/Column"}
                case "/TD":
                    assert len(item.A.Headers) >= 1
                case "/TR":
                    assert str(parent.S) in {"/Table", "/THead", "/TBody"}
                case "/LI":
                    assert str(parent.S) == "/L"
                case "/L":
                    assert {str(kid.S) for kid in item.K} == {"/LI"}
        for number, page in enumerate(document.pages):
            assert str(page.Tabs) == "/S"
            for annotation in page.get("/Annots", []):
                assert str(annotation.Contents)
                assert "/StructParent" in annotation
            assert all_content_is_tagged_or_artifact(document, page, elements), f"page {number + 1}"


def walk(element, parent=None):
    yield element, parent
    for kid in element.get("/K", []):
        if isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/StructElem":
            yield from walk(kid, element)


def all_content_is_tagged_or_artifact(document, page, elements) -> bool:
    held = set()
    for item, _parent in elements:
        if item.get("/Pg") == page.obj:
            held |= {int(kid) for kid in item.K if not isinstance(kid, pikepdf.Object)}
    depth, marked = 0, []
    for instruction in pikepdf.parse_content_stream(page):
        name, operands = str(instruction.operator), instruction.operands
        if name in ("BDC", "BMC"):
            depth += 1
            if name == "BDC" and "/MCID" in operands[1]:
                marked.append(int(operands[1].MCID))
        elif name == "EMC":
            depth -= 1
        elif name in ("Tj", "TJ", "Do", "f", "f*", "S", "sh") and depth == 0:
            return False
    return set(marked) == held


@pytest.mark.parametrize(("paper", "size"), [("a4", "595.276 x 841.89"), ("letter", "612 x 792")])
def test_a_full_case_fits_the_clinics_paper(paper, size, tmp_path):
    if shutil.which("pdfinfo") is None:
        pytest.skip("pdfinfo (poppler-utils) is not installed")
    clinic = make_clinic()
    Clinic.objects.filter(pk=clinic.pk).update(paper=paper)
    reading = Reading(diagnosis_code="L64", examination="Miniaturised hairs; no scarring.", reasoning="Pattern fits.")
    _case, report = signed_report(render=True, clinic=Clinic.objects.get(pk=clinic.pk), views=FULL, reading=reading)
    place = tmp_path / f"{paper}.pdf"
    place.write_bytes(pdf_bytes(report))
    told = subprocess.run(["pdfinfo", str(place)], capture_output=True, text=True, check=True).stdout
    assert size in told
    assert "Pages:           3" in told


def test_without_a_certificate_no_pdf_is_attached_and_the_administrator_is_told(unsignable):
    case, report = signed_report()
    administrator = make_staff(Role.ADMINISTRATOR, case.clinic)
    for _attempt in range(MAX_ATTEMPTS):
        with pytest.raises(SigningFailed):
            services.render_report(report_id=report.pk, now=NOW)
    stuck = Report.objects.get(pk=report.pk)
    assert (stuck.pdf_name, stuck.pdf_signer, stuck.pdf_failure) == ("", "", "certificate_missing")
    assert Notification.objects.filter(kind="report_not_issued", recipient=administrator.user).count() == 1
    assert AuditEvent.objects.get(action="report.not_issued").detail == {"code": "certificate_missing"}
    page = signed_in(administrator.user).get(reverse("reports:signing")).content.decode()
    assert "No report can be signed now" in page
    assert report.verification_code in page
    verified = signed_in(administrator.user).get(reverse("reports:verify_code", args=[report.verification_code]))
    assert "The PDF is not issued yet" in verified.content.decode()


def test_a_certificate_put_right_lets_the_administrator_try_again(unsignable, settings):
    case, report = signed_report()
    Report.objects.filter(pk=report.pk).update(pdf_attempts=MAX_ATTEMPTS, pdf_failure="certificate_missing")
    (unsignable / f"{case.clinic.pk}.p12").write_bytes(clinic_file("Hair Clinic North GmbH"))
    administrator = actor_for(make_staff(Role.ADMINISTRATOR, case.clinic).user)
    services.retry_pdf(actor=administrator, report_id=report.pk, now=NOW)
    assert services.render_report(report_id=report.pk, now=NOW)
    issued = Report.objects.get(pk=report.pk)
    assert (issued.pdf_signer, issued.pdf_failure) == ("Hair Clinic North GmbH", "")
    with pytest.raises(DomainError, match="has its PDF"):
        services.retry_pdf(actor=administrator, report_id=report.pk, now=NOW)


def clinic_file(subject: str, life: timedelta = timedelta(days=365)) -> bytes:
    return certificates.make(subject, organisation="Tests", now=datetime.now(UTC), life=life)


def test_an_expired_certificate_signs_nothing(unsignable):
    case, report = signed_report()
    (unsignable / "default.p12").write_bytes(clinic_file("Old", timedelta(hours=-1)))
    with pytest.raises(SigningFailed, match="certificate_expired"):
        services.render_report(report_id=report.pk, now=datetime.now(UTC))
    assert Report.objects.get(pk=report.pk).pdf_failure == "certificate_expired"
    assert case.clinic.name


def test_a_certificate_of_later_signs_nothing_of_before_it(unsignable):
    _case, report = signed_report()
    (unsignable / "default.p12").write_bytes(clinic_file("New"))
    with pytest.raises(SigningFailed, match="certificate_not_yet_valid"):
        services.render_report(report_id=report.pk, now=certificates.MADE_VALID_FROM - timedelta(days=1))
    assert services.render_report(report_id=report.pk, now=certificates.MADE_VALID_FROM + timedelta(days=1))


def test_a_clinics_own_certificate_and_passphrase_come_before_the_default(unsignable, settings):
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    clinic = make_clinic()
    key, certificate, _more = pkcs12.load_key_and_certificates(clinic_file("Own"), None)
    locked = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, BestAvailableEncryption(b"open"))
    (unsignable / "default.p12").write_bytes(clinic_file("Everybody's"))
    assert certificates.for_clinic(clinic.pk, clinic.name).subject == "Everybody's"
    (unsignable / f"{clinic.pk}.p12").write_bytes(locked)
    with pytest.raises(SigningFailed, match="unreadable"):
        certificates.for_clinic(clinic.pk, clinic.name)
    settings.SIGNING_PASSPHRASES = {str(clinic.pk): "open"}
    found = certificates.for_clinic(clinic.pk, clinic.name)
    assert found.subject == "Own"
    _case, report = signed_report(render=True, clinic=clinic)
    assert report.pdf_signer == "Own"


def test_a_signature_that_does_not_hold_is_not_attached(monkeypatch):
    _case, report = signed_report()
    monkeypatch.setattr(signature, "holds", lambda data: False)
    with pytest.raises(SigningFailed, match="signature_broken"):
        services.render_report(report_id=report.pk, now=NOW)
    assert Report.objects.get(pk=report.pk).pdf_name == ""


def test_with_a_time_stamp_and_revocation_data_the_signature_lasts(tmp_path):
    """B-LT against a certificate authority, revocation list and time-stamp service made here."""
    from pyhanko.sign.timestamps import DummyTimeStamper
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    from tests.reports.authority import authority

    made = authority(tmp_path)
    _case, report = signed_report()
    unsigned = services.pdf_of(report, made.certificate)
    clock = DummyTimeStamper(
        tsa_cert=made.tsa_certificate,
        tsa_key=made.tsa_key,
        certs_to_embed=SimpleCertificateStore.from_certs([made.root]),
    )
    context = ValidationContext(
        trust_roots=[made.root], crls=[made.crl], allow_fetching=False, revocation_mode="hard-fail"
    )
    signed = signature.sign(
        unsigned, made.certificate, name="Clinic", reason="Issued", evidence=signature.Evidence(clock, context)
    )
    assert signed.profile == "PAdES B-LT"
    found = PdfFileReader(io.BytesIO(signed.data)).embedded_signatures[0]
    status = validate_pdf_signature(found, ValidationContext(trust_roots=[made.root], crls=[made.crl]))
    assert status.bottom_line
    assert status.timestamp_validity is not None
    assert len(found.reader.root["/DSS"]["/CRLs"]) >= 1
    assert load_cert_from_pemder is not None


def test_the_public_page_names_the_certificate():
    report, _data = an_issued_report()
    page = signed_in(make_staff(Role.ADMINISTRATOR, make_clinic("Elsewhere")).user).get(
        reverse("reports:verify_code", args=[report.verification_code])
    )
    text = page.content.decode()
    assert "Signed: DEMO Hair Clinic North (PAdES B-B)" in text
    assert report.pdf_certificate in text
