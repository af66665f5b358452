"""A patient writes with a picture, a clinician answers, the patient books, moves, and takes the calendar file."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from icalendar import Calendar
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from tests.e2e.conftest import Portal
from tests.e2e.people import Person, open_window

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 1440])
def test_messages_and_consultations(portal: Portal, browser: Browser, tmp_path: Path, width: int) -> None:
    folder = f"care-{width}"
    patient = open_window(browser, portal, "patient", width, folder)
    clinician = open_window(browser, portal, "clinician", width, folder)
    subject = f"A sore spot, {'Haarwurzelentzündung' * 3} ({width})"  # no page grows wider for it

    patient.sign_in("patient2@demo.test")
    clinician.sign_in("dermatologist@demo.test")
    write_with_a_picture(patient, tmp_path, subject)
    answer_and_note(clinician, subject)
    read_the_answer(patient, subject)
    book_move_and_save(patient, tmp_path, nth=0 if width == 390 else 4)
    look_at_the_agenda(clinician)

    for person in (patient, clinician):
        assert person.problems == [], f"{person.name}: " + "\n".join(person.problems)
        person.context.close()


def write_with_a_picture(patient: Person, folder: Path, subject: str) -> None:
    page = patient.page
    patient.go("/messages/")
    scripts: list[Route] = []
    page.route("**/dist/app.js", lambda route: scripts.append(route))  # a slow network: words come before the scripts
    page.get_by_role("link", name="Write a message").click(no_wait_after=True)
    expect(page.locator("main")).to_contain_text("not for emergencies")
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Your message to the care team").fill("There is pus on my crown since Monday.")
    assert scripts
    for script in scripts:
        script.continue_()
    page.unroute("**/dist/app.js")
    expect(page.locator("#draft-safety")).to_contain_text("within one or two days")
    buffer = io.BytesIO()
    Image.effect_noise((640, 480), 80).convert("RGB").save(buffer, "JPEG")
    (folder / "spot.jpg").write_bytes(buffer.getvalue())
    page.set_input_files("input[type=file]", folder / "spot.jpg")
    patient.look("01-write")
    page.reload()
    expect(page.get_by_label("Subject")).to_have_value(subject)
    expect(page.locator("#draft-safety")).to_contain_text("within one or two days")
    page.set_input_files("input[type=file]", folder / "spot.jpg")
    page.get_by_role("button", name="Send").dblclick()
    page.wait_for_url(lambda url: "/new/" not in url)
    expect(page.locator(".message")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("Pus or weeping crusts")
    patient.look("02-sent")


def answer_and_note(clinician: Person, subject: str) -> None:
    page = clinician.page
    clinician.go("/messages/")
    expect(page.locator(".threads__item").first).to_contain_text("Urgent")
    clinician.look("03-inbox")
    scripts: list[Route] = []
    page.route("**/dist/care.js", lambda route: scripts.append(route))  # a slow network: a reply is chosen before
    page.get_by_role("link", name=subject).click(no_wait_after=True)
    expect(page.locator(".message")).to_contain_text("pus on my crown")
    page.get_by_label("Begin with a saved reply").select_option(label="Comparable photographs")
    assert scripts
    for script in scripts:
        script.continue_()
    page.unroute("**/dist/care.js")
    expect(page.get_by_label("Your message")).to_have_value(re.compile("same place and light"))
    page.get_by_label("Your message").fill("Please come in tomorrow.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message")).to_have_count(2)
    page.get_by_label("Your message").fill("Call her if she does not come.")
    page.locator("input[name=internal]").check()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message--note")).to_have_count(1)
    clinician.look("04-answered")


def read_the_answer(patient: Person, subject: str) -> None:
    page = patient.page
    patient.go("/messages/")
    expect(page.locator(".mainnav .count")).to_have_text("1")
    patient.look("05-unread")
    page.get_by_role("link", name=subject).click()
    expect(page.locator("main")).to_contain_text("Please come in tomorrow.")
    expect(page.locator("main")).not_to_contain_text("Call her")


def book_move_and_save(patient: Person, folder: Path, *, nth: int) -> None:
    """``nth``: another time for each run, since nobody is at two consultations at once."""
    page = patient.page
    patient.go("/consultations/")
    page.get_by_role("link", name="Book a consultation").first.click()
    page.get_by_role("link", name="First consultation").click()
    patient.look("06-times")
    page.get_by_role("link", name="Later").click()
    page.locator(".slots__time").nth(nth).click()
    page.get_by_role("button", name="Book", exact=True).click()
    page.wait_for_url(lambda url: "/new/" not in url)
    patient.look("07-booked")
    first = saved_calendar(patient, folder)
    page.get_by_role("link", name="Move", exact=True).click()
    page.locator(".slots__time").nth(nth).click()
    page.get_by_role("button", name="Move", exact=True).dblclick()  # the second tap asks nothing and loses nothing
    expect(page.locator("main")).to_contain_text("is moved")
    second = saved_calendar(patient, folder)
    assert first["uid"] == second["uid"]
    assert (int(first["sequence"]), int(second["sequence"])) == (0, 1)
    assert first["dtstart"].dt != second["dtstart"].dt
    patient.go("/")
    expect(page.locator("#care-consultations")).to_be_visible()
    patient.look("08-home")


def saved_calendar(patient: Person, folder: Path):
    with patient.page.expect_download() as download:
        patient.page.get_by_role("link", name="Add to your calendar").click()
    target = folder / "consultation.ics"
    download.value.save_as(target)
    return Calendar.from_ical(target.read_bytes()).events[0]


def look_at_the_agenda(clinician: Person) -> None:
    page = clinician.page
    for name, path in (("09-day", "/agenda/"), ("10-week", "/agenda/?show=week"), ("11-hours", "/agenda/hours/")):
        clinician.go(path)
        expect(page.locator("h1")).to_be_visible()
        clinician.look(name)
