"""A portal's folder on SQLite, migrated once in a run of the tests: every portal of a test starts as a copy of it."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from tests.processes.portal import Portal


def prepared_folder(folders: pytest.TempPathFactory) -> Path:
    """The folder: both databases, keys, releases and schedules, nobody in it. Whoever comes first makes it for all.

    Tests that run beside each other have folders beside each other; a lock keeps the second from making it again.
    """
    own = folders.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    home = shared / "prepared"
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            making = shared / "prepared.making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            Portal(making).act("prepare")
            making.rename(home)
    return home
