"""A database that goes away while a worker computes, and returns."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.processes.conftest import VIEWS
from tests.processes.portal import Portal, assert_one_result, wait_for
from tools import with_postgres


@contextmanager
def away(address: str) -> Iterator[None]:
    """PostgreSQL as after a crash while the block runs; it comes back as it was."""
    with psycopg.connect(f"{address}/postgres") as server:
        data, port, sockets = (
            str(server.execute(f"SHOW {name}".encode()).fetchall()[0][0])
            for name in ("data_directory", "port", "unix_socket_directories")
        )

    def pg_ctl(*arguments: str) -> None:
        command = [str(with_postgres.binaries() / "pg_ctl"), "--pgdata", data, "--wait", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **with_postgres._unprivileged())  # type: ignore[call-overload]
        assert done.returncode == 0, done.stdout + done.stderr

    pg_ctl("--mode=immediate", "stop")
    try:
        yield
    finally:
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {sockets} -c fsync=off -c max_connections=200"
        pg_ctl("--log", str(Path(data).parent / "log"), "--options", options, "start")


@pytest.mark.xdist_group("postgres")
def test_an_analysis_outlives_the_database(postgres_portal: Portal, postgres: str):
    portal = postgres_portal
    seeded = portal.act("seed", *VIEWS)
    portal.start_gpu_worker()
    wait_for("a photo to be done", lambda: portal.analysis(seeded["analysis"])["photos_done"] >= 1)
    with away(postgres):
        wait_for("the worker to notice", lambda: "waiting for the database" in portal.log("gpu"))
        time.sleep(1)
    assert portal.act("sweep", "120") == {"done": True}
    found = portal.analysis(seeded["analysis"])
    assert_one_result(portal, seeded["analysis"], photos=len(VIEWS), attempts=found["attempts"])
    assert found["attempts"] in (1, 2), "finished by the worker that had it, or once more after its lease"
    assert portal.derived_files() == portal.derived_rows()

    second = portal.act("seed", "crown")
    wait_for("the worker to go on", lambda: portal.analysis(second["analysis"])["status"] == "done")
