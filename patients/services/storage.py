"""Sealed files and transactions: a file goes only after the rows that named it are gone for good."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db import transaction

from vault import files

logger = logging.getLogger(__name__)


def delete_after_commit(names: Iterable[str]) -> None:
    """Delete these sealed files once the current transaction has committed."""
    for name in list(names):
        transaction.on_commit(lambda name=name: delete_quietly(name))  # type: ignore[misc]


def delete_quietly(name: str) -> None:
    """Delete a sealed file that no row names; a storage that fails leaves a log line, not an error page."""
    try:
        files.delete_file(name)
    except Exception:
        logger.exception("a sealed file that nothing names could not be deleted: %s", name)
