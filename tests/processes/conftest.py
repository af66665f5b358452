"""Portals for the tests of real processes: prepared once, copied for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.portal import Portal
from tools.with_postgres import cluster
from vision.release import list_releases

VIEWS = ("crown", "hairline", "temple_left", "temple_right", "part", "occiput")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.processes)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a portal without people on SQLite."""
    if not list_releases():
        pytest.skip("no network is released under vision/releases")
    portal = Portal(tmp_path_factory.mktemp("prepared"))
    portal.act("prepare")
    return portal.home


@pytest.fixture
def portal(prepared: Path, tmp_path: Path) -> Iterator[Portal]:
    """A portal on SQLite, nothing started yet."""
    home = shutil.copytree(prepared, tmp_path / "portal")
    own = Portal(home)
    yield own
    own.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL: the one the suite runs on is not ours to stop."""
    os.environ.setdefault("LC_ALL", "C")
    with cluster() as address:
        yield address


@pytest.fixture
def postgres_portal(postgres: str, tmp_path: Path) -> Iterator[Portal]:
    """A portal on PostgreSQL, its databases new."""
    if not list_releases():
        pytest.skip("no network is released under vision/releases")
    own = Portal(tmp_path, postgres)
    own.make_databases()
    own.act("prepare")
    yield own
    own.close()
