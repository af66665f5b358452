"""A person at a browser: signs in, is looked over by axe on each page, and leaves a screenshot where wanted."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from config.demo_people import PASSWORD
from tests.e2e.conftest import PICTURES, Portal

PICTURES_ARE_THERE = """() => Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.complete ? null : new Promise((done) => { image.onload = image.onerror = done; });
}))"""
PICTURES_WANTED = os.environ.get("E2E_PICTURES", "yes") != "no"  # for somebody to look at; no test compares them
LATENCY_MS = int(os.environ.get("E2E_LATENCY_MS", "0"))  # per request: finds what holds only on a quick network
HEIGHTS = {390: 844, 820: 1180, 1440: 900}
PATIENCE = 30_000  # ms for an action and for what it brings about, also on a busy machine
LONG = 180_000  # ms for what a worker has to do first

expect.set_options(timeout=PATIENCE)


@dataclass
class Person:
    """One browser window of one person."""

    name: str
    portal: Portal
    context: BrowserContext
    page: Page
    folder: str
    by_touch: bool = False
    problems: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.portal.origin + path)

    def look(self, name: str) -> None:
        """Nothing overflows sideways, and axe finds nothing; keeps a picture of the page where pictures are wanted."""
        self.page.wait_for_load_state()
        self.page.evaluate(PICTURES_ARE_THERE)
        target = PICTURES / self.folder
        target.mkdir(parents=True, exist_ok=True)
        if PICTURES_WANTED:
            self.page.screenshot(path=target / f"{self.name}-{name}.png", full_page=True)
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 1:
            self.problems.append(f"{name}: the page is {wide} px wider than the screen")
        found = Axe().run(self.page)
        for violation in found.response["violations"]:
            nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
            self.problems.append(f"{name}: {violation['id']}: {violation['help']}: {nodes}")

    def sign_in(self, address: str, password: str = PASSWORD) -> None:
        self.go("/accounts/login/")
        self.page.fill("input[name=login]", address)
        self.page.fill("input[name=password]", password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/accounts/login/" not in url)


def slow_down(page: Page) -> None:
    """Makes the network of this window as slow as the environment wants it: nothing is kept, all comes later."""
    if LATENCY_MS:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        speed = {"latency": LATENCY_MS, "downloadThroughput": 1_000_000, "uploadThroughput": 500_000}
        session.send("Network.emulateNetworkConditions", {"offline": False, **speed})


def open_window(browser: Browser, portal: Portal, name: str, width: int, folder: str) -> Person:
    """A fresh window; errors in the browser's console are problems."""
    by_touch = width < 1000
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS[width]}, has_touch=by_touch, accept_downloads=True
    )
    context.set_default_timeout(PATIENCE)
    person = Person(name, portal, context, context.new_page(), folder, by_touch)
    slow_down(person.page)

    def listen(message: ConsoleMessage) -> None:
        asked_again = re.search("status of 422|Status Error Code 422", message.text)  # a form shown again
        overtaken = message.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))  # by a later click
        if message.type == "error" and not asked_again and not overtaken:
            place = f"{message.location.get('url')}:{message.location.get('lineNumber')}"
            person.problems.append(f"console on {person.page.url}: {message.text} ({place})")

    person.page.on("console", listen)
    person.page.on("pageerror", lambda error: person.problems.append(f"script: {error}"))
    return person
