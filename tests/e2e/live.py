"""A window on a portal that runs inside the test: quick, for what needs a browser but no workers."""

from __future__ import annotations

import os
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page

from accounts.models import User
from tests.e2e.conftest import PICTURES
from tests.e2e.people import PICTURES_WANTED, slow_down
from tests.factories.patients import signed_in

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps an event loop in the thread of the tests

HEIGHTS = {390: 844, 820: 1180, 1440: 900}


def open_live(browser: Browser, live_server: Any, user: User, width: int) -> tuple[Page, list[str]]:
    """A window of this person, signed in, and what its console or a script complains of."""
    problems: list[str] = []
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": width, "height": HEIGHTS[width]}, has_touch=width < 1000
    )
    session = signed_in(user).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    context.set_default_timeout(60_000)
    page = context.new_page()
    slow_down(page)

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: problems.append(str(error)))
    return page, problems


def look(page: Page, folder: str, name: str) -> list[str]:
    """What axe finds, and whether the page is wider than the screen; keeps a picture where pictures are wanted."""
    page.wait_for_load_state()  # axe would judge a page that is still coming
    if PICTURES_WANTED:
        target = PICTURES / folder
        target.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target / f"{name}.png", full_page=True)
    found = [f"{name}: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in Axe().run(page).response["violations"]]
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*found, f"{name}: {wide} px too wide"] if wide > 1 else found
