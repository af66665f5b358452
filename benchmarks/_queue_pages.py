"""Times of the queue's pages for :mod:`benchmarks.queue`: the view in this process, and its statements alone."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

WARM_UP: Final = 5


def percentile(values: Sequence[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def spread(values: Sequence[float]) -> str:
    """Median, 95th and 99th percentile as cells of a table."""
    return " | ".join(f"{percentile(values, share):.0f}" for share in (0.5, 0.95, 0.99))


@dataclass
class Timing:
    """What one address took. ``sql_ms``: its statements alone, one after the other, each sent and read again."""

    name: str
    address: str
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)  # of this process: Python alone, without the database's own
    sql_ms: list[float] = field(default_factory=list)
    http_ms: list[float] = field(default_factory=list)
    queries: int = 0
    database_ms: float = 0.0  # planning and execution of its SELECTs as PostgreSQL counts them, together
    slowest: str = ""  # plan of the slowest SELECT
    slowest_ms: float = 0.0

    def row(self) -> str:
        return (
            f"| {self.name} | {spread(self.wall_ms)} | {statistics.median(self.cpu_ms):.0f} "
            f"| {statistics.median(self.sql_ms):.0f} | {percentile(self.sql_ms, 0.95):.0f} "
            f"| {self.queries} | {self.database_ms:.1f} |"
        )


def measure(timing: Timing, client: Any, requests: int) -> None:
    """Ask the view behind the whole middleware, then send its statements alone, then read their plans once."""
    for number in range(requests + WARM_UP):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = client.get("/queue/" + timing.address)
        spent = (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
        if answer.status_code != 200 or b"data-list-item" not in answer.content:
            raise RuntimeError(f"{timing.address}: {answer.status_code}, {len(answer.content)} bytes")
        if number >= WARM_UP:
            timing.wall_ms.append(spent[0])
            timing.cpu_ms.append(spent[1])
    statements = _statements(client, timing)
    for _ in range(max(10, requests // 2)):
        timing.sql_ms.append(_send(statements))
    _explain(statements, timing)


def _statements(client: Any, timing: Timing) -> list[tuple[str, str]]:
    """The page's statements with the database they go to."""
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connections["default"]) as portal, CaptureQueriesContext(connections["keys"]) as keys:
        client.get("/queue/" + timing.address)
    found = [("default", query["sql"]) for query in portal.captured_queries]
    found += [("keys", query["sql"]) for query in keys.captured_queries]
    timing.queries = len(found)
    return found


def _send(statements: list[tuple[str, str]]) -> float:
    """Milliseconds of all statements; what they write is rolled back."""
    from django.db import connections, transaction

    began = time.perf_counter()
    with transaction.atomic():
        for alias, sql in statements:
            if sql in ("BEGIN", "COMMIT"):
                continue
            with connections[alias].cursor() as cursor:
                cursor.execute(sql.replace("%", "%%"), [])
                if cursor.description:
                    cursor.fetchall()
        transaction.set_rollback(True)
    return (time.perf_counter() - began) * 1000


def _explain(statements: list[tuple[str, str]], timing: Timing) -> None:
    from django.db import connections

    for alias, sql in statements:
        if not sql.lstrip(" (").upper().startswith("SELECT"):
            continue
        with connections[alias].cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {sql}".replace("%", "%%"), [])
            plan = "\n".join(row[0] for row in cursor.fetchall())
        took = sum(float(ms) for ms in re.findall(r"(?:Planning|Execution) Time: ([\d.]+) ms", plan))
        timing.database_ms += took
        if took > timing.slowest_ms:
            timing.slowest_ms, timing.slowest = took, f"{sql[:600]}\n\n{plan}"
