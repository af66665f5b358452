"""A portal of real processes in a temporary folder: started, watched from outside, killed, and cleaned up."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120  # also on a busy machine; nobody waits longer than it takes


def wait_for(what: str, look: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """The first true answer of ``look``, asked five times a second; AssertionError naming ``what`` when none comes."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


class Portal:
    """Its folder, its databases and its processes. ``database``: an address without the name, or SQLite."""

    def __init__(self, home: Path, database: str = "", **environment: str) -> None:
        self.home = home
        self.database = database
        self.started: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TRICHORA_", "DJANGO_"))},
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "TRICHORA_VAR": str(home),
            "TRICHORA_LEASE_S": "6",
            "OMP_NUM_THREADS": "1",
            **environment,
        }
        if database:
            self.environment |= {
                "TRICHORA_DATABASE": f"{database}/portal",
                "TRICHORA_KEY_STORE": f"{database}/portal_keys",
            }

    def make_databases(self, *, from_templates: bool = False) -> None:
        """Both databases on PostgreSQL: empty, or as :meth:`keep_databases_as_templates` found them."""
        with psycopg.connect(f"{self.database}/postgres", autocommit=True) as server:
            for name in ("portal", "portal_keys"):
                template = f" TEMPLATE {name}_prepared" if from_templates else ""
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
                server.execute(f"CREATE DATABASE {name}{template}".encode())

    def keep_databases_as_templates(self) -> None:
        """Put both databases on PostgreSQL aside, to be copied instead of migrated again."""
        with psycopg.connect(f"{self.database}/postgres", autocommit=True) as server:
            for name in ("portal", "portal_keys"):
                server.execute(f"ALTER DATABASE {name} RENAME TO {name}_prepared".encode())

    def act(self, *arguments: str) -> Any:
        """Run a verb of ``tests.processes.act`` and give its answer."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.processes.act", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start ``python COMMAND`` in a group of its own; its output goes to a log under ``name``."""
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment,
                start_new_session=True,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.started[name] = process
        return process

    def start_gpu_worker(self, name: str = "gpu") -> subprocess.Popen[bytes]:
        """A gpu worker with its networks loaded."""
        before = self.log(name).count("networks loaded")
        process = self.start(name, "-m", "config.worker", "gpu")
        wait_for(f"{name} to load its networks", lambda: self.log(name).count("networks loaded") > before)
        return process

    def log(self, name: str) -> str:
        path = self.home / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def computing_process(self, name: str) -> int:
        """The process of a cluster that takes tasks (django-q2 tells its number when it starts)."""
        return int(re.findall(r"ready for work at (\d+)", self.log(name))[-1])

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Look into the portal's database from outside; ``?`` stands for a value, an id for its 32 digits."""
        if not self.database:
            connection = sqlite3.connect(f"file:{self.home / 'portal.sqlite3'}?mode=ro", uri=True, timeout=20)
            try:
                return connection.execute(query, values).fetchall()
            finally:
                connection.close()
        with psycopg.connect(f"{self.database}/portal") as server:
            return server.execute(query.replace("?", "%s").encode(), values).fetchall()

    def analysis(self, analysis_id: str) -> dict[str, Any]:
        """Status, attempts, photos done and failure code of an analysis, and how many results it shows."""
        key = analysis_id if self.database else analysis_id.replace("-", "")
        names = ("status", "attempts", "photos_done", "failure_code")
        [row] = self.rows(f"SELECT {', '.join(names)} FROM analysis_analysis WHERE id = ?", key)
        [(results,)] = self.rows("SELECT count(*) FROM analysis_photoresult WHERE analysis_id = ?", key)
        return {**dict(zip(names, row, strict=True)), "results": results}

    def derived_files(self) -> set[str]:
        """Every file of derived pictures on the disk, as rows name them."""
        sealed = self.home / "sealed"
        return {str(path.relative_to(sealed)) for path in (sealed / "derived").rglob("*") if path.is_file()}

    def derived_rows(self) -> set[str]:
        return {name for (name,) in self.rows("SELECT file_name FROM analysis_derivedimage")}

    def processes(self) -> set[int]:
        """Every living process of this portal, found by its folder in their environment."""
        mark = f"TRICHORA_VAR={self.home}\0".encode()
        found = set()
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdigit() and mark in (folder / "environ").read_bytes():
                    found.add(int(folder.name))
        return found

    def answers(self, port: int, path: str = "/healthz") -> int:
        """The status of a page, 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def close(self) -> None:
        """Kill what is left."""
        for process in self.started.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for number in self.processes():
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def assert_one_result(portal: Portal, analysis_id: str, *, photos: int, attempts: int) -> None:
    """The analysis is finished, after so many attempts, with each photo's results and each finding once."""
    found = portal.analysis(analysis_id)
    assert (found["status"], found["attempts"], found["results"]) == ("done", attempts, photos)
    key = analysis_id if portal.database else analysis_id.replace("-", "")
    once = "SELECT kind, code, photo_id FROM analysis_finding WHERE analysis_id = ?"
    findings = portal.rows(once, key)
    assert len([f for f in findings if f[0] == "severity"]) == 1
    measures = [f for f in findings if f[0] == "measure"]
    assert len(set(measures)) == len(measures), "every number once"
    shares = [code for _kind, code, _photo in measures if code in ("coverage_index", "scalp_visibility")]
    assert len(shares) == 2 * photos, "coverage and visibility of each photo"
