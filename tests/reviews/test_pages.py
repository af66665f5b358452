"""The clinicians' pages as they answer: what stands on them, what they refuse, and what they leave in the audit."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, User
from accounts.roles import Role
from patients.intake_form import Symptom
from patients.models import Photo
from patients.selectors import photos_of
from reviews import services
from reviews.decisions import effective, findings_of
from reviews.formulary.seed import seed
from reviews.models import FormularyEntry, Review
from reviews.own_regions import own_regions
from reviews.templatetags.patient_labels import whole_number
from tests.factories import reviews as made
from tests.factories.patients import calm_answers, holder_of, make_clinic, make_patient, make_staff, signed_in
from vision.types import View

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

HTMX = {"HX-Request": "true"}
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def _cases_of_today(monkeypatch):
    """Pages read the clock: cases are made now, so that their leases run."""
    monkeypatch.setattr(made, "LATER", timezone.now())


def browser_of(actor):
    return signed_in(User.objects.get(pk=actor.user_id))


def address(name, review, *more):
    return reverse(f"reviews:{name}", args=[review.pk, *more])


def test_the_queue_lists_a_case_without_naming_the_patient():
    review, actor = made.review_at("released", answers=calm_answers(symptoms=(Symptom.PUS,)))
    answer = browser_of(actor).get(reverse("reviews:queue"))
    text = answer.content.decode()
    assert review.session.patient.record_number in text
    assert "M. S." in text
    assert "Sommer" not in text
    assert "Pus or crusts on the scalp" in text
    assert "no-store" in answer["Cache-Control"]
    event = AuditEvent.objects.get(action="queue.read")
    assert event.detail == {"sessions": [str(review.session_id)]}


def test_a_record_number_is_never_broken_in_a_list():
    assert whole_number("A. B. · P-7K3M-92QX") == 'A. B. · <span class="text-nowrap">P-7K3M-92QX</span>'
    assert whole_number("<b> · P-7K3M-92QX").startswith("&lt;b&gt; · ")


def test_claiming_leads_to_the_review():
    clinic = make_clinic()
    actor = made.dermatologist(clinic)
    session = made.submitted_session(make_patient(clinic), views=(View.CROWN,))
    answer = browser_of(actor).post(reverse("reviews:claim", args=[session.pk]))
    assert answer.url == address("review", Review.objects.get())


def test_the_review_page_shows_findings_intake_and_the_research_notice_and_is_audited_once():
    review, actor = made.review_at("claimed", answers=calm_answers(symptoms=(Symptom.PUS,)))
    answer = browser_of(actor).get(address("review", review))
    text = answer.content.decode()
    for words in (
        "Coverage index",
        "82 %",
        "78 to 86 %",
        "Not measurable",
        "Alopecia 91 %",
        "Bald Spot Severity Index",
        "4.2 of 10",
    ):
        assert words in text, words
    assert "Research use" in text
    assert "Red flags in the intake" in text
    assert "Levothyroxine" in text
    assert "Penicillin" in text
    assert "no-store" in answer["Cache-Control"]
    event = AuditEvent.objects.get(action="review.read")
    assert set(event.detail["photos"]) == {str(photo.pk) for photo in photos_of(review.session)}


def test_the_photo_on_the_stage_counts_as_seen_and_the_others_do_not():
    review, actor = made.review_at("claimed")
    browser = browser_of(actor)
    crown, hairline = sorted(photos_of(review.session), key=lambda photo: photo.view)
    browser.get(address("review", review))
    assert set(review.opened.values_list("subject_id", flat=True)) == {crown.pk}
    answer = browser.get(address("photo", review, hairline.pk), headers=HTMX)
    assert "Hairline, from the front" in answer.content.decode()
    assert set(review.opened.values_list("subject_id", flat=True)) == {crown.pk, hairline.pk}


def test_a_second_take_is_shown_beside_the_first_and_named_in_the_audit():
    review, actor = made.review_at("claimed")
    first = next(photo for photo in photos_of(review.session) if photo.view == View.CROWN)
    stage = address("photo", review, first.pk)
    assert "Second take" not in browser_of(actor).get(stage, headers=HTMX).content.decode()
    again = Photo.objects.get(pk=first.pk)
    again.pk, again.repeat_of, again.sha256 = uuid4(), first, "5" * 64
    again.capture, again.quality = dict(first.capture), dict(first.quality)
    again.save(force_insert=True)
    text = browser_of(actor).get(stage, headers=HTMX).content.decode()
    assert "Second take, for noise" in text
    assert reverse("patients:photo", args=[again.pk]) in text
    seen = AuditEvent.objects.filter(action="review.photo_read").latest("pk")
    assert seen.detail["photos"] == [str(first.pk), str(again.pk)]


def test_an_open_finding_brings_its_photograph_along_for_a_narrow_screen():
    review, actor = made.review_at("claimed")
    browser = browser_of(actor)
    on_the_other = [found for found in findings_of(review) if found.code == "coverage_index"][1]
    answer = browser.post(address("finding_open", review, on_the_other.pk), headers=HTMX).content.decode()
    beside = answer.split('class="finding__photo"')[1].split("</a>")[0]
    assert f"/photos/{on_the_other.photo_id}/" in beside
    of_the_session = made.finding_of(review, "severity")
    answer = browser.post(address("finding_open", review, of_the_session.pk), headers=HTMX).content.decode()
    assert 'class="finding__photo"' not in answer


def test_deciding_by_fragment_opens_the_next_finding_with_its_photo():
    review, actor = made.review_at("claimed")
    browser = browser_of(actor)
    first, second = [f for f in findings_of(review) if f.code == "coverage_index"]
    region = made.finding_of(review, "region")
    shown = {"photo": str(first.photo_id)}
    browser.post(address("finding_open", review, first.pk), shown, headers=HTMX)
    answer = browser.post(address("finding", review, first.pk), {"verdict": "accepted", **shown}, headers=HTMX)
    text = answer.content.decode()
    assert effective(review)[first.pk].verdict == "accepted"
    assert "1 of 5 findings decided" in text
    assert f'id="finding-{region.pk}" aria-expanded="true"' in text
    assert 'id="stage-pane"' not in text, "the region lies on the same photograph: the picture stays as it is"
    answer = browser.post(
        address("finding", review, region.pk), {"verdict": "rejected", "reason": "Parting", **shown}, headers=HTMX
    )
    text = answer.content.decode()
    assert f'id="finding-{second.pk}" aria-expanded="true"' in text
    assert 'id="stage-pane"' in text


def test_a_refused_act_says_why_in_a_message_and_changes_nothing():
    review, actor = made.review_at("opened")
    finding = made.finding_of(review, "measure")
    answer = browser_of(actor).post(
        address("finding", review, finding.pk),
        {"verdict": "corrected", "value": "400", "reason": "Wet hair"},
        headers=HTMX,
    )
    assert answer.status_code == 422
    message = json.loads(answer["HX-Trigger"])["trichora:message"]
    assert message == {"text": "Give a number between 0 and 100.", "tone": "danger"}
    assert effective(review) == {}


def test_a_corrected_value_stands_beside_the_models_on_the_page():
    review, actor = made.review_at("opened")
    finding = made.finding_of(review, "measure")
    browser = browser_of(actor)
    browser.post(
        address("finding", review, finding.pk),
        {"verdict": "corrected", "value": "70", "reason": "Wet hair"},
        headers=HTMX,
    )
    text = browser.get(address("findings", review) + f"?open={finding.pk}", headers=HTMX).content.decode()
    assert '<s class="muted">82 %</s> 70 %' in text
    assert "Corrected by Dr. Ada Krause" in text
    browser.post(address("finding_undo", review, finding.pk), headers=HTMX)
    text = browser.get(address("findings", review) + f"?open={finding.pk}", headers=HTMX).content.decode()
    assert "70 %" not in text


def test_outlines_from_the_stage_are_kept_and_a_region_of_the_models_is_not_deleted():
    review, actor = made.review_at("claimed")
    region = made.finding_of(review, "region")
    browser, url = browser_of(actor), address("outlines", review, region.photo_id)
    box = {"action": "update", "id": str(region.pk), "type": "box", "box": [100, 100, 200, 150]}
    answer = browser.post(url, json.dumps(box), content_type="application/json", headers=JSON)
    assert answer.json() == {"id": str(region.pk)}
    assert (effective(review)[region.pk].corrected or {})["by"] == "clinician"
    drawn = {"action": "create", "id": "x", "type": "box", "box": [10, 10, 200, 150], "kind": "bald"}
    answer = browser.post(url, json.dumps(drawn), content_type="application/json", headers=JSON)
    (own,) = own_regions(review)
    assert answer.json() == {"id": str(own.region_id)}
    assert own.kind == "bald"
    gone = {"action": "delete", "id": str(region.pk)}
    answer = browser.post(url, json.dumps(gone), content_type="application/json", headers=JSON)
    assert answer.status_code == 422
    assert "reject a region" in answer.json()["error"]["message"]


def test_the_reading_is_saved_as_it_is_typed_and_shown_again():
    review, actor = made.review_at("claimed")
    browser = browser_of(actor)
    answer = browser.post(
        address("reading", review),
        {"diagnosis_code": "L66", "differential": ["L63", "L64"], "pull_test": "positive", "reasoning": "Lost ostia."},
        headers=HTMX,
    )
    assert "saved" in answer.content.decode()
    text = browser.get(address("review", review)).content.decode()
    assert "Lost ostia." in text
    assert '<option value="L66" selected>' in text


@pytest.mark.parametrize(
    ("ai", "words"), [(False, "did not agree to AI"), (True, "No model is switched on")], ids=["refused", "off"]
)
def test_a_case_without_findings_says_why(ai, words):
    clinic = make_clinic()
    actor = made.dermatologist(clinic)
    session = made.submitted_session(make_patient(clinic), views=(View.CROWN,), ai=ai)
    review = services.claim_review(actor=actor, session_id=session.pk, now=timezone.now())
    assert words in browser_of(actor).get(address("review", review)).content.decode()


def test_a_colleague_sees_the_case_without_any_button_that_changes_it():
    review, _actor = made.review_at("claimed")
    colleague = made.trichologist(review.clinic)
    text = browser_of(colleague).get(address("review", review)).content.decode()
    assert "Dr. Ada Krause holds this case" in text
    assert "Approve" not in text
    assert review.opened.count() == 0


def test_the_plan_page_shows_alerts_and_who_has_to_sign():
    seed()
    clinic = make_clinic()
    review, actor = made.review_at("decided", clinic=clinic, actor=made.trichologist(clinic))
    browser = browser_of(actor)
    text = browser.get(address("plan", review)).content.decode()
    assert "Woman of child-bearing age: feminises a male foetus" in text
    assert "A dermatologist has to sign, because the report names a skin condition." in text
    assert "2 things to do before signing" in text
    assert "Levothyroxine" in text


def test_a_plan_is_composed_by_fragments():
    seed()
    review, actor = made.review_at("decided")
    browser = browser_of(actor)
    entry = FormularyEntry.objects.get(code="nutrition")
    answer = browser.post(address("plan_item_add", review), {"entry": str(entry.pk), "q": "diet"}, headers=HTMX)
    text = answer.content.decode()
    assert entry.name in text
    assert "Isotretinoin" not in text, "the search stays as it was"
    item = review.plan.items.get()
    browser.post(
        address("plan_item", review, item.pk),
        {"dose": "1.2 g per kg", "duration": "3 months", "instructions": "Eat beans."},
        headers=HTMX,
    )
    answer = browser.post(
        address("plan", review), {"summary": "All is well.", "advice": "", "follow_up_date": "2099-01-01"}, headers=HTMX
    )
    assert "Ready to sign" in answer.content.decode()
    page = browser.get(address("plan", review)).content.decode()
    assert page.count("Ready to sign") == 1, "the badge beside it says what is done: the findings"
    assert "Findings decided" in page
    item.refresh_from_db()
    assert item.dose == "1.2 g per kg"
    browser.post(address("plan_item_remove", review, item.pk), headers=HTMX)
    assert review.plan.items.count() == 0


def test_the_summary_is_drafted_from_what_was_accepted():
    review, actor = made.review_at("opened")
    made.accept_all(review, actor)
    region = made.finding_of(review, "region")
    services.decide_finding(
        actor=actor, review_id=review.pk, finding_id=region.pk, verdict="rejected", reason="Parting", now=made.LATER
    )
    text = browser_of(actor).post(address("plan_draft", review), headers=HTMX).content.decode()
    assert "about 82 % of the scalp seen there" in text
    assert "Thinner areas" not in text, "the rejected region is not told to the patient"


def test_the_formulary_is_searched_by_word_and_category():
    seed()
    review, actor = made.review_at("claimed", ai=False)
    browser = browser_of(actor)
    text = browser.get(address("formulary", review), {"q": "minoxidil", "category": "systemic"}).content.decode()
    assert "Minoxidil tablets, low dose" in text
    assert "Minoxidil 2 % solution" not in text
    assert "No treatment matches" in browser.get(address("formulary", review), {"q": "unicorn"}).content.decode()


PAGES = ["review", "findings", "plan", "formulary"]


@pytest.mark.parametrize("name", PAGES)
def test_who_may_open_the_pages_of_a_case(name):
    review, actor = made.review_at("claimed")
    url = address(name, review)
    assert browser_of(actor).get(url).status_code == 200
    assert browser_of(made.dermatologist(make_clinic("Hair Clinic South"))).get(url).status_code == 404
    assert signed_in(make_staff(Role.ADMINISTRATOR, review.clinic).user).get(url).status_code == 403
    assert signed_in(holder_of(review.session.patient)).get(url).status_code == 403


def test_a_retake_without_a_view_is_refused_in_its_own_form_and_keeps_the_message():
    review, actor = made.review_at("claimed")
    browser, url = browser_of(actor), address("retake", review)
    answer = browser.post(url, {"message": "By daylight, please."}, headers=HTMX)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose at least one view that is needed again." in text
    assert "By daylight, please." in text
    assert "<html" not in text
    review.refresh_from_db()
    assert review.status == "claimed"
    asked = browser.post(url, {"view_crown": "blurred"}, headers=HTMX)
    assert asked["HX-Redirect"] == reverse("reviews:queue")
    review.refresh_from_db()
    assert review.status == "retake_requested"


def test_a_retake_from_the_page_goes_back_to_the_queue():
    review, actor = made.review_at("claimed")
    answer = browser_of(actor).post(address("retake", review), {"view_crown": "blurred", "message": "Daylight"})
    assert answer.url == reverse("reviews:queue")
    review.refresh_from_db()
    assert review.status == "retake_requested"


def test_handing_back_keeps_the_note_and_frees_the_case():
    review, actor = made.review_at("claimed")
    browser_of(actor).post(address("hand_back", review), {"note": "Away today", "for_dermatologist": "on"})
    review.refresh_from_db()
    assert (review.status, review.handover_note, review.for_dermatologist) == ("released", "Away today", True)
    assert Membership.objects.get(user_id=actor.user_id).reviews.count() == 1


def test_a_refused_form_leads_back_to_itself_and_a_page_that_was_only_read_to_the_start():
    review, actor = made.review_at("claimed")
    browser, page = browser_of(actor), "http://testserver" + reverse("reviews:review", args=[review.pk])
    nothing = browser.post(reverse("reviews:retake", args=[review.pk]), headers={"referer": page})
    assert nothing.status_code == 422
    assert f'href="{page}" data-back' in nothing.content.decode()
    elsewhere = browser.post(reverse("reviews:retake", args=[review.pk]), headers={"referer": "https://evil.example/"})
    assert "data-back" not in elsewhere.content.decode()
    assert "data-back" not in browser.get(reverse("reviews:review", args=[uuid4()])).content.decode()


def test_several_photographs_of_a_view_are_told_apart():
    review, actor = made.review_at("claimed", views=(View.CROWN, View.CROWN, View.HAIRLINE))
    text = " ".join(browser_of(actor).get(address("review", review)).content.decode().split())
    for number in (1, 2):
        assert f'<section aria-label="Crown, from above, {number} of 2">' in text
        assert f'class="filmstrip__name">Crown {number}<' in text
    assert 'aria-label="Photograph: Crown, from above, 1 of 2"' in text
    assert 'class="filmstrip__name">Hairline<' in text, "one alone needs no number"
