"""The main job over the API alone: photographs in, a signed plan out, with the permissions of the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.roles import Role
from analysis.models import Analysis
from patients.capture_protocol import ChecklistItem
from patients.intake_form import Pregnancy
from patients.models import PhotoSession
from reports.services import render_report
from reviews.formulary.seed import seed
from tests.factories import reviews as made
from tests.factories.patients import (
    PASSWORD,
    calm_answers,
    drawn_jpeg,
    holder_of,
    make_clinic,
    make_patient,
    make_staff,
    ready_patient,
    signed_in,
)
from tests.factories.reports import ACCEPTED_SHARE, make_case
from vision.types import View

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _formulary():
    seed()


def call(client, method, name, *args, status=200, **body):
    answer = getattr(client, method)(reverse(name, args=args), body or None, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json() if answer.content else None


def read(client, name, *args, status=200, **query):
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == status, answer.content
    return answer.json()


def sent_session(client, patient):
    """A session with one photograph, handed to the clinic."""
    session = call(client, "post", "api-sessions", patient.pk, status=201)
    call(client, "put", "api-checklist", session["id"], done=[item.value for item in ChecklistItem], wash="today")
    call(client, "post", "api-intake", session["id"])
    picture = SimpleUploadedFile("crown.jpg", drawn_jpeg(3), content_type="image/jpeg")
    answer = client.post(reverse("api-photos", args=[session["id"]]), {"view": "crown", "file": picture})
    assert answer.status_code == 201, answer.content
    assert answer.json()["quality_passed"] is True
    return call(client, "post", "api-submit", session["id"])


def measured_as_by_the_worker(session_id):
    session = PhotoSession.objects.select_related("patient").get(pk=session_id)
    Analysis.objects.filter(session=session).delete()
    made.measured(session)


def judged(client, session_id):
    """Claim the case, look at everything, correct one number, accept the rest, approve."""
    review = call(client, "post", "api-claim", session_id, status=201)
    for kind, ids in (("photo", review["unseen"]["photos"]), ("finding", review["unseen"]["findings"])):
        for subject in ids:
            call(client, "post", "api-review-opened", review["id"], status=204, kind=kind, id=subject)
    number = next(row["finding_id"] for row in waiting(client, review) if row["kind"] == "measure")
    call(client, "post", "api-review-finding", review["id"], number, verdict="corrected", value=70, reason="Wet hair")
    call(client, "post", "api-review-accept-rest", review["id"])
    call(client, "put", "api-review-reading", review["id"], reasoning="Miniaturised hairs at the crown.")
    return call(client, "post", "api-review-decide", review["id"])


def waiting(client, review):
    """The undecided findings, from the analysis."""
    found = read(client, "api-analysis", review["session_id"])["findings"]
    return [{"finding_id": row["id"], **row} for row in found if row["id"] in review["unseen"]["findings"]]


def test_from_photograph_to_signed_pdf():
    clinic = make_clinic()
    patient = ready_patient(clinic, now=timezone.now())
    mine = signed_in(holder_of(patient))
    doctor = signed_in(make_staff(Role.DERMATOLOGIST, clinic).user)
    session = sent_session(mine, patient)
    assert session["status"] == "submitted"
    measured_as_by_the_worker(session["id"])

    (case,) = read(doctor, "api-queue")["results"]
    assert case["session_id"] == session["id"]
    review = judged(doctor, session["id"])
    assert (review["status"], review["outcome"]) == ("decided", "amended")
    assert {blocker["code"] for blocker in review["signing"]["blockers"]} == {"summary_needed", "follow_up_needed"}
    assert review["intake"]["medications"] == ["Levothyroxine 50 µg"]

    # before the signature: no finding, no word of the review, no report
    before = read(mine, "api-analysis", session["id"])
    assert (before["state"], before["findings"], before["images"]) == ("done", [], [])
    overlay = next(row for row in read(doctor, "api-analysis", session["id"])["images"] if row["kind"] == "overlay")
    shown = doctor.get(reverse("api-derived", args=[overlay["id"]]))
    assert b"".join(shown.streaming_content)[:4] == b"\x89PNG"
    assert mine.get(reverse("api-derived", args=[overlay["id"]])).status_code == 403
    for name in ("api-review", "api-sign", "api-formulary"):
        assert mine.get(reverse(name, args=[review["id"]])).status_code == 403
    assert read(mine, "api-reports", patient.pk)["count"] == 0
    assert "82.4" not in str(read(mine, "api-session", session["id"]))

    # the plan
    hits = read(doctor, "api-formulary", review["id"], q="minoxidil 5")["results"]
    entry = next(hit for hit in hits if hit["code"] == "minoxidil-5")
    assert entry["in_plan"] is False
    reason = "Discussed together." if entry["needs_reason"] else ""
    review = call(doctor, "post", "api-plan-items", review["id"], status=201, entry=entry["id"], override_reason=reason)
    (item,) = review["plan"]["items"]
    review = call(
        doctor, "put", "api-plan-item", review["id"], item["id"],
        dose="1 ml each evening", duration="six months", override_reason=reason,
    )  # fmt: skip
    assert review["plan"]["items"][0]["dose"] == "1 ml each evening"
    follow_up = (timezone.localdate() + timedelta(days=90)).isoformat()
    review = call(doctor, "put", "api-plan", review["id"], summary="Your crown is thinner.", follow_up_date=follow_up)
    assert review["signing"]["blockers"] == []
    assert review["signing"]["role_may_sign"] is True  # it names a condition, so only a dermatologist may
    assert "names a skin condition" in review["signing"]["who_must_sign"]

    # the signature: of exactly the document that was read
    draft = read(doctor, "api-sign", review["id"])
    picture = draft["content"]["pictures"][0]["id"]
    assert doctor.get(reverse("api-sign-picture", args=[review["id"], picture])).content[:2] == b"\xff\xd8"
    signature = {"secret": PASSWORD, "read_hash": draft["read_hash"]}
    call(doctor, "post", "api-sign", review["id"], status=422, **{**signature, "secret": "not it"})
    call(doctor, "post", "api-sign", review["id"], status=409, **{**signature, "read_hash": "0" * 64})
    report = call(doctor, "post", "api-sign", review["id"], status=201, **signature)

    # the patient reads it
    (listed,) = read(mine, "api-reports", patient.pk)["results"]
    assert listed["id"] == report["id"]
    content = read(mine, "api-report", report["id"])["content"]
    assert content["summary"] == "Your crown is thinner."
    assert content["treatments"][0]["dose"] == "1 ml each evening"
    corrected = next(line for line in content["findings"] if line["code"] == "coverage_index")
    assert corrected["verdict"] == "corrected"
    assert corrected["payload"]["value"] == 70
    assert "82.4" not in str(content)
    shown = mine.get(reverse("api-report-picture", args=[content["pictures"][0]["id"]]))
    assert b"".join(shown.streaming_content)[:2] == b"\xff\xd8"
    pdf = reverse("api-report-pdf", args=[report["id"]])
    assert mine.get(pdf).json()["error"]["code"] == "pdf_not_ready"
    assert render_report(report_id=report["id"], now=timezone.now())
    answer = mine.get(pdf)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "private, no-store"
    assert b"".join(answer.streaming_content)[:5] == b"%PDF-"
    assert read(mine, "api-verify", report["verification_code"])["state"] == "valid"
    actions = set(AuditEvent.objects.filter(patient_id=patient.pk).values_list("action", flat=True))
    assert {"analysis.findings_read", "plan.read", "report.signed", "report.list_read", "report.pdf_read"} <= actions


def test_a_signed_report_is_corrected_and_superseded():
    case = make_case()
    doctor = signed_in(User.objects.get(pk=case.reviewer.user_id))
    draft = read(doctor, "api-sign", case.review.pk)
    first = call(doctor, "post", "api-sign", case.review.pk, status=201, secret=PASSWORD, read_hash=draft["read_hash"])
    review = call(doctor, "post", "api-report-correct", first["id"], status=201, reason="The dose was wrong.")
    assert review["status"] == "claimed"
    assert review["plan"]["items"][0]["code"] == "minoxidil-5"
    call(doctor, "post", "api-review-decide", review["id"])
    draft = read(doctor, "api-sign", review["id"])
    second = call(doctor, "post", "api-sign", review["id"], status=201, secret=PASSWORD, read_hash=draft["read_hash"])
    assert second["supersedes_id"] == first["id"]
    mine = signed_in(holder_of(case.patient))
    newest, oldest = read(mine, "api-reports", case.patient.pk)["results"]
    assert (newest["id"], oldest["superseded_by_id"]) == (second["id"], second["id"])
    assert read(mine, "api-verify", first["verification_code"])["state"] == "superseded"


def test_a_trichologist_is_told_who_has_to_sign():
    case = make_case(role=Role.TRICHOLOGIST)
    client = signed_in(User.objects.get(pk=case.reviewer.user_id))
    call(client, "post", "api-review-reopen", case.review.pk)
    call(client, "put", "api-review-reading", case.review.pk, diagnosis_code="L63")
    review = call(client, "post", "api-review-decide", case.review.pk)
    assert review["signing"]["role_may_sign"] is False
    draft = read(client, "api-sign", case.review.pk)
    body = {"secret": PASSWORD, "read_hash": draft["read_hash"]}
    error = call(client, "post", "api-sign", case.review.pk, status=403, **body)["error"]
    assert error["code"] == "needs_dermatologist"
    assert error["message"] == review["signing"]["who_must_sign"]
    review = call(client, "post", "api-review-hand-back", case.review.pk, note="Medical.", for_dermatologist=True)
    assert review["status"] == "released"


def test_a_case_is_handed_back_asked_for_again_or_rejected():
    review, actor = made.review_at("claimed", views=(View.CROWN,))
    client = signed_in(User.objects.get(pk=actor.user_id))
    back = call(client, "post", "api-review-hand-back", review.pk, note="Please look at the crown.")
    assert back["status"] == "released"
    again = call(client, "post", "api-claim", review.session_id, status=201)
    wishes = [{"view": "crown", "reason": "blurred"}]
    call(client, "post", "api-review-retake", again["id"], status=422, wishes=[])
    asked = call(client, "post", "api-review-retake", again["id"], wishes=wishes, message="Thank you.")
    assert asked["status"] == "retake_requested"
    mine = signed_in(holder_of(review.session.patient))
    session = read(mine, "api-session", review.session_id)
    assert session["retake_views"][0]["view"] == "crown"

    other, actor = made.review_at("claimed", clinic=review.clinic)
    client = signed_in(User.objects.get(pk=actor.user_id))
    call(client, "post", "api-review-reject", other.pk, status=400, message="")
    done = call(client, "post", "api-review-reject", other.pk, message="Please come in person.")
    assert done["status"] == "rejected"


def test_a_decision_is_taken_back():
    review, actor = made.review_at("opened")
    client = signed_in(User.objects.get(pk=actor.user_id))
    before = read(client, "api-review", review.pk)
    finding = before["unseen"]["findings"][0]
    call(client, "post", "api-review-finding", review.pk, finding, verdict="rejected", reason="A shadow.")
    after = call(client, "delete", "api-review-finding", review.pk, finding)
    assert after["unseen"] == before["unseen"]


def test_what_is_absolutely_wrong_never_enters_a_plan():
    review, actor = made.review_at("decided", answers=calm_answers(pregnancy=Pregnancy.PREGNANT))
    client = signed_in(User.objects.get(pk=actor.user_id))
    blocked = [hit for hit in read(client, "api-formulary", review.pk, limit=200)["results"] if hit["blocked"]]
    assert blocked
    assert all(hit["alerts"][0]["text"] for hit in blocked)
    error = call(
        client, "post", "api-plan-items", review.pk, status=422, entry=blocked[0]["id"], override_reason="I insist."
    )["error"]
    assert error["code"] == "contraindicated"


def test_no_other_clinic_and_no_other_patient_gets_near():
    case = make_case()
    call_by = [
        signed_in(make_staff(Role.DERMATOLOGIST, make_clinic("Elsewhere")).user),
        signed_in(holder_of(make_patient(case.clinic))),
    ]
    for client in call_by:
        for name, thing in (
            ("api-session", case.session.pk),
            ("api-analysis", case.session.pk),
            ("api-reports", case.patient.pk),
            ("api-sessions", case.patient.pk),
        ):
            assert client.get(reverse(name, args=[thing])).status_code == 404, name
        assert client.get(reverse("api-review", args=[case.review.pk])).status_code in (403, 404)


def test_shares_of_a_region_reach_the_report_only_when_accepted():
    case = make_case()
    doctor = signed_in(User.objects.get(pk=case.reviewer.user_id))
    content = read(doctor, "api-sign", case.review.pk)["content"]
    shares = [line["payload"]["share_of_scalp"] for line in content["findings"] if line["kind"] == "region"]
    assert shares == [ACCEPTED_SHARE]
