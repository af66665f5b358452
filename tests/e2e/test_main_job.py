"""The main job in a browser: register, photographs, measured, reviewed, signed, read, taken away, erased.

On a phone with drawn photographs; at a desk with real ones where the research images are, with drawn ones elsewhere.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from config.demo_people import PASSWORD
from tests.e2e.clinician import review_and_sign
from tests.e2e.conftest import ROOT, Portal
from tests.e2e.people import LONG, Person, open_window
from vision.render import HairColour, SkinTone, draw_head, jpeg_with_exif
from vision.types import View

pytestmark = pytest.mark.browser

DATA = Path(os.environ.get("RESEARCH_DATA", ROOT.parent / "shared" / "data"))
VIEWS = ("crown", "hairline", "occiput")


def drawn(folder: Path) -> dict[str, Path]:
    """Phone photographs as a patient would send them, drawn: with EXIF, a place, and a turned frame."""
    files = {}
    for view in VIEWS:
        picture = draw_head(
            View(view),
            seed=77,
            thinning=0.25,
            bald=0.2,
            hair_colour=HairColour.BLACK,
            skin_tone=SkinTone.MEDIUM,
            size=(1280, 960),
        )
        files[view] = folder / f"{view}.jpg"
        files[view].write_bytes(jpeg_with_exif(picture.image, orientation=6))
    return files


def real(_folder: Path) -> dict[str, Path]:
    """Photographs of the research set, one person's front and back and a clinic's top."""
    tops = sorted((DATA / "clinic_tops" / "images").glob("*.jpg"))
    people = sorted((DATA / "norwood" / "images").glob("*_back.jpg"))
    for back in people:
        front = back.with_name(back.name.replace("_back", "_front"))
        top = back.with_name(back.name.replace("_back", "_top_down"))
        if front.exists() and top.exists():
            return {"crown": top, "hairline": front, "occiput": back}
    return dict(zip(VIEWS, tops, strict=False))


AT_THE_DESK = real if DATA.is_dir() else drawn
CASES = [
    pytest.param(390, drawn, id="phone-drawn"),
    pytest.param(1440, AT_THE_DESK, id=f"desktop-{AT_THE_DESK.__name__}"),
]


@pytest.mark.parametrize(("width", "photographs"), CASES)
def test_from_photographs_to_a_signed_plan_and_away(
    portal: Portal, browser: Browser, tmp_path: Path, width: int, photographs, request: pytest.FixtureRequest
) -> None:
    folder = request.node.callspec.id
    address = f"{folder}@example.org"
    patient = open_window(browser, portal, "patient", width, folder)
    clinician = open_window(browser, portal, "clinician", width, folder)
    administrator = open_window(browser, portal, "administrator", width, folder)

    register(patient, address)
    record = consent_and_answer(patient)
    session = send_photographs(patient, photographs(tmp_path))
    review_and_sign(clinician, session)
    read_the_plan(patient, address, record, tmp_path)
    take_data_away(patient, address, record)
    be_erased(patient, administrator, address, record)

    for person in (patient, clinician, administrator):
        assert person.problems == [], f"{person.name}: " + "\n".join(person.problems)
        person.context.close()


def register(patient: Person, address: str) -> None:
    page = patient.page
    patient.go(f"/join/{patient.portal.join_code}/")
    patient.look("01-join")
    page.get_by_role("link", name="Create an account").click()
    page.fill("input[name=email]", address)
    page.fill("input[name=password1]", PASSWORD)
    page.fill("input[name=password2]", PASSWORD)
    patient.look("02-sign-up")
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_url("**/confirm-email/**")
    link = re.search(r"http://\S+/accounts/confirm-email/\S+", patient.portal.mail(address, "confirm-email"))
    assert link is not None
    page.goto(link.group())
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_load_state()
    if "/accounts/login/" in page.url:
        page.fill("input[name=login]", address)
        page.fill("input[name=password]", PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state()
    if "/register/" not in page.url:
        patient.go(f"/join/{patient.portal.join_code}/register/")
    page.get_by_label("For me").check()
    page.get_by_label("Given name").fill("Ida")
    page.get_by_label("Family name").fill("Probe")
    page.get_by_label("Date of birth").fill("1985-03-14")
    patient.look("03-register")
    page.get_by_role("button", name="Open the record").click()
    page.wait_for_url("**/consents/")


def consent_and_answer(patient: Person) -> str:
    page = patient.page
    record = str(page.url.split("/p/")[1].split("/")[0])
    patient.look("04-consents")
    for field in page.locator("input[type=radio][value=yes]").all():
        if field.get_attribute("name") != "research":
            field.check()
    page.locator("input[name=research][value=no]").check()
    page.get_by_role("button", name="Save my decisions").click()
    page.wait_for_load_state()
    patient.go(f"/p/{record}/intake/")
    page.locator("input[name=sex_at_birth][value=female]").check()
    page.locator("input[name=duration][value='1_to_5_years']").check()
    page.locator("input[name=course][value=gradual]").check()
    for name, value in (
        ("symptoms", "pain"),
        ("takes_medicine", "no"),
        ("has_allergies", "no"),
        ("pregnancy", "no"),
        ("conditions", "none"),
    ):
        page.locator(f"input[name={name}][value={value}]").check()
    patient.look("05-intake")
    page.get_by_role("button", name="Save the answers").click()
    page.wait_for_url("**/intake/saved/")
    expect(page.locator("main")).to_contain_text("pain", ignore_case=True)
    patient.look("06-safety")
    return record


def send_photographs(patient: Person, files: dict[str, Path]) -> str:
    page = patient.page
    record = page.url.split("/p/")[1].split("/")[0]
    patient.go(f"/p/{record}/sessions/new/")
    patient.look("07-session-new")
    page.get_by_role("button", name="Start the session").click()
    page.wait_for_load_state()
    session = str(page.url.split("/sessions/")[1].split("/")[0])
    patient.go(f"/sessions/{session}/checklist/")
    for box in page.locator("input[name=done]").all():
        box.check()
    page.locator("input[name=wash]").first.check()
    patient.look("08-checklist")
    page.get_by_role("button", name="To the photos").click()
    patient.go(f"/sessions/{session}/answers/")
    patient.look("09-answers")
    page.get_by_role("button", name="Yes, all of it still holds").click()
    page.wait_for_load_state()
    for view, path in files.items():
        patient.go(f"/sessions/{session}/capture/?view={view}")
        page.set_input_files("input[type=file]", path)
        expect(
            page.locator("[data-upload-list] .upload[data-state=accepted], .upload[data-state=limited]")
        ).to_have_count(1, timeout=LONG)
        patient.look(f"10-capture-{view}")
    refuse_bad_files(patient, session)
    patient.go(f"/sessions/{session}/finish/")
    patient.look("11-finish")
    page.get_by_role("button", name="Send to the clinic").click()
    page.wait_for_url(f"**/sessions/{session}/")
    expect(page.locator("#session-status")).to_have_attribute("data-state", "submitted", timeout=LONG)
    patient.look("12-status")
    text = page.locator("main").inner_text()
    assert "%" not in text, "no number is shown before a clinician has signed"
    return session


def refuse_bad_files(patient: Person, session: str) -> None:
    """A text file under a picture's name is refused with a sentence, and nothing is kept of it."""
    page = patient.page
    patient.go(f"/sessions/{session}/capture/?view=part")
    page.set_input_files(
        "input[type=file]", {"name": "holiday.jpg", "mimeType": "image/jpeg", "buffer": b"this is no picture" * 50}
    )
    row = page.locator("[data-upload-list] .upload[data-state=rejected]")
    expect(row).to_have_count(1, timeout=LONG)
    patient.look("10-capture-refused")


def read_the_plan(patient: Person, address: str, record: str, folder: Path) -> None:
    page = patient.page
    mail = patient.portal.mail(address, "signed a report")
    for word in ("minoxidil", "crown", "Ida", "Probe"):
        assert word.lower() not in mail.lower(), "an e-mail carries no content"
    patient.go(f"/p/{record}/")
    patient.look("30-home")
    page.locator("a[href*='/reports/']").first.click()
    page.wait_for_url("**/reports/**")
    expect(page.locator("main")).to_contain_text("inoxidil")
    expect(page.locator("main")).to_contain_text("61")
    expect(page.locator("main")).to_contain_text("research", ignore_case=True)
    patient.look("31-report")
    pdf_link = page.locator("a[href$='/pdf/']")
    expect(pdf_link).to_be_visible(timeout=LONG)
    answer = patient.context.request.get(page.url + "pdf/")
    assert answer.headers["content-type"] == "application/pdf"
    pdf = folder / "plan.pdf"
    pdf.write_bytes(answer.body())
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    code = re.search(r"\b[A-Z2-7]{5}(?:-[A-Z2-7]{5}){4}-[A-Z2-7]\b", text)
    assert code is not None, text
    assert "inoxidil" in text
    pages = subprocess.run(
        ["pdftoppm", "-r", "60", "-png", str(pdf), str(_pictures(patient) / "pdf")], capture_output=True, check=True
    )
    assert pages.returncode == 0
    patient.go(f"/verify/{code.group()}/")
    expect(page.locator("main")).to_contain_text("valid", ignore_case=True)
    for word in ("Ida", "Probe", "inoxidil"):
        expect(page.locator("main")).not_to_contain_text(word)
    patient.look("32-verify")
    patient.go(f"/p/{record}/access/")
    expect(page.locator("main")).to_contain_text("Dr. Ada Lindgren")
    patient.look("33-access")


def _pictures(person: Person) -> Path:
    from tests.e2e.conftest import PICTURES

    return PICTURES / person.folder


def take_data_away(patient: Person, address: str, record: str) -> None:
    page = patient.page
    patient.go(f"/p/{record}/export/")
    page.get_by_role("button", name="Make a new archive").click()
    link = page.get_by_role("link", name="Download the archive")
    expect(link).to_be_visible(timeout=LONG)
    patient.look("40-export")
    answer = patient.context.request.get(patient.portal.origin + str(link.get_attribute("href")))
    with zipfile.ZipFile(io.BytesIO(answer.body())) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    for part in ("index.html", "fhir/", "originals/", "reports/", "unreviewed/"):
        assert any(part in name for name in names), f"{part} is missing in {names}"
    assert patient.portal.mail(address, "can be downloaded")


def be_erased(patient: Person, administrator: Person, address: str, record: str) -> None:
    page = patient.page
    patient.go(f"/p/{record}/erasure/")
    patient.look("50-erasure")
    for box in page.locator("main form input[type=checkbox]").all():
        box.check()
    page.get_by_role("button", name="Ask for erasure").click()
    expect(page.locator("main")).to_contain_text("Your request is with the clinic")
    administrator.sign_in("administrator@demo.test")
    for name, path in (
        ("60-staff", "/manage/staff/"),
        ("61-clinic", "/manage/clinic/"),
        ("62-texts", "/manage/consent-texts/"),
        ("63-models", "/manage/releases/"),
        ("64-audit", "/manage/audit/"),
        ("65-requests", "/manage/requests/"),
    ):
        administrator.go(path)
        administrator.look(name)
    desk = administrator.page
    desk.get_by_role("link", name=re.compile("See the dry run")).first.click()
    administrator.look("66-dry-run")
    desk.locator("form:has(button[value=execute]) input[type=password]").fill(PASSWORD)
    for box in desk.locator("form:has(button[value=execute]) input[type=checkbox]").all():
        box.check()
    desk.get_by_role("button", name="Erase now").click()
    desk.wait_for_load_state()
    if desk.locator("dialog[open] [data-confirm-accept]").count():
        desk.locator("dialog[open] [data-confirm-accept]").click()
    desk.wait_for_url("**/certificate/")
    administrator.look("67-certificate")
    patient.go(f"/p/{record}/")
    expect(page.locator("main")).not_to_contain_text("Ida")
    patient.context.clear_cookies()
    patient.go("/accounts/login/")
    page.fill("input[name=login]", address)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("main")).to_contain_text(re.compile("not correct|incorrect", re.IGNORECASE))
