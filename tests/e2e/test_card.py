"""The calibration card in photographs: two of them, a mirror image, a print that has to be checked, and none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.cast import CARD
from tests.e2e.conftest import Portal
from tests.e2e.people import open_window
from tests.e2e.test_camera import start_session
from vision.render import draw_head
from vision.render.card import CardPose, lay_card
from vision.types import View

pytestmark = pytest.mark.browser

LONG = 60_000
LEFT, RIGHT = CardPose(centre=(0.22, 0.8)), CardPose(centre=(0.78, 0.8))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One head, without a card, with one, with two, and in the mirror."""
    head = draw_head(View.CROWN, seed=CARD.seed, thinning=0.2, size=(1280, 960)).image
    one = lay_card(head, LEFT)
    shown = {"none": head, "one": one, "two": lay_card(one, RIGHT), "mirror": np.ascontiguousarray(one[:, ::-1])}
    folder = tmp_path_factory.mktemp("cards")
    for name, image in shown.items():
        cv2.imwrite(str(folder / f"{name}.jpg"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return {name: folder / f"{name}.jpg" for name in shown}


def test_what_becomes_of_the_card_in_a_photo_is_said_beside_it(
    portal: Portal, browser: Browser, pictures: dict[str, Path]
) -> None:
    patient = open_window(browser, portal, "card", 390, "card")
    page = patient.page
    session = start_session(patient, CARD.email)
    capture = f"/sessions/{session}/capture/?view=crown"
    said = {
        "none": None,
        "two": "There are two calibration cards in it. Leave one",
        "mirror": "The photo is a mirror image: left and right are exchanged. Take it with",
        "one": "There is a calibration card in it, but its print is not checked yet.",
    }
    for count, (name, words) in enumerate(said.items(), 1):
        patient.go(capture)
        page.set_input_files("input[type=file]", pictures[name])
        state = "limited" if name == "mirror" else "accepted"  # a mirror image is kept, and never measured
        expect(page.locator(f".upload[data-state={state}]")).to_have_count(1, timeout=LONG)
        patient.go(capture)
        expect(page.locator("#capture-kept .photo")).to_have_count(count)
        if words:
            expect(page.locator("#capture-kept")).to_contain_text(words)
    patient.look("01-two-mirrored-unchecked")

    page.get_by_role("link", name="Check the print").first.click()
    page.get_by_label("A bank card covers it exactly").check()
    page.get_by_label("The printed ruler, from 0 to 100, measures").fill("97")
    patient.look("02-check")
    page.get_by_role("button", name="Save the check").click()
    expect(page.get_by_text("Your card is checked")).to_be_visible()
    patient.go(capture)
    expect(page.locator("#capture-kept")).to_contain_text("Calibration card read")
    patient.look("03-read")
    patient.go(f"/sessions/{session}/capture/?view=occiput")
    expect(page.locator(".filmstrip [aria-current]")).to_be_in_viewport(ratio=1)  # the strip opens where one is
    assert patient.problems == [], "\n".join(patient.problems)
    patient.context.close()
