"""Measuring a case again with a scale set by two points: what is queued, and what the review keeps."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.errors import DomainError
from accounts.models import AuditEvent, User
from analysis.models import Analysis, Finding, ModelRelease
from analysis.services import usable_photos
from patients.selectors import photos_of
from reviews import services
from reviews.decisions import effective
from reviews.models import Review
from tests.factories.patients import signed_in
from tests.factories.reviews import LATER, accept_all, finding_of, review_at

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def scaled_review():
    ModelRelease.objects.create(task="segmentation", name="scalp-segmentation", version="9.9", digest="d" * 64)
    review, actor = review_at("opened")
    photo = next(photo for photo in photos_of(review.session) if photo.view == "crown")
    services.set_scale(
        actor=actor, review_id=review.pk, photo_id=photo.pk, points=((0.1, 0.5), (0.9, 0.5)), length_mm=160, now=LATER
    )
    return review, actor, photo


def queued(review):
    return Analysis.objects.filter(session=review.session).exclude(pk=review.analysis_id).get()


def test_a_worker_is_given_the_scale_set_by_hand():
    review, actor, photo = scaled_review()
    services.measure_with_scales(actor=actor, review_id=review.pk, now=LATER)
    again = queued(review)
    assert again.status == Analysis.Status.QUEUED
    given = {one.pk: one.px_per_mm for one in usable_photos(review.session, again.hand_scales)}
    assert given[photo.pk] == pytest.approx(0.8 * photo.width_px / 160)
    assert AuditEvent.objects.filter(action="review.measured_again", subject_id=review.pk).exists()
    services.measure_with_scales(actor=actor, review_id=review.pk, now=LATER)
    assert queued(review) == again, "the same scales are measured once"


def test_without_a_scale_there_is_nothing_to_measure_again():
    review, actor = review_at("opened")
    with pytest.raises(DomainError) as refused:
        services.measure_with_scales(actor=actor, review_id=review.pk, now=LATER)
    assert refused.value.code == "nothing_to_measure"


def test_the_review_goes_on_with_what_was_found_and_keeps_decisions_on_findings_that_came_out_the_same():
    review, actor, _photo = scaled_review()
    accept_all(review, actor)
    before = effective(Review.objects.get(pk=review.pk))
    services.measure_with_scales(actor=actor, review_id=review.pk, now=LATER)
    again = queued(review)
    changed = finding_of(review, "measure", "coverage_index")
    for finding in review.analysis.findings.all():
        other = {**finding.payload, "value": 1.0} if finding == changed else finding.payload
        Finding.objects.create(
            analysis=again,
            photo=finding.photo,
            kind=finding.kind,
            code=finding.code,
            position=finding.position,
            payload=other,
            release=finding.release,
        )
    Analysis.objects.filter(pk=again.pk).update(status=Analysis.Status.DONE)
    read = services.read_review(actor=actor, review_id=review.pk, now=LATER)
    assert read.analysis_id == again.pk
    kept = effective(read)
    assert len(kept) == len(before) - 1, "only what came out differently has to be decided again"


def test_the_button_is_there_until_the_numbers_know_the_scale():
    review, actor, photo = scaled_review()
    client = signed_in(User.objects.get(pk=actor.user_id))
    page = reverse("reviews:review", args=[review.pk])
    assert "Measure again with this scale" in client.get(page, {"photo": photo.pk}).content.decode()
    answer = client.post(reverse("reviews:measure_again", args=[review.pk]), {"photo": photo.pk}, follow=True)
    assert "Being measured again" in answer.content.decode()
    assert answer.redirect_chain[-1][0].endswith(f"?photo={photo.pk}"), "the photograph stays on the stage"


def test_the_page_tells_when_new_numbers_are_there_and_shows_them_when_asked():
    review, actor, photo = scaled_review()
    client = signed_in(User.objects.get(pk=actor.user_id))
    news = reverse("reviews:measuring", args=[review.pk])
    assert "hx-trigger" not in client.get(news).content.decode(), "nothing is measured: nothing asks again"
    services.measure_with_scales(actor=actor, review_id=review.pk, now=LATER)
    running = client.get(news).content.decode()
    assert "Measuring again with your scale" in running
    assert f'hx-get="{news}"' in running
    again = queued(review)
    Finding.objects.create(
        analysis=again, photo=photo, kind="measure", code="part_width_mm", position=0,
        payload={"metric": "part_width_mm", "value": 7.3, "low": 6.0, "high": 8.6, "unit": "mm"}, release="x-1",
    )  # fmt: skip
    Analysis.objects.filter(pk=again.pk).update(status=Analysis.Status.DONE)
    there = client.get(news).content.decode()
    assert "New numbers are there" in there
    assert "hx-get" not in there
    assert Review.objects.get(pk=review.pk).analysis_id != again.pk, "nothing moves before the clinician asks"
    shown = client.post(
        reverse("reviews:measured", args=[review.pk]), {"photo": photo.pk}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "7.3" in shown
    assert 'id="measuring"' in shown
    assert "New numbers are there" not in shown
    assert Review.objects.get(pk=review.pk).analysis_id == again.pk


def test_who_decides_while_the_models_are_measuring_is_told_so():
    review, actor, _photo = scaled_review()
    accept_all(review, actor)
    client = signed_in(User.objects.get(pk=actor.user_id))
    page = reverse("reviews:review", args=[review.pk])
    warning = "approves now does so without what they find"
    assert warning not in client.get(page).content.decode()
    services.measure_with_scales(actor=actor, review_id=review.pk, now=LATER)
    assert warning in client.get(page).content.decode()
