"""The queue at the size of a large clinic, on PostgreSQL: its pages, their queries and plans, and the race for cases.

``python -m benchmarks.queue [--share 0.01] [--requests 60] [--write docs/benchmarks/queue.md]``. It starts a throw-away
PostgreSQL by itself. Measured is the whole answer of the real view behind the real middleware: session, permission,
filters, opening of seals, audit row and template. Nothing is cached between requests but what the portal itself caches.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import re
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

TARGET_MS: Final = 100.0
CLIENTS: Final = 50
RACED_CASES: Final = 12

BUSY: Final = (
    ": the machine was busy with other work, so that wall times contain waiting for a core. The CPU columns are the"
    " time of the Python process alone, and the last column is what PostgreSQL says it needed."
)

PAGES: Final = (
    ("first page", ""),
    ("second page", "?page=2"),
    ("page 400 of the whole queue", "?page=400"),
    ("last page", "?page=2000"),
    ("free cases", "?show=unclaimed"),
    ("my cases", "?show=mine"),
    ("urgent", "?urgent=1"),
    ("overdue and severe", "?overdue=1&severity_from=7"),
    ("not measured", "?analysis=failed"),
    ("needs a dermatologist", "?dermatologist=1"),
)


@dataclass
class Timing:
    """What one address took."""

    name: str
    address: str
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)  # of this process: Python alone, without the database's own
    queries: int = 0
    database_ms: float = 0.0  # execution time of its SELECTs by EXPLAIN ANALYZE, together
    slowest: str = ""  # plan of the slowest SELECT
    slowest_ms: float = 0.0

    @staticmethod
    def percentile(values: list[float], share: float) -> float:
        return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]

    def row(self) -> str:
        p95 = self.percentile(self.wall_ms, 0.95)
        return (
            f"| {self.name} | {statistics.median(self.wall_ms):.0f} | {p95:.0f} | {max(self.wall_ms):.0f} "
            f"| {statistics.median(self.cpu_ms):.0f} | {self.percentile(self.cpu_ms, 0.95):.0f} "
            f"| {self.queries} | {self.database_ms:.1f} |"
        )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=1.0, help="of the full size")
    parser.add_argument("--requests", type=int, default=60, help="per page")
    parser.add_argument("--write", type=Path, default=None)
    given = parser.parse_args()
    if not os.environ.get("TRICHORA_TEST_POSTGRES"):
        again = [sys.executable, "-m", "tools.with_postgres", sys.executable, "-m", "benchmarks.queue", *sys.argv[1:]]
        return subprocess.run(again, check=False).returncode  # noqa: S603
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django

    django.setup()
    logging.disable(logging.WARNING)  # a line per refused claim says nothing here
    text = run(given.share, given.requests)
    sys.stdout.write(text)
    if given.write:
        given.write.parent.mkdir(parents=True, exist_ok=True)
        given.write.write_text(text)
    return 0


def run(share: float, requests: int) -> str:
    """Make the clinic, measure, race; returns the page."""
    from django.core.management import call_command

    from benchmarks import _queue_data as data

    for alias in ("default", "keys"):
        call_command("migrate", database=alias, verbosity=0)
    call_command("createcachetable", verbosity=0)
    size = data.Size() if share >= 1 else data.Size().scaled(share)
    began, now = time.monotonic(), data.utc_now()
    _clinic, staff = data.make(size, now)
    data.seal_shown(shown_on_pages(staff[0].user), now)
    made_s = time.monotonic() - began
    load_before = os.getloadavg()
    timings = [measure(name, address, staff[0].user, requests) for name, address in PAGES]
    load_after = os.getloadavg()
    race = race_for_cases([member.user for member in staff])
    return report(size, made_s, timings, race, (load_before, load_after), requests)


def shown_on_pages(user: Any) -> list[Any]:
    """The cases on the measured pages, and some around them."""
    from django.http import QueryDict

    from accounts.requests import resolve_actor
    from reviews.queue import QueueFilters, worklist
    from reviews.views.queue import PAGE_SIZE

    found = []
    for _name, address in PAGES:
        query = QueryDict(address.removeprefix("?"))
        rows, _counts = worklist(resolve_actor(user), QueueFilters.from_query(query), now=_now())
        page = min(int(query.get("page", "1")), -(-len(rows) // PAGE_SIZE))
        found += rows.ids(max(0, (page - 2) * PAGE_SIZE), (page + 1) * PAGE_SIZE)
    return found


def measure(name: str, address: str, user: Any, requests: int) -> Timing:
    """Ask ``requests`` times after five to warm up; then count queries and read plans once."""
    from tests.factories.patients import signed_in

    client = signed_in(user)
    timing = Timing(name, address)
    for number in range(requests + 5):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = client.get("/queue/" + address)
        spent = (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
        if answer.status_code != 200 or b"data-list-item" not in answer.content:
            raise RuntimeError(f"{address}: {answer.status_code}, {len(answer.content)} bytes")
        if number >= 5:
            timing.wall_ms.append(spent[0])
            timing.cpu_ms.append(spent[1])
    _explain(client, timing)
    return timing


def _explain(client: Any, timing: Timing) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        client.get("/queue/" + timing.address)
    statements = [query["sql"] for query in captured.captured_queries]
    timing.queries = len(statements)
    with connection.cursor() as cursor:
        for sql in statements:
            if not sql.lstrip().upper().startswith("SELECT"):
                continue
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            took = sum(float(ms) for ms in re.findall(r"(?:Planning|Execution) Time: ([\d.]+) ms", plan))
            timing.database_ms += took
            if took > timing.slowest_ms:
                timing.slowest_ms, timing.slowest = took, f"{sql[:600]}\n\n{plan}"


@dataclass
class Race:
    """What 50 clients got who all want the same cases at the same moment."""

    claimed: int = 0
    refused: int = 0
    other: int = 0
    double: int = 0  # cases with more than one open review
    unclaimed: int = 0
    wall_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0


def race_for_cases(users: list[Any]) -> Race:
    """Every client claims the same free cases in the same order, through the real address, on its own connection."""
    from django.db import connections
    from django.db.models import Count, Q

    from accounts.requests import resolve_actor
    from patients.models import PhotoSession
    from reviews.queue import QueueFilters, worklist
    from tests.factories.patients import signed_in

    rows, _counts = worklist(resolve_actor(users[0]), QueueFilters(show="unclaimed"), now=_now())
    cases = [row.session.pk for row in rows[:RACED_CASES]]
    clients = [signed_in(user) for user in users[:CLIENTS]]
    race, lock, start = Race(), threading.Lock(), threading.Barrier(len(clients))

    def claim_all(client: Any) -> None:
        try:
            for pk in cases:
                start.wait()
                began = time.perf_counter()
                status = client.post(f"/queue/{pk}/claim/").status_code
                spent = (time.perf_counter() - began) * 1000
                with lock:
                    race.wall_ms.append(spent)
                    race.claimed += status == 302
                    race.refused += status == 409
                    race.other += status not in (302, 409)
        finally:
            connections.close_all()

    began = time.monotonic()
    threads = [threading.Thread(target=claim_all, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    race.seconds = time.monotonic() - began
    held = PhotoSession.objects.filter(pk__in=cases).annotate(
        holders=Count("reviews", filter=Q(reviews__status__in=["claimed", "decided"]))
    )
    counts = list(held.values_list("holders", flat=True))
    race.double, race.unclaimed = sum(n > 1 for n in counts), sum(n == 0 for n in counts)
    return race


def _now() -> Any:
    from django.utils import timezone

    return timezone.now()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _postgres() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def report(size: Any, made_s: float, timings: list[Timing], race: Race, load: Any, requests: int) -> str:
    """The page in docs/."""
    before, after = load
    first = timings[0]
    p95 = first.percentile(first.wall_ms, 0.95)
    heavy = sorted(timings, key=lambda timing: timing.slowest_ms, reverse=True)[:3]
    busy = max(before[0], after[0]) > 2.5
    lines = [
        "# The queue at the size of a large clinic",
        "",
        "Written by `python -m benchmarks.queue --write docs/benchmarks/queue.md` (seeded); do not edit by hand.",
        "",
        (
            f"- Data: one clinic with {size.patients:,} patients, {size.photos:,} photographs, {size.open_cases:,} open"
            f" and {size.closed_cases:,} closed cases; made in {made_s:.0f} s."
        ),
        (
            f"- Machine: {_processor()}, {os.cpu_count()} cores; PostgreSQL {_postgres()}, default memory, on the"
            f" same machine; Python {platform.python_version()}, one process, one request at a time."
        ),
        f"- Load average (1 min) before {before[0]:.1f} and after {after[0]:.1f}" + (BUSY if busy else "."),
        f"- First page: {p95:.0f} ms at the 95th percentile of {requests} requests; the target is {TARGET_MS:.0f} ms: "
        + ("reached." if p95 <= TARGET_MS else "not reached in this run."),
        "",
        "The whole answer of the view (session, permission, filters, opening seals, audit row, template), in ms:",
        "",
        "| page | median | p95 | max | CPU median | CPU p95 | queries | SELECTs in the database |",
        "|---|---|---|---|---|---|---|---|",
        *[timing.row() for timing in timings],
        "",
        "## The race for cases",
        "",
        (
            f"{CLIENTS} clients, each on its own connection, claim the same {RACED_CASES} cases in the same order, at"
            f" the same moment each: {race.claimed} claims succeeded, {race.refused} were refused with 409,"
            f" {race.other} ended otherwise. Cases held by two: **{race.double}**. Cases that nobody got:"
            f" {race.unclaimed}. {len(race.wall_ms)} requests in {race.seconds:.0f} s, all answered by one process."
        ),
        "",
        "## The heaviest statements",
        "",
    ]
    for timing in heavy:
        lines += [f"### {timing.name}: {timing.slowest_ms:.1f} ms", "", "```", timing.slowest, "```", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
