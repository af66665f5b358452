"""A patient looks at what changed: verdicts, photographs over each other by keyboard, the report of changes as PDF."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Browser, expect

from config.demo_progress import FOLLOWED
from tests.e2e.conftest import ROOT, Portal
from tests.e2e.people import Person, open_window

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("progress")]  # the visits are measured once

VISITS = """
import django
django.setup()
from django.utils import timezone
from config.demo_people import ensure_people
from config.demo_progress import ensure_followed, ensure_progress
ensure_followed(ensure_people())
ensure_progress(timezone.now)
"""


@pytest.fixture
def signed_visits(portal: Portal) -> None:
    """Two visits of the demo’s patient, measured and compared by the portal’s workers, signed through the services."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "TRICHORA_VAR": str(portal.folder),
        "TRICHORA_ORIGIN": portal.origin,
    }
    subprocess.run([sys.executable, "-c", VISITS], cwd=ROOT, env=environment, check=True, timeout=400)


@pytest.mark.parametrize("width", [390, 1440])
def test_a_patient_sees_what_changed(browser: Browser, portal: Portal, signed_visits: None, width: int) -> None:
    person = open_window(browser, portal, f"progress-{width}", width, "progress")
    person.sign_in(FOLLOWED.email)
    page = person.page
    page.get_by_role("link", name="Your progress").click()
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()
    expect(page.get_by_text("Improved").first).to_be_visible()
    person.look("overview")

    page.get_by_role("link", name=re.compile(r"^Photographs and charts\s*: Crown")).click()
    _slides_by_keyboard(person)
    page.get_by_label("Map of change").check()
    expect(page.locator(".comparison__overlay").first).to_be_visible()
    expect(page.locator("[data-chart] svg").first).to_be_visible()
    person.look("view")

    page.get_by_role("link", name="Report of these changes").click()
    expect(page.get_by_role("heading", name="What changed", level=1)).to_be_visible()
    person.look("changes")
    page.get_by_role("button", name="Make a PDF").click()
    link = page.get_by_role("link", name="Open the PDF")
    expect(link).to_be_visible()
    answer = page.request.get(portal.origin + str(link.get_attribute("href")))
    assert answer.body()[:5] == b"%PDF-"
    assert person.problems == []


def _slides_by_keyboard(person: Person) -> None:
    """The slider takes arrow keys, and the later photograph gives way."""
    page = person.page
    later = page.locator("[data-comparison-side=now]")
    expect(later.locator("canvas").first).to_be_visible()
    slider = page.get_by_role("slider", name="How much of the later picture shows")
    slider.focus()
    before = later.evaluate("figure => figure.style.clipPath")
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    expect(slider).to_have_value("40")
    after = later.evaluate("figure => figure.style.clipPath")
    assert before != after
    assert re.search(r"60%", after)
