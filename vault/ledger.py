"""The append-only file of erasures: one JSON object per line, kept apart from both databases."""

from __future__ import annotations

import json
import logging
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from vault.errors import VaultError
from vault.models import Erasure

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasure, as all three ledgers hold it."""

    key_id: uuid.UUID
    subject_kind: str
    subject_id: uuid.UUID
    destroyed_at: datetime
    certificate_hash: str

    @classmethod
    def of(cls, row: Erasure) -> Entry:
        """The entry that a ledger row holds."""
        return cls(row.key_id, row.subject_kind, row.subject_id, row.destroyed_at, row.certificate_hash)

    def details(self) -> dict[str, Any]:
        """What a ledger row stores beside the key's id."""
        return {
            "subject_kind": self.subject_kind,
            "subject_id": self.subject_id,
            "destroyed_at": self.destroyed_at,
            "certificate_hash": self.certificate_hash,
        }


def append(entry: Entry) -> None:
    """Write one line and wait until it is on the disk. Raises VaultError when it cannot be written."""
    line = json.dumps(
        {
            "key_id": str(entry.key_id),
            "subject_kind": entry.subject_kind,
            "subject_id": str(entry.subject_id),
            "destroyed_at": entry.destroyed_at.isoformat(),
            "certificate_hash": entry.certificate_hash,
        }
    )
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, (("\n" if torn else "") + line + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise VaultError("the ledger of erasures cannot be written") from error


def read() -> dict[uuid.UUID, Entry]:
    """All entries by key id; a line torn by a crash is reported in the log and passed over."""
    path = _path()
    if not path.exists():
        return {}
    entries: dict[uuid.UUID, Entry] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            entry = Entry(
                key_id=uuid.UUID(raw["key_id"]),
                subject_kind=str(raw["subject_kind"]),
                subject_id=uuid.UUID(raw["subject_id"]),
                destroyed_at=datetime.fromisoformat(raw["destroyed_at"]),
                certificate_hash=str(raw["certificate_hash"]),
            )
        except (ValueError, KeyError, TypeError):
            logger.error("ledger of erasures: line %d cannot be read", number)
            continue
        entries.setdefault(entry.key_id, entry)
    return entries


def _path() -> Path:
    return Path(settings.VAULT_LEDGER_PATH)
