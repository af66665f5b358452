"""The page on measurement noise, its API counterpart, and numbers that a clinician overruled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.roles import Role
from analysis.models import Finding
from analysis.noise import Repeat, clinic_book
from reviews import noise_page as pages
from reviews.decisions import case_state
from reviews.judging import Pairing, Said, Standing, judge
from reviews.models import FindingDecision
from reviews.noise_trust import distrusted
from reviews.presenters.cards import finding_cards
from tests.factories.patients import NOW, make_clinic, make_patient, make_staff, signed_in
from tests.factories.reviews import finding_of, review_at
from vision.types import Measured, Metric, NotMeasurable, Reason, View

pytestmark = pytest.mark.django_db


def repeats(clinic_id: object, count: int = 12) -> tuple[Repeat, ...]:
    people = [make_patient().pk for _ in range(3)]
    return tuple(
        Repeat(
            people[number % 3],
            metric,
            view,
            "Google Pixel 8" if number % 2 else "",
            base + number,
            base + number + (1.5 if number % 2 else -1.5),
            NOW + timedelta(days=number),
        )
        for number in range(count)
        for metric, view, base in (
            (Metric.COVERAGE_INDEX, View.CROWN, 60.0),
            (Metric.HAIR_DENSITY, View.TRICHOSCOPY, 150.0),
        )
    )


def test_the_page_shows_pairs_and_what_counts_now(monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = make_clinic()
    found = repeats(clinic.pk)
    monkeypatch.setattr(pages, "clinic_book", lambda clinic_id: clinic_book(clinic_id).__class__(found))
    browser = signed_in(make_staff(Role.TRICHOLOGIST, clinic).user)
    crown = browser.get(reverse("reviews:noise")).content.decode()
    assert "12 of 3 people" in crown
    assert "chart-noise" in crown
    assert "shipped" in crown
    assert "this clinic" in crown
    one_camera = browser.get(reverse("reviews:noise"), {"view": "crown", "camera": "Google Pixel 8"}).content.decode()
    assert "6 of 3 people" in one_camera
    density = browser.get(reverse("reviews:noise"), {"view": "trichoscopy"}).content.decode()
    assert "Hair density" in density
    assert "Coverage index" not in density
    rows = {(row["metric"], row["view"]): row for row in browser.get(reverse("api-noise")).json()}
    coverage = rows["coverage_index", "crown"]
    assert (coverage["pairs"], coverage["people"]) == (12, 3)
    assert coverage["mdc95"]["value"] == pytest.approx(1.959964 * 2**0.5 * 1.5 / 2**0.5, rel=1e-4)
    assert rows["coverage_index", "occiput"]["source"] == "shipped"
    assert rows["coverage_index", "occiput"]["mdc95"] is None


def test_an_empty_clinic_says_what_to_do() -> None:
    clinic = make_clinic()
    browser = signed_in(make_staff(Role.ADMINISTRATOR, clinic).user)
    page = browser.get(reverse("reviews:noise"), {"view": "nonsense"}).content.decode()
    assert "No view was taken twice here yet" in page
    assert "Coverage index" in page
    assert reverse("reviews:noise") in browser.get(reverse("reviews:agreement")).content.decode()


def test_what_a_clinician_overruled_tells_nothing_about_noise() -> None:
    review, _actor = review_at("claimed")
    finding = finding_of(review, "measure")
    assert finding.photo_id is not None
    assert distrusted([finding.photo_id]) == {}

    def decide(verdict: str, position: int, of: Finding = finding) -> None:
        FindingDecision.objects.create(
            review=review, finding=of, verdict=verdict, position=position, decided_by=review.reviewer, at=NOW
        )

    decide("rejected", 1)
    assert distrusted([finding.photo_id]) == {finding.photo_id: {finding.code}}
    decide("withdrawn", 2)
    assert distrusted([finding.photo_id]) == {}
    region = finding_of(review, "region")
    assert region.photo_id is not None
    decide("corrected", 3, region)
    assert distrusted([region.photo_id]) == {region.photo_id: None}


def test_the_card_of_a_number_shows_the_second_take_beside_it() -> None:
    review, _actor = review_at("claimed")
    finding = finding_of(review, "measure")
    value = finding.payload["value"]
    finding.payload = {**finding.payload, "takes": [value, value + 3]}
    finding.save()
    state = case_state(review)
    card = next(card for card in finding_cards(state, state.numbers(), None) if card.id == finding.pk)
    assert ("Second take", f"{value + 3:.1f}") in card.parts
    assert ("Mean of the takes", f"{value + 1.5:.1f}") in card.parts


def test_a_number_that_nobody_knows_the_noise_of_shows_its_change_without_a_verdict() -> None:
    then, now = Measured(6.0, 5.5, 6.5, "mm"), Measured(7.0, 6.5, 7.5, "mm")
    unknown = NotMeasurable(Reason.TOO_FEW_REPEATS)
    found = judge("part_width_mm", then, now, unknown, Pairing(Standing.COMPARABLE))
    assert (found.said, found.words, found.change) == (Said.NOT_KNOWN, "No verdict yet", 1.0)
    assert found.why == "it is not known yet how much two photographs of the same day differ in this number"
    assert judge("part_width_mm", then, now, unknown, Pairing(Standing.PENDING)).said is Said.PENDING
