"""What every test may rely on: both databases where a test uses one, an empty cache, and one Chromium."""

from __future__ import annotations

import gc
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import TransactionTestCase
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

T = TypeVar("T")
HERE = Path(__file__).resolve().parent
DATABASE_FIXTURES = {
    "db", "transactional_db", "django_db_setup", "django_db_reset_sequences", "django_db_serialized_rollback",
    "live_server", "admin_user", "admin_client",
}  # fmt: skip
"""pytest-django's."""


SLOW = {"browser", "processes"}
SLOW_LIVE_IN = {"e2e", "frontend", "processes"}
"""Folders that the Makefile names for these tests, so that nothing else is imported for them."""


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
        slow = SLOW & {marker.name for marker in item.iter_markers()}
        if slow and item.path.relative_to(HERE).parts[0] not in SLOW_LIVE_IN:
            raise pytest.UsageError(f"{item.nodeid}: only {sorted(SLOW_LIVE_IN)} are looked through for {slow}")


def pytest_collection_finish() -> None:
    gc.freeze()  # what was imported stays: the collector need not look through it again and again


def touches_database(item: pytest.Item) -> bool:
    """Whether pytest-django lets the test reach the database."""
    if item.get_closest_marker("django_db") is not None:
        return True
    if DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
        return True
    of_class = getattr(item, "cls", None)
    return of_class is not None and issubclass(of_class, TransactionTestCase)


class Keep(Protocol):
    """Make rows that every later test of the module finds as they were made; give the answer of ``make``."""

    def __call__(self, make: Callable[[], T]) -> T: ...


@pytest.fixture(scope="module")
def keep(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Keep]:
    """For a world that many tests of a module begin with: each of them runs in a savepoint over it.

    A test that changes its instances in memory takes a deep copy; files that it deletes are gone for the next one.
    """
    with ExitStack() as ends:
        for alias in ("default", "keys"):
            rows = transaction.atomic(using=alias)
            rows._from_testcase = True  # type: ignore[attr-defined]  # as Django's own TestCase marks its class's rows
            with django_db_blocker.unblock():
                rows.__enter__()
            ends.callback(_undo, django_db_blocker, alias, rows)

        def made(make: Callable[[], T]) -> T:
            with django_db_blocker.unblock():
                return make()

        yield made


def _undo(blocker: DjangoDbBlocker, alias: str, rows: transaction.Atomic) -> None:
    with blocker.unblock():
        transaction.set_rollback(True, using=alias)
        rows.__exit__(None, None, None)


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
