"""The public page: tells four things, nothing more, and not too often."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from reports import services
from reports.verification import LIMIT
from reviews.services import decide_review
from tests.factories.patients import NOW, PASSWORD
from tests.factories.reports import signed_report

pytestmark = pytest.mark.django_db


def page(code: str, client: Client | None = None):
    return (client or Client()).get(reverse("reports:verify_code", args=[code]))


def test_a_valid_code_tells_clinic_day_and_hashes_to_anybody():
    _case, report = signed_report(render=True)
    response = page(report.verification_code)
    text = response.content.decode()
    assert response.status_code == 200
    for wanted in (
        "This report is valid",
        "Hair Clinic North",
        "21 November 2026",
        report.content_hash,
        report.pdf_sha256,
    ):
        assert wanted in text


def test_the_page_leaks_nothing_about_the_person_or_the_content():
    case, report = signed_report(render=True)
    text = page(report.verification_code).content.decode()
    secrets = ("Mira", "Sommer", case.patient.record_number, "1990", "Minoxidil", "crown", "Krause")
    for secret in (*secrets, str(report.pk), str(case.patient.pk)):
        assert secret.lower() not in text.lower()


def test_a_superseded_report_says_so_and_not_by_what():
    case, report = signed_report()
    review = services.amend_signed(actor=case.reviewer, report_id=report.pk, reason="A dose was wrong.", now=NOW)
    decide_review(actor=case.reviewer, review_id=review.pk, now=NOW)
    newer = services.sign_and_issue(actor=case.reviewer, review_id=review.pk, secret=PASSWORD, now=NOW)
    text = page(report.verification_code).content.decode()
    assert "no longer valid" in text
    assert newer.verification_code not in text
    assert "dose" not in text
    assert "This report is valid" in page(newer.verification_code).content.decode()


def test_case_and_spaces_do_not_matter():
    _case, report = signed_report()
    typed = report.verification_code.lower().replace("-", " ")
    client = Client()
    answer = client.get(reverse("reports:verify"), {"code": f"  {typed} "}, follow=True)
    assert "This report is valid" in answer.content.decode()


@pytest.mark.parametrize("code", ["AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A", "nonsense", "%3Cscript%3E", "0"])
def test_unknown_and_malformed_codes_look_alike(code):
    signed_report()
    response = page(code)
    assert response.status_code == 404
    assert "This code is not known" in response.content.decode()


def test_unknown_codes_take_the_same_queries(django_assert_num_queries):
    _case, report = signed_report()
    for code in (report.verification_code, "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A", "nonsense"):
        with django_assert_num_queries(2):
            page(code)


def test_too_many_checks_from_one_address_are_refused():
    _case, report = signed_report()
    client = Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(LIMIT):
        assert page(report.verification_code, client).status_code == 200
    assert page(report.verification_code, client).status_code == 429
    assert page(report.verification_code, Client(REMOTE_ADDR="203.0.113.10")).status_code == 200


def test_checking_writes_no_audit_event_about_the_patient():
    _case, report = signed_report()
    before = AuditEvent.objects.count()
    page(report.verification_code)
    assert AuditEvent.objects.count() == before
