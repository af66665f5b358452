"""Regions that a clinician adds, scales set by hand, undo and redo, labels, and an earlier session beside."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.errors import DomainError, Invalid, NotFound
from accounts.models import AuditEvent, User
from analysis.models import PhotoResult
from patients.models import Purpose
from patients.selectors import photos_of
from patients.services import withdraw_consent
from reports.compose import compose
from reviews import services
from reviews.comparison import compare
from reviews.decisions import effective, final_findings, unseen
from reviews.labels import labels_of
from reviews.models import ManualScale, Review, ReviewStatus
from reviews.own_regions import own_regions
from reviews.presenters import workspace
from tests.factories import reviews as made
from tests.factories.patients import holder_actor, make_clinic, make_patient, signed_in
from tests.factories.reviews import LATER, MEASURES, accept_all, finding_of, open_all, review_at
from vision.types import View

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

BOX = ((0.05, 0.05), (0.25, 0.05), (0.25, 0.25), (0.05, 0.25))
NEXT = ((0.2, 0.05), (0.4, 0.05), (0.4, 0.25), (0.2, 0.25))


def measured_review(status="opened"):
    """A review whose photographs carry the numbers that a worker stores."""
    review, actor = review_at(status)
    assert review.analysis_id is not None
    for result in PhotoResult.objects.filter(analysis_id=review.analysis_id).select_related("photo__session__patient"):
        result.result = {"view": result.photo.view, "measures": MEASURES}
        result.save()
    return review, actor


def crown_of(review):
    return next(photo for photo in photos_of(review.session) if photo.view == "crown")


def add(review, actor, polygon=BOX, kind="bald", reason="Smooth patch"):
    return services.add_region(
        actor=actor,
        review_id=review.pk,
        photo_id=crown_of(review).pk,
        kind=kind,
        polygon=polygon,
        reason=reason,
        now=LATER,
    )


def test_an_added_region_stands_beside_the_models_as_the_clinicians_and_in_the_report():
    review, actor = measured_review()
    accept_all(review, actor)
    region = add(review, actor)
    final = next(found for found in final_findings(review) if found.finding_id == region.region_id)
    assert (final.added, final.release, final.model_payload) == (True, "", {})
    assert final.payload["share_of_scalp"] == pytest.approx(4, abs=0.4)
    assert services.decide_review(actor=actor, review_id=review.pk, now=LATER).outcome == "amended"
    content = compose(Review.objects.get(pk=review.pk)).content
    line = next(line for line in content.findings if line.finding_id == str(region.region_id))
    assert line.verdict == "added"
    assert "drawn by the clinician" in line.statement
    assert not line.release


def test_the_numbers_of_the_photo_and_the_session_are_counted_again_with_it():
    review, actor = measured_review()
    accept_all(review, actor)
    add(review, actor)
    final = {(found.view, found.code): found for found in final_findings(review)}
    coverage = final["crown", "coverage_index"]
    assert coverage.corrected
    assert coverage.payload["value"] == pytest.approx(92.0 - 4.3, abs=0.3)  # 16 % of the map is thinning
    assert coverage.payload["low"] < coverage.payload["value"] < coverage.payload["high"]
    assert coverage.model_payload["value"] == 82.4
    assert not final["hairline", "coverage_index"].corrected
    severity = final["", "severity_index"]
    assert severity.payload["from"] == "outlines"
    assert severity.payload["index"]["value"] == pytest.approx(1 + 12.3 * 3 / 20, abs=0.1)
    card = next(c for g in workspace(review, actor).groups for c in g.cards if c.kind == "measure")
    assert card.counted_value == "88 %"


def test_a_number_that_was_typed_stays_as_typed():
    review, actor = measured_review()
    accept_all(review, actor)
    coverage = finding_of(review, "measure", "coverage_index")
    typed = services.Correction(value=70.0)
    services.decide_finding(
        actor=actor,
        review_id=review.pk,
        finding_id=coverage.pk,
        verdict="corrected",
        correction=typed,
        reason="Wet",
        now=LATER,
    )
    add(review, actor)
    assert next(f for f in final_findings(review) if f.finding_id == coverage.pk).payload["value"] == 70.0


def test_a_region_without_a_reason_keeps_the_case_open():
    review, actor = measured_review()
    accept_all(review, actor)
    region = add(review, actor, reason="")
    assert unseen(review).unexplained == (region.region_id,)
    with pytest.raises(Invalid, match="1 region you added has no reason"):
        services.decide_review(actor=actor, review_id=review.pk, now=LATER)


def test_own_regions_are_merged_changed_and_removed_and_every_step_can_be_undone_and_redone():
    review, actor = measured_review()
    first, second = add(review, actor), add(review, actor, NEXT, reason="Grows into it")
    services.merge_regions(
        actor=actor, review_id=review.pk, region_id=first.region_id, other_id=second.region_id, now=LATER
    )
    (merged,) = own_regions(review)
    assert max(x for x, _y in merged.polygon) == pytest.approx(0.4, abs=0.01)
    assert merged.reason == "Smooth patch; Grows into it"
    services.undo(actor=actor, review_id=review.pk, now=LATER)
    assert len(own_regions(review)) == 2
    services.redo(actor=actor, review_id=review.pk, now=LATER)
    assert len(own_regions(review)) == 1
    services.remove_region(actor=actor, review_id=review.pk, region_id=first.region_id, now=LATER)
    assert own_regions(review) == []
    for left in (1, 2, 1, 0):
        services.undo(actor=actor, review_id=review.pk, now=LATER)
        assert len(own_regions(review)) == left
    with pytest.raises(DomainError, match="nothing to take back"):
        services.undo(actor=actor, review_id=review.pk, now=LATER)


def test_undo_takes_back_what_was_accepted_together_and_a_new_act_ends_redo():
    review, actor = measured_review()
    services.accept_opened(actor=actor, review_id=review.pk, now=LATER)
    services.undo(actor=actor, review_id=review.pk, now=LATER)
    assert effective(review) == {}
    services.redo(actor=actor, review_id=review.pk, now=LATER)
    assert len(effective(review)) == 5
    services.undo(actor=actor, review_id=review.pk, now=LATER)
    add(review, actor)
    with pytest.raises(DomainError, match="nothing to do again"):
        services.redo(actor=actor, review_id=review.pk, now=LATER)


def test_another_cases_photograph_and_another_persons_case_are_refused():
    review, actor = measured_review()
    other, _holder = review_at("claimed")
    with pytest.raises(NotFound):
        services.add_region(
            actor=actor, review_id=review.pk, photo_id=crown_of(other).pk, kind="bald", polygon=BOX, now=LATER
        )
    colleague = made.trichologist(review.clinic)
    with pytest.raises(DomainError) as refused:
        add(review, colleague)
    assert refused.value.code == "not_holder"


def test_a_scale_of_two_points_gives_areas_keeps_who_and_when_and_ends_when_removed():
    review, actor = measured_review()
    accept_all(review, actor)
    photo = crown_of(review)
    row = services.set_scale(
        actor=actor, review_id=review.pk, photo_id=photo.pk, points=((0.1, 0.5), (0.9, 0.5)), length_mm=160, now=LATER
    )
    assert row.px_per_mm == pytest.approx(0.8 * photo.width_px / 160)
    assert (row.set_by_id, row.set_at) == (actor.membership_id, LATER)
    area = next(f for f in final_findings(review) if f.code == "thinning_area_mm2" and f.added)
    assert area.payload["value"] == pytest.approx(0.2 * 200 * 200 * photo.height_px / photo.width_px, rel=0.05)
    assert AuditEvent.objects.filter(action="scale.set", subject_id=photo.pk).exists()
    services.remove_scale(actor=actor, review_id=review.pk, photo_id=photo.pk, now=LATER)
    assert not any(found.added for found in final_findings(review))


def signed(review):
    Review.objects.filter(pk=review.pk).update(status=ReviewStatus.SIGNED, closed_at=LATER)
    return Review.objects.select_related("session__patient", "reviewer").get(pk=review.pk)


def test_a_signed_correction_is_a_label_with_its_lineage_until_consent_is_withdrawn():
    review, actor = measured_review()
    accept_all(review, actor)
    region = add(review, actor)
    clinic, patient = review.clinic_id, review.session.patient
    assert list(labels_of(clinic, today=LATER.date())) == [], "nobody has signed yet"
    signed(review)
    labels = list(labels_of(clinic, today=LATER.date()))
    own = next(label for label in labels if label.region_id == region.region_id)
    assert (own.release, own.photo_digest, own.reviewer_id) == ("", crown_of(review).sha256, actor.membership_id)
    assert own.consent_version == 1
    model = next(label for label in labels if label.kind == "region" and label.finding_id)
    assert (model.verdict, model.release) == ("accepted", "scalp-segmentation-0.1")
    assert model.session_id == review.session_id
    withdraw_consent(actor=holder_actor(patient), patient_id=patient.pk, purpose=Purpose.MODEL_IMPROVEMENT, now=LATER)
    assert list(labels_of(clinic, today=LATER.date())) == []


def test_a_childs_record_gives_no_label():
    review, actor = measured_review()
    accept_all(review, actor)
    signed(review)
    type(review.session.patient).objects.filter(pk=review.session.patient_id).update(is_minor_record=True)
    assert list(labels_of(review.clinic_id, today=LATER.date())) == []


def two_sessions():
    """A patient's earlier case, accepted and not yet signed, and the next one three months later."""
    clinic = make_clinic()
    actor, patient = made.dermatologist(clinic), make_patient(clinic)
    first = made.submitted_session(patient, views=(View.CROWN,))
    made.measured(first)
    earlier = services.claim_review(actor=actor, session_id=first.pk, now=LATER)
    accept_all(earlier, actor)
    later = made.submitted_session(patient, views=(View.CROWN,), now=LATER + timedelta(days=90))
    made.measured(later)
    review = services.claim_review(actor=actor, session_id=later.pk, now=LATER + timedelta(days=90))
    return earlier, review, actor


def test_an_earlier_session_shows_its_numbers_only_once_they_were_signed():
    earlier, review, actor = two_sessions()
    photo = crown_of(review)
    now = LATER + timedelta(days=90)
    found = services.compare_case(actor=actor, review_id=review.pk, photo_id=photo.pk, session_id=None, now=now)
    assert found.then is not None
    assert found.then.photo_id == crown_of(earlier).pk
    assert not found.signed_by
    assert not any(row.then for row in found.rows)
    signed(earlier)
    found = compare(review, photo.pk)
    assert found.signed_by
    assert next(row.then for row in found.rows if row.label == "Coverage index") == "82 %"
    event = AuditEvent.objects.get(action="review.compared")
    assert set(event.detail["photos"]) == {str(photo.pk), str(crown_of(earlier).pk)}


def test_only_earlier_sessions_of_the_same_patient_can_be_laid_beside():
    earlier, review, _actor = two_sessions()
    stranger, _other = review_at("claimed")
    with pytest.raises(NotFound):
        compare(review, crown_of(review).pk, stranger.session_id)
    with pytest.raises(NotFound):
        compare(earlier, crown_of(earlier).pk, review.session_id)


def test_the_screen_takes_as_many_queries_with_many_findings_as_with_few(monkeypatch):
    monkeypatch.setattr(made, "LATER", timezone.now())
    counts = []
    for views in ((View.CROWN, View.HAIRLINE), (View.CROWN, View.HAIRLINE, View.OCCIPUT, View.PART, View.TEMPLE_LEFT)):
        review, actor = review_at("claimed", views=views)
        browser = signed_in(User.objects.get(pk=actor.user_id))
        url = reverse("reviews:review", args=[review.pk])
        browser.get(url)
        with CaptureQueriesContext(connection) as queries:
            answer = browser.get(url)
        assert answer.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] <= 60


def test_the_stage_loads_the_size_it_needs():
    review, actor = review_at("claimed")
    browser = signed_in(User.objects.get(pk=actor.user_id))
    photo = crown_of(review)
    answer = browser.get(reverse("patients:picture", args=[photo.pk, 1024]))
    assert answer["Content-Type"] == "image/jpeg"
    assert "no-store" in answer["Cache-Control"]
    assert browser.get(reverse("patients:picture", args=[photo.pk, 77])).status_code == 404


def test_a_comparison_rests_on_the_outlines_and_scales_as_they_were_corrected():
    """What was signed then, what stands now; a scale taken back after the signature still counts as signed."""
    earlier, review, actor = two_sessions()
    then, now = crown_of(earlier), crown_of(review)
    untouched = compare(review, now.pk).inputs
    assert untouched.by_hand == {}
    services.set_scale(
        actor=actor, review_id=earlier.pk, photo_id=then.pk, points=[(0.1, 0.5), (0.6, 0.5)], length_mm=50, now=LATER
    )
    signed(earlier)
    add(review, actor)
    found = compare(review, now.pk).inputs
    assert found.by_hand["then"] == {"px_per_mm": pytest.approx(0.5 * then.width_px / 50)}
    [drawn] = found.by_hand["now"]["own"]
    assert drawn["kind"] == "bald"
    assert found.digest != untouched.digest
    ManualScale.objects.update(removed_at=LATER + timedelta(days=200))
    assert compare(review, now.pk).inputs.by_hand["then"] == found.by_hand["then"]
    finding = finding_of(review, "region")
    open_all(review, actor)
    services.decide_finding(
        actor=actor, review_id=review.pk, finding_id=finding.pk, verdict="rejected", reason="No loss here", now=LATER
    )
    assert True in {region["touched"] for region in compare(review, now.pk).inputs.by_hand["now"]["regions"]}
