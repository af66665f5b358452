"""What the room says about its data: every field declared, unsigned work never exported, erasure complete."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import transaction

from reviews import services
from reviews.models import FindingDecision, FindingOpened, Plan, Review, ReviewEvent
from reviews.privacy import FIELDS, erase, export, plan_erasure
from tests.factories.reviews import LATER, review_at, signable

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def test_every_field_of_the_room_is_declared_and_nothing_else():
    wanted = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("reviews").get_models()
        for field in model._meta.get_fields()
        if field.concrete
    }
    assert set(FIELDS) == wanted


def exported(review):
    rows = []
    for file in export(review.session.patient_id):
        if "review of a session" not in file.description:
            continue  # what follows from a plan has its own tests
        with file.open() as stream:
            rows.append(json.load(stream))
    return rows


def test_nothing_unsigned_is_exported():
    review, actor = review_at("decided")
    signable(review, actor, entries=["nutrition"])
    assert exported(review) == []


def test_a_signed_review_is_exported_with_reading_decisions_and_plan():
    review, actor = review_at("decided")
    signable(review, actor, entries=["nutrition"])
    with transaction.atomic():
        locked = Review.objects.select_for_update().get(pk=review.pk)
        services.mark_signed(review=locked, actor=actor, now=LATER)
    (data,) = exported(review)
    assert data["status"] == "signed"
    assert len(data["decisions"]) == 5
    assert data["plan"]["items"][0]["treatment"].startswith("Balanced diet")


def test_a_rejected_review_exports_the_message_and_not_the_notes():
    review, _actor = review_at("rejected")
    (data,) = exported(review)
    assert data["message"] == "Please see us in person."
    assert (data["reading"], data["plan"], data["decisions"]) == (None, None, [])


def test_erasure_counts_first_and_then_leaves_nothing_of_this_patient_only():
    review, actor = review_at("decided")
    signable(review, actor, entries=["nutrition"])
    services.release_review(actor=actor, review_id=review.pk, now=LATER)
    services.claim_review(actor=actor, session_id=review.session_id, now=LATER)
    other, _actor = review_at("opened")
    steps = {step.what: step.count for step in plan_erasure(review.session.patient_id) if step.count}
    assert steps == {
        "Reviews with readings and messages": 2,
        "Decisions about findings": 10,
        "Treatment plans": 2,
    }
    with transaction.atomic():
        erase(review.session.patient_id, LATER + timedelta(days=1))
    assert list(Review.objects.all()) == [other]
    for model in (FindingDecision, FindingOpened, ReviewEvent, Plan):
        assert not model.objects.exclude(review=other).exists()
