"""The sealed files of derived pictures: deleting what no row names."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from analysis.models import DerivedImage
from analysis.results import DerivedFile, SessionResult
from vault.errors import VaultError
from vault.files import delete_file

log = logging.getLogger("trichora.worker")


def delete_images(images: Iterable[DerivedFile]) -> None:
    """Delete sealed pictures; one that is already gone is no error."""
    for image in images:
        try:
            delete_file(image.file_name)
        except VaultError:
            log.warning("a derived picture could not be deleted", extra={"code": "derived_left_over"})


def discard_unrecorded(result: SessionResult) -> None:
    """Delete the pictures of a result that was not recorded.

    Asks the database first: when a connection breaks during a commit, nobody knows whether the rows were kept.
    """
    names = [image.file_name for image in result.images()]
    recorded = set(DerivedImage.objects.filter(file_name__in=names).values_list("file_name", flat=True))
    delete_images(image for image in result.images() if image.file_name not in recorded)
