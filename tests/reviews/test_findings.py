"""Findings are looked at and decided one by one; the model's value is never lost."""

from __future__ import annotations

import pytest

from accounts.errors import DomainError, Invalid
from patients.selectors import photos_of
from reviews import services
from reviews.decisions import effective, final_findings, unseen
from reviews.models import FindingDecision
from tests.factories.reviews import LATER, SQUARE, accept_all, finding_of, open_all, review_at

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def decide(review, actor, finding, verdict, **more):
    if verdict == "corrected":
        more.setdefault("reason", "Not what I see")
    return services.decide_finding(
        actor=actor, review_id=review.pk, finding_id=finding.pk, verdict=verdict, now=LATER, **more
    )


def test_a_finding_that_was_not_opened_cannot_be_decided():
    review, actor = review_at("claimed")
    with pytest.raises(Invalid) as refused:
        decide(review, actor, finding_of(review, "measure"), "accepted")
    assert refused.value.code == "not_opened"


def test_a_case_with_an_unopened_photo_cannot_be_approved():
    review, actor = review_at("claimed")
    for finding_id in unseen(review).findings:
        services.mark_opened(actor=actor, review_id=review.pk, kind="finding", subject_id=finding_id, now=LATER)
        services.decide_finding(actor=actor, review_id=review.pk, finding_id=finding_id, verdict="accepted", now=LATER)
    with pytest.raises(Invalid, match="2 photographs were not opened"):
        services.decide_review(actor=actor, review_id=review.pk, now=LATER)


def test_a_case_with_an_undecided_finding_cannot_be_approved():
    review, actor = review_at("opened")
    with pytest.raises(Invalid, match="5 findings are undecided"):
        services.decide_review(actor=actor, review_id=review.pk, now=LATER)


def test_the_rest_can_be_accepted_only_when_everything_was_opened():
    review, actor = review_at("claimed")
    with pytest.raises(Invalid) as refused:
        services.accept_opened(actor=actor, review_id=review.pk, now=LATER)
    assert refused.value.code == "not_opened"
    open_all(review, actor)
    assert services.accept_opened(actor=actor, review_id=review.pk, now=LATER) == 5
    assert unseen(review).is_empty


def test_all_accepted_is_approved_and_one_correction_makes_it_amended():
    review, actor = review_at("decided")
    assert review.outcome == "approved"
    services.reopen(actor=actor, review_id=review.pk, now=LATER)
    decide(review, actor, finding_of(review, "measure"), "corrected", correction=services.Correction(value=75.0))
    assert services.decide_review(actor=actor, review_id=review.pk, now=LATER).outcome == "amended"


def test_a_corrected_number_stands_beside_the_models_value():
    review, actor = review_at("opened")
    finding = finding_of(review, "measure", "coverage_index")
    decide(review, actor, finding, "corrected", correction=services.Correction(value=70.0), reason="Wet hair")
    final = next(row for row in final_findings(review) if row.finding_id == finding.pk)
    assert final.payload["value"] == 70.0
    assert final.payload["low"] is None, "a number that was typed carries no interval"
    assert final.model_payload["value"] == 82.4
    assert final.reason == "Wet hair"
    finding.refresh_from_db()
    assert finding.payload["value"] == 82.4


@pytest.mark.parametrize(
    ("kind", "value"), [("measure", 101.0), ("measure", -1.0), ("severity", 0.5), ("severity", 11.0)]
)
def test_a_number_outside_its_bounds_is_refused(kind, value):
    review, actor = review_at("opened")
    with pytest.raises(Invalid) as refused:
        decide(review, actor, finding_of(review, kind), "corrected", correction=services.Correction(value=value))
    assert refused.value.code == "out_of_bounds"


def test_another_condition_class_keeps_the_models_probabilities():
    review, actor = review_at("opened")
    finding = finding_of(review, "condition")
    decide(review, actor, finding, "corrected", correction=services.Correction(condition="psoriasis"))
    final = next(row for row in final_findings(review) if row.finding_id == finding.pk)
    assert final.payload["shown"] == "psoriasis"
    assert final.payload["probabilities"] == finding.payload["probabilities"]


def test_an_outline_of_the_clinician_is_measured_against_the_mask():
    review, actor = review_at("opened")
    finding = finding_of(review, "region")
    half = tuple((x, 0.3 + (y - 0.3) / 2) for x, y in SQUARE)
    decide(review, actor, finding, "corrected", correction=services.Correction(polygon=half))
    corrected = effective(review)[finding.pk].corrected
    assert corrected is not None
    assert corrected["share_of_scalp"] == pytest.approx(8.0, abs=0.6)
    assert corrected["position"][1] < 0.5
    assert corrected["by"] == "clinician"
    assert corrected["box"] == pytest.approx([0.3, 0.3, 0.7, 0.5])


def test_a_region_may_change_its_kind_and_keeps_an_outline_that_was_corrected():
    review, actor = review_at("opened")
    finding = finding_of(review, "region")
    half = tuple((x, 0.3 + (y - 0.3) / 2) for x, y in SQUARE)
    decide(review, actor, finding, "corrected", correction=services.Correction(polygon=half))
    decide(review, actor, finding, "corrected", correction=services.Correction(region_kind="bald"))
    corrected = effective(review)[finding.pk].corrected
    assert corrected is not None
    assert corrected["kind"] == "bald"
    assert corrected["share_of_scalp"] == pytest.approx(8.0, abs=0.6)
    assert finding.payload["kind"] == "thinning"


def test_an_outline_drawn_on_the_stage_is_a_correction():
    review, actor = review_at("claimed")
    finding = finding_of(review, "region")
    photo = finding.photo
    assert photo is not None
    polygon = [(x * photo.width_px, y * photo.height_px) for x, y in SQUARE]
    services.correct_outline(
        actor=actor,
        review_id=review.pk,
        photo_id=photo.pk,
        finding_id=finding.pk,
        polygon_px=polygon,
        now=LATER,
    )
    assert effective(review)[finding.pk].verdict == "corrected"
    assert photo.pk not in unseen(review).photos


@pytest.mark.parametrize(
    "polygon",
    [(), ((0.1, 0.1), (0.2, 0.2)), ((1.1, 0.1), (1.5, 0.1), (1.2, 0.9)), ((0.1, 0.1), (0.5, 0.5), (0.9, 0.9))],
)
def test_an_outline_that_is_no_area_is_refused(polygon):
    review, actor = review_at("opened")
    with pytest.raises(Invalid):
        decide(
            review, actor, finding_of(review, "region"), "corrected", correction=services.Correction(polygon=polygon)
        )


def test_a_rejection_needs_a_reason_and_removes_the_finding():
    review, actor = review_at("opened")
    finding = finding_of(review, "region")
    with pytest.raises(Invalid) as refused:
        decide(review, actor, finding, "rejected")
    assert refused.value.code == "reason_needed"
    decide(review, actor, finding, "rejected", reason="A shadow")
    assert finding.pk not in {row.finding_id for row in final_findings(review)}


@pytest.mark.parametrize(
    ("kind", "correction"),
    [("measure", services.Correction(value=70.0)), ("condition", services.Correction(condition="psoriasis"))],
)
def test_a_corrected_number_or_class_needs_a_reason(kind, correction):
    review, actor = review_at("opened")
    with pytest.raises(Invalid) as refused:
        decide(review, actor, finding_of(review, kind), "corrected", correction=correction, reason=" ")
    assert refused.value.code == "reason_needed"


def test_what_is_not_measurable_needs_no_decision_and_stays_in_the_result():
    review, actor = review_at("opened")
    accept_all(review, actor)
    reasons = [row for row in final_findings(review) if row.payload.get("not_measurable") == "no_scale"]
    assert len(reasons) == 2
    assert unseen(review).is_empty
    with pytest.raises(Invalid) as refused:
        services.decide_finding(
            actor=actor, review_id=review.pk, finding_id=reasons[0].finding_id, verdict="accepted", now=LATER
        )
    assert refused.value.code == "nothing_to_decide"


def test_undo_goes_back_step_by_step_and_keeps_the_history():
    review, actor = review_at("opened")
    finding = finding_of(review, "measure")
    decide(review, actor, finding, "accepted")
    decide(review, actor, finding, "corrected", correction=services.Correction(value=70.0))
    services.undo_decision(actor=actor, review_id=review.pk, finding_id=finding.pk, now=LATER)
    assert effective(review)[finding.pk].verdict == "accepted"
    services.undo_decision(actor=actor, review_id=review.pk, finding_id=finding.pk, now=LATER)
    assert finding.pk not in effective(review)
    with pytest.raises(DomainError, match="no decision to take back"):
        services.undo_decision(actor=actor, review_id=review.pk, finding_id=finding.pk, now=LATER)
    verdicts = FindingDecision.objects.filter(review=review, finding=finding).values_list("verdict", flat=True)
    assert list(verdicts) == ["accepted", "corrected", "withdrawn", "withdrawn"]


def test_deciding_opens_the_next_finding_with_its_photo():
    review, actor = review_at("claimed")
    first = finding_of(review, "measure")
    services.open_finding(actor=actor, review_id=review.pk, finding_id=first.pk, now=LATER)
    following = services.decide_and_open_next(
        actor=actor, review_id=review.pk, finding_id=first.pk, verdict="accepted", now=LATER
    )
    assert following == finding_of(review, "region").pk
    assert review.opened.filter(subject_id=following).exists()


def test_a_case_without_ai_can_be_approved_once_its_photos_were_seen():
    review, actor = review_at("claimed", ai=False)
    for photo in photos_of(review.session):
        services.mark_opened(actor=actor, review_id=review.pk, kind="photo", subject_id=photo.pk, now=LATER)
    assert services.decide_review(actor=actor, review_id=review.pk, now=LATER).outcome == "approved"
