"""Sealed files: whole and true, or a clear error; never half-stored, never twice in memory."""

from __future__ import annotations

import hashlib
import io
import signal
import subprocess
import sys
import tempfile
import tracemalloc
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import StreamingHttpResponse

from tests.vault.samples import NOW
from vault import files, keys
from vault.errors import KeyDestroyed, KeyMissing, SealedFileCorrupt, SealedFileMissing, VaultError, WrongKey
from vault.reseal import reseal_file

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

CHUNK = files.CHUNK_BYTES
SEALED_CHUNK = CHUNK + 16
HEADER = files._HEADER_BYTES
MIB = 1024 * 1024


def pattern(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def seal(key_id: uuid.UUID, data: bytes) -> files.SealedFile:
    return files.seal_file(key_id=key_id, source=io.BytesIO(data), folder="photos")


def path_of(sealed: files.SealedFile) -> Path:
    return Path(storages["sealed"].path(sealed.name))


def stored_files() -> list[Path]:
    return [p for p in Path(storages["sealed"].path("")).rglob("*") if p.is_file()]


def read(key_id: uuid.UUID, name: str) -> bytes:
    return files.read_all(key_id=key_id, name=name, limit=100 * MIB)


@pytest.mark.parametrize("size", [0, 1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_a_file_comes_back_whole(patient_key: uuid.UUID, size: int) -> None:
    data = pattern(size)
    sealed = seal(patient_key, data)
    assert read(patient_key, sealed.name) == data
    assert sealed.size_plain == size
    assert sealed.sha256_plain == hashlib.sha256(data).hexdigest()
    assert sealed.size_sealed == path_of(sealed).stat().st_size
    assert b"".join(files.iter_chunks(key_id=patient_key, name=sealed.name)) == data


@pytest.mark.parametrize("step", [1, 100, 4096, CHUNK + 5])
def test_reading_in_any_steps_gives_the_same(patient_key: uuid.UUID, step: int) -> None:
    data = pattern(CHUNK + 300 if step > 1 else 300)
    sealed = seal(patient_key, data)
    with files.open_file(key_id=patient_key, name=sealed.name) as reader:
        assert b"".join(iter(lambda: reader.read(step), b"")) == data
        assert reader.read(1) == b""
    with files.open_file(key_id=patient_key, name=sealed.name) as reader:
        assert io.BufferedReader(reader, 1000).read() == data


def test_nothing_readable_lies_in_the_store(patient_key: uuid.UUID) -> None:
    sealed = seal(patient_key, b"a photograph of a scalp" * 100)
    raw = path_of(sealed).read_bytes()
    assert b"scalp" not in raw
    assert path_of(sealed).stat().st_mode & 0o077 == 0


def test_names_are_random_and_folders_plain(patient_key: uuid.UUID) -> None:
    first, second = seal(patient_key, b"x"), seal(patient_key, b"x")
    assert first.name != second.name
    assert path_of(first).read_bytes() != path_of(second).read_bytes()
    for folder in ("../up", "/abs", "Mrs Smith", "", "a//b"):
        with pytest.raises(ValueError, match="folder"):
            files.seal_file(key_id=patient_key, source=io.BytesIO(b"x"), folder=folder)


def test_an_upload_that_was_read_before_is_sealed_from_its_start(patient_key: uuid.UUID) -> None:
    upload = SimpleUploadedFile("IMG_0001 Mrs Smith.jpg", b"jpeg bytes")
    upload.read()
    sealed = files.seal_file(key_id=patient_key, source=cast(BinaryIO, upload), folder="photos")
    assert read(patient_key, sealed.name) == b"jpeg bytes"
    assert "smith" not in sealed.name.lower()


def cut_in_a_chunk(raw: bytes) -> bytes:
    return raw[:-100]


def cut_at_a_chunk(raw: bytes) -> bytes:
    return raw[: HEADER + 2 * SEALED_CHUNK]


def cut_to_the_header(raw: bytes) -> bytes:
    return raw[:HEADER]


def cut_in_the_header(raw: bytes) -> bytes:
    return raw[: HEADER - 5]


def emptied(raw: bytes) -> bytes:
    return b""


def extended(raw: bytes) -> bytes:
    return raw + b"x"


def extended_by_a_chunk(raw: bytes) -> bytes:
    return raw + raw[HEADER : HEADER + SEALED_CHUNK]


def reordered(raw: bytes) -> bytes:
    first, second = HEADER, HEADER + SEALED_CHUNK
    return raw[:first] + raw[second : second + SEALED_CHUNK] + raw[first:second] + raw[second + SEALED_CHUNK :]


def chunk_dropped(raw: bytes) -> bytes:
    return raw[:HEADER] + raw[HEADER + SEALED_CHUNK :]


def bit_flipped(raw: bytes) -> bytes:
    middle = HEADER + SEALED_CHUNK + 77
    return raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]


def not_ours(raw: bytes) -> bytes:
    return b"\xff\xd8\xff\xe0" + raw[4:]


def huge_chunks_claimed(raw: bytes) -> bytes:
    return raw[:25] + b"\xff\xff\xff\xff" + raw[29:]


DAMAGE: list[Callable[[bytes], bytes]] = [
    cut_in_a_chunk, cut_at_a_chunk, cut_to_the_header, cut_in_the_header, emptied, extended, extended_by_a_chunk,
    reordered, chunk_dropped, bit_flipped, not_ours, huge_chunks_claimed,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("size", [2 * CHUNK + 500, 3 * CHUNK], ids=["ragged", "aligned"])
def test_a_damaged_file_is_refused(patient_key: uuid.UUID, damage: Callable[[bytes], bytes], size: int) -> None:
    sealed = seal(patient_key, pattern(size))
    path_of(sealed).write_bytes(damage(path_of(sealed).read_bytes()))
    with pytest.raises(SealedFileCorrupt):
        read(patient_key, sealed.name)


def test_another_key_is_a_clear_error(patient_key: uuid.UUID, clinic_key: uuid.UUID) -> None:
    sealed = seal(patient_key, b"x")
    with pytest.raises(WrongKey, match="wrong key or altered data"):
        read(clinic_key, sealed.name)
    raw = path_of(sealed).read_bytes()
    path_of(sealed).write_bytes(raw.replace(patient_key.bytes, clinic_key.bytes))  # relabelled in the store
    with pytest.raises(WrongKey, match="wrong key or altered data"):
        read(clinic_key, sealed.name)


def test_one_file_cannot_be_put_in_anothers_place(patient_key: uuid.UUID) -> None:
    mine, other = seal(patient_key, b"crown"), seal(patient_key, b"temple")
    path_of(mine).write_bytes(path_of(other).read_bytes())
    with pytest.raises(WrongKey):
        read(patient_key, mine.name)


def test_a_missing_file_and_a_name_from_elsewhere_are_clear_errors(patient_key: uuid.UUID) -> None:
    for name in ("photos/" + "0" * 32 + ".sealed", "../../etc/passwd", "photos/../x.sealed"):
        with pytest.raises(SealedFileMissing):
            files.open_file(key_id=patient_key, name=name)
    with pytest.raises(SealedFileMissing):
        files.delete_file("../../etc/passwd")


def test_a_deleted_file_is_gone_and_deleting_it_again_is_no_error(patient_key: uuid.UUID) -> None:
    sealed = seal(patient_key, b"x")
    files.delete_file(sealed.name)
    files.delete_file(sealed.name)
    with pytest.raises(SealedFileMissing):
        read(patient_key, sealed.name)


def test_a_damaged_small_file_is_refused_before_a_response_begins(patient_key: uuid.UUID) -> None:
    sealed = seal(patient_key, b"a thumbnail")
    path_of(sealed).write_bytes(path_of(sealed).read_bytes()[:-1])
    with pytest.raises(SealedFileCorrupt):
        files.iter_chunks(key_id=patient_key, name=sealed.name)


def test_reading_more_than_the_limit_is_refused(patient_key: uuid.UUID) -> None:
    sealed = seal(patient_key, pattern(1000))
    assert len(files.read_all(key_id=patient_key, name=sealed.name, limit=1000)) == 1000
    with pytest.raises(VaultError, match="more than 999"):
        files.read_all(key_id=patient_key, name=sealed.name, limit=999)


def test_a_destroyed_or_unknown_key_opens_and_seals_nothing(patient_key: uuid.UUID) -> None:
    sealed = seal(patient_key, b"x")
    keys.destroy_key(key_id=patient_key, now=NOW, certificate_hash="c")
    with pytest.raises(KeyDestroyed):
        files.iter_chunks(key_id=patient_key, name=sealed.name)  # before a byte of a response is sent
    with pytest.raises(KeyDestroyed):
        seal(patient_key, b"y")
    with pytest.raises(KeyMissing):
        seal(uuid.uuid4(), b"y")
    assert len(stored_files()) == 1


class Dropping(io.RawIOBase):
    """A connection that drops after a while."""

    def __init__(self, after: int) -> None:
        self._left = after

    def read(self, size: int = -1, /) -> bytes:
        if self._left <= 0:
            raise ConnectionError("dropped")
        self._left -= size
        return b"x" * size


def dropping(after: int) -> BinaryIO:
    return cast(BinaryIO, Dropping(after))


@pytest.mark.parametrize(
    "backend", ["vault.storages.SealedFolderStorage", "django.core.files.storage.FileSystemStorage"]
)
def test_a_source_that_fails_leaves_nothing_behind(patient_key: uuid.UUID, backend: str, settings) -> None:
    settings.STORAGES = {**settings.STORAGES, "sealed": {**settings.STORAGES["sealed"], "BACKEND": backend}}
    with pytest.raises(ConnectionError):
        files.seal_file(key_id=patient_key, source=dropping(after=3 * MIB), folder="photos")
    assert stored_files() == []


def test_a_row_that_cannot_be_written_takes_its_file_along(patient_key: uuid.UUID) -> None:
    with pytest.raises(RuntimeError), files.kept_if_successful(seal(patient_key, b"x")):
        raise RuntimeError("the row could not be stored")
    assert stored_files() == []
    with files.kept_if_successful(seal(patient_key, b"x")) as kept:
        pass
    assert read(patient_key, kept.name) == b"x"


def test_a_source_in_small_pieces_is_sealed_whole(patient_key: uuid.UUID) -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 50_001))

    sealed = files.seal_file(key_id=patient_key, source=Trickle(pattern(CHUNK + 9)), folder="photos")
    assert read(patient_key, sealed.name) == pattern(CHUNK + 9)


def test_a_kept_file_moves_under_the_clinics_key(patient_key: uuid.UUID, clinic_key: uuid.UUID) -> None:
    sealed = seal(patient_key, pattern(2 * CHUNK))
    kept = reseal_file(name=sealed.name, key_id=patient_key, to_key_id=clinic_key, folder="records")
    keys.destroy_key(key_id=patient_key, now=NOW, certificate_hash="c")
    assert read(clinic_key, kept.name) == pattern(2 * CHUNK)
    assert kept.sha256_plain == sealed.sha256_plain


def peak_mib(action: Callable[[], object]) -> float:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


def test_a_50_mb_photo_is_sealed_and_streamed_within_a_few_mebibytes(patient_key: uuid.UUID) -> None:
    with tempfile.TemporaryFile() as source:
        for _ in range(50):
            source.write(pattern(MIB))
        sealed: list[files.SealedFile] = []
        sealing = peak_mib(lambda: sealed.append(files.seal_file(key_id=patient_key, source=source, folder="photos")))
        assert sealed[0].size_plain == 50 * MIB
        source.seek(0)
        expected = hashlib.file_digest(source, "sha256").hexdigest()

    digest = hashlib.sha256()

    def stream() -> None:
        response = StreamingHttpResponse(files.iter_chunks(key_id=patient_key, name=sealed[0].name))
        for part in response:
            digest.update(part)

    streaming = peak_mib(stream)
    whole = peak_mib(lambda: read(patient_key, sealed[0].name))
    assert digest.hexdigest() == sealed[0].sha256_plain == expected
    assert sealing < 8, f"sealing held {sealing:.1f} MiB"
    assert streaming < 8, f"streaming held {streaming:.1f} MiB"
    assert whole < 75, f"reading it whole held {whole:.1f} MiB: the photo was in memory twice"


KILLED = """
import os, signal, sys
from django.conf import settings
settings.configure()
from django.core.files.base import File
from vault.storages import SealedFolderStorage

class Source(File):
    def chunks(self, chunk_size=None):
        for _ in range(3):
            yield b"x" * 100_000
        os.kill(os.getpid(), signal.SIGKILL)

SealedFolderStorage(location=sys.argv[1]).save("photos/" + "0" * 32 + ".sealed", Source(None))
"""


def test_a_process_killed_while_storing_leaves_no_file_under_its_name(tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=django_settings.BASE_DIR, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.rglob("*.sealed")) == []
