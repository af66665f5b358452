"""A patient sees where they are in their plan, opens the guide, switches reminders off; a clinician looks on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Portal
from tests.e2e.people import Person, open_window

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 1440])
def test_plan_guide_and_reminders(portal: Portal, browser: Browser, width: int) -> None:
    patient = open_window(browser, portal, "patient", width, f"plan-{width}")
    clinician = open_window(browser, portal, "clinician", width, f"plan-{width}")
    patient.sign_in("patient@demo.test")
    see_the_plan(patient)
    read_the_guide(patient)
    switch_reminders(patient)
    clinician.sign_in("dermatologist@demo.test")
    look_at_the_guide(clinician)
    for person in (patient, clinician):
        assert person.problems == [], f"{person.name}: " + "\n".join(person.problems)
        person.context.close()


def see_the_plan(patient: Person) -> None:
    page = patient.page
    patient.go("/")
    expect(page.locator("#next-step")).to_contain_text("first photographs")
    expect(page.locator("#care-captures")).to_be_visible()
    expect(page.locator(".rhythm__step")).to_have_count(13)
    patient.look("01-home")
    page.get_by_role("link", name="See the plan").click()
    expect(page.locator("#plan-now")).to_contain_text("Today: first photographs")
    expect(page.locator(".timeline li")).to_have_count(13)
    patient.look("02-plan")


def read_the_guide(patient: Person) -> None:
    page = patient.page
    page.get_by_role("link", name="How to take them").click()
    expect(page.locator(".guide-approved")).to_contain_text("Approved by Dr. Ada Lindgren")
    expect(page.get_by_role("heading", name="Light from the front")).to_be_visible()
    patient.look("03-photos")
    page.locator(".guide-contents").get_by_role("link", name="Questions and answers").click()
    page.locator("summary", has_text="I missed a week").click()
    expect(page.locator("main")).to_contain_text("just go on with the next one")
    patient.look("04-questions")
    page.locator("footer").get_by_role("link", name="When to see a doctor").click()
    expect(page.locator("main")).to_contain_text("Pus or weeping crusts")
    patient.look("05-doctor")


def switch_reminders(patient: Person) -> None:
    page = patient.page
    patient.go("/")
    page.get_by_role("link", name="See the plan").click()
    page.get_by_role("button", name="Switch reminders off").click()
    expect(page.locator("main")).to_contain_text("You get no reminders any more.")
    patient.look("06-off")
    page.get_by_role("button", name="Switch reminders on").click()
    expect(page.get_by_role("button", name="Switch reminders off")).to_be_visible()


def look_at_the_guide(clinician: Person) -> None:
    page = clinician.page
    clinician.go("/manage/guide/")
    page.locator('a[href$="/manage/guide/ai/"]').click()
    expect(page.locator("main")).to_contain_text("Approved: patients read exactly this.")
    clinician.look("07-approval")
