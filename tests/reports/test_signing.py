"""Signing: who may, when, and what is frozen."""

from __future__ import annotations

import io

import pytest
from django.db import connection
from PIL import Image

from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.models import AuditEvent, Notification
from accounts.roles import Role
from patients.models import PhotoSession
from patients.services import save_intake
from reports import services
from reports.compose import compose
from reports.content import content_hash, from_dict
from reports.models import Report, ReportImage
from reviews.models import Review, ReviewStatus
from reviews.reading import Reading
from reviews.services import reopen, save_plan
from tests.factories.patients import NOW, PASSWORD, actor_for, calm_answers, holder_actor, make_clinic, make_staff
from tests.factories.reports import CORRECTED_TO, REJECTED_SHARE, make_case, sign, signed_report
from vault import files

pytestmark = pytest.mark.django_db


def test_signing_freezes_the_document_closes_the_case_and_tells_the_patient(django_capture_on_commit_callbacks):
    case = make_case()
    with django_capture_on_commit_callbacks() as callbacks:
        report = sign(case)
    assert Review.objects.get(pk=case.review.pk).status == ReviewStatus.SIGNED
    assert PhotoSession.objects.get(pk=case.session.pk).status == PhotoSession.Status.CLOSED
    assert Notification.objects.filter(kind="report_signed", recipient_id=case.holder.user_id).count() == 1
    assert len(callbacks) == 2  # the mail and the PDF
    event = AuditEvent.objects.get(action="report.signed")
    assert event.patient_id == case.patient.pk
    assert event.detail["content_hash"] == report.content_hash
    assert event.detail["step_up"] == "password"


def test_the_code_has_128_bits_in_groups():
    _case, report = signed_report()
    letters = report.verification_code.replace("-", "")
    assert len(letters) == 26
    assert set(letters) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def test_content_is_sealed_and_its_hash_is_of_the_canonical_json():
    _case, report = signed_report()
    with connection.cursor() as cursor:
        cursor.execute("select content from reports_report")
        stored = cursor.fetchone()[0]
    assert "Sommer" not in stored
    assert content_hash(from_dict(Report.objects.get(pk=report.pk).content)) == report.content_hash


def test_rejected_findings_and_replaced_numbers_are_nowhere():
    _case, report = signed_report()
    text = str(report.content)
    assert str(REJECTED_SHARE) not in text
    assert "bald" not in {line["code"] for line in report.content["findings"]}
    coverage = next(line for line in report.content["findings"] if line["code"] == "coverage_index")
    assert coverage["payload"]["value"] == CORRECTED_TO
    assert coverage["payload"].get("low") is None
    assert "as corrected by the clinician" in coverage["statement"]
    assert "71" not in coverage["statement"]


def test_a_finding_that_is_not_measurable_says_why():
    _case, report = signed_report()
    line = next(line for line in report.content["findings"] if line["code"] == "scalp_visibility")
    assert line["statement"] == "Not measurable, because the photograph was not sharp or bright enough to measure"


def test_severity_says_that_it_is_no_diagnosis_and_which_view_is_missing():
    _case, report = signed_report()
    line = next(line for line in report.content["findings"] if line["kind"] == "severity")
    assert line["statement"] == "4.2 of 10 (95 % interval 3.5 to 5)"
    assert "not a diagnosis" in line["meaning"]
    assert "Back of the head" in line["meaning"]


def test_pictures_are_copied_small_without_metadata_and_regions_are_drawn():
    _case, report = signed_report()
    images = list(ReportImage.objects.filter(report=report))
    assert [(image.view, image.kind) for image in images] == [
        ("crown", "photo"),
        ("crown", "marked"),
        ("hairline", "photo"),
    ]
    pictures = []
    for image in images[:2]:
        with files.open_file(key_id=report.sealing_key_id, name=image.file_name) as stream:
            pictures.append(Image.open(io.BytesIO(stream.read())))
    assert max(pictures[0].size) <= 1600
    assert not pictures[0].getexif()
    plain, marked = (picture.convert("RGB").load() for picture in pictures)
    width, height = pictures[0].size
    assert plain is not None
    assert marked is not None
    assert plain[2, 2] == pytest.approx(marked[2, 2], abs=12)
    assert plain[int(width * 0.35), int(height * 0.3)] != marked[int(width * 0.35), int(height * 0.3)]


def test_a_wrong_secret_signs_nothing():
    case = make_case()
    with pytest.raises(Invalid, match="not right"):
        services.sign_and_issue(actor=case.reviewer, review_id=case.review.pk, secret="wrong", now=NOW)
    assert not Report.objects.exists()


def test_a_trichologist_signs_a_cosmetic_plan():
    _case, report = signed_report(role=Role.TRICHOLOGIST, treatment="")
    assert report.content["signatory"]["role"] == "trichologist"


def test_a_trichologist_may_not_sign_a_diagnosis():
    case = make_case(role=Role.TRICHOLOGIST, treatment="", reading=Reading(diagnosis_code="L64"))
    with pytest.raises(NotAllowed, match="dermatologist has to sign, because a diagnosis is stated"):
        sign(case)


def test_a_colleague_cannot_sign_what_another_reviewed():
    case = make_case()
    other = actor_for(make_staff(Role.DERMATOLOGIST, case.clinic, display_name="Dr. Else").user)
    with pytest.raises(NotAllowed, match="colleague"):
        services.sign_and_issue(actor=other, review_id=case.review.pk, secret=PASSWORD, now=NOW)


def test_another_clinic_finds_no_such_review():
    case = make_case()
    stranger = actor_for(make_staff(Role.DERMATOLOGIST, make_clinic("Elsewhere")).user)
    with pytest.raises(NotFound):
        services.sign_and_issue(actor=stranger, review_id=case.review.pk, secret=PASSWORD, now=NOW)


def test_a_patient_cannot_sign():
    case = make_case()
    with pytest.raises((NotAllowed, NotFound)):
        services.sign_and_issue(actor=case.holder, review_id=case.review.pk, secret=PASSWORD, now=NOW)


def test_an_undecided_case_cannot_be_signed():
    case = make_case()
    reopen(actor=case.reviewer, review_id=case.review.pk, now=NOW)
    with pytest.raises(DomainError, match="Approve or amend"):
        sign(case)


def test_answers_changed_after_the_session_stop_the_signature():
    case = make_case()
    save_intake(
        actor=holder_actor(case.patient), patient_id=case.patient.pk,
        answers=calm_answers(medications=("Warfarin",)), now=NOW,
    )  # fmt: skip
    with pytest.raises(DomainError) as caught:
        sign(case)
    assert caught.value.code == "intake_not_confirmed"
    assert caught.value.status == 409


def test_a_document_that_changed_since_it_was_read_is_not_signed():
    case = make_case()
    read = content_hash(compose(services.review_in_scope(case.reviewer, case.review.pk)).content)
    reopen(actor=case.reviewer, review_id=case.review.pk, now=NOW)
    save_plan(
        actor=case.reviewer, review_id=case.review.pk, summary="Something else", advice="",
        follow_up_date=None, now=NOW,
    )  # fmt: skip
    from reviews.services import decide_review

    save_plan(
        actor=case.reviewer, review_id=case.review.pk, summary="Something else", advice="",
        follow_up_date=NOW.date().replace(year=2027), now=NOW,
    )  # fmt: skip
    decide_review(actor=case.reviewer, review_id=case.review.pk, now=NOW)
    with pytest.raises(DomainError, match="changed after you opened it"):
        services.sign_and_issue(actor=case.reviewer, review_id=case.review.pk, secret=PASSWORD, now=NOW, read_hash=read)


def test_the_hash_of_the_read_draft_signs():
    case = make_case()
    read = content_hash(compose(services.review_in_scope(case.reviewer, case.review.pk)).content)
    services.sign_and_issue(actor=case.reviewer, review_id=case.review.pk, secret=PASSWORD, now=NOW, read_hash=read)
    assert Report.objects.count() == 1


def test_who_refused_ai_gets_a_report_without_any_model():
    from patients.models import Purpose

    _case, report = signed_report(analysed=False, without=(Purpose.AI_ANALYSIS,))
    content = from_dict(report.content)
    assert not content.measured_by_models
    assert content.releases == ()
    assert "As you asked" in content.no_models_because


def test_a_failure_while_signing_leaves_neither_report_nor_pictures(monkeypatch, settings):
    case = make_case()
    stored = sealed_files(settings)

    def fail(**_):
        raise RuntimeError("the database went away")

    monkeypatch.setattr("reports.services.signing.mark_signed", fail)
    with pytest.raises(RuntimeError):
        sign(case)
    assert not Report.objects.exists()
    assert sealed_files(settings) == stored


def test_a_correction_supersedes_and_says_why():
    case, report = signed_report()
    review = services.amend_signed(actor=case.reviewer, report_id=report.pk, reason="A dose was wrong.", now=NOW)
    from reviews.services import decide_review

    decide_review(actor=case.reviewer, review_id=review.pk, now=NOW)
    newer = services.sign_and_issue(actor=case.reviewer, review_id=review.pk, secret=PASSWORD, now=NOW)
    assert newer.supersedes_id == report.pk
    assert newer.content["issue"]["supersedes_code"] == report.verification_code
    assert newer.content["issue"]["amendment_reason"] == "A dose was wrong."
    assert newer.content["treatments"] == report.content["treatments"]
    untouched = Report.objects.get(pk=report.pk)
    assert untouched.content_hash == content_hash(from_dict(untouched.content))
    with pytest.raises(DomainError, match="corrected already"):
        services.amend_signed(actor=case.reviewer, report_id=report.pk, reason="Again", now=NOW)


def test_a_correction_needs_a_reason():
    case, report = signed_report()
    with pytest.raises(Invalid, match="why the report is corrected"):
        services.amend_signed(actor=case.reviewer, report_id=report.pk, reason="  ", now=NOW)


def sealed_files(settings) -> set[str]:
    from pathlib import Path

    root = Path(settings.STORAGES["sealed"]["OPTIONS"]["location"])
    return {str(path) for path in root.rglob("*.sealed")}
