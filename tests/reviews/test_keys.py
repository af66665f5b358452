"""Keys of the review screen: each does one thing."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from analysis.models import ModelRelease
from reviews import services
from reviews.policy import Demand, ReadingRules
from tests.factories import reviews as made
from tests.factories.patients import actor_for, make_clinic, make_staff, signed_in

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def keys_of(markup: str) -> list[str]:
    return re.findall(r'data-key="([^"]+)"', markup)


def test_a_blind_case_offers_its_grade_by_key_and_has_nothing_to_show_or_hide(monkeypatch):
    for name in ("NOW", "LATER"):
        monkeypatch.setattr(made, name, timezone.now())
    clinic = make_clinic()
    admin = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    services.set_reading_policy(actor=admin, rules=ReadingRules(blind_first=Demand.ALWAYS), now=timezone.now())
    review, actor = made.review_at("claimed", clinic=clinic)
    client = signed_in(User.objects.get(pk=actor.user_id))
    page = client.get(reverse("reviews:review", args=[review.pk])).content.decode()
    assert keys_of(page).count("c") == 1
    assert "data-boxes-visible" not in page
    services.set_reading_policy(actor=admin, rules=ReadingRules(), now=timezone.now())
    open_case, _actor = made.review_at("claimed", clinic=clinic, actor=actor)
    assert "data-boxes-visible" in client.get(reverse("reviews:review", args=[open_case.pk])).content.decode()


def test_no_key_of_the_review_screen_does_two_things(monkeypatch):
    monkeypatch.setattr(made, "NOW", timezone.now())
    monkeypatch.setattr(made, "LATER", timezone.now())
    review, actor = made.review_at("opened")
    region = made.finding_of(review, "region")
    photo = region.photo
    assert photo is not None
    ModelRelease.objects.create(task="segmentation", name="scalp-segmentation", version="9.9", digest="d" * 64)
    points = ((0.1, 0.5), (0.9, 0.5))
    services.set_scale(
        actor=actor, review_id=review.pk, photo_id=photo.pk, points=points, length_mm=160, now=timezone.now()
    )
    outline = [(x * photo.width_px, y * photo.height_px) for x, y in ((0.3, 0.3), (0.6, 0.3), (0.6, 0.6))]
    services.correct_outline(
        actor=actor, review_id=review.pk, photo_id=photo.pk, finding_id=region.pk, polygon_px=outline,
        now=timezone.now(),
    )  # fmt: skip
    client = signed_in(User.objects.get(pk=actor.user_id))
    page = client.get(reverse("reviews:review", args=[review.pk]), {"photo": photo.pk}).content.decode()
    assert "Measure again with this scale" in page
    before, _findings, after = re.split(r'<section class="workbench__findings"|<div class="case-grid"', page)
    fragment = client.get(reverse("reviews:findings", args=[review.pk]), {"open": region.pk, "photo": photo.pk})
    [opened] = re.findall(r'<article class="finding finding--open.*?</article>', fragment.content.decode(), re.DOTALL)
    assert "Shadow or glare" in opened
    both = [*keys_of(before), *keys_of(opened), *keys_of(after)]
    assert {key for key in both if both.count(key) > 1} == set()
    assert "i" not in both, "the script gives it to the picture"
    assert {"a", "x", "c", "b", "]", "m", "M", "p", "g", "A", "R", "H"} <= set(both)
