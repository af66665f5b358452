"""Master keys: parsed from the environment, never stored. The first is current, the others can still be read.

``TRICHORA_MASTER_KEYS="k2026b:<base64 of 32 bytes>,k2026a:<base64 of 32 bytes>"``. Everything here is safe to import
from a settings module: it reads Django's settings only inside functions.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings

from vault.errors import IndexKeyMissing, MasterKeyMissing, VaultError

KEY_BYTES = 32
DEMO_PREFIX = "demo"
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")

MasterKeys = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One master key: its public id, and 32 secret bytes that never show in a log or a traceback."""

    key_id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The master keys of this process; ``current`` wraps, all of them unwrap."""

    keys: tuple[MasterKey, ...]

    @property
    def current(self) -> MasterKey:
        """The key that wraps new data keys."""
        return self.keys[0]

    def named(self, key_id: str) -> MasterKey:
        """The master key ``key_id``. Raises MasterKeyMissing."""
        for key in self.keys:
            if key.key_id == key_id:
                return key
        raise MasterKeyMissing(f"master key {key_id!r} is not configured, and data keys still need it")


def parse_master_keys(text: str) -> list[tuple[str, bytes]]:
    """Parse ``id:base64,id2:base64``. Raises MasterKeyMissing with the position of what is wrong, never the secret."""
    keys: list[tuple[str, bytes]] = []
    for position, part in enumerate((p.strip() for p in text.split(",")), start=1):
        if not part:
            continue
        key_id, colon, encoded = part.partition(":")
        if not colon or not _ID.fullmatch(key_id):
            raise MasterKeyMissing(
                f"master key {position} is not of the form id:base64 (id: lower-case letters, digits, - and _)"
            )
        keys.append((key_id, _decode(encoded, f"master key {key_id!r}", MasterKeyMissing)))
    if not keys:
        raise MasterKeyMissing(
            "no master key is configured: set TRICHORA_MASTER_KEYS (manage.py vault_newkey makes one)"
        )
    ids = [key_id for key_id, _ in keys]
    if len(set(ids)) != len(ids):
        raise MasterKeyMissing("two master keys have the same id")
    return keys


def generate_master_key(key_id: str) -> str:
    """A new ``id:base64`` entry for TRICHORA_MASTER_KEYS. Raises MasterKeyMissing for an unusable id."""
    if not _ID.fullmatch(key_id):
        raise MasterKeyMissing("a master key's id has 1 to 32 lower-case letters, digits, - and _")
    return f"{key_id}:{generate_index_key()}"


def generate_index_key() -> str:
    """A new value for TRICHORA_INDEX_KEY."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def keyring() -> KeyRing:
    """The configured master keys. Raises MasterKeyMissing when there is none, or a demo key where demos are refused."""
    configured: str | MasterKeys = getattr(settings, "VAULT_MASTER_KEYS", "")
    ring = _ring(configured if isinstance(configured, str) else tuple((i, bytes(s)) for i, s in configured))
    if not _demo_allowed() and any(is_demo_id(key.key_id) for key in ring.keys):
        raise MasterKeyMissing("a demo master key is configured; demo keys are refused outside the demo")
    return ring


def index_key() -> bytes:
    """The secret of the blind index. Raises IndexKeyMissing."""
    configured: str | bytes = getattr(settings, "VAULT_INDEX_KEY", "")
    if isinstance(configured, bytes):
        if len(configured) != KEY_BYTES:
            raise IndexKeyMissing(f"the index key has {len(configured)} bytes instead of {KEY_BYTES}")
        return configured
    key_id, colon, encoded = configured.strip().rpartition(":")
    if not encoded:
        raise IndexKeyMissing("no index key is configured: set TRICHORA_INDEX_KEY (manage.py vault_newkey --index)")
    if colon and is_demo_id(key_id) and not _demo_allowed():
        raise IndexKeyMissing("a demo index key is configured; demo keys are refused outside the demo")
    return _decode(encoded, "the index key", IndexKeyMissing)


def problems() -> list[str]:
    """What is wrong with the configured keys, in sentences; empty when they are fit for a clinic's portal."""
    found: list[str] = []
    masters: tuple[MasterKey, ...] = ()
    try:
        masters = keyring().keys
    except MasterKeyMissing as error:
        found.append(str(error))
    try:
        index = index_key()
    except IndexKeyMissing as error:
        found.append(str(error))
    else:
        if any(key.secret == index for key in masters):
            found.append("the index key equals a master key; they must be independent")
    for key in masters:
        if len(set(key.secret)) < 16:
            found.append(f"master key {key.key_id!r} does not look random; make one with manage.py vault_newkey")
    return found


def is_demo_id(key_id: str) -> bool:
    """Whether this key was made for the demo."""
    return key_id.startswith(DEMO_PREFIX)


def _demo_allowed() -> bool:
    return bool(getattr(settings, "VAULT_ALLOW_DEMO_KEYS", False))


@lru_cache(maxsize=4)
def _ring(configured: str | tuple[tuple[str, bytes], ...]) -> KeyRing:
    pairs = parse_master_keys(configured) if isinstance(configured, str) else list(configured)
    if not pairs:
        raise MasterKeyMissing("no master key is configured")
    for key_id, secret in pairs:
        if len(secret) != KEY_BYTES:
            raise MasterKeyMissing(f"master key {key_id!r} has {len(secret)} bytes instead of {KEY_BYTES}")
    return KeyRing(tuple(MasterKey(key_id, secret) for key_id, secret in pairs))


def _decode(encoded: str, what: str, error: type[VaultError]) -> bytes:
    compact = encoded.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        secret = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise error(f"{what} is not base64") from problem
    if len(secret) != KEY_BYTES:
        raise error(f"{what} has {len(secret)} bytes instead of {KEY_BYTES}")
    return secret
