"""A review that was let go of says who has its case now, and offers a claim only to whom the claim would be given."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from reviews import services
from reviews.models import Review
from reviews.services.holding import LEASE
from tests.factories import reviews as made
from tests.factories.patients import signed_in

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


@pytest.fixture(autouse=True)
def _cases_of_today(monkeypatch):
    """Pages read the clock: cases are made now, so that their leases run."""
    monkeypatch.setattr(made, "LATER", timezone.now())


def page_of(actor, review):
    browser = signed_in(User.objects.get(pk=actor.user_id))
    return browser.get(reverse("reviews:review", args=[review.pk])).content.decode()


def queue_of(actor):
    return signed_in(User.objects.get(pk=actor.user_id)).get(reverse("reviews:queue")).content.decode()


def claim_url(review):
    return reverse("reviews:claim", args=[review.session_id])


def test_a_case_that_was_handed_back_can_be_claimed_again():
    review, actor = made.review_at("released")
    text = page_of(actor, review)
    assert "Claim again" in text
    assert claim_url(review) in text


def test_a_case_that_a_colleague_took_names_the_colleague_instead_of_offering_it():
    review, actor = made.review_at("released")
    colleague = made.trichologist(review.clinic)
    later = services.claim_review(actor=colleague, session_id=review.session_id, now=timezone.now())
    text = page_of(actor, review)
    assert "Claim again" not in text
    assert claim_url(review) not in text
    assert f"{later.reviewer.display_name} has this case now" in text
    assert reverse("reviews:review", args=[later.pk]) in text


def test_a_colleague_whose_lease_ran_out_keeps_nobody_from_claiming():
    review, actor = made.review_at("released")
    long_ago = timezone.now() - LEASE - timedelta(minutes=1)
    Review.objects.filter(pk=review.pk).update(claimed_at=long_ago - LEASE)
    services.claim_review(actor=made.trichologist(review.clinic), session_id=review.session_id, now=long_ago)
    assert "Claim again" in page_of(actor, review)


def test_a_case_handed_to_a_colleague_is_offered_to_its_two_people_only():
    review, actor = made.review_at("claimed")
    receiver, third = made.trichologist(review.clinic), made.trichologist(review.clinic)
    services.hand_over(
        actor=actor, review_id=review.pk, to_id=receiver.membership_id, note="Please see.", now=timezone.now()
    )
    assert "Claim again" in page_of(actor, review), "who handed it over can take it back"
    assert claim_url(review) in page_of(receiver, review)
    text = page_of(third, review)
    assert claim_url(review) not in text
    assert "The case was handed to" in text


def test_an_escalated_case_is_offered_to_dermatologists_only():
    review, _holder = made.review_at("released")
    trichologist = made.trichologist(review.clinic)
    held = services.claim_review(actor=trichologist, session_id=review.session_id, now=timezone.now())
    services.escalate_case(
        actor=trichologist, review_id=held.pk, reason="Scarring?", urgency="soon", now=timezone.now()
    )
    assert "a dermatologist takes it" in page_of(trichologist, held)
    assert claim_url(review) not in page_of(trichologist, held)
    assert claim_url(review) in page_of(made.dermatologist(review.clinic), held)


def test_a_case_that_was_closed_meanwhile_says_by_whom():
    review, actor = made.review_at("released")
    colleague = made.dermatologist(review.clinic)
    later = services.claim_review(actor=colleague, session_id=review.session_id, now=timezone.now())
    services.reject_case(actor=colleague, review_id=later.pk, message="Please see us.", now=timezone.now())
    text = page_of(actor, review)
    assert f"{later.reviewer.display_name} closed this case without a plan" in text
    assert claim_url(review) not in text


def test_a_note_is_shown_as_ones_own_to_who_wrote_it_and_under_that_name_to_colleagues():
    review, actor = made.review_at("released")
    note = "Please look at the crown."
    mine = page_of(actor, review)
    assert "Your note for your colleague" in mine
    assert note in mine
    assert "Handed over by" not in mine
    colleague = made.trichologist(review.clinic)
    later = services.claim_review(actor=colleague, session_id=review.session_id, now=timezone.now())
    theirs = page_of(colleague, later)
    assert f"Handed over by {review.reviewer.display_name}" in theirs
    assert note in theirs
    services.release_review(actor=colleague, review_id=later.pk, now=timezone.now(), note=note)
    again = services.claim_review(actor=actor, session_id=review.session_id, now=timezone.now())
    assert "Your note for your colleague" in page_of(actor, again), "carried on unchanged, it is still whose it was"


def test_the_queue_offers_an_escalated_case_to_dermatologists_only():
    review, _holder = made.review_at("released")
    trichologist = made.trichologist(review.clinic)
    held = services.claim_review(actor=trichologist, session_id=review.session_id, now=timezone.now())
    services.escalate_case(
        actor=trichologist, review_id=held.pk, reason="Scarring?", urgency="soon", now=timezone.now()
    )
    assert claim_url(review) not in queue_of(trichologist)
    assert "For a dermatologist" in queue_of(trichologist)
    assert claim_url(review) in queue_of(made.dermatologist(review.clinic))
