"""Sealing of short values with AES-256-GCM under a data key, bound to the place they belong to.

A text token is ``t1.<key id, 32 hex>.<base64url of nonce and ciphertext>``. Fields, files and bytes use different keys,
derived from the data key with HKDF-SHA256 (RFC 5869), so that no use can stand in for another. ``context`` names the
place (``patients.Patient.given_name``) and is authenticated, not stored: a token moved elsewhere does not open.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import uuid
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vault import keys
from vault.errors import WrongKey

NONCE_BYTES = 12
TAG_BYTES = 16
_TOKEN = re.compile(r"t1\.([0-9a-f]{32})\.([A-Za-z0-9_-]+)")
_BLOB_MAGIC = b"TVB1"


class Purpose(Enum):
    """What a derived key is for; each purpose has a key of its own."""

    FIELDS = "fields"
    BYTES = "bytes"
    FILES = "files"


def derive(secret: bytes, purpose: Purpose, *, salt: bytes | None = None) -> bytes:
    """The 32-byte key of one purpose from a data key (HKDF-SHA256)."""
    return HKDF(SHA256(), 32, salt, f"trichora.vault.{purpose.value}.1".encode()).derive(secret)


def seal_text(key_id: uuid.UUID, text: str, *, context: str) -> str:
    """Seal ``text`` under a data key. Raises KeyMissing, KeyDestroyed, MasterKeyMissing."""
    sealed = _encrypt(key_id, text.encode(), Purpose.FIELDS, context)
    return f"t1.{key_id.hex}.{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode()}"


def open_text(token: str, *, context: str) -> str:
    """The text of a token sealed for the same ``context``.

    Raises WrongKey for anything altered or foreign, KeyMissing, KeyDestroyed, MasterKeyMissing.
    """
    key_id, sealed = _parse(token)
    return _decrypt(key_id, sealed, Purpose.FIELDS, context).decode()


def seal_bytes(key_id: uuid.UUID, data: bytes, *, context: str) -> bytes:
    """Seal a short byte string (a thumbnail, a signature); whole photos belong into ``vault.files``."""
    return _BLOB_MAGIC + key_id.bytes + _encrypt(key_id, data, Purpose.BYTES, context)


def open_bytes(sealed: bytes, *, context: str) -> bytes:
    """What ``seal_bytes`` sealed for the same ``context``; raises as ``open_text`` does."""
    if sealed[:4] != _BLOB_MAGIC or len(sealed) < 20 + NONCE_BYTES + TAG_BYTES:
        raise WrongKey("sealed bytes")
    return _decrypt(uuid.UUID(bytes=sealed[4:20]), sealed[20:], Purpose.BYTES, context)


def token_key_id(token: str) -> uuid.UUID:
    """The id of the data key that a token names. Raises WrongKey when it is no token."""
    return _parse(token)[0]


def _parse(token: str) -> tuple[uuid.UUID, bytes]:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise WrongKey("sealed text")
    encoded = match[2]
    try:
        sealed = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise WrongKey("sealed text") from error
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise WrongKey("sealed text")
    return uuid.UUID(hex=match[1]), sealed


def _binding(key_id: uuid.UUID, purpose: Purpose, context: str) -> bytes:
    return f"{purpose.value}.1|{key_id.hex}|{context}".encode()


def _encrypt(key_id: uuid.UUID, plain: bytes, purpose: Purpose, context: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    cipher = AESGCM(derive(keys.unwrap(key_id), purpose))
    return nonce + cipher.encrypt(nonce, plain, _binding(key_id, purpose, context))


def _decrypt(key_id: uuid.UUID, sealed: bytes, purpose: Purpose, context: str) -> bytes:
    cipher = AESGCM(derive(keys.unwrap(key_id), purpose))
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _binding(key_id, purpose, context))
    except InvalidTag as error:
        raise WrongKey(f"data sealed under key {key_id}") from error
