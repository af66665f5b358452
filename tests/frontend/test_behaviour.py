"""The scripts in a real browser, under the portal's content policy: nothing is refused, everything does its work."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django import forms
from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.test import RequestFactory
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.frontend.showcase import Showcase, serve

HERE = Path(__file__).resolve().parent
BUILT = (HERE.parents[1] / "static" / "dist" / "app.js").exists()

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not BUILT, reason="the front end is not built: run `make front`"),
]

AXES = (("x", "width"), ("y", "height"))
BOXES = [
    {"id": "one", "number": 1, "type": "box", "label": "Thinning", "state": "proposed", "box": [100, 80, 80, 60]},
    {
        "id": "two",
        "number": 2,
        "type": "polygon",
        "state": "accepted",
        "label": "Bald",
        "polygon": [[20, 20], [60, 25], [40, 60]],
    },
]
OVERLAYS = [{"key": "density", "label": "Density", "url": "/picture.png", "legend": True}]
SPEC = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "data": {"values": [{"day": 1, "value": 61}, {"day": 2, "value": 64}]},
    "mark": {"type": "line", "tooltip": True},
    "encoding": {"x": {"field": "day", "type": "quantitative"}, "y": {"field": "value", "type": "quantitative"}},
}


expect.set_options(timeout=20_000)


class Answers(forms.Form):
    """A field of each kind."""

    name = forms.CharField(help_text="As on the card.")
    sex = forms.ChoiceField(choices=[("f", "female"), ("m", "male")], widget=forms.RadioSelect)
    pains = forms.MultipleChoiceField(choices=[("a", "pain"), ("b", "pus")], widget=forms.CheckboxSelectMultiple)
    clinic = forms.ChoiceField(choices=[("l", "Linden")])
    notes = forms.CharField(widget=forms.Textarea)


def page_of(name: str, **context: object) -> str:
    """One of the pages beside this file, rendered with the portal's own templates around it."""
    engine = engines["django"]
    assert isinstance(engine, DjangoTemplates)
    template = engine.from_string((HERE / "pages" / name).read_text())
    request = RequestFactory().get("/")
    nav = [{"label": "Queue", "url": "/", "current": True, "badge": 4}, {"label": "Patients", "url": "/p"}]
    return template.render({"nav_items": nav, **context}, request)


def showcase_page() -> str:
    return page_of(
        "showcase.html",
        steps=[{"label": "Intake", "state": "done"}, {"label": "Photographs", "state": "current"}, {"label": "Send"}],
        tones=["info", "success", "warning", "danger", "urgent"],
        states=["draft", "queued", "running", "failed", "accepted", "rejected", "urgent", "retake", "signed"],
        spec=SPEC,
        pair={
            "then": {"day": "May", "src": "/picture.png", "width": 400, "height": 300},
            "now": {"day": "August", "src": "/picture.png", "width": 400, "height": 300},
            "aligned": True,
        },
        facts=[
            {"label": "Sex", "title": "Signed", "value": "female"},
            {"label": "Allergies", "title": "Sent", "value": ""},
        ],
        head=[{"label": "Patient"}, {"label": "Views", "numeric": True}],
        rows=[
            {
                "cells": [
                    {"label": "Patient", "text": name, "url": f"#{name}"},
                    {"label": "Views", "text": 6, "numeric": True},
                ]
            }
            for name in ("AB", "CD", "EF")
        ],
        strip=[{"name": "Crown", "src": "/picture.png", "url": "#", "current": True, "state": "accepted"}],
        form=Answers({"name": ""}),
    )


@pytest.fixture(scope="module")
def showcase() -> Iterator[Showcase]:
    picture = io.BytesIO()
    Image.effect_noise((320, 240), 90).save(picture, "PNG")
    pages = {
        "/": showcase_page,
        "/stage/": lambda: page_of("stage.html", boxes=BOXES, overlays=OVERLAYS),
        "/upload/": lambda: page_of("upload.html"),
    }
    with serve(Showcase(pages, pictures={"/picture.png": picture.getvalue()})) as running:
        yield running


@pytest.fixture
def page(browser: Browser, showcase: Showcase) -> Iterator[Page]:
    """A page that fails the test when the content policy refuses something or a script throws."""
    refused: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            refused.append(message.text)

    context = browser.new_context(base_url=showcase.address, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("console", heard)
    page.on("pageerror", lambda error: refused.append(str(error)))
    yield page
    context.close()
    assert refused == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("path", ["/", "/stage/", "/upload/"])
def test_components_are_accessible_and_fit_the_width(
    browser: Browser, showcase: Showcase, path: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        base_url=showcase.address,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        bypass_csp=True,  # axe itself is an inline script
    )
    page = context.new_page()
    page.goto(path)
    page.wait_for_load_state("networkidle")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    context.close()


def test_theme_follows_the_switch_and_is_remembered(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_dangerous_form_is_sent_only_after_the_question(page: Page, showcase: Showcase) -> None:
    showcase.forms.clear()
    page.goto("/")
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete it?")
    expect(dialog).to_contain_text("It is deleted for good.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert showcase.forms == []
    page.keyboard.press("d")
    dialog.get_by_role("button", name="Delete").click()
    expect(page).to_have_title("sent")
    assert showcase.forms == ["/deleted/"]


def test_keys_walk_the_list_and_can_be_switched_off(page: Page) -> None:
    page.goto("/")
    current = page.locator('[data-list-item][aria-current="true"]')
    page.keyboard.press("j")
    expect(current).to_contain_text("AB")
    page.keyboard.press("j")
    expect(current).to_contain_text("CD")
    page.keyboard.press("k")
    expect(current).to_contain_text("AB")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#AB$"))
    page.keyboard.press("?")
    page.get_by_role("switch").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(current).to_contain_text("AB")


def test_charts_and_comparison_are_drawn(page: Page) -> None:
    page.goto("/")
    expect(page.locator("[data-chart] svg")).to_be_visible()
    page.locator("[data-comparison-range]").fill("20")
    expect(page.locator("[data-comparison-side=now]")).to_have_css("clip-path", "inset(0px 0px 0px 80%)")


def test_uploads_say_what_became_of_each_file(page: Page, showcase: Showcase) -> None:
    showcase.uploads.clear()
    page.goto("/upload/")
    page.get_by_label("Add photographs").set_input_files(
        [
            {"name": "good.jpg", "mimeType": "image/jpeg", "buffer": b"x" * 5000},
            {"name": "dark.jpg", "mimeType": "image/jpeg", "buffer": b"x" * 5000},
            {"name": "phone.HEIC", "mimeType": "", "buffer": b"x" * 5000},
            {"name": "soft.webp", "mimeType": "image/webp", "buffer": b"x" * 5000},
            {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x"},
            {"name": "empty.png", "mimeType": "image/png", "buffer": b""},
            {"name": "huge.png", "mimeType": "image/png", "buffer": b"x" * 6_000_001},
        ]
    )

    def row(name: str) -> str:
        return str(page.locator(".upload", has_text=name).locator("[data-upload-state]").inner_text())

    expect(page.locator("[data-upload-summary]")).to_have_text("3 of 7 photographs are in")
    expect(page.locator('.upload[data-state="rejected"]')).to_have_count(4)
    expect(page.locator('.upload[data-state="limited"]')).to_contain_text("soft.webp")
    assert "kept" in row("good.jpg")
    assert "kept" in row("phone.HEIC")
    assert row("dark.jpg") == "Too dark: switch on the light and take it again."
    assert "not a photograph the portal reads" in row("notes.txt")
    assert "empty" in row("empty.png")
    assert "larger than allowed (5 MB)" in row("huge.png")
    sent = {upload.metadata["filename"]: upload.metadata for upload in showcase.uploads.values()}
    assert sent["phone.HEIC"] == {"session": "s1", "view": "crown", "filename": "phone.HEIC", "filetype": "image/heic"}


def test_upload_goes_on_after_a_dropped_connection(page: Page, showcase: Showcase) -> None:
    showcase.uploads.clear()
    content = bytes(range(256)) * 20_000  # 5.1 MB: three pieces, the second is lost once
    page.goto("/upload/")
    page.get_by_label("Add photographs").set_input_files(
        [{"name": "drop.jpg", "mimeType": "image/jpeg", "buffer": content}]
    )
    expect(page.locator("[data-upload-summary]")).to_have_text("1 of 1 photographs are in", timeout=20_000)
    (upload,) = showcase.uploads.values()
    assert upload.received == content
    assert upload.drops == 0


def wait_for(page: Page, arrived: Callable[[], bool]) -> None:
    """Until the server has heard it; a busy machine may take its time, one that never says it fails the test."""
    for _ in range(200):
        if arrived():
            return
        page.wait_for_timeout(100)
    raise AssertionError("the server was not told within 20 seconds")


def open_stage(page: Page, showcase: Showcase) -> None:
    showcase.posted.clear()
    page.goto("/stage/")
    expect(page.locator(".stage__tag")).to_have_count(2)


def test_outline_is_moved_by_keys_saved_and_undone(page: Page, showcase: Showcase) -> None:
    page.clock.install()
    open_stage(page, showcase)
    page.keyboard.press("j")
    page.locator(".openseadragon-canvas").focus()
    page.clock.pause_at(page.evaluate("Date.now() + 1000") / 1000)  # no rest between the keys, however slow the machine
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.clock.resume()
    wait_for(page, lambda: len(showcase.posted) >= 1)
    expect(page.locator("[data-autosave]")).to_have_text("Saved")
    page.keyboard.press("u")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    wait_for(page, lambda: len(showcase.posted) >= 2)
    page.wait_for_timeout(1500)  # the editor reports late; an undone move must not come back
    steps = [(change["action"], change["id"], change["box"]) for change in showcase.posted]
    assert [(action, key) for action, key, _ in steps] == [("update", "one"), ("update", "one")]
    x, y, width, height = steps[0][2]
    assert (x > 100, y, width, height > 60) == (True, 80, 80, True)
    assert steps[1][2] == [100, 80, 80, 60]


def test_points_of_an_outline_are_taken_moved_added_and_removed_by_keys(page: Page, showcase: Showcase) -> None:
    open_stage(page, showcase)
    held = page.locator("[data-outline-point]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("i")
    expect(page.locator(".openseadragon-canvas")).to_be_focused()
    page.keyboard.press("Shift+Enter")
    expect(held).to_contain_text("Point 1 of 3")
    page.keyboard.press("Shift+Enter")
    expect(held).to_contain_text("Point 3 of 3")
    page.keyboard.press("ArrowDown")
    wait_for(page, lambda: bool(showcase.posted))
    first, second, third = showcase.posted[0]["polygon"]
    assert (first, second, third[0], third[1] > 60) == ([20, 20], [60, 25], 40, True)
    page.keyboard.press("i")
    expect(held).to_contain_text("Point 4 of 4")
    page.keyboard.press("Enter")
    page.keyboard.press("Delete")
    expect(held).to_contain_text("Point 1 of 3")
    page.keyboard.press("Delete")  # an outline keeps three
    wait_for(page, lambda: showcase.posted[-1]["polygon"][0] == [60, 25] and len(showcase.posted[-1]["polygon"]) == 3)
    page.keyboard.press("Escape")
    expect(held).to_be_hidden()
    page.keyboard.press("Shift+ArrowRight")
    wait_for(page, lambda: showcase.posted[-1]["polygon"][0][0] > 60)
    assert min(x for x, _y in showcase.posted[-1]["polygon"]) == 30  # it grew, and did not move
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_contain_text("take hold of the next point")


def test_outline_is_drawn_and_removed(page: Page, showcase: Showcase) -> None:
    open_stage(page, showcase)
    frame = page.locator("[data-stage-view]").bounding_box()
    assert frame is not None
    middle = (frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    page.get_by_role("button", name="New box").click()
    page.mouse.move(middle[0] + 40, middle[1] + 90)
    page.mouse.down()
    page.mouse.move(middle[0] + 140, middle[1] + 150, steps=5)
    page.mouse.up()
    expect(page.get_by_role("button", name="New box")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Undo").click()
    wait_for(page, lambda: len(showcase.posted) >= 3)
    assert [change["action"] for change in showcase.posted] == ["create", "delete", "restore"]
    width, height = showcase.posted[0]["box"][2:]
    assert width / height == pytest.approx(100 / 60, rel=0.1)


def test_overlay_and_its_legend_are_switched(page: Page, showcase: Showcase) -> None:
    open_stage(page, showcase)
    expect(page.locator("[data-stage-legend]")).to_be_hidden()
    page.keyboard.press("1")
    expect(page.locator("[data-stage-legend]")).to_be_visible()
    expect(page.locator(".stage__overlay")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator(".stage__overlay")).to_be_hidden()


def test_a_photograph_seen_whole_stays_whole_when_the_screen_is_turned(page: Page, showcase: Showcase) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_stage(page, showcase)
    page.get_by_label("Density").check()
    overlay, frame = page.locator(".stage__overlay"), page.locator("[data-stage-view]")
    expect(overlay).to_be_visible()

    def cut_off() -> float:
        """How many pixels of the photograph, on which the overlay lies, are outside the frame."""
        inner, outer = overlay.bounding_box(), frame.bounding_box()
        assert inner is not None
        assert outer is not None
        sides = (
            (inner[near], inner[near] + inner[long], outer[near], outer[near] + outer[long]) for near, long in AXES
        )
        return max(max(outer_near - near, far - outer_far) for near, far, outer_near, outer_far in sides)

    for width, height in ((390, 844), (1440, 500), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        wait_for(page, lambda: cut_off() < 1.5)
        page.wait_for_timeout(300)
        assert cut_off() < 1.5, (width, height)
