"""The portal as it is deployed, for :mod:`benchmarks.queue`: gunicorn, production settings, asked over HTTP."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from tools.with_postgres import free_port

TOKEN: Final = "a" * 32
"""Any 32 letters are a CSRF token, as long as cookie and header carry the same."""

STARTS_WITHIN_S: Final = 60


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, in a browser of their own; the connection stays open."""

    port: int
    session: str

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def ask(self, connection: http.client.HTTPConnection, method: str, path: str) -> tuple[int, bytes]:
        """Status and body."""
        origin = f"https://127.0.0.1:{self.port}"
        headers = {
            "Cookie": f"sessionid={self.session}; csrftoken={TOKEN}",
            "X-Forwarded-Proto": "https",
            "Accept": "text/html",
            "Accept-Encoding": "gzip",
            "Origin": origin,
            "X-CSRFToken": TOKEN,
        }
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def server() -> Iterator[int]:
    """The web process that ``config.start`` runs, on the database of this process; yields its port."""
    from django.conf import settings

    from config.start import services

    port = free_port()
    address = os.environ["TRICHORA_TEST_POSTGRES"]
    home = Path(tempfile.mkdtemp(prefix="trichora-bench-"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRICHORA_")} | {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "TRICHORA_SECRET_KEY": settings.SECRET_KEY,
        "TRICHORA_MASTER_KEYS": settings.VAULT_MASTER_KEYS,
        "TRICHORA_INDEX_KEY": settings.VAULT_INDEX_KEY,
        "TRICHORA_DATABASE": f"{address}/portal",
        "TRICHORA_KEY_STORE": f"{address}/portal_keys",
        "TRICHORA_HOSTS": "127.0.0.1",
        "TRICHORA_ORIGIN": f"https://127.0.0.1:{port}",
        "TRICHORA_VAR": str(home),
        "TRICHORA_SMTP": "dummymail://",
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(collect, env=environment, check=True)  # noqa: S603
    web = services(f"127.0.0.1:{port}")[0]
    log = (home / "web.log").open("wb")
    process = subprocess.Popen(web.command, env=environment, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        _wait_for(port, process, home)
        yield port
    finally:
        process.terminate()
        process.wait()
        log.close()
        shutil.rmtree(home, ignore_errors=True)


def _wait_for(port: int, process: subprocess.Popen[bytes], home: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError, http.client.HTTPException):
            status, _body = (person := Person(port, "")).ask(person.connect(), "GET", "/accounts/login/")
            if status == 200:
                return
        time.sleep(0.3)
    raise RuntimeError("The server did not start:\n" + (home / "web.log").read_text()[-2000:])


def person_of(port: int, user: Any) -> Person:
    """Signed in, with the second factor that production asks of staff."""
    from allauth.mfa.models import Authenticator

    from tests.factories.patients import signed_in

    Authenticator.objects.get_or_create(user=user, type="totp", defaults={"data": {"secret": ""}})
    return Person(port, signed_in(user).cookies["sessionid"].value)


def page_times(person: Person, path: str, requests: int) -> list[float]:
    """Milliseconds of each request, one after the other over one connection, after some to warm both workers up."""
    for _ in range(8):
        person.ask(person.connect(), "GET", path)
    connection, found = person.connect(), []
    for _ in range(requests):
        began = time.perf_counter()
        status, body = person.ask(connection, "GET", path)
        found.append((time.perf_counter() - began) * 1000)
        if status != 200 or b"data-list-item" not in body:
            raise RuntimeError(f"{path}: {status}, {len(body)} bytes")
    return found


@dataclass
class Race:
    """What many clients got who all want the same cases at the same moment. ``double``: cases with two open reviews."""

    clients: int
    raced: Sequence[UUID]
    claimed: int = 0
    refused: int = 0
    other: int = 0
    double: int = 0
    unclaimed: int = 0
    seconds: float = 0.0
    wall_ms: list[float] = field(default_factory=list)


def race(people: Sequence[Person], cases: Sequence[UUID]) -> Race:
    """Every client claims the same cases in the same order, all starting at the same moment each time."""
    from django.db.models import Count, Q

    from patients.models import PhotoSession

    found, lock = Race(len(people), cases), threading.Lock()
    start = threading.Barrier(len(people))

    def claim_all(person: Person) -> None:
        connection = person.connect()
        for pk in cases:
            start.wait()
            began = time.perf_counter()
            status, _body = person.ask(connection, "POST", f"/queue/{pk}/claim/")
            spent = (time.perf_counter() - began) * 1000
            with lock:
                found.wall_ms.append(spent)
                found.claimed += status == 302
                found.refused += status == 409
                found.other += status not in (302, 409)

    began = time.monotonic()
    threads = [threading.Thread(target=claim_all, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.seconds = time.monotonic() - began
    held = PhotoSession.objects.filter(pk__in=cases).annotate(
        holders=Count("reviews", filter=Q(reviews__status__in=["claimed", "decided"]))
    )
    holders = list(held.values_list("holders", flat=True))
    found.double, found.unclaimed = sum(n > 1 for n in holders), sum(n == 0 for n in holders)
    return found
