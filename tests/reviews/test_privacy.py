"""What the room says about its data: every field declared, unsigned work never exported, erasure complete."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import transaction

from accounts.roles import Role
from reviews import services
from reviews.grade import Grade
from reviews.models import FindingDecision, FindingOpened, Plan, Review, ReviewEvent
from reviews.policy import Demand, ReadingRules
from reviews.privacy import FIELDS, erase, export, plan_erasure
from tests.factories.patients import NOW, actor_for, make_clinic, make_staff
from tests.factories.reviews import (
    LATER,
    accept_all,
    dermatologist,
    grade_blind,
    look_at_all,
    review_at,
    signable,
    trichologist,
)
from vision.types import Condition

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


def second_reads(review):
    files = [file for file in export(review.session.patient_id) if "other clinicians" in file.description]
    return [json.load(file.open()) for file in files]


def test_finished_grades_and_opinions_go_out_with_the_closed_case_and_nothing_before():
    clinic = make_clinic()
    admin = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    services.set_reading_policy(actor=admin, rules=ReadingRules(double_read=Demand.ALWAYS), now=NOW)
    second, adviser = trichologist(clinic), dermatologist(clinic)
    review, actor = review_at("claimed", clinic=clinic)
    mild = Grade(Condition.ALOPECIA, 15, 3)
    common = {"actor": actor, "review_id": review.pk, "now": LATER}
    grade_blind(grade=mild, remark="Clear.", **common)
    look_at_all(review.session, second, adviser)
    services.commit_read(actor=second, case_id=review.session.readings.get().pk, grade=mild, now=LATER)
    taken_back = services.ask_opinion(question="Never mind?", asked_of=None, **common)
    services.withdraw_opinion(actor=actor, opinion_id=taken_back.pk, now=LATER)
    opinion = services.ask_opinion(question="Scarring?", asked_of=adviser.membership_id, **common)
    services.give_opinion(actor=adviser, opinion_id=opinion.pk, answer="No scarring.", grade=mild, now=LATER)
    accept_all(review, actor)
    services.decide_review(**common)
    signable(review, actor)
    assert second_reads(review) == []
    with transaction.atomic():
        services.mark_signed(review=Review.objects.select_for_update().get(pk=review.pk), actor=actor, now=LATER)
    (told,) = second_reads(review)
    assert [(read["role"], read["grade"]["severity"]) for read in told["grades"]] == [("independent", 3)] * 2
    assert told["grades"][0]["remark"] == "Clear."
    assert [(row["question"], row["answer"]) for row in told["opinions"]] == [("Scarring?", "No scarring.")]


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
