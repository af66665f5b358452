"""The access log as a table for a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from patients.presenters.records import AccessDay

FILE_NAME: Final = "access-log.csv"
LIMIT: Final = 100_000
"""Rows at most: beyond, a spreadsheet gives up."""


def access_csv(days: Iterable[AccessDay]) -> str:
    """When, who, in which role, and what; newest first, times in the clinic's zone."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["at", "who", "role", "what"])
    for day in days:
        for row in day.rows:
            cells = (row.who, row.role, row.what)
            writer.writerow([row.at.isoformat(timespec="seconds"), *(_plain(cell) for cell in cells)])
    return target.getvalue()


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
