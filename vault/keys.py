"""Data keys: made, unwrapped, destroyed, rewrapped; and erasures replayed when an old copy of a store comes back.

A data key is 32 random bytes, wrapped with AES-256-GCM by the current master key; its id, subject and master key are
authenticated with it, so a wrapped key moved to another row does not open. Nothing outside this room sees its bytes.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connections, transaction

from vault import ledger, master
from vault.errors import KeyDestroyed, KeyMissing, MasterKeyMissing, VaultError, WrongKey
from vault.models import DataKey, ErasureLedger, KeyErasure, SubjectKind
from vault.router import KEY_STORE

FRESH_S = 2.0
"""How long a process may trust what it read from the key store, within one request or one task."""

_WRAP_VERSION = b"\x01"
_NONCE_BYTES = 12
_CACHE_LIMIT = 2048


@dataclass(frozen=True, slots=True)
class _Known:
    """What the key store said about a key; ``secret`` is None once it was destroyed."""

    secret: bytes | None = field(repr=False)
    read_at_s: float


_known: dict[uuid.UUID, _Known] = {}
_forgotten = 0  # counts calls of ``forget``: what was read before one is not remembered after it
_lock = threading.Lock()


def create_key(*, subject_kind: str, subject_id: uuid.UUID, now: datetime) -> uuid.UUID:
    """Make and store a data key for a patient or a clinic; its id goes into every token and file it seals.

    Raises MasterKeyMissing; ValueError for an unknown kind of subject.
    """
    kind = SubjectKind(subject_kind)
    current = master.keyring().current
    key = DataKey(subject_kind=kind.value, subject_id=subject_id, master_key_id=current.key_id, created_at=now)
    key.wrapped = _wrap(key, current, os.urandom(master.KEY_BYTES))
    key.save(force_insert=True)
    return key.id


def unwrap(key_id: uuid.UUID) -> bytes:
    """The 32 bytes of a data key. Raises KeyMissing, KeyDestroyed, MasterKeyMissing, WrongKey.

    The key store is asked once per request (and every FRESH_S seconds in a long task), so a key destroyed by another
    process is gone with the next request; one destroyed by this process is gone at once.
    """
    with _lock:
        known = _known.get(key_id)
    if known is None or time.monotonic() - known.read_at_s > FRESH_S:
        known = _read([key_id]).get(key_id)
        if known is None:
            raise KeyMissing(f"no data key {key_id}")
    if known.secret is None:
        raise KeyDestroyed(f"data key {key_id} was destroyed by an erasure")
    return known.secret


def prefetch(key_ids: set[uuid.UUID]) -> None:
    """Read many keys in one query before a list is shown. A missing or destroyed key raises only when it is used."""
    _read(list(key_ids))


def is_destroyed(key_id: uuid.UUID) -> bool:
    """Whether this key was destroyed. Raises KeyMissing when there never was one."""
    destroyed_at = DataKey.objects.filter(pk=key_id).values_list("destroyed_at", flat=True)
    if not destroyed_at:
        raise KeyMissing(f"no data key {key_id}")
    return destroyed_at[0] is not None


def destroy_key(*, key_id: uuid.UUID, now: datetime, certificate_hash: str) -> None:
    """Destroy a data key: all that it sealed becomes unreadable, here and in every backup of the portal's data.

    The bytes are overwritten and the erasure is entered in three ledgers (the key store, the portal's database, the
    append-only file). Destroying twice changes nothing. It cannot be rolled back with the portal's own transaction, so
    call it last, when what must be kept has been re-sealed and committed. Raises KeyMissing.
    """
    with transaction.atomic(using=KEY_STORE):
        _scrub_freed_pages()
        key = DataKey.objects.select_for_update().filter(pk=key_id).first()
        if key is None:
            raise KeyMissing(f"no data key {key_id}")
        destroyed_at = key.destroyed_at or now
        entry = ledger.Entry(key.id, key.subject_kind, key.subject_id, destroyed_at, certificate_hash)
        row, first_time = KeyErasure.objects.get_or_create(key_id=key_id, defaults=entry.details())
        entry = ledger.Entry.of(row)
        _wipe(entry)
        if first_time:
            ledger.append(entry)  # inside: when the file cannot be written, nothing is destroyed
        transaction.on_commit(_compact, using=KEY_STORE, robust=True)
    forget(key_id)
    ErasureLedger.objects.get_or_create(key_id=key_id, defaults=entry.details())


def replay_erasures() -> int:
    """Destroy again every key that any ledger names and the key store holds alive; returns how many there were.

    Run after restoring either database (``manage.py vault_replay_erasures``). Ledgers that miss an entry get it.
    """
    entries = ledger.read()
    in_file = set(entries)
    beside_keys = {row.key_id: ledger.Entry.of(row) for row in KeyErasure.objects.all()}
    in_portal = {row.key_id: ledger.Entry.of(row) for row in ErasureLedger.objects.all()}
    entries |= in_portal | beside_keys
    alive = DataKey.objects.filter(destroyed_at=None, pk__in=list(entries)).values_list("pk", flat=True)
    replayed = 0
    with transaction.atomic(using=KEY_STORE):
        _scrub_freed_pages()
        for key_id in list(alive):
            replayed += _wipe(entries[key_id])
        for key_id in entries.keys() - beside_keys.keys():
            KeyErasure.objects.get_or_create(key_id=key_id, defaults=entries[key_id].details())
        transaction.on_commit(_compact, using=KEY_STORE, robust=True)
    for key_id in entries.keys() - in_portal.keys():
        ErasureLedger.objects.get_or_create(key_id=key_id, defaults=entries[key_id].details())
    for key_id in entries.keys() - in_file:
        ledger.append(entries[key_id])
    forget()
    return replayed


def rewrap_all(batch: int = 200) -> int:
    """Wrap every living data key with the current master key; returns how many were rewrapped.

    Each key is written by itself, and only if nobody changed it meanwhile: the run can be stopped, resumed and
    repeated, beside a serving portal. Raises MasterKeyMissing, after all others are done, when a needed master key is
    absent.
    """
    ring = master.keyring()
    done, last, missing = 0, uuid.UUID(int=0), set[str]()
    while True:
        pending = DataKey.objects.filter(destroyed_at=None).exclude(master_key_id=ring.current.key_id)
        rows = list(pending.filter(pk__gt=last).order_by("pk")[:batch])
        if not rows:
            break
        for key in rows:
            try:
                secret = _unwrap_row(key)
            except MasterKeyMissing:
                missing.add(key.master_key_id)
                continue
            done += DataKey.objects.filter(pk=key.pk, master_key_id=key.master_key_id, destroyed_at=None).update(
                wrapped=_wrap(key, ring.current, secret), master_key_id=ring.current.key_id
            )
        last = rows[-1].pk
    if missing:
        raise MasterKeyMissing(
            f"data keys remain under master keys that are not configured: {', '.join(sorted(missing))}"
        )
    return done


def forget(key_id: uuid.UUID | None = None) -> None:
    """Drop one key, or all, from this process's memory."""
    global _forgotten
    with _lock:
        _forgotten += 1
        if key_id is None:
            _known.clear()
        else:
            _known.pop(key_id, None)


def expect_changes(**signal: Any) -> None:
    """A new request began: look at the key store again before trusting what was read."""
    forget()


def _read(key_ids: list[uuid.UUID]) -> dict[uuid.UUID, _Known]:
    now_s, forgotten = time.monotonic(), _forgotten
    found: dict[uuid.UUID, _Known] = {}
    for key in DataKey.objects.filter(pk__in=key_ids):
        found[key.pk] = _Known(None if key.destroyed_at is not None else _unwrap_row(key), now_s)
    with _lock:
        if len(_known) + len(found) > _CACHE_LIMIT:
            _known.clear()
        if forgotten == _forgotten:
            _known.update(found)
    return found


def _wipe(entry: ledger.Entry) -> int:
    wiped = DataKey.objects.filter(pk=entry.key_id).update(wrapped=b"", destroyed_at=entry.destroyed_at)
    return int(wiped)


def _binding(key: DataKey, master_key_id: str) -> bytes:
    return f"trichora.vault.wrap.1|{key.id.hex}|{key.subject_kind}|{key.subject_id.hex}|{master_key_id}".encode()


def _wrap(key: DataKey, by: master.MasterKey, secret: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _WRAP_VERSION + nonce + AESGCM(by.secret).encrypt(nonce, secret, _binding(key, by.key_id))


def _unwrap_row(key: DataKey) -> bytes:
    wrapped = bytes(key.wrapped)
    if wrapped[:1] != _WRAP_VERSION:
        raise VaultError(f"data key {key.id} is wrapped in an unknown way")
    nonce, sealed = wrapped[1 : 1 + _NONCE_BYTES], wrapped[1 + _NONCE_BYTES :]
    try:
        return AESGCM(master.keyring().named(key.master_key_id).secret).decrypt(
            nonce, sealed, _binding(key, key.master_key_id)
        )
    except (InvalidTag, ValueError) as error:
        raise WrongKey(f"data key {key.id}") from error


def _scrub_freed_pages() -> None:
    """SQLite leaves the old bytes in the file unless told to overwrite them."""
    if connections[KEY_STORE].vendor == "sqlite":
        with connections[KEY_STORE].cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def _compact() -> None:
    """Let the store drop its own older copy of the overwritten row (SQLite's log, PostgreSQL's dead tuple)."""
    connection = connections[KEY_STORE]
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        elif connection.vendor == "postgresql":
            cursor.execute(f"VACUUM {connection.ops.quote_name(DataKey._meta.db_table)}")
