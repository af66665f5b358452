"""What every test may rely on: both databases where a test uses one, an empty cache, and one Chromium."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.test import TransactionTestCase
from playwright.sync_api import Browser, sync_playwright

DATABASE_FIXTURES = {
    "db", "transactional_db", "django_db_setup", "django_db_reset_sequences", "django_db_serialized_rollback",
    "live_server", "admin_user", "admin_client",
}  # fmt: skip
"""pytest-django's."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database: touches the suite's database (given to every such test)")


@pytest.hookimpl(tryfirst=True)  # before the command line's choice of markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that may touch the database may touch the key store too: nearly every row is sealed.

    What may touch neither gives the same answer on every database: the run on PostgreSQL leaves it out by its marker.
    """
    for item in items:
        for marker in item.iter_markers("django_db"):
            marker.kwargs.setdefault("databases", ["default", "keys"])
        if touches_database(item):
            item.add_marker("database")


def touches_database(item: pytest.Item) -> bool:
    """Whether pytest-django lets the test reach the database."""
    if item.get_closest_marker("django_db") is not None:
        return True
    if DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
        return True
    of_class = getattr(item, "cls", None)
    return of_class is not None and issubclass(of_class, TransactionTestCase)


@pytest.fixture(autouse=True)
def _fresh_cache(settings: object) -> Iterator[None]:
    """Rate limits of one test never reach the next."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # type: ignore[attr-defined]
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _equal_pictures_are_examined_once() -> Iterator[None]:
    """What a picture shows depends on its pixels alone; most tests upload the same drawn one."""
    from patients import photo_intake

    with pytest.MonkeyPatch.context() as patch:
        for name in ("check_upload", "read_card", "_thumbnail"):
            patch.setattr(photo_intake, name, _remembered(getattr(photo_intake, name)))
        yield


def _remembered(work: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[object, Any] = {}

    def answer(picture: np.ndarray, *rest: object, **named: object) -> Any:
        key = (hashlib.sha1(picture.tobytes()).digest(), picture.shape, rest, tuple(sorted(named.items())))
        if key not in known:
            known[key] = work(picture, *rest, **named)
        return known[key]

    return answer


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, started once: Playwright allows one of its kind in a process."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("Chromium is missing. Install it: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"]
        )
        yield chromium
        chromium.close()
