"""The queue at the size of a large clinic, on PostgreSQL: its pages, their queries and plans, and the race for cases.

``python -m benchmarks.queue [--share 0.01] [--requests 60] [--write docs/benchmarks/queue.md]``. It starts a throw-away
PostgreSQL by itself, or takes the one at ``TRICHORA_TEST_POSTGRES`` and what an earlier run has made there.

Three things are timed: the statements of a page alone; the view behind the real middleware (session, permission,
filters, opening of seals, audit row, template) in one process; and the same over HTTP from the server that
``config.start`` runs, under the production settings. Nothing is cached between requests but what the portal caches.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks._queue_pages import Timing, measure, percentile, spread
from benchmarks._queue_server import Race

TARGET_MS: Final = 100.0
CLIENTS: Final = 50
RACED_CASES: Final = 12
SEALED: Final = 150
"""Cases from a page's first one on that can be opened: more than come into it while it is measured."""


BUSY: Final = (
    ": the machine was busy with other work, so that wall times contain waiting for a core. The CPU column is the"
    " time of the Python process alone, and the last column is what PostgreSQL says it needed."
)

PAGES: Final = (
    ("first page", ""),
    ("page 2", "page=2"),
    ("page 400 of the whole queue", "page=400"),
    ("last page", "page=2000"),
    ("free cases", "?show=unclaimed"),
    ("my cases", "?show=mine"),
    ("urgent", "?urgent=1"),
    ("overdue and severe", "?overdue=1&severity_from=7"),
    ("not measured", "?analysis=failed"),
    ("needs a dermatologist", "?dermatologist=1"),
)
OVER_HTTP: Final = ("first page", "page 400 of the whole queue", "free cases")


@dataclass
class Blind:
    """The first page while one case in five is read blind; how long the administrator waited for the answer, how long
    the order took to follow in the background, and the slowest batch of it."""

    timing: Timing
    set_ms: float = 0.0
    applied_s: float = 0.0
    batch_ms: float = 0.0


@dataclass
class Run:
    """All that was measured."""

    size: Any
    made_s: float
    timings: list[Timing] = field(default_factory=list)
    blind: Blind | None = None
    race: Race | None = None
    load: list[float] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=1.0, help="of the full size")
    parser.add_argument("--requests", type=int, default=60, help="per page; twice as many over HTTP")
    parser.add_argument("--write", type=Path, default=None)
    given = parser.parse_args()
    if not os.environ.get("TRICHORA_TEST_POSTGRES"):
        again = [sys.executable, "-m", "tools.with_postgres", sys.executable, "-m", "benchmarks.queue", *sys.argv[1:]]
        return subprocess.run(again, check=False).returncode  # noqa: S603
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django

    django.setup()
    logging.disable(logging.WARNING)  # a line per refused claim says nothing here
    text = report(run(given.share, given.requests), given.requests)
    sys.stdout.write(text)
    if given.write:
        given.write.parent.mkdir(parents=True, exist_ok=True)
        given.write.write_text(text)
    return 0


def run(share: float, requests: int) -> Run:
    """Make the clinic or find it, measure, race."""
    from django.core.management import call_command

    from benchmarks import _queue_data as data
    from benchmarks._queue_server import page_times, person_of, race, server
    from tests.factories.patients import signed_in

    for alias in ("default", "keys"):
        call_command("migrate", database=alias, verbosity=0)
    call_command("createcachetable", verbosity=0)
    began, now = time.monotonic(), _now()
    found = data.find()
    _clinic, staff = found or data.make(data.Size() if share >= 1 else data.Size().scaled(share), now)
    made = Run(data.counted(), 0.0 if found else time.monotonic() - began)
    data.seal_shown(_opened(staff[0].user), now)
    _vacuum()
    made.load.append(os.getloadavg()[0])
    client = signed_in(staff[0].user)
    for name, address in PAGES:
        timing = Timing(name, _address(staff[0].user, address))
        _seal_page(staff[0].user, timing.address)
        measure(timing, client, requests)
        made.timings.append(timing)
    with server() as port:
        reader = person_of(port, staff[0].user)
        for timing in made.timings:
            if timing.name in OVER_HTTP:
                timing.http_ms = page_times(reader, "/queue/" + timing.address, 2 * requests)
        made.blind = _blind(staff[0], client, requests)
        people = [person_of(port, member.user) for member in staff[:CLIENTS]]
        made.race = race(people, _free_cases(staff[0].user))
    made.load.append(os.getloadavg()[0])
    _release(made.race)
    return made


def _now() -> Any:
    from django.utils import timezone

    return timezone.now()


def _vacuum() -> None:
    """The state that autovacuum keeps a running clinic in."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _worklist(user: Any, query: str) -> Any:
    from django.http import QueryDict

    from accounts.requests import resolve_actor
    from reviews.queue import QueueFilters, worklist

    cases, _counts = worklist(resolve_actor(user), QueueFilters.from_query(QueryDict(query)), now=_now())
    return cases


def _address(user: Any, address: str) -> str:
    """What the links of the queue would lead to: a page by its number is a place in the order."""
    from reviews.queue import Place
    from reviews.views.queue import PAGE_SIZE

    if not address.startswith("page="):
        return address
    cases = _worklist(user, "")
    before = min(int(address.removeprefix("page=")) - 1, (len(cases) - 1) // PAGE_SIZE) * PAGE_SIZE
    key = cases.key_at(before - 1)
    return f"?after={Place(key, before)}"


def _opened(user: Any) -> list[Any]:
    """The cases on the measured pages, and those around them."""
    from django.http import QueryDict

    from reviews.queue import places
    from reviews.views.queue import PAGE_SIZE

    found = []
    for _name, address in PAGES:
        query = _address(user, address).removeprefix("?")
        place, order = places(QueryDict(query)), _worklist(user, query)._order  # rows cannot be made before the seals
        before, after = place.get("before"), place.get("after")
        keys = (
            order.before(before.key, PAGE_SIZE * 2)
            if before
            else order.after(after.key if after else None, PAGE_SIZE * 2)
        )
        found += [key.pk for key in keys]
    return found


def _seal_page(user: Any, address: str) -> None:
    """Once more what this page shows now: in an old database cases have become overdue since."""
    from benchmarks import _queue_data as data

    order, place = _worklist(user, address.removeprefix("?"))._order, _places(address)
    data.seal_shown([key.pk for key in order.after(place.key if place else None, SEALED)], _now())


def _places(address: str) -> Any:
    from django.http import QueryDict

    from reviews.queue import places

    return places(QueryDict(address.removeprefix("?"))).get("after")


def _blind(member: Any, client: Any, requests: int) -> Blind:
    """One case in five blind first, as an administrator would set it; then off again."""
    from accounts.actors import Actor
    from accounts.roles import Role
    from reviews.policy import Demand, ReadingRules
    from reviews.services import set_reading_policy

    admin = Actor(member.user_id, Role.ADMINISTRATOR, member.clinic_id, member.pk)
    blind = Blind(Timing("first page, one case in five read blind", ""))
    began = time.perf_counter()
    set_reading_policy(actor=admin, rules=ReadingRules(blind_first=Demand.SAMPLE, blind_percent=20), now=_now())
    blind.set_ms = (time.perf_counter() - began) * 1000
    blind.applied_s, blind.batch_ms = _applied(member.clinic_id)
    try:
        from benchmarks import _queue_data as data

        data.seal_shown([row.session.pk for row in _worklist(_user(client), "").page(50).rows], _now())
        measure(blind.timing, client, requests)
    finally:
        set_reading_policy(actor=admin, rules=ReadingRules(), now=_now())
        _applied(member.clinic_id)
        _vacuum()
    return blind


def _applied(clinic_id: Any) -> tuple[float, float]:
    """What the background task does, here and now: seconds of all batches, and milliseconds of the slowest one."""
    from reviews.services import shown_ranks

    took, left = [], True
    while left:
        began = time.perf_counter()
        left = shown_ranks._apply_batch(clinic_id)
        took.append(time.perf_counter() - began)
    return sum(took), max(took) * 1000


def _user(client: Any) -> Any:
    from accounts.models import User

    return User.objects.get(pk=client.session["_auth_user_id"])


def _free_cases(user: Any) -> list[Any]:
    return [row.session.pk for row in _worklist(user, "show=unclaimed").page(RACED_CASES).rows]


def _release(race: Race | None) -> None:
    """Leave the database as it was for another run."""
    from reviews.models import Review, ReviewEvent

    if race is not None:
        raced = Review.objects.filter(session__in=race.raced, status="claimed")
        ReviewEvent.objects.filter(review__in=raced).delete()
        raced.delete()


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


def report(made: Run, requests: int) -> str:
    """The page in docs/."""
    size, first = made.size, made.timings[0]
    p95 = percentile(first.http_ms, 0.95)
    timings = [*made.timings, *([made.blind.timing] if made.blind else [])]
    heavy = sorted(timings, key=lambda timing: timing.slowest_ms, reverse=True)[:3]
    data = f"made in {made.made_s:.0f} s" if made.made_s else "made by an earlier run"
    lines = [
        "# The queue at the size of a large clinic",
        "",
        "Written by `python -m benchmarks.queue --write docs/benchmarks/queue.md` (seeded); do not edit by hand.",
        "",
        (
            f"- Data: one clinic with {size.patients:,} patients, {size.photos:,} photographs, {size.open_cases:,} open"
            f" and {size.closed_cases:,} closed cases; {data}."
        ),
        (
            f"- Machine: {_processor()}, {os.cpu_count()} cores; PostgreSQL {_postgres()}, default memory, no"
            f" waiting for the disk (fsync off), on the same machine; Python {platform.python_version()}, one request"
            " at a time."
        ),
        f"- Load average (1 min) before {made.load[0]:.1f} and after {made.load[-1]:.1f}"
        + (BUSY if made.load[0] > 1.5 else "."),
        f"- First page over HTTP: {p95:.0f} ms at the 95th percentile of {2 * requests} requests; the target is "
        f"{TARGET_MS:.0f} ms: " + ("reached." if p95 <= TARGET_MS else "not reached in this run."),
        "",
        "From the server that `config.start` runs (gunicorn, two processes, production settings), in ms:",
        "",
        "| page | median | p95 | p99 |",
        "|---|---|---|---|",
        *[f"| {timing.name} | {spread(timing.http_ms)} |" for timing in timings if timing.http_ms],
        "",
        "The view behind its middleware in one process, and its statements alone, sent one after the other, in ms:",
        "",
        "| page | median | p95 | p99 | CPU median | SQL median | SQL p95 | statements | SELECTs in the database |",
        "|---|---|---|---|---|---|---|---|---|",
        *[timing.row() for timing in timings],
        "",
        *_blind_words(made),
        *_race_words(made.race),
        "## The heaviest statements",
        "",
    ]
    for timing in heavy:
        lines += [f"### {timing.name}: {timing.slowest_ms:.1f} ms", "", "```", timing.slowest, "```", ""]
    return "\n".join(lines)


def _blind_words(made: Run) -> list[str]:
    if made.blind is None:
        return []
    words = (
        "When the policy changes, what every waiting case may show is decided anew. To have one in five read blind:"
        f" the request took {made.blind.set_ms:.0f} ms; in the background the order of {made.size.open_cases:,} cases"
        f" followed within {made.blind.applied_s:.1f} s, in batches of which the slowest locked its cases for"
        f" {made.blind.batch_ms:.0f} ms."
    )
    return [words, ""]


def _race_words(race: Race | None) -> list[str]:
    if race is None:
        return []
    return [
        "## The race for cases",
        "",
        (
            f"{race.clients} clients, each with a session and a connection of its own, claim the same {len(race.raced)}"
            f" cases in the same order over HTTP, at the same moment each: {race.claimed} claims succeeded,"
            f" {race.refused} were refused with 409, {race.other} ended otherwise. Cases held by two:"
            f" **{race.double}**. Cases that nobody got: {race.unclaimed}. {len(race.wall_ms)} requests in"
            f" {race.seconds:.0f} s."
        ),
        "",
    ]


if __name__ == "__main__":
    sys.exit(main())
