"""The stage of an independent reader and of an asked colleague: every photograph, audited, nothing that was found."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.roles import Role
from analysis.models import DerivedImage, Finding
from patients.selectors import photos_of
from reviews import services
from reviews.grade import Grade
from reviews.models import CaseReading
from reviews.policy import Demand, ReadingRules
from tests.factories import reviews as made
from tests.factories.patients import actor_for, make_clinic, make_staff, signed_in
from tests.factories.reviews import grade_blind, review_at, trichologist
from vision.types import Condition

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _cases_of_today(monkeypatch):
    """Pages read the clock: cases are made now, so that their leases run."""
    monkeypatch.setattr(made, "LATER", timezone.now())


def double_read(clinic):
    """A case with the first grade committed; its second reader, that one's browser, and the page to read it on."""
    admin = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    services.set_reading_policy(actor=admin, rules=ReadingRules(double_read=Demand.ALWAYS), now=timezone.now())
    review, first = review_at("claimed", clinic=clinic)
    grade = Grade(Condition.ALOPECIA, 20, 4)
    grade_blind(actor=first, review_id=review.pk, grade=grade, now=timezone.now())
    second = trichologist(clinic)
    browser = signed_in(User.objects.get(pk=second.user_id))
    return review, browser, reverse("reviews:read", args=[CaseReading.objects.get(session=review.session).pk])


def found_on(answer):
    """Findings, derived pictures, and tools that change the models' outlines, that stand in an answer."""
    text = answer.content.decode()
    ids = [str(pk) for model in (DerivedImage, Finding) for pk in model.objects.values_list("pk", flat=True)]
    tools = ("data-stage-overlay", "data-ruler", "outlines/")
    return [secret for secret in (*ids, *tools) if secret in text]


def test_a_second_reader_brings_every_photograph_to_the_stage_and_sees_nothing_that_was_found():
    review, browser, page = double_read(make_clinic())
    photos = photos_of(review.session)
    whole = browser.get(page)
    assert "data-stage" in whole.content.decode()
    assert found_on(whole) == []
    for photo in photos:
        assert f'hx-get="?photo={photo.pk}"' in whole.content.decode()
        answer = browser.get(page, {"photo": str(photo.pk)}, headers=HTMX)
        text = answer.content.decode()
        assert f'data-src="{reverse("patients:photo", args=[photo.pk])}"' in text
        assert text.count('aria-current="true"') == 1
        assert found_on(answer) == []
        event = AuditEvent.objects.filter(action="reading.photo_read").latest("pk")
        assert (event.detail, event.patient_id) == ({"photos": [str(photo.pk)]}, review.session.patient_id)
    noted = AuditEvent.objects.count()
    assert browser.get(reverse("patients:picture", args=[photos[-1].pk, 1024])).status_code == 200
    assert AuditEvent.objects.count() == noted  # the look is in the audit already
    without_script = browser.get(page, {"photo": str(photos[-1].pk)}).content.decode()
    assert f'data-src="{reverse("patients:photo", args=[photos[-1].pk])}"' in without_script


def test_who_has_read_a_case_is_asked_for_no_second_grade():
    review, browser, url = double_read(make_clinic())
    first = signed_in(User.objects.get(pk=review.reviewer.user_id)).get(url).content.decode()
    assert "Nobody reads a case twice or adjudicates their own read." in first
    assert 'name="severity"' not in first
    assert 'name="severity"' in browser.get(url).content.decode()


def test_the_stage_has_no_photograph_of_another_case_and_nothing_for_who_may_not_read():
    clinic = make_clinic()
    review, browser, page = double_read(clinic)
    other, _holder = review_at("claimed", clinic=clinic)
    foreign = photos_of(other.session)[0]
    assert browser.get(page, {"photo": str(foreign.pk)}, headers=HTMX).status_code == 404
    assert str(foreign.pk) not in browser.get(page, {"photo": str(foreign.pk)}).content.decode()
    holder = signed_in(User.objects.get(pk=review.reviewer.user_id))
    mine = photos_of(review.session)[0]
    stranger = signed_in(make_staff(Role.DERMATOLOGIST, make_clinic("Elsewhere")).user)
    assert stranger.get(page, {"photo": str(mine.pk)}, headers=HTMX).status_code == 404
    assert holder.get(page).status_code == 200  # who has read may look at what was read
    assert AuditEvent.objects.filter(action="reading.photo_read").count() == 0


def test_who_saw_the_findings_gets_no_stage_of_the_read():
    clinic = make_clinic()
    before, saw = review_at("claimed", clinic=clinic)
    services.release_review(actor=saw, review_id=before.pk, now=timezone.now())
    admin = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    services.set_reading_policy(actor=admin, rules=ReadingRules(double_read=Demand.ALWAYS), now=timezone.now())
    holder = made.dermatologist(clinic)
    taken = services.claim_review(actor=holder, session_id=before.session_id, now=timezone.now())
    grade = Grade(Condition.ALOPECIA, 20, 4)
    grade_blind(actor=holder, review_id=taken.pk, grade=grade, now=timezone.now())
    page = reverse("reviews:read", args=[CaseReading.objects.get().pk])
    photo = photos_of(before.session)[0]
    answer = signed_in(User.objects.get(pk=saw.user_id)).get(page, {"photo": str(photo.pk)}, headers=HTMX)
    assert answer.status_code == 409
    assert "trichora:message" in answer["HX-Trigger"]
    assert not answer.content


def test_an_asked_colleague_has_the_same_stage_and_nobody_else():
    clinic = make_clinic()
    colleague, other = trichologist(clinic), trichologist(clinic)
    review, actor = review_at("claimed", clinic=clinic)
    opinion = services.ask_opinion(
        actor=actor, review_id=review.pk, question="Scarring?", asked_of=colleague.membership_id, now=timezone.now()
    )
    page = reverse("reviews:opinion", args=[opinion.pk])
    browser = signed_in(User.objects.get(pk=colleague.user_id))
    assert found_on(browser.get(page)) == []
    last = photos_of(review.session)[-1]
    answer = browser.get(page, {"photo": str(last.pk)}, headers=HTMX)
    assert f'data-src="{reverse("patients:photo", args=[last.pk])}"' in answer.content.decode()
    assert found_on(answer) == []
    event = AuditEvent.objects.get(action="opinion.photo_read")
    assert event.detail == {"photos": [str(last.pk)]}
    refused = signed_in(User.objects.get(pk=other.user_id)).get(page, {"photo": str(last.pk)}, headers=HTMX)
    assert refused.status_code == 403
    assert AuditEvent.objects.filter(action="opinion.photo_read").count() == 1
