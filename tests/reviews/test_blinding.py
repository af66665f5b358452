"""A blind reader gets nothing of the models or of a colleague before the grade: by no page, fragment or address."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from analysis.models import DerivedImage, Finding
from patients.models import Purpose
from patients.selectors import photos_of
from patients.services import withdraw_consent
from reviews import services
from reviews.agreement.looks import Period, graded_unseen
from reviews.grade import Grade
from reviews.models import CaseReading, FindingOpened, Read
from reviews.policy import Demand, ReadingRules
from reviews.read_labels import label_candidates
from reviews.reading import Reading
from tests.factories.patients import NOW, actor_for, holder_actor, make_clinic, make_staff, signed_in
from tests.factories.reviews import LATER, finding_of, grade_blind, look_at_all, open_photos, review_at
from vision.types import Condition, View

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

JSON = "application/json"
GRADE = {"condition": "alopecia", "share_percent": 20, "severity": 4}
PERIOD = Period(NOW - timedelta(days=1), timezone.now() + timedelta(days=1))
SECRETS = ("82.4", "82 %", "4.2", "coverage_index", "0.81", "16.2")


def world(**rules):
    clinic = make_clinic()
    admin = make_staff(Role.ADMINISTRATOR, clinic)
    rules = rules or {"blind_first": Demand.ALWAYS}
    services.set_reading_policy(actor=actor_for(admin.user), rules=ReadingRules(**rules), now=NOW)
    member = make_staff(Role.DERMATOLOGIST, clinic)
    review, actor = review_at("claimed", clinic=clinic, actor=actor_for(member.user))
    return clinic, review, actor, signed_in(member.user)


def addresses(review):
    """Every way to a finding that a reader might try."""
    finding, photo = finding_of(review, "region"), review.session.photos.first()
    images = DerivedImage.objects.filter(photo_result__analysis=review.analysis_id)
    one = [review.pk]
    yield "page", "get", reverse("reviews:review", args=one), {}
    yield "findings", "get", reverse("reviews:findings", args=one), {"open": str(finding.pk)}
    yield "photo", "get", reverse("reviews:photo", args=[review.pk, photo.pk]), {}
    yield "open", "post", reverse("reviews:finding_open", args=[review.pk, finding.pk]), {}
    yield "decide", "post", reverse("reviews:finding", args=[review.pk, finding.pk]), {"verdict": "accepted"}
    yield "plan", "get", reverse("reviews:plan", args=one), {}
    yield "draft", "post", reverse("reviews:plan_draft", args=one), {}
    yield "sign", "get", reverse("reports:sign", args=one), {}
    yield "queue", "get", reverse("reviews:queue"), {}
    yield "api review", "get", reverse("api-review", args=one), {}
    yield "api analysis", "get", reverse("api-analysis", args=[review.session_id]), {}
    yield "api queue", "get", reverse("api-queue"), {}
    for image in images:
        yield "derived", "get", reverse("analysis:derived", args=[image.pk]), {}
        yield "api derived", "get", reverse("api-derived", args=[image.pk]), {}


def leaks(response):
    if response.streaming:
        return ["a picture"]
    text = response.content.decode()
    text = text[text.find("<main") :]
    ids = [str(pk) for model in (DerivedImage, Finding) for pk in model.objects.values_list("pk", flat=True)]
    return [secret for secret in (*SECRETS, *ids) if secret in text]


def test_a_reader_gets_nothing_of_the_models_before_the_grade_and_everything_after():
    _clinic, review, actor, browser = world()
    headers = {"HX-Request": "true"}
    found = {}
    for name, method, url, data in addresses(review):
        response = getattr(browser, method)(url, data, headers=headers if name in ("findings", "photo", "open") else {})
        assert response.status_code < 500
        found.setdefault(name, []).extend(leaks(response))
        if "derived" in name:
            assert response.status_code == 404
    assert {name: secrets for name, secrets in found.items() if secrets} == {}
    page = browser.get(reverse("reviews:review", args=[review.pk])).content.decode()
    assert "Commit and open the findings" in page
    open_photos(review, actor)
    answer = browser.post(reverse("reviews:grade", args=[review.pk]), GRADE)
    assert answer.status_code == 302
    page = browser.get(reverse("reviews:review", args=[review.pk])).content.decode()
    assert "82" in page
    assert browser.get(reverse("api-review", args=[review.pk])).json()["grade_first"] is False
    image = DerivedImage.objects.filter(photo_result__analysis=review.analysis_id).first()
    picture = browser.get(reverse("analysis:derived", args=[image.pk]))
    assert picture.status_code == 200
    assert picture.getvalue()


def test_the_holder_grades_a_case_that_is_read_blind_after_a_look_at_every_photograph():
    _clinic, review, _actor, browser = world()
    url, grade = reverse("reviews:review", args=[review.pk]), reverse("reviews:grade", args=[review.pk])
    page = browser.get(url).content.decode()  # the crown is on the stage
    assert re.search(r"Open this photograph before you commit:\s+Hairline", page)
    early = browser.post(grade, GRADE, headers={"HX-Request": "true"})
    assert early.status_code == 422
    assert "look at this photograph first: Hairline" in early["HX-Trigger"], "said beside the form, which stays"
    assert (
        browser.post(f"/api/v1/reviews/{review.pk}/grade/", GRADE, content_type=JSON).json()["error"]["code"]
        == "photos_unopened"
    )
    assert not Read.objects.exists()
    hairline = next(photo for photo in photos_of(review.session) if photo.view == View.HAIRLINE)
    stage = browser.get(reverse("reviews:photo", args=[review.pk, hairline.pk]), headers={"HX-Request": "true"})
    assert "You have opened every photograph." in stage.content.decode()
    assert graded_unseen(review.clinic_id, PERIOD) == ()
    done = browser.post(grade, GRADE, headers={"HX-Request": "true"})
    assert done["HX-Redirect"] == url
    assert "Open this photograph" not in browser.get(url).content.decode()
    assert graded_unseen(review.clinic_id, PERIOD) == ()
    FindingOpened.objects.filter(subject_id=hairline.pk).delete()
    assert graded_unseen(review.clinic_id, PERIOD) == (Read.objects.get().pk,), "counted apart from the rule"


def test_a_second_reader_sees_neither_findings_nor_the_first_grade_until_both_have_committed():
    clinic, review, actor, browser = world(double_read=Demand.ALWAYS)
    grade_blind(
        actor=actor,
        review_id=review.pk,
        grade=Grade(Condition.PSORIASIS, 33, 9),
        remark="Plaques at the rim.",
        now=LATER,
    )
    services.save_reading(actor=actor, review_id=review.pk, reading=Reading(reasoning="Silvery scale."), now=LATER)
    second = signed_in(make_staff(Role.TRICHOLOGIST, clinic).user)
    case = CaseReading.objects.get()
    assert str(case.pk) in second.get(reverse("reviews:reads")).content.decode()
    page = second.get(reverse("reviews:read", args=[case.pk])).content.decode()
    assert "Commit" in page
    for name, method, url, data in addresses(review):
        response = getattr(second, method)(url, data)
        text = "" if response.streaming else response.content.decode()
        assert not leaks(response), name
        assert "Plaques" not in text
        assert "Silvery" not in text
    assert "Plaques" not in page
    assert "33 %" not in page
    early = second.post(reverse("reviews:read", args=[case.pk]), {**GRADE, "remark": "Calm skin."})
    assert early.status_code == 422
    assert "Not yet: look at this photograph first: Hairline" in early.content.decode()
    assert "Calm skin." in early.content.decode(), "what was typed stays"
    refused = second.post(f"/api/v1/reads/{case.pk}/", GRADE, content_type=JSON).json()
    assert refused["error"]["code"] == "photos_unopened"
    left = [one["id"] for one in second.get(f"/api/v1/reads/{case.pk}/").json()["photos"] if not one["opened"]]
    [photo] = left
    second.post(f"/api/v1/reads/{case.pk}/photos/", {"photo": photo}, content_type=JSON)
    assert "You have opened every photograph." in second.get(reverse("reviews:read", args=[case.pk])).content.decode()
    second.post(reverse("reviews:read", args=[case.pk]), {**GRADE, "remark": "Calm skin."})
    assert Read.objects.count() == 2
    assert "Plaques" in second.get(reverse("reviews:review", args=[review.pk])).content.decode()
    assert "Calm skin." in browser.get(reverse("reviews:review", args=[review.pk])).content.decode()
    third = signed_in(make_staff(Role.DERMATOLOGIST, clinic).user)
    page = third.get(reverse("reviews:read", args=[case.pk])).content.decode()
    assert "Adjudication" in page
    assert "Plaques" in page
    assert not leaks(third.get(reverse("reviews:queue")))


def test_an_administrator_sets_the_policy_on_a_page_and_clinicians_do_not():
    clinic, _review, _actor, browser = world()
    url = reverse("reviews:reading_policy")
    form = {
        "blind_first": "off", "blind_percent": 20, "double_read": "sample", "double_percent": 25,
        "share_points": 15, "severity_points": 2,
    }  # fmt: skip
    admin = signed_in(make_staff(Role.ADMINISTRATOR, clinic).user)
    assert "needs two" in admin.get(url).content.decode()
    assert admin.post(url, form).status_code == 302
    assert admin.get("/api/v1/manage/reading/").json()["double_percent"] == 25
    assert admin.post(url, {**form, "double_percent": 200}).status_code == 422
    assert browser.post(url, form).status_code == 403


def adjudicated():
    clinic, review, actor, _browser = world(double_read=Demand.ALWAYS)
    grade_blind(actor=actor, review_id=review.pk, grade=Grade(Condition.ALOPECIA, 10, 2), now=LATER)
    case = CaseReading.objects.get()
    for share, severity in ((60, 8), (40, 6)):
        reader = actor_for(make_staff(Role.DERMATOLOGIST, clinic).user)
        grade = Grade(Condition.ALOPECIA, share, severity)
        look_at_all(review.session, reader)
        services.commit_read(actor=reader, case_id=case.pk, grade=grade, now=LATER)
    return clinic, review


def test_an_adjudicated_grade_is_a_label_candidate_while_the_patient_agrees():
    clinic, review = adjudicated()
    [label] = label_candidates(clinic.pk, today=LATER.date())
    assert label.grade == Grade(Condition.ALOPECIA, 40, 6)
    assert (label.session_id, len(label.reader_ids), label.consent_version) == (review.session_id, 3, 1)
    assert {release for _pk, release in label.findings} == {"scalp-segmentation-0.1", "conditions-0.1"}
    patient = review.session.patient
    withdraw_consent(actor=holder_actor(patient), patient_id=patient.pk, purpose=Purpose.MODEL_IMPROVEMENT, now=LATER)
    assert list(label_candidates(clinic.pk, today=LATER.date())) == []


def test_a_record_of_a_minor_is_no_label_candidate():
    clinic, review = adjudicated()
    patient = review.session.patient
    patient.is_minor_record = True
    patient.save()
    assert list(label_candidates(clinic.pk, today=LATER.date())) == []
