"""The only place that runs networks: a worker's process loads them once, and analyses one claimed session.

Nothing here writes to the database. Derived pictures are sealed as they are made; whoever does not record them deletes
them (:meth:`SessionResult.discard`).
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from vault.errors import VaultError
from vault.files import SealedFile, delete_file, read_all, seal_file
from vision.codec import photo_to_json, session_to_json
from vision.decode import ImageRejected
from vision.pipeline import Networks, analyse_photo, load_networks, summarise_session
from vision.types import EncodedImage, PhotoAnalysis, PhotoContext, SessionAnalysis, View

log = logging.getLogger("trichora.worker")


@dataclass(frozen=True, slots=True)
class PhotoInput:
    """One photo to measure: where its sealed bytes lie, and what is known about it."""

    photo_id: UUID
    file_name: str
    size_bytes: int
    view: View
    px_per_mm: float | None


@dataclass(frozen=True, slots=True)
class DerivedFile:
    """A derived picture as it lies in the vault."""

    kind: str
    media_type: str
    width_px: int
    height_px: int
    file_name: str


@dataclass(frozen=True, slots=True)
class PhotoOutput:
    """One photo's analysis, and its pictures in the vault."""

    photo_id: UUID
    analysis: PhotoAnalysis
    json: dict[str, Any]
    images: tuple[DerivedFile, ...]


@dataclass(frozen=True, slots=True)
class SessionResult:
    """Everything to record about one session."""

    photos: tuple[PhotoOutput, ...]
    session: SessionAnalysis
    summary: dict[str, Any]

    def discard(self) -> None:
        """Delete the sealed pictures of a result that is not recorded."""
        for photo in self.photos:
            delete_images(photo.images)


class PhotoUnreadable(Exception):
    """A stored photo cannot be opened or decoded: trying again will not help. ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class LeaseLost(Exception):
    """Somebody else holds the analysis now, or it was cancelled: stop at once."""


@lru_cache(maxsize=2)
def networks_for(releases: tuple[tuple[str, str], ...]) -> Networks:
    """The networks of a pipeline, loaded and warmed once per process. ``releases``: (task, release id) pairs."""
    return load_networks(dict(releases))


def analyse(
    *, photos: Sequence[PhotoInput], key_id: UUID, releases: dict[str, str], on_photo: Callable[[int], None]
) -> SessionResult:
    """Measure every photo and what they say together.

    ``on_photo(done)`` is called after each photo and may raise :class:`LeaseLost`. Raises :class:`PhotoUnreadable`.
    On any exception the pictures sealed so far are deleted.
    """
    networks = networks_for(tuple(sorted(releases.items())))
    outputs: list[PhotoOutput] = []
    try:
        for done, photo in enumerate(photos, start=1):
            outputs.append(_analyse_one(photo, key_id, networks))
            on_photo(done)
    except BaseException:
        for output in outputs:
            delete_images(output.images)
        raise
    session = summarise_session([output.analysis for output in outputs])
    return SessionResult(photos=tuple(outputs), session=session, summary=session_to_json(session))


def _analyse_one(photo: PhotoInput, key_id: UUID, networks: Networks) -> PhotoOutput:
    try:
        data = read_all(key_id=key_id, name=photo.file_name, limit=photo.size_bytes)
    except VaultError as error:
        raise PhotoUnreadable(type(error).__name__) from error
    try:
        analysis = analyse_photo(data, PhotoContext(view=photo.view, px_per_mm=photo.px_per_mm), networks)
    except ImageRejected as error:
        raise PhotoUnreadable(error.code) from error
    sealed: list[DerivedFile] = []
    try:
        for image in analysis.images:
            sealed.append(_seal(image, key_id))
    except BaseException:
        delete_images(sealed)
        raise
    return PhotoOutput(photo.photo_id, analysis, photo_to_json(analysis), tuple(sealed))


def _seal(image: EncodedImage, key_id: UUID) -> DerivedFile:
    stored: SealedFile = seal_file(key_id=key_id, source=io.BytesIO(image.data), folder="derived")
    return DerivedFile(image.kind.value, image.media_type, image.width_px, image.height_px, stored.name)


def delete_images(images: Sequence[DerivedFile]) -> None:
    """Delete sealed pictures; one that is already gone is no error."""
    for image in images:
        try:
            delete_file(image.file_name)
        except VaultError:
            log.warning("a derived picture could not be deleted", extra={"code": "derived_left_over"})
