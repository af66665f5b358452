"""Portals for the tests of real processes: prepared once, copied for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prepared import prepared_folder
from tests.processes.portal import Portal
from tools.with_postgres import cluster
from vision.release import list_releases

VIEWS = ("crown", "hairline", "temple_left", "temple_right", "part", "occiput")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.processes)


@pytest.fixture(scope="session", autouse=True)
def _releases() -> None:
    if not list_releases():
        pytest.skip("no network is released under vision/releases")


@pytest.fixture
def portal(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal on SQLite, nothing started yet."""
    home = shutil.copytree(prepared_folder(tmp_path_factory), tmp_path / "portal")
    own = Portal(home)
    yield own
    own.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL: the one the suite runs on is not ours to stop."""
    os.environ.setdefault("LC_ALL", "C")
    with cluster() as address:
        yield address


@pytest.fixture(scope="session")
def prepared_on_postgres(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a portal without people on PostgreSQL; its databases are the cluster's templates."""
    own = Portal(tmp_path_factory.mktemp("prepared-on-postgres"), postgres)
    own.make_databases()
    own.act("prepare")
    own.keep_databases_as_templates()
    return own.home


@pytest.fixture
def postgres_portal(postgres: str, prepared_on_postgres: Path, tmp_path: Path) -> Iterator[Portal]:
    """A portal on PostgreSQL, nothing started yet. Its tests are the group ``postgres``: one cluster, migrated once."""
    home = shutil.copytree(prepared_on_postgres, tmp_path / "portal")
    own = Portal(home, postgres)
    own.make_databases(from_templates=True)
    yield own
    own.close()
