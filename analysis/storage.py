"""The sealed files of derived pictures: one folder per claim, so that what a killed worker left can be found again."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from uuid import UUID

from django.core.files.storage import storages

from analysis.models import ComparisonImage, DerivedImage
from analysis.results import DerivedFile
from vault.errors import VaultError
from vault.files import STORAGE_ALIAS, delete_file

log = logging.getLogger("trichora.worker")


def folder_of(holder: UUID) -> str:
    """Where the claim of this holder seals its pictures."""
    return f"derived/{holder.hex}"


def clear_attempt(holder: UUID) -> int:
    """Delete what a claim that ended without a result has sealed. Returns how many files.

    Asks the database for every name: a holder that was taken for dead may have recorded its result at the last moment.
    """
    storage, folder = storages[STORAGE_ALIAS], folder_of(holder)
    try:
        names = {f"{folder}/{name}" for name in storage.listdir(folder)[1]}
    except FileNotFoundError:
        return 0
    left = names - _recorded(names)
    for name in left:
        storage.delete(name)  # not by the vault: a killed process may have left half a file under another name
    return len(left)


def delete_images(images: Iterable[DerivedFile]) -> None:
    """Delete sealed pictures; one that is already gone is no error."""
    for image in images:
        try:
            delete_file(image.file_name)
        except VaultError:
            log.warning("a derived picture could not be deleted", extra={"code": "derived_left_over"})


def discard_unrecorded(images: Iterable[DerivedFile]) -> None:
    """Delete the pictures of a result that was not recorded.

    Asks the database first: when a connection breaks during a commit, nobody knows whether the rows were kept.
    """
    made = list(images)
    recorded = _recorded({image.file_name for image in made})
    delete_images(image for image in made if image.file_name not in recorded)


def _recorded(names: set[str]) -> set[str]:
    """Which of these files some result names."""
    found: set[str] = set(DerivedImage.objects.filter(file_name__in=names).values_list("file_name", flat=True))
    return found | set(ComparisonImage.objects.filter(file_name__in=names).values_list("file_name", flat=True))
