"""A clinician's day at the desk: claim, grade blind, correct a mask, see it measured again, decide, sign.

With a mouse at a desk and with a finger on a tablet. The case is seeded with drawn results: no network runs.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, expect

from tests.e2e.clinician import look_at_every_photo, move_on_while_an_answer_waits, write_and_sign
from tests.e2e.conftest import ROOT, Portal
from tests.e2e.people import Person, open_window

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [820, 1440])
def test_claim_grade_correct_measure_again_and_sign(portal: Portal, browser: Browser, width: int) -> None:
    folder = f"day-{width}"
    seeded = json.loads(
        subprocess.run(
            [sys.executable, "-m", "tests.e2e.seed_case", folder],
            cwd=ROOT, env=portal.environment, capture_output=True, text=True, check=True,
        ).stdout
    )  # fmt: skip
    clinician = open_window(browser, portal, "clinician", width, folder)
    clinician.sign_in(seeded["address"])
    review = claim(clinician, seeded["session"])
    grade_blind(clinician, review)
    correct_a_mask(clinician)
    draw_what_was_missed(clinician)
    move_on_while_an_answer_waits(clinician)
    look_at_every_photo(clinician, review)
    accept_the_rest(clinician)
    write_and_sign(clinician)
    expect(clinician.page.locator("main")).to_contain_text("drawn by the clinician")
    assert clinician.problems == [], "\n".join(clinician.problems)
    clinician.context.close()


def claim(clinician: Person, session: str) -> str:
    clinician.go("/queue/")
    clinician.look("01-queue")
    review = clinician.page.locator(f"form[action*='{session}'] button").first
    here = box_of(review)
    assert here["x"] + here["width"] <= clinician.page.evaluate("innerWidth"), "the act of a case needs no scrolling"
    review.click()
    clinician.page.wait_for_url("**/reviews/**")
    return str(clinician.page.url.split("/reviews/")[1].split("/")[0])


def grade_blind(clinician: Person, review: str) -> None:
    """Nothing of the models is on the page before the grade, everything after it. Committed only when all was seen."""
    page = clinician.page
    expect(page.locator("#findings")).not_to_contain_text("82")
    assert page.locator("[data-stage-overlay]").count() == 0
    clinician.look("02-blind")
    page.get_by_label("What do you see?").select_option("no_finding")
    page.get_by_label(re.compile("Affected share of")).fill("10")
    page.get_by_label(re.compile("Severity, 1 to 10")).fill("3")
    commit = page.get_by_role("button", name="Commit").first
    confirm = page.locator("dialog[open] [value=confirm], dialog[open] .btn-primary, dialog[open] .btn-danger")
    commit.click()
    confirm.first.click()
    expect(page.locator("#messages")).to_contain_text("look at this photograph first: Hairline")
    look_at_every_photo(clinician, review)
    expect(page.locator("#photos-left")).to_contain_text("You have opened every photograph")
    commit.click()
    confirm.first.click()
    expect(page.locator("#findings")).to_contain_text("82 %")


def correct_a_mask(clinician: Person) -> None:
    """Drag a point of the models' outline inwards: measured again, the reason follows the shape, another is named."""
    page = clinician.page
    row = page.locator("#findings .finding").filter(has_text="Thinning region")
    row.locator(".finding__row").click()
    expect(row).to_have_class(re.compile("finding--open"))
    picture = box_of(page.locator(".openseadragon-canvas"))
    middle = (picture["x"] + picture["width"] / 2, picture["y"] + picture["height"] / 2)
    tap(clinician, *middle)
    point = page.get_by_label("Point of the outline", exact=True).first
    expect(point).to_be_attached()
    corner = box_of(point)
    start = (corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2)
    drag(clinician, start, tuple(a + (b - a) * 0.5 for a, b in zip(start, middle, strict=True)))
    expect(row).not_to_have_class(re.compile("finding--waiting"))
    expect(page.locator("#findings .counted").first).to_contain_text("Measured again")
    chosen = row.locator(".finding__causes [aria-pressed=true]")
    expect(chosen).to_contain_text("The outline was too large")
    clinician.look("03-corrected")
    if clinician.by_touch:
        row.get_by_role("button", name="Shadow or glare").first.tap()
    else:
        page.keyboard.press("g")
    expect(chosen).to_contain_text("Shadow or glare")


def draw_what_was_missed(clinician: Person) -> None:
    """Point by point around a patch, back to the first point; then what it is."""
    page = clinician.page
    page.locator("[data-boxes-kind]").select_option("bald")
    page.locator("[data-boxes-tool=polygon]").click()
    picture = box_of(page.locator(".openseadragon-canvas"))
    left, top = picture["x"] + picture["width"] * 0.2, picture["y"] + picture["height"] * 0.2
    for x, y in ((0, 0), (90, 0), (90, 70), (0, 70), (0, 0)):
        tap(clinician, left + x, top + y)
        page.wait_for_timeout(350)  # two taps at once would zoom
    own = page.locator("#findings .finding--own")
    expect(own).to_have_count(1)
    shapes = json.loads(page.locator("#stage-shapes").get_attribute("data-shapes") or "{}")
    [drawn] = [shape for shape in shapes["items"] if shape.get("own")]
    xs, ys = zip(*drawn["polygon"], strict=True)
    assert len(drawn["polygon"]) == 4, drawn
    assert (max(xs) - min(xs)) / (max(ys) - min(ys)) == pytest.approx(90 / 70, rel=0.1)
    own.get_by_placeholder("What do you see?").fill("Smooth patch without ostia")
    own.get_by_role("button", name="Keep").click()
    expect(own).not_to_contain_text("reason missing")
    clinician.look("04-drawn")


def accept_the_rest(clinician: Person) -> None:
    """Each is opened, then accepted; the next one opens by itself, and stays in sight."""
    page = clinician.page
    waiting = page.locator("#findings .finding--waiting")
    for _finding in range(waiting.count()):
        left = waiting.count()
        opened = waiting.first.locator(".finding__row")
        if opened.get_attribute("aria-expanded") != "true":
            opened.click()
            page.wait_for_timeout(500)  # another photograph may come with it
        expect(page.locator("#findings .finding--open .finding__row")).to_be_in_viewport()
        page.locator("#findings .finding--open").get_by_role("button", name=re.compile("^Accept")).click()
        expect(waiting).to_have_count(left - 1)
    clinician.look("05-decided")


def box_of(element: Locator) -> FloatRect:
    element.scroll_into_view_if_needed()
    found = element.bounding_box()
    assert found is not None
    return found


def tap(person: Person, x: float, y: float) -> None:
    if person.by_touch:
        person.page.touchscreen.tap(x, y)
    else:
        person.page.mouse.click(x, y)


def drag(person: Person, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With a finger as Chromium gets it from the glass, or with the mouse."""
    steps = [(start[0] + (end[0] - start[0]) * n / 10, start[1] + (end[1] - start[1]) * n / 10) for n in range(11)]
    if not person.by_touch:
        person.page.mouse.move(*start)
        person.page.mouse.down()
        for x, y in steps[1:]:
            person.page.mouse.move(x, y)
        person.page.mouse.up()
        return
    finger = person.context.new_cdp_session(person.page)
    for number, (x, y) in enumerate(steps):
        kind = "touchMove" if number else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
