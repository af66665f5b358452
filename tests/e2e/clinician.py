"""What a clinician does at the desk, step by step: shared by the tests that need a reviewed case."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Response, Route, expect

from config.demo_people import PASSWORD
from tests.e2e.people import LONG, Person


def review_and_sign(clinician: Person, session: str) -> None:
    page = clinician.page
    clinician.sign_in("dermatologist@demo.test")
    clinician.go("/queue/")
    expect(page.locator("main")).to_contain_text("Urgent")
    clinician.look("20-queue")
    page.locator(f"form[action*='{session}'] button").first.click()
    page.wait_for_url("**/reviews/**")
    review = page.url.split("/reviews/")[1].split("/")[0]
    page.wait_for_load_state("networkidle")
    clinician.look("21-review")
    look_at_every_photo(clinician, review)
    correct_on_the_stage(clinician)
    decide_findings(clinician)
    write_and_sign(clinician)


def write_and_sign(clinician: Person) -> None:
    """The own reading, the plan, and the signature; a wrong password signs nothing."""
    page = clinician.page
    page.locator("select[name=diagnosis_code], select[name=diagnosis]").first.select_option("L64")
    with page.expect_response(lambda answer: answer.url.endswith("/reading/") and sent(answer, "Miniaturisation")):
        page.get_by_label("Reasoning").fill("Miniaturisation at the crown, occiput spared.")
    clinician.look("22-decided")
    page.get_by_role("button", name=re.compile("and write the plan")).click()
    page.wait_for_url("**/plan/")
    page.fill("#formulary-q", "minoxidil 5")
    add = page.locator("#formulary .entry__add").filter(has_text=re.compile("minoxidil", re.IGNORECASE)).first
    why = add.locator("input[name=override_reason]")
    if why.count():
        why.fill("Discussed with the patient.")
    add.get_by_role("button").click()
    expect(page.locator("#plan-items article")).to_have_count(1)
    page.locator("#plan-words textarea").first.fill(
        "Your crown is thinner than the back of your head. It can be treated."
    )
    follow_up = (datetime.now(UTC).date() + timedelta(days=90)).isoformat()
    with page.expect_response(lambda answer: answer.url.endswith("/plan/") and sent(answer, follow_up)):
        page.locator("#plan-words input[type=date]").fill(follow_up)
    clinician.look("23-plan")
    page.get_by_role("link", name=re.compile("Check and sign")).click()
    page.wait_for_url("**/sign/")
    clinician.look("24-sign")
    page.locator("main form input[type=password]").fill("not my password")
    page.get_by_role("button", name="Sign and issue").click()
    expect(page.locator("main")).to_contain_text("not right")
    page.locator("main form input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign and issue").click()
    page.wait_for_url("**/reports/**")
    clinician.look("25-signed")


def sent(answer: Response, words: str) -> bool:
    """Whether this answers a form that saved these words by itself."""
    return answer.ok and words in (answer.request.post_data or "")


def look_at_every_photo(clinician: Person, review: str) -> None:
    page = clinician.page
    tiles = page.locator("#tiles a, #tiles button")
    for number in range(tiles.count()):
        tiles.nth(number).click()
        expect(tiles.nth(number)).not_to_contain_text("not seen", timeout=LONG)


def move_on_while_an_answer_waits(clinician: Person) -> None:
    """The list of findings, asked for at the first photograph, answers when the second is shown: that one is marked."""
    page = clinician.page
    tiles, held = page.locator("#tiles a"), list[Route]()

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        held.append(route)

    tiles.nth(0).click()
    expect(tiles.nth(0)).to_have_attribute("aria-current", "true", timeout=LONG)
    page.route("**/findings/?**", hold)
    page.evaluate("document.dispatchEvent(new CustomEvent('trichora:boxes-refused', { detail: {} }))")
    tiles.nth(1).click()
    expect(tiles.nth(1)).to_have_attribute("aria-current", "true", timeout=LONG)
    with page.expect_response("**/findings/?**"):
        held[0].continue_()
    page.wait_for_timeout(500)
    page.unroute("**/findings/?**")
    expect(tiles.nth(1)).to_have_attribute("aria-current", "true", timeout=LONG)
    expect(tiles.nth(0)).not_to_have_attribute("aria-current", "true")


def correct_on_the_stage(clinician: Person) -> None:
    """Redraw a region of the models, see the photograph measured again, add a region that was missed, undo and redo."""
    page = clinician.page
    tiles, groups = page.locator("#tiles a"), page.locator("#findings section")
    a_region = re.compile("(Bald|Thinning) region")
    outlined = [number for number in range(tiles.count()) if groups.nth(number).filter(has_text=a_region).count()]
    shown = outlined[0] if outlined else 0
    tiles.nth(shown).click()
    expect(tiles.nth(shown)).to_have_attribute("aria-current", "true", timeout=LONG)
    page.wait_for_load_state("networkidle")
    regions = groups.nth(shown).locator(".finding").filter(has_text=a_region)
    if regions.count():
        regions.first.locator(".finding__row").click()
        expect(regions.first).to_have_class(re.compile("finding--open"), timeout=LONG)
        page.locator(".openseadragon-canvas").focus()
        for _step in range(6):
            page.keyboard.press("ArrowDown")
        expect(regions.first).not_to_have_class(re.compile("finding--waiting"), timeout=LONG)
        expect(page.locator("#findings .counted").first).to_contain_text("Measured again", timeout=LONG)
    page.locator("[data-boxes-kind]").select_option("bald")
    box = page.locator("[data-boxes-tool=rectangle]")
    expect(box).to_be_enabled(timeout=LONG)  # once the photograph is there
    box.press("Enter")
    own = page.locator("#findings .finding--own")
    expect(own).to_have_count(1, timeout=LONG)
    own.get_by_placeholder("What do you see?").fill("Smooth patch without ostia")
    own.get_by_role("button", name="Keep").click()
    expect(own).not_to_contain_text("reason missing", timeout=LONG)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(own).to_contain_text("reason missing", timeout=LONG)
    page.get_by_role("button", name="Redo", exact=True).click()
    expect(own).not_to_contain_text("reason missing", timeout=LONG)
    clinician.look("21-stage")


def decide_findings(clinician: Person) -> None:
    """Correct the first value, reject one finding where there are several, accept the rest, each opened."""
    page = clinician.page
    findings = [
        row.get_attribute("data-finding") for row in page.locator("#findings .finding:not(.finding--own)").all()
    ]
    decided = 0
    for finding in findings:
        row = page.locator(f"#findings [data-finding='{finding}']")
        row.locator(".finding__row").click()
        expect(row).to_have_class(re.compile("finding--open"), timeout=LONG)
        if not row.locator(".finding__acts").count():
            continue
        value = row.locator("input[name=value]")
        if decided == 0 and value.count():
            value.fill("61")
            row.get_by_placeholder("Why", exact=True).fill("Wet hair")
            row.get_by_role("button", name=re.compile("^Correct")).click()
        else:
            row.get_by_role("button", name=re.compile("^Accept")).click()
        expect(row).not_to_have_class(re.compile("finding--waiting"), timeout=LONG)
        decided += 1
    expect(page.get_by_role("button", name=re.compile("and write the plan"))).to_be_enabled(timeout=LONG)
