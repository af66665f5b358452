"""Sealed files and transactions: a file goes only after the rows that named it are gone for good."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from datetime import datetime

from django.core.files.storage import storages
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


def files_in(folder: str) -> list[str]:
    """The names of the sealed files that lie in this folder now."""
    try:
        _folders, found = storages[files.STORAGE_ALIAS].listdir(folder)
    except FileNotFoundError:
        return []
    return [f"{folder}/{name}" for name in found]


def orphans_in(folder: str, named: Collection[str], *, before: datetime) -> list[str]:
    """Files of this folder that no row names and that are older than ``before``: left by a process that was killed."""
    storage = storages[files.STORAGE_ALIAS]
    return [name for name in files_in(folder) if name not in named and storage.get_modified_time(name) < before]
