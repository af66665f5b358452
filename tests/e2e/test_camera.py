"""Taking a photograph with the camera in the page; the camera is a film of a drawn head."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from config.demo_people import PATIENTS
from tests.e2e.cast import CAMERA
from tests.e2e.conftest import Portal
from tests.e2e.people import Person, open_window
from vision.render import draw_head
from vision.render.card import CardPose, lay_card
from vision.types import View

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("camera")]

LONG = 60_000
FRONT_CAMERA = """
const settings = MediaStreamTrack.prototype.getSettings;
MediaStreamTrack.prototype.getSettings = function () { return { ...settings.call(this), facingMode: "user" }; };
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A motion JPEG of a head from above that holds still, a calibration card beside it; two stills of it."""
    drawn = draw_head(View.CROWN, seed=CAMERA.seed, thinning=0.35, parting=0.6, size=(1280, 960))
    picture = cv2.cvtColor(lay_card(drawn.image, CardPose(centre=(0.18, 0.86))), cv2.COLOR_RGB2BGR)
    path = tmp_path_factory.mktemp("film") / "head.mjpeg"
    path.write_bytes(jpeg(picture, 95) * 2)
    path.with_suffix(".jpg").write_bytes(jpeg(picture, 94))
    path.with_name("again.jpg").write_bytes(jpeg(picture, 93))
    return path


def jpeg(picture: np.ndarray, quality: int) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


@pytest.fixture
def browser_with_camera(browser: Browser, film: Path) -> Iterator[Browser]:
    with_camera = browser.browser_type.launch(
        executable_path=_executable(),
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ],
    )
    yield with_camera
    with_camera.close()


def _executable() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(path for name in names if (path := shutil.which(name)))


def send_baseline(patient: Person, film: Path) -> None:
    """A first session with one photo, sent: what the next one is lined up with."""
    page = patient.page
    session = start_session(patient, CAMERA.email)
    patient.go(f"/sessions/{session}/capture/?view=crown")
    page.set_input_files("input[type=file]", film.with_suffix(".jpg"))
    expect(page.locator(".upload[data-state=accepted]")).to_have_count(1, timeout=LONG)
    patient.go(f"/sessions/{session}/finish/")
    page.get_by_role("button", name="Send to the clinic").click()
    page.wait_for_url(f"**/sessions/{session}/")


def start_session(patient: Person, address: str) -> str:
    """A new session of a patient, up to its photos."""
    page = patient.page
    if page.url == "about:blank":
        patient.sign_in(address)
    patient.go("/")
    record = re.search(r"/p/([0-9a-f-]+)/", page.url)
    assert record is not None
    patient.go(f"/p/{record.group(1)}/sessions/new/")
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_load_state()
    session = page.url.split("/sessions/")[1].split("/")[0]
    patient.go(f"/sessions/{session}/answers/")
    page.get_by_role("button", name="Yes, all of it still holds").click()
    page.wait_for_load_state()
    for box in page.locator("input[name=done]").all():
        box.check()
    page.locator("input[name=wash]").first.check()
    page.get_by_role("button", name="To the photos").click()
    page.wait_for_load_state()
    return session


def test_a_photo_is_taken_lined_up_and_kept(portal: Portal, browser_with_camera: Browser, film: Path) -> None:
    patient = open_window(browser_with_camera, portal, "camera", 390, "camera")
    page = patient.page
    send_baseline(patient, film)
    session = start_session(patient, CAMERA.email)
    patient.go(f"/sessions/{session}/capture/?view=crown")
    patient.look("01-offer")
    page.get_by_role("button", name="Take it with the camera").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_have_attribute("data-state", "aiming", timeout=LONG)
    ghost = dialog.locator("[data-camera-ghost]")
    expect(ghost).to_be_visible()
    assert ghost.evaluate("image => image.naturalWidth") > 0, "the baseline is shown to line up with"
    expect(dialog.get_by_text("Light is good")).to_be_visible(timeout=LONG)
    expect(dialog.get_by_text("Sharp", exact=True)).to_be_visible(timeout=LONG)
    patient.look("02-aiming")

    dialog.get_by_label("3 s").check()
    dialog.get_by_role("button", name="Take the photo").click()
    expect(dialog.get_by_role("timer")).to_have_text(re.compile("[123]"))
    expect(dialog).to_have_attribute("data-state", "taken", timeout=LONG)
    patient.look("03-taken")
    dialog.get_by_role("button", name="Use this photo").click()
    expect(dialog).to_have_attribute("data-state", "kept", timeout=LONG)
    patient.look("04-kept")
    dialog.get_by_role("link", name="Next: Hairline").click()
    page.wait_for_url("**view=hairline&camera=1")
    expect(page.get_by_role("dialog")).to_have_attribute("data-state", "aiming", timeout=LONG)
    patient.go(f"/sessions/{session}/capture/?view=occiput&camera=1")
    expect(page.get_by_role("dialog")).to_have_attribute("data-state", "aiming", timeout=LONG)
    expect(page.locator(".camera__strip [aria-current]")).to_be_in_viewport(ratio=1)  # the last of six views
    page.keyboard.press("Escape")

    patient.go(f"/sessions/{session}/capture/?view=crown")
    expect(page.locator("#capture-kept .photo")).to_have_count(1)
    assert patient.problems == [], "\n".join(patient.problems)
    patient.context.close()


def test_a_second_take_reaches_the_desk_and_a_front_camera_stores_no_mirror_image(
    portal: Portal, browser: Browser, browser_with_camera: Browser, film: Path
) -> None:
    patient = open_window(browser_with_camera, portal, "patient", 390, "second-take")
    patient.page.add_init_script(FRONT_CAMERA)
    page = patient.page
    session = start_session(patient, PATIENTS[1].email)
    capture = f"/sessions/{session}/capture/?view=crown"
    patient.go(capture)
    page.get_by_text("Take each view twice today?").click()
    page.get_by_role("button", name="Yes, each view twice").click()
    page.get_by_role("button", name="Take it with the camera").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_have_attribute("data-state", "aiming", timeout=LONG)
    shown = "element => getComputedStyle(element).transform"
    assert "-1" in dialog.locator("video").evaluate(shown), "the screen is a mirror to look into"
    dialog.get_by_label("off", exact=True).check()
    dialog.get_by_role("button", name="Take the photo").click()
    expect(dialog).to_have_attribute("data-state", "taken", timeout=LONG)
    assert dialog.locator("[data-camera-preview]").evaluate(shown) == "none", "what is kept is not"
    dialog.get_by_role("button", name="Use this photo").click()
    expect(dialog).to_have_attribute("data-state", "kept", timeout=LONG)
    expect(dialog.get_by_role("status")).to_contain_text("take the same view once more")
    patient.look("01-once-more")

    patient.go(capture)
    page.set_input_files("input[type=file]", film.with_name("again.jpg"))
    expect(page.get_by_text("Both takes of this view are here")).to_be_visible(timeout=LONG)
    patient.go(capture)
    expect(page.locator("#capture-kept").get_by_text("There is a calibration card in it")).to_have_count(2)
    patient.go(f"/sessions/{session}/finish/")
    page.get_by_role("button", name="Send to the clinic").click()
    page.wait_for_url(f"**/sessions/{session}/")

    clinician = open_window(browser, portal, "clinician", 1440, "second-take")
    clinician.sign_in("dermatologist@demo.test")
    clinician.go("/queue/")
    clinician.page.locator(f"form[action*='{session}'] button").first.click()
    clinician.page.wait_for_url("**/reviews/**")
    again = clinician.page.locator(".second-take")
    expect(again).to_contain_text("Second take, for noise")
    expect(again.get_by_role("link")).to_be_visible()
    clinician.look("02-desk")
    widths = again.locator("img").evaluate_all("images => images.map((image) => image.naturalWidth)")
    assert len(widths) == 2
    assert min(widths) > 0, "both takes are seen beside each other"
    for person in (patient, clinician):
        assert person.problems == [], "\n".join(person.problems)
        person.context.close()


def test_without_a_camera_the_file_field_says_so(portal: Portal, browser: Browser) -> None:
    patient = open_window(browser, portal, "no-camera", 1440, "camera")
    page = patient.page
    session = start_session(patient, PATIENTS[1].email)
    patient.go(f"/sessions/{session}/capture/?view=occiput")
    page.get_by_role("button", name="Take it with the camera").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_have_attribute("data-state", "refused", timeout=LONG)
    expect(dialog.get_by_role("status")).to_contain_text("choose a file")
    patient.look("05-no-camera")
    dialog.get_by_role("button", name="Choose a file").click()
    expect(page.locator("input[type=file]")).to_be_visible()
    assert patient.problems == [], "\n".join(patient.problems)
    patient.context.close()
