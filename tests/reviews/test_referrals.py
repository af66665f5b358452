"""Where a red flag sends the patient stands in the plan, until the clinician words it otherwise."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from patients.intake_form import Symptom
from patients.red_flags import RedFlag
from reviews import services
from reviews.models import Plan
from reviews.plan_draft import referrals, without_referrals
from tests.factories import reviews as made
from tests.factories.patients import calm_answers, signed_in

pytestmark = pytest.mark.django_db(databases=["default", "keys"])
WHERE = "see a dermatologist or your family doctor within one or two days"


@pytest.fixture(autouse=True)
def _cases_of_today(monkeypatch):
    for name in ("NOW", "LATER"):
        monkeypatch.setattr(made, name, timezone.now())


def test_the_plan_of_a_red_flag_case_begins_with_where_to_seek_care():
    review, actor = made.review_at("decided", answers=calm_answers(symptoms=(Symptom.PUS,)))
    client = signed_in(User.objects.get(pk=actor.user_id))
    page = client.get(reverse("reviews:plan", args=[review.pk]))
    assert "Pus or crusts on the scalp" in page.content.decode()
    assert WHERE in page.context["form"].initial["advice"]
    plan = services.draft_summary(actor=actor, review_id=review.pk, now=made.LATER)
    assert plan.advice.count(WHERE) == 1
    own = "Come to us tomorrow at nine."
    services.save_plan(actor=actor, review_id=review.pk, summary="-", advice=own, follow_up_date=None, now=made.LATER)
    assert Plan.objects.select_related("review__session__patient").get().advice == own, "the clinician's word stands"
    drafted = services.draft_summary(actor=actor, review_id=review.pk, now=made.LATER)
    assert drafted.advice.splitlines()[0].startswith("Pus or weeping crusts")
    assert drafted.advice.endswith(own)


def test_a_template_leaves_the_referral_with_its_patient():
    assert without_referrals(f"{referrals([RedFlag.PUS])[0]}\nWear a hat.", [RedFlag.PUS]) == "Wear a hat."
    assert without_referrals("Wear a hat.\n\nCall us.", []) == "Wear a hat.\n\nCall us."


def test_without_a_red_flag_the_advice_begins_empty():
    review, actor = made.review_at("decided")
    page = signed_in(User.objects.get(pk=actor.user_id)).get(reverse("reviews:plan", args=[review.pk]))
    assert page.context["form"].initial["advice"] == ""
    assert "Where the patient was told" not in page.content.decode()
    assert services.draft_summary(actor=actor, review_id=review.pk, now=made.LATER).advice == ""
