"""A running portal for the browser tests: web and workers as in the demo, in a folder of their own, on a free port."""

from __future__ import annotations

import contextlib
import email
import email.policy
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.prepared import prepared_folder
from tools.with_postgres import free_port

ROOT = Path(__file__).resolve().parents[2]
PICTURES = Path(__file__).parent / "screenshots"
START = """
import django, sys
django.setup()
from django.utils import timezone
from config.demo_people import ensure_people
from config.start import run, services
from tests.e2e.cast import ensure_cast
demo = ensure_people()
ensure_cast(timezone.now())
print(demo.join_code, flush=True)
sys.exit(run(services(sys.argv[1])))
"""


@dataclass(frozen=True)
class Portal:
    """Where it runs, the clinic's link, and the folder that holds its mail."""

    origin: str
    join_code: str
    folder: Path
    environment: dict[str, str]  # of its processes, for whoever seeds its database

    def mails_to(self, address: str) -> list[str]:
        """The bodies of all mails to one address, oldest first."""
        found = []
        for path in sorted((self.folder / "mail").glob("*.log"), key=lambda path: path.stat().st_mtime):
            for text in re.split(r"^-{70,}$", path.read_text(), flags=re.MULTILINE):
                message = email.message_from_string(text.strip(), policy=email.policy.default)
                if address in str(message.get("To", "")):
                    found.append(message.get_content())
        return found

    def mail(self, address: str, containing: str, timeout_s: float = 60) -> str:
        """Wait for a mail."""
        give_up = time.monotonic() + timeout_s
        while time.monotonic() < give_up:
            for body in self.mails_to(address):
                if containing in body:
                    return body
            time.sleep(0.5)
        raise AssertionError(f"no mail with {containing!r} came; there are {self.mails_to(address)}")


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for all: what a test leaves behind, the next one finds (``tests.e2e.cast`` for whoever minds)."""
    folder = tmp_path_factory.mktemp("portal")
    shutil.copytree(prepared_folder(tmp_path_factory), folder, dirs_exist_ok=True)
    with running_portal(folder) as started:
        yield started


@contextlib.contextmanager
def running_portal(folder: Path) -> Iterator[Portal]:
    """The portal in a prepared ``folder``, with web process and workers on a free port; stopped at the end."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "TRICHORA_VAR": str(folder),
        "TRICHORA_ORIGIN": origin,
    }
    for name in ("TRICHORA_DATABASE", "TRICHORA_KEY_STORE", "TRICHORA_S3_BUCKET"):
        environment.pop(name, None)
    log = (folder / "portal.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-c", START, f"127.0.0.1:{port}"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        join_code = process.stdout.readline().decode().strip()
        assert join_code, (folder / "portal.log").read_text()[-3000:]
        _wait_for(origin)
        yield Portal(origin, join_code, folder, environment)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.stdout is not None:
            process.stdout.close()
        log.close()


def _wait_for(origin: str) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(origin + "/readyz", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    raise AssertionError("the portal did not answer within a minute")
