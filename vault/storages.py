"""Storages for sealed files: a private local folder, and an S3-compatible bucket with bounded memory.

They only ever see ciphertext. ``STORAGES["sealed"]`` names one of them; any other Django storage works too, with its
own habits of memory and of leaving partial files behind when a process is killed.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage

PART_SUFFIX = ".part"
_DOWNLOAD_MEMORY_BYTES = 1024 * 1024
_PART_BYTES = 5 * 1024 * 1024  # the least that S3 takes


@deconstructible(path="vault.storages.SealedFolderStorage")
class SealedFolderStorage(FileSystemStorage):
    """A folder only this user can read. A file appears under its name when it is whole and on the disk, or never."""

    def _save(self, name: str, content: File[bytes]) -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = target.with_name(f"{target.name}.{uuid.uuid4().hex}{PART_SUFFIX}")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0) as stream:
                for chunk in content.chunks():
                    stream.write(chunk)
                os.fsync(stream.fileno())
            os.replace(draft, target)
            _sync_folder(target.parent)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return name

    def url(self, name: str | None) -> str:
        """Refused: sealed files leave only through an authorised view."""
        raise NotImplementedError("sealed files have no address")


def _sync_folder(folder: Path) -> None:
    """Wait until the new name is on the disk: a row may be committed next that counts on it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@deconstructible(path="vault.storages.SealedS3Storage")
class SealedS3Storage(S3Storage):  # type: ignore[misc]
    """A private bucket: parts go up one at a time, and a download waits on the disk, sealed, not in memory."""

    def get_default_settings(self) -> dict[str, Any]:
        """The library's defaults, with bounded memory and nothing ever overwritten or public."""
        return {
            **super().get_default_settings(),
            "transfer_config": TransferConfig(
                use_threads=False, multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES
            ),
            "max_memory_size": _DOWNLOAD_MEMORY_BYTES,
            "file_overwrite": False,
            "default_acl": None,
            "gzip": False,
        }

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        """Refused: sealed files leave only through an authorised view."""
        raise NotImplementedError("sealed files have no address")
