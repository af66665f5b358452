"""Sealed files in an S3-compatible bucket, against a real S3 API server (moto's, over HTTP on a free port)."""

from __future__ import annotations

import hashlib
import io
import logging
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from typing import Any, cast

import boto3  # type: ignore[import-untyped]
import pytest
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer

from tests.vault.samples import NOW
from tests.vault.test_files import CHUNK, dropping, pattern, peak_mib
from vault import files, keys
from vault.errors import KeyDestroyed, SealedFileCorrupt, SealedFileMissing, WrongKey

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

BUCKET = "sealed-photos"
MIB = 1024 * 1024


def options_for(endpoint: str) -> dict[str, object]:
    """The storage's options for the bucket behind ``endpoint``."""
    return {
        "bucket_name": BUCKET, "endpoint_url": endpoint, "region_name": "eu-central-1", "access_key": "test",
        "secret_key": "test", "default_acl": None, "file_overwrite": False,
    }  # fmt: skip


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a running S3 API server."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture(params=["vault.storages.SealedS3Storage", "storages.backends.s3.S3Storage"])
def bucket(request: pytest.FixtureRequest, endpoint: str, settings) -> Iterator[Any]:
    """An empty bucket that the alias ``sealed`` points to, through the portal's own storage and the library's."""
    options = options_for(endpoint)
    settings.STORAGES = {**settings.STORAGES, "sealed": {"BACKEND": request.param, "OPTIONS": options}}
    s3 = boto3.resource(
        "s3", endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    made = s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield made
    made.objects.all().delete()
    made.delete()
    s3.meta.client.close()
    cast(Any, storages["sealed"]).connection.meta.client.close()


def objects(bucket: Any) -> list[str]:
    return [item.key for item in bucket.objects.all()]


def seal(key_id: uuid.UUID, data: bytes) -> files.SealedFile:
    return files.seal_file(key_id=key_id, source=io.BytesIO(data), folder="photos")


def read(key_id: uuid.UUID, name: str) -> bytes:
    return files.read_all(key_id=key_id, name=name, limit=64 * MIB)


@pytest.mark.parametrize("size", [0, 5, CHUNK, 20 * CHUNK + 3], ids=["empty", "tiny", "one-chunk", "multi-part"])
def test_a_file_comes_back_whole_from_the_bucket(bucket: Any, patient_key: uuid.UUID, size: int) -> None:
    data = pattern(size)
    sealed = seal(patient_key, data)
    assert objects(bucket) == [sealed.name]
    assert bucket.Object(sealed.name).content_length == sealed.size_sealed
    assert read(patient_key, sealed.name) == data
    assert b"".join(files.iter_chunks(key_id=patient_key, name=sealed.name)) == data


def test_an_object_that_was_cut_or_swapped_in_the_bucket_is_refused(
    bucket: Any, patient_key: uuid.UUID, clinic_key: uuid.UUID
) -> None:
    sealed, other = seal(patient_key, pattern(2 * CHUNK + 9)), seal(patient_key, b"other")
    raw = bucket.Object(sealed.name).get()["Body"].read()
    bucket.put_object(Key=sealed.name, Body=raw[:-5])
    with pytest.raises(SealedFileCorrupt):
        read(patient_key, sealed.name)
    bucket.put_object(Key=other.name, Body=raw)
    with pytest.raises(WrongKey):
        read(patient_key, other.name)
    with pytest.raises(WrongKey):
        read(clinic_key, sealed.name)


def test_a_deleted_object_is_missing(bucket: Any, patient_key: uuid.UUID) -> None:
    sealed = seal(patient_key, b"x")
    files.delete_file(sealed.name)
    files.delete_file(sealed.name)
    assert objects(bucket) == []
    with pytest.raises(SealedFileMissing):
        read(patient_key, sealed.name)


@pytest.mark.parametrize("after_mib", [1, 19], ids=["at-once", "after-several-parts"])
def test_an_upload_that_drops_leaves_no_object_and_no_open_parts(
    bucket: Any, patient_key: uuid.UUID, after_mib: int
) -> None:
    with pytest.raises(ConnectionError):
        files.seal_file(key_id=patient_key, source=dropping(after=after_mib * MIB), folder="photos")
    assert objects(bucket) == []
    assert list(bucket.multipart_uploads.all()) == []


def test_a_destroyed_key_leaves_only_noise_in_the_bucket(bucket: Any, patient_key: uuid.UUID) -> None:
    sealed = seal(patient_key, b"a scalp")
    keys.destroy_key(key_id=patient_key, now=NOW, certificate_hash="c")
    assert b"scalp" not in bucket.Object(sealed.name).get()["Body"].read()
    with pytest.raises(KeyDestroyed):
        read(patient_key, sealed.name)


def test_sealed_objects_have_no_address(bucket: Any, patient_key: uuid.UUID) -> None:
    storage = storages["sealed"]
    if type(storage).__name__ != "SealedS3Storage":
        pytest.skip("the library's own storage signs addresses")
    with pytest.raises(NotImplementedError):
        storage.url(seal(patient_key, b"x").name)


def test_a_50_mb_photo_goes_up_and_comes_down_within_a_few_parts_of_memory(patient_key: uuid.UUID, settings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(  # apart, so that only the portal's own memory is counted
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        options = options_for(f"http://127.0.0.1:{port}")
        settings.STORAGES = {
            **settings.STORAGES,
            "sealed": {"BACKEND": "vault.storages.SealedS3Storage", "OPTIONS": options},
        }
        client = cast(Any, storages["sealed"]).connection.meta.client
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        sealed: list[files.SealedFile] = []
        digest = hashlib.sha256()

        def take() -> None:
            for part in files.iter_chunks(key_id=patient_key, name=sealed[0].name):
                digest.update(part)

        with tempfile.TemporaryFile() as source:
            for _ in range(50):
                source.write(pattern(MIB))
            up = peak_mib(lambda: sealed.append(files.seal_file(key_id=patient_key, source=source, folder="photos")))
        down = peak_mib(take)
        client.close()
    finally:
        server.terminate()
        server.wait(timeout=10)
    assert digest.hexdigest() == sealed[0].sha256_plain
    assert up < 30, f"sealing into the bucket held {up:.1f} MiB"
    assert down < 10, f"streaming from the bucket held {down:.1f} MiB"


def wait_for(port: int) -> None:
    """Until something listens there; fails after 20 s."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the S3 API server did not start")
