"""A second reader and an asked colleague look closely: every photograph on the stage, by mouse, keys and finger."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import User
from accounts.roles import Role
from patients.intake_form import Symptom
from reviews import services
from reviews.grade import Grade
from reviews.models import CaseReading, Read
from reviews.policy import Demand, ReadingRules
from tests.e2e.live import look, open_live
from tests.factories import reviews as made
from tests.factories.patients import actor_for, calm_answers, make_clinic, make_staff
from vision.types import Condition, View

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("live"),  # their database is made once
    pytest.mark.django_db(transaction=True, databases=["default", "keys"]),
]

VIEWS = (View.CROWN, View.HAIRLINE, View.TEMPLE_LEFT, View.TEMPLE_RIGHT, View.PART, View.OCCIPUT)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> tuple[User, CaseReading]:
    """A case whose first grade is committed, and who reads it next."""
    monkeypatch.setattr(made, "LATER", timezone.now())
    clinic = make_clinic()
    admin = actor_for(make_staff(Role.ADMINISTRATOR, clinic).user)
    services.set_reading_policy(actor=admin, rules=ReadingRules(double_read=Demand.ALWAYS), now=timezone.now())
    answers = calm_answers(symptoms=(Symptom.PUS,))
    review, first = made.review_at("claimed", clinic=clinic, views=VIEWS, answers=answers)
    made.grade_blind(actor=first, review_id=review.pk, grade=Grade(Condition.ALOPECIA, 20, 4), now=timezone.now())
    return make_staff(Role.TRICHOLOGIST, clinic).user, CaseReading.objects.get()


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_a_second_reader_looks_at_every_photograph_and_grades(
    browser: Browser, live_server: Any, reading: tuple[User, CaseReading], width: int
) -> None:
    reader, case = reading
    page, problems = open_live(browser, live_server, reader, width)
    page.goto(reverse("reviews:read", args=[case.pk]))
    canvas = page.locator(".openseadragon-canvas")
    expect(canvas).to_be_visible()
    tiles = page.locator("#tiles a")
    expect(tiles).to_have_count(len(VIEWS))
    expect(tiles.first).to_have_attribute("aria-current", "true")
    page.get_by_label("Affected share of the scalp, %").fill("25")  # what is typed stays while photographs change
    for number in range(1, len(VIEWS)):
        if width == 1440:
            page.locator("h1").click()
            page.keyboard.press("]")
        else:
            tiles.nth(number).tap()
        expect(tiles.nth(number)).to_have_attribute("aria-current", "true")
        shown = str(tiles.nth(number).get_attribute("id")).removeprefix("tile-")
        expect(page.locator("[data-stage]")).to_have_attribute("data-src", reverse("patients:photo", args=[shown]))
        expect(tiles.nth(number)).to_be_in_viewport()
    expect(page).to_have_url(re.compile(r"\?photo="))
    expect(canvas).to_be_visible()
    before = canvas.screenshot()
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_timeout(900)
    nearer = canvas.screenshot()
    assert nearer != before
    if width == 1440:
        page.keyboard.press("i")
        expect(canvas).to_be_focused()
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(900)
        assert canvas.screenshot() != nearer
    found = page.locator("[data-stage-overlay], [data-ruler], .stage__tag, .stage__overlay")
    expect(found).to_have_count(0)
    assert look(page, "reads", f"read-{width}") == []

    expect(page.get_by_label("Affected share of the scalp, %")).to_have_value("25")
    if width == 1440:  # a region of one's own, by key, kept while another photograph is looked at
        page.locator("h1").click()
        page.keyboard.press("n")
        expect(page.locator("[data-autosave]")).to_have_text("Saved")
        page.get_by_label("Stage of the pattern (optional)").select_option("norwood-3")
    page.get_by_label("What do you see?").select_option("alopecia")
    page.get_by_label("Severity, 1 to 10").fill("4")
    page.get_by_role("button", name="Commit").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Continue").click()
    page.wait_for_url("**/reads/")
    read = Read.objects.get(reader__user=reader)
    if width == 1440:
        assert read.details is not None
        assert (read.details["stage"], len(read.details["regions"])) == ("norwood-3", 1)
    assert problems == []
    page.context.close()
