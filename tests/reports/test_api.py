"""Reports over the API: the same rules, the same trace."""

from __future__ import annotations

import pytest
from django.urls import include, path

from accounts.models import AuditEvent, User
from reports import api
from reports.models import Report
from tests.factories.patients import PASSWORD, holder_of, make_clinic, make_patient, signed_in
from tests.factories.reports import make_case, signed_report

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

urlpatterns = [
    path("api/v1/patients/<uuid:patient_id>/reports/", api.PatientReports.as_view()),
    path("api/v1/reports/<uuid:report_id>/", api.OneReport.as_view()),
    path("api/v1/reports/<uuid:report_id>/pdf/", api.ReportPdf.as_view()),
    path("api/v1/reviews/<uuid:review_id>/sign/", api.SignReview.as_view()),
    path("accounts/", include("allauth.urls")),
    *(path("", include(f"{room}.urls")) for room in ("accounts", "patients", "analysis", "reviews", "reports")),
]


def test_the_holder_lists_and_reads_a_report_with_the_signed_hash():
    case, report = signed_report()
    client = signed_in(holder_of(case.patient))
    (listed,) = client.get(f"/api/v1/patients/{case.patient.pk}/reports/").json()["results"]
    assert listed["content_hash"] == report.content_hash
    assert "content" not in listed
    answer = client.get(f"/api/v1/reports/{report.pk}/")
    assert "no-store" in answer["Cache-Control"]
    found = answer.json()
    assert found["content"] == report.content
    assert AuditEvent.objects.filter(action="report.read", actor_id=holder_of(case.patient).pk).exists()


def test_a_pdf_that_is_not_ready_is_a_conflict_with_a_sentence():
    case, report = signed_report()
    answer = signed_in(holder_of(case.patient)).get(f"/api/v1/reports/{report.pk}/pdf/")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "pdf_not_ready"


def test_somebody_else_finds_nothing():
    case, report = signed_report()
    stranger = signed_in(holder_of(make_patient(make_clinic("Elsewhere"))))
    for place in (f"patients/{case.patient.pk}/reports", f"reports/{report.pk}", f"reports/{report.pk}/pdf"):
        assert stranger.get(f"/api/v1/{place}/").status_code == 404


def test_a_clinician_reads_the_draft_and_signs_exactly_that():
    case = make_case()
    client = signed_in(User.objects.get(pk=case.reviewer.user_id))
    place = f"/api/v1/reviews/{case.review.pk}/sign/"
    draft = client.get(place).json()
    assert draft["content"]["issue"] is None
    stale = client.post(place, {"secret": PASSWORD, "read_hash": "0" * 64}, content_type="application/json")
    assert stale.status_code == 409
    wrong = client.post(place, {"secret": "x", "read_hash": draft["read_hash"]}, content_type="application/json")
    assert wrong.status_code == 422
    assert wrong.json()["error"]["code"] == "step_up_failed"
    done = client.post(place, {"secret": PASSWORD, "read_hash": draft["read_hash"]}, content_type="application/json")
    assert done.status_code == 201
    assert Report.objects.get().verification_code == done.json()["verification_code"]


def test_a_patient_cannot_sign_over_the_api():
    case = make_case()
    client = signed_in(holder_of(case.patient))
    answer = client.post(
        f"/api/v1/reviews/{case.review.pk}/sign/",
        {"secret": PASSWORD, "read_hash": "0" * 64},
        content_type="application/json",
    )
    assert answer.status_code in (403, 404)
    assert not Report.objects.exists()
