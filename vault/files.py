"""Sealed files: chunked AES-256-GCM over the storage alias ``sealed``, streamed, never whole in memory.

Layout: a header, then chunks of ``CHUNK_BYTES`` plaintext (the last one shorter, possibly empty), each followed by its
16-byte tag. The header is magic, version, key id, chunk size, salt, nonce prefix and a check value that tells a wrong
key from an altered file. Chunks follow the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): nonce =
prefix (7) || counter (4) || last flag (1), so a file cut short, extended or reordered does not open. Every file has a
key of its own, derived from the data key and the salt; header and storage name are authenticated with each chunk, so
one stored file cannot be put in another's place.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import logging
import os
import re
import struct
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.files.base import File
from django.core.files.storage import Storage, storages

from vault import keys
from vault.errors import SealedFileCorrupt, SealedFileMissing, VaultError, WrongKey
from vault.sealing import TAG_BYTES, Purpose, derive

STORAGE_ALIAS = "sealed"
CHUNK_BYTES = 1024 * 1024

_MAGIC = b"TRICSEAL"
_VERSION = 1
_HEADER = struct.Struct(">8sB16sI16s7s")
_CHECK_BYTES = 16
_HEADER_BYTES = _HEADER.size + _CHECK_BYTES
_LARGEST_CHUNK_BYTES = 16 * 1024 * 1024
_FOLDER = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)*")
_NAME = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)*/[0-9a-f]{32}\.sealed")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SealedFile:
    """Where a sealed file lies and what went into it; sizes in bytes, the hash over the plaintext."""

    name: str
    size_plain: int
    size_sealed: int
    sha256_plain: str


@dataclass(frozen=True, slots=True)
class _Header:
    """The first bytes of a sealed file."""

    key_id: uuid.UUID
    chunk_bytes: int
    salt: bytes
    prefix: bytes

    def packed(self) -> bytes:
        return _HEADER.pack(_MAGIC, _VERSION, self.key_id.bytes, self.chunk_bytes, self.salt, self.prefix)


class _Cipher:
    """Seals and opens the chunks of one file."""

    def __init__(self, header: _Header, name: str) -> None:
        self._packed = header.packed()
        self._prefix = header.prefix
        self._binding = self._packed + name.encode()
        file_key = derive(keys.unwrap(header.key_id), Purpose.FILES, salt=header.salt)
        self._check = hmac.digest(file_key, b"header" + self._binding, hashlib.sha256)[:_CHECK_BYTES]
        self._aead = AESGCM(file_key)

    def header(self) -> bytes:
        return self._packed + self._check

    def fits(self, check: bytes) -> bool:
        return hmac.compare_digest(check, self._check)

    def seal(self, index: int, chunk: bytes, *, last: bool) -> bytes:
        return self._aead.encrypt(self._nonce(index, last), chunk, self._binding)

    def open(self, index: int, sealed: bytes, *, last: bool) -> bytes:
        return self._aead.decrypt(self._nonce(index, last), sealed, self._binding)

    def _nonce(self, index: int, last: bool) -> bytes:
        return self._prefix + struct.pack(">IB", index, last)


def seal_file(*, key_id: uuid.UUID, source: BinaryIO, folder: str) -> SealedFile:
    """Seal everything in ``source`` (from its start, when it can seek) into a new file with a random name.

    Holds two chunks at a time. When reading, sealing or storing fails, what was stored is deleted and the error goes
    on.
    Raises KeyMissing, KeyDestroyed, MasterKeyMissing; ValueError for a folder that is no plain lower-case path.
    """
    if not _FOLDER.fullmatch(folder):
        raise ValueError("a folder of sealed files is a path of lower-case letters, digits, - and _")
    name = f"{folder}/{uuid.uuid4().hex}.sealed"
    if getattr(source, "seekable", bool)():
        source.seek(0)
    header = _Header(key_id, CHUNK_BYTES, os.urandom(16), os.urandom(7))
    upload = _SealingUpload(source, _Cipher(header, name))
    storage = _storage()
    try:
        stored = storage.save(name, upload)
        if stored != name:
            storage.delete(stored)
            raise VaultError("the storage changed the name of a sealed file")
        if not upload.finished:
            raise VaultError("the storage did not take the whole file")
    except BaseException:
        _discard(storage, name)
        raise
    return SealedFile(name, upload.size_plain, upload.size_sealed, upload.sha256_plain())


@contextmanager
def kept_if_successful(sealed: SealedFile) -> Iterator[SealedFile]:
    """Delete a just sealed file again when the block that records it fails: no file without its row."""
    try:
        yield sealed
    except BaseException:
        _discard(_storage(), sealed.name)
        raise


def open_file(*, key_id: uuid.UUID, name: str) -> SealedReader:
    """A reader over the plaintext; close it or use it in a ``with`` block.

    Every chunk is verified before it is handed out, yet only the end proves the file complete: act on the whole only
    after reading to the end, or use ``read_all``. Raises SealedFileMissing, SealedFileCorrupt, WrongKey, KeyMissing,
    KeyDestroyed here, and SealedFileCorrupt while reading.
    """
    if not _NAME.fullmatch(name):
        raise SealedFileMissing(f"not the name of a sealed file: {name[:100]!r}")
    keys.unwrap(key_id)
    try:
        stream = _storage().open(name, "rb")
    except FileNotFoundError as error:
        raise SealedFileMissing(f"no sealed file {name}") from error
    try:
        return SealedReader(stream, key_id, name)
    except BaseException:
        stream.close()
        raise


def read_all(*, key_id: uuid.UUID, name: str, limit: int) -> bytes:
    """The whole plaintext, proven complete. Raises as ``open_file``, and VaultError beyond ``limit`` bytes."""
    with open_file(key_id=key_id, name=name) as reader:
        data = reader.read(limit + 1)
        if len(data) > limit:
            raise VaultError(f"sealed file {name} holds more than {limit} bytes")
        return data


def iter_chunks(*, key_id: uuid.UUID, name: str) -> Iterator[bytes]:
    """Verified plaintext chunks, for a StreamingHttpResponse.

    The first one is opened at once: an error shows before a response begins, and a file of one chunk is proven whole.
    """
    reader = open_file(key_id=key_id, name=name)
    try:
        first = reader.read(CHUNK_BYTES)
    except BaseException:
        reader.close()
        raise
    return _chunks(first, reader)


def delete_file(name: str) -> None:
    """Delete a sealed file; one that is gone already is no error."""
    if not _NAME.fullmatch(name):
        raise SealedFileMissing(f"not the name of a sealed file: {name[:100]!r}")
    _storage().delete(name)


class SealedReader(io.RawIOBase):
    """A forward-only binary stream over a sealed file; holds one sealed and one open chunk."""

    def __init__(self, stream: IO[Any], key_id: uuid.UUID, name: str) -> None:
        self._stream = stream
        self._name = name
        header, check = self._read_header()
        if header.key_id != key_id:
            raise WrongKey(f"sealed file {name}")
        self._cipher = _Cipher(header, name)
        if not self._cipher.fits(check):
            raise WrongKey(f"sealed file {name}")
        self._sealed_bytes = header.chunk_bytes + TAG_BYTES
        self._next = _read_fully(stream, self._sealed_bytes)
        self._index = 0
        self._open = memoryview(b"")
        self._done = False

    def readable(self) -> bool:
        """Always: that is what it is for."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` with plaintext; 0 at the proven end. Raises SealedFileCorrupt."""
        target = memoryview(buffer).cast("B")
        part = self._take(len(target))
        target[: len(part)] = part
        return len(part)

    def read(self, size: int = -1, /) -> bytes:
        """``size`` bytes, fewer only at the end of the file; everything when negative. Raises SealedFileCorrupt."""
        gathered = io.BytesIO()
        while size != 0:
            part = self._take(size)
            if not part:
                break
            gathered.write(part)
            size = size - len(part) if size > 0 else size
        return gathered.getvalue()

    def readall(self) -> bytes:
        """Everything that is left."""
        return self.read(-1)

    def close(self) -> None:
        """Release the storage's stream and what is in memory."""
        if not self.closed:
            self._open = memoryview(b"")
            self._stream.close()
        super().close()

    def _take(self, size: int) -> memoryview:
        """Up to ``size`` bytes of the current chunk (all when negative), opening the next when it is used up."""
        if not self._open and not self._done:
            self._open = memoryview(self._next_chunk())
        count = len(self._open) if size < 0 else min(size, len(self._open))
        part, self._open = self._open[:count], self._open[count:]
        return part

    def _read_header(self) -> tuple[_Header, bytes]:
        raw = _read_fully(self._stream, _HEADER_BYTES)
        if len(raw) < _HEADER_BYTES:
            raise SealedFileCorrupt(f"sealed file {self._name} is cut short")
        magic, version, key_id, chunk_bytes, salt, prefix = _HEADER.unpack(raw[: _HEADER.size])
        if magic != _MAGIC or version != _VERSION or not 0 < chunk_bytes <= _LARGEST_CHUNK_BYTES:
            raise SealedFileCorrupt(f"{self._name} is not a sealed file of a known version")
        return _Header(uuid.UUID(bytes=key_id), chunk_bytes, salt, prefix), raw[_HEADER.size :]

    def _next_chunk(self) -> bytes:
        sealed = self._next
        self._next = _read_fully(self._stream, self._sealed_bytes) if len(sealed) == self._sealed_bytes else b""
        last = not self._next
        try:
            plain = self._cipher.open(self._index, sealed, last=last)
        except (InvalidTag, ValueError) as error:
            raise SealedFileCorrupt(f"sealed file {self._name} was cut short, extended or altered") from error
        self._index += 1
        self._done = last
        return plain


class _SealingUpload(File):  # type: ignore[type-arg]
    """What the storage reads while it saves: the sealed form, made chunk by chunk from the plaintext source."""

    def __init__(self, source: BinaryIO, cipher: _Cipher) -> None:
        super().__init__(cast("IO[Any]", source))
        self._source = source
        self._cipher = cipher
        self._hash = hashlib.sha256()
        self._index = 0
        self._begun = False
        self._buffer = bytearray()
        self._ahead = b""
        self.size_plain = 0
        self.size_sealed = 0
        self.finished = False

    def sha256_plain(self) -> str:
        return self._hash.hexdigest()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> _SealingUpload:
        return self

    def close(self) -> None:
        """The source belongs to the caller, who closes it."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        while part := self.read(chunk_size or CHUNK_BYTES):
            yield part

    def read(self, size: int | None = -1) -> bytes:
        wanted = size if size is not None and size >= 0 else None
        while not self.finished and (wanted is None or len(self._buffer) < wanted):
            self._seal_next()
        with memoryview(self._buffer) as view:
            part = bytes(view[:wanted])
        del self._buffer[:wanted]
        return part

    def _seal_next(self) -> None:
        if not self._begun:
            self._begun = True
            self._take(self._cipher.header())
            self._ahead = _read_fully(self._source, CHUNK_BYTES)
        chunk = self._ahead
        self._ahead = _read_fully(self._source, CHUNK_BYTES) if len(chunk) == CHUNK_BYTES else b""
        last = not self._ahead
        self._hash.update(chunk)
        self.size_plain += len(chunk)
        self._take(self._cipher.seal(self._index, chunk, last=last))
        self._index += 1
        self.finished = last

    def _take(self, sealed: bytes) -> None:
        self._buffer += sealed
        self.size_sealed += len(sealed)


def _chunks(first: bytes, reader: SealedReader) -> Iterator[bytes]:
    with reader:
        chunk = first
        while chunk:
            yield chunk
            chunk = reader.read(CHUNK_BYTES)


def _read_fully(stream: IO[Any], size: int) -> bytes:
    """``size`` bytes, fewer only at the end; some streams hand out less than asked."""
    data: bytes = stream.read(size)
    if len(data) == size or not data:
        return data
    parts = [data]
    missing = size - len(data)
    while missing and (data := stream.read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


def _storage() -> Storage:
    return storages[STORAGE_ALIAS]


def _discard(storage: Storage, name: str) -> None:
    try:
        storage.delete(name)
    except Exception:
        logger.exception("a partly stored sealed file could not be deleted: %s", name)
