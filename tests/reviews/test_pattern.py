"""The Norwood stage and the SALT estimate on the review screen: shown, corrected, taken to the report, never signed
by a model alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.errors import Invalid
from accounts.models import User
from analysis.models import Finding
from reports.compose import compose
from reviews import services
from reviews.decisions import final_findings
from reviews.models import Review
from reviews.payloads import correct_stage
from reviews.services.findings import Correction
from reviews.wording import interval, reason_words, value
from tests.factories import reviews as made
from tests.factories.patients import signed_in
from tests.factories.reviews import accept_all, review_at

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

NORWOOD: dict[str, Any] = {
    "stage": 4,
    "lowest": 3,
    "highest": 5,
    "probabilities": {"2": 0.02, "3": 0.23, "4": 0.5, "5": 0.2, "6": 0.04, "7": 0.01},
    "views": ["crown", "hairline"],
}
SHARE = {"value": 30.0, "low": 24.0, "high": 36.0, "unit": "%"}
SALT: dict[str, Any] = {
    "score": {"value": 30.0, "low": 24.0, "high": 36.0, "unit": "index"},
    "band": "21-49",
    "lowest_band": "21-49",
    "highest_band": "21-49",
    "parts": [{"view": "crown", "weight": 0.4, "affected_share": SHARE}],
}


def add(review: Review, kind: str, code: str, payload: dict[str, Any]) -> Finding:
    assert review.analysis_id is not None
    last = Finding.objects.filter(analysis_id=review.analysis_id).count()
    return Finding.objects.create(
        analysis_id=review.analysis_id, kind=kind, code=code, position=last, payload=payload, release="norwood-9.9"
    )


def decide(review: Review, actor: Any, finding: Finding, **correction: Any) -> None:
    services.mark_opened(actor=actor, review_id=review.pk, kind="finding", subject_id=finding.pk, now=made.LATER)
    services.decide_finding(
        actor=actor,
        review_id=review.pk,
        finding_id=finding.pk,
        verdict="corrected",
        reason="the hairline shows more",
        correction=Correction(**correction),
        now=made.LATER,
    )


def test_a_clinician_changes_the_stage_and_the_models_stays_beside_it() -> None:
    review, actor = review_at("claimed")
    finding = add(review, "norwood", "norwood_stage", NORWOOD)
    decide(review, actor, finding, stage="6")
    final = next(found for found in final_findings(review) if found.finding_id == finding.pk)
    assert final.payload["stage"] == 6
    assert interval("norwood", final.payload) == ""
    finding.refresh_from_db()
    assert finding.payload == NORWOOD


def test_a_clinician_may_say_that_it_is_not_gradable() -> None:
    review, actor = review_at("claimed")
    finding = add(review, "norwood", "norwood_stage", NORWOOD)
    decide(review, actor, finding, stage="not_gradable")
    final = next(found for found in final_findings(review) if found.finding_id == finding.pk)
    assert value("norwood", final.payload) == "Not gradable"
    with pytest.raises(Invalid):
        correct_stage(NORWOOD, "8")


def test_a_corrected_salt_estimate_moves_to_the_band_of_its_number() -> None:
    review, actor = review_at("claimed")
    finding = add(review, "salt", "salt_estimate", SALT)
    decide(review, actor, finding, value=55)
    final = next(found for found in final_findings(review) if found.finding_id == finding.pk)
    assert (final.payload["score"]["value"], final.payload["band"]) == (55, "50-94")
    with pytest.raises(Invalid):
        decide(review, actor, finding, value=101)


def test_only_what_a_clinician_accepted_reaches_the_report() -> None:
    review, actor = review_at("claimed")
    accepted, refused = add(review, "norwood", "norwood_stage", NORWOOD), add(review, "salt", "salt_estimate", SALT)
    services.mark_opened(actor=actor, review_id=review.pk, kind="finding", subject_id=refused.pk, now=made.LATER)
    accept_all(review, actor)
    services.decide_finding(
        actor=actor, review_id=review.pk, finding_id=refused.pk, verdict="rejected", reason="wet hair", now=made.LATER
    )
    lines = {line.kind: line for line in compose(review).content.findings}
    assert lines["norwood"].statement == "Stage 4 (most likely between 3 and 5)"
    assert lines["norwood"].finding_id == str(accepted.pk)
    assert "salt" not in lines


def test_the_screen_offers_every_stage_and_not_gradable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "LATER", timezone.now())  # pages read the clock, and the lease has to run
    review, actor = review_at("claimed")
    finding = add(review, "norwood", "norwood_stage", NORWOOD)
    services.mark_opened(actor=actor, review_id=review.pk, kind="finding", subject_id=finding.pk, now=made.LATER)
    browser = signed_in(User.objects.get(pk=actor.user_id))
    page = browser.get(f"{reverse('reviews:findings', args=[review.pk])}?open={finding.pk}").content.decode()
    assert 'name="stage"' in page
    assert [f'value="{one}"' in page for one in (*range(1, 8), "not_gradable")] == [True] * 8
    assert "Norwood stage" in page


def test_missing_views_are_named() -> None:
    words = reason_words({"reason": "views_missing", "detail": "occiput, temple_left"})
    assert words.endswith("Occiput, Left temple")
    assert reason_words({"reason": "views_missing", "detail": "scalp 3 %"}).endswith("missing")
