"""The printed report: text in order, tagged PDF/A-3a, closed to the outside, the same bytes each time."""

from __future__ import annotations

import io
import shutil
import subprocess
from functools import cache

import pikepdf
import pikepdf.pdfa
import pytest

from reports import certificates, pdf, services
from reports.models import Report
from tests.factories.patients import NOW
from tests.factories.reports import signed_report
from vault import files

pytestmark = pytest.mark.django_db


def a_rendered_report() -> tuple[Report, bytes]:
    _case, report = signed_report(render=True)
    return report, files.read_all(key_id=report.sealing_key_id, name=report.pdf_name, limit=20_000_000)


_made_once = cache(a_rendered_report)


@pytest.fixture
def rendered(db) -> tuple[Report, bytes]:
    """A report and its PDF, to be looked at: the rows are gone after the first test that asked."""
    return _made_once()


def text_of(data: bytes, *options: str) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=data, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def test_the_text_stands_in_the_order_in_which_a_person_reads(rendered):
    report, data = rendered
    text = text_of(data)
    wanted = [
        "Hair and scalp report",
        "Hair Clinic North",
        "Mira Sommer",
        "In short",
        "Your crown is thinner",
        "Severity index",
        "4.2 of 10 (95 % interval 3.5 to 5)",
        "not a diagnosis",
        "Photographs",
        "What was found",
        "Coverage index",
        "64 %, as corrected by the clinician",
        "Your plan",
        "Minoxidil",
        "Please watch for",
        "Stop and call us if your scalp swells.",
        "Tuesday, 16 February 2027",
        "Reviewed and signed by",
        "Dr. Ada Krause",
        "scalp-segmentation-0.1",
        "SHA-256",
    ]
    position = 0
    for phrase in wanted:
        found = text.find(phrase, position)
        assert found >= 0, f"{phrase!r} is missing or out of order in: {text}"
        position = found
    assert report.verification_code in text.replace(" ", "")


def test_rejected_and_replaced_numbers_are_not_printed(rendered):
    text = text_of(rendered[1])
    assert "37.75" not in text
    assert "38 %" not in text
    assert "Bald region" not in text
    assert "71 %" not in text
    assert "41 %" not in text  # the probability of a condition that the model itself did not show


def test_every_page_with_results_says_research_use(rendered):
    with pikepdf.open(io.BytesIO(rendered[1])) as document:
        pages = len(document.pages)
    for page in range(1, pages + 1):
        done = subprocess.run(
            ["pdftotext", "-f", str(page), "-l", str(page), "-", "-"],
            input=rendered[1],
            capture_output=True,
            check=True,
        )
        assert "Research use" in done.stdout.decode(), f"page {page}"
        assert f"{page}/{pages}" in done.stdout.decode().replace(" ", "")


def test_it_is_a_tagged_pdf_a_3a_with_language_and_title(rendered):
    with pikepdf.open(io.BytesIO(rendered[1])) as document:
        metadata = document.open_metadata()
        assert metadata["pdfaid:part"] == "3"
        assert metadata["pdfaid:conformance"] == "A"
        assert metadata["dc:title"].startswith("Hair and scalp report P-")
        assert str(document.Root.Lang) == "en"
        assert document.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in document.Root
        assert "/OutputIntents" in document.Root
        roles = structure_roles(document)
        assert {"/H1", "/H2", "/Table", "/TH", "/Figure"} <= roles
        # The checker knows level B alone: the one violation that it may report is that this file says A.
        violations = [found for found in pikepdf.pdfa.check(document, "3b").findings if found.kind == "violation"]
        assert [found.message for found in violations] == ["pdfaid:conformance is 'A', expected 'B'"]


def structure_roles(document: pikepdf.Pdf) -> set[str]:
    found = set()
    for item in document.objects:
        if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/StructElem":
            found.add(str(item.get("/S")))
            if str(item.get("/S")) == "/Figure":
                assert "/Alt" in item, "a figure without words"
    return found


def test_pdf_has_no_form_but_the_signature_and_no_scripts(rendered):
    with pikepdf.open(io.BytesIO(rendered[1])) as document:
        assert [str(field.FT) for field in document.Root.AcroForm.Fields] == ["/Sig"]
        assert "/OpenAction" not in document.Root
        assert "/JavaScript" not in document.Root.get("/Names", {})


def test_rendering_twice_attaches_once_and_gives_the_same_bytes():
    report, data = a_rendered_report()
    certificate = certificates.for_clinic(report.clinic_id, report.clinic.name)
    unsigned = services.pdf_of(report, certificate)
    assert services.pdf_of(report, certificate) == unsigned
    assert data.startswith(unsigned)  # the signature is appended to the very bytes that were rendered
    assert services.render_report(report_id=report.pk, now=NOW) is False
    assert Report.objects.get(pk=report.pk).pdf_name == report.pdf_name


def test_two_renderers_at_once_leave_one_pdf(monkeypatch):
    _case, report = signed_report()
    from reports.services import rendering

    original = rendering.pdf_of

    def slower(found, certificate):
        data = original(found, certificate)
        Report.objects.filter(pk=found.pk).update(pdf_name="reports/" + "0" * 32 + ".sealed")
        return data

    monkeypatch.setattr(rendering, "pdf_of", slower)
    assert rendering.render_report(report_id=report.pk, now=NOW) is False
    assert Report.objects.get(pk=report.pk).pdf_name == "reports/" + "0" * 32 + ".sealed"


def test_content_that_was_altered_is_not_rendered():
    from reports.services.rendering import ContentAltered

    _case, report = signed_report()
    report.content = {**report.content, "summary": "Something else"}
    report.save()
    with pytest.raises(ContentAltered):
        services.render_report(report_id=report.pk, now=NOW)


def test_a_renderer_that_keeps_failing_is_not_asked_for_ever(monkeypatch):
    from reports.services import rendering

    _case, report = signed_report()
    Report.objects.filter(pk=report.pk).update(pdf_attempts=rendering.MAX_ATTEMPTS)
    assert rendering.render_report(report_id=report.pk, now=NOW) is False


@pytest.mark.parametrize(
    "reference",
    [
        '<img src="https://example.org/spy.png" alt="x">',
        '<img src="file:///etc/passwd" alt="x">',
        '<img src="part:unknown" alt="x">',
        '<link rel="stylesheet" href="http://example.org/x.css">',
        '<style>@import url("https://example.org/x.css");</style>',
        '<p style="background: url(https://example.org/x.png)">x</p>',
    ],
)
def test_nothing_but_the_documents_own_parts_is_fetched(reference):
    html = f'<html lang="en"><head><title>t</title></head><body>{reference}</body></html>'
    with pytest.raises(pdf.ForeignAddress):
        pdf.render(html, parts={}, style="", identifier="x")


def test_what_a_clinician_types_is_text_and_never_markup():
    from reports.document import Verification, page_html, present
    from reports.services import frozen_content

    _case, report = signed_report()
    from dataclasses import replace

    content = replace(frozen_content(report), summary='<img src="https://example.org/x.png"> & <b>bold</b>')
    html = page_html(present(content, lambda picture: "part:qr"), Verification("https://x/", "part:qr", "0" * 64))
    assert "<b>bold</b>" not in html
    assert "&lt;img" in html
