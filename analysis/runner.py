"""The only place that runs networks: a worker's process loads them once, and analyses one claimed session.

Nothing here writes to the database. Derived pictures are sealed as they are made; whoever does not record them deletes
them (``analysis.services.discard``).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from django.conf import settings

from analysis.by_hand import UNTOUCHED, ByHand
from analysis.results import DerivedFile, PhotoOutput, SessionResult
from analysis.storage import delete_images
from vault.errors import VaultError
from vault.files import SealedFile, read_all, seal_file
from vision.batching import LARGEST_BATCH, together
from vision.change.types import CardLight
from vision.codec import photo_to_json, session_to_json
from vision.decode import ImageRejected
from vision.pipeline import Networks, analyse_photo, load_networks, open_photo, summarise_session
from vision.types import EncodedImage, PhotoAnalysis, PhotoContext, RgbImage, View


@dataclass(frozen=True, slots=True)
class PhotoInput:
    """One photo to measure: where its sealed bytes lie, and what is known about it."""

    photo_id: UUID
    file_name: str
    size_bytes: int
    view: View
    px_per_mm: float | None
    repeat_of: UUID | None = None  # the first take of which it is the second
    card_light: CardLight | None = None  # what a calibration card in the picture says of its light
    by_hand: ByHand = UNTOUCHED  # what clinicians put in place of the models' reading; a comparison's


class PhotoUnreadable(Exception):
    """A stored photo cannot be opened or decoded: trying again will not help. ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@lru_cache(maxsize=2)
def networks_for(releases: tuple[tuple[str, str], ...]) -> Networks:
    """The networks of a pipeline, loaded and warmed once per process. ``releases``: (task, release id) pairs."""
    chosen = settings.ANALYSIS_BACKEND
    return load_networks(dict(releases), backend=None if chosen == "auto" else chosen)


def analyse(
    *,
    photos: Sequence[PhotoInput],
    key_id: UUID,
    folder: str,
    releases: dict[str, str],
    male: bool,
    vellus_cutoff_um: float,
    on_photo: Callable[[int], None],
) -> SessionResult:
    """Measure every photo and what they say together. Derived pictures are sealed in ``folder``.

    ``male``: the patient is known to be a man, which one of the scales asks; ``vellus_cutoff_um`` is the clinic's.
    ``on_photo(done)`` is called after each photo; what it raises ends the run. Raises :class:`PhotoUnreadable`.
    On any exception the pictures sealed so far are deleted.
    """
    networks = networks_for(tuple(sorted(releases.items())))
    outputs: list[PhotoOutput] = []
    found: list[PhotoAnalysis] = []
    try:
        for first in range(0, len(photos), LARGEST_BATCH):
            group = photos[first : first + LARGEST_BATCH]
            pictures = [opened(photo, key_id) for photo in group]
            looked = together([image for image, _ in pictures], [photo.view for photo in group], networks)
            for photo, (image, size_px) in zip(group, pictures, strict=True):
                context = PhotoContext(photo.view, photo.px_per_mm, male, vellus_cutoff_um)
                analysis = analyse_photo(image, context, looked, size_px)
                outputs.append(
                    PhotoOutput(photo.photo_id, photo_to_json(analysis), seal_all(analysis.images, key_id, folder))
                )
                found.append(replace(analysis, images=()))  # a session's pictures are not kept in memory
                on_photo(len(found))
    except BaseException:
        for output in outputs:
            delete_images(output.images)
        raise
    grader = None if networks.norwood is None else networks.norwood.release
    here = {photo.photo_id for photo in photos}
    each_view_once = [one for photo, one in zip(photos, found, strict=True) if photo.repeat_of not in here]
    summary = summarise_session(each_view_once, male=male, grader=grader)
    return SessionResult(photos=tuple(outputs), summary=session_to_json(summary))


def opened(photo: PhotoInput, key_id: UUID) -> tuple[RgbImage, tuple[int, int]]:
    """The pixels that a stored photo is measured on, and its own size. Raises :class:`PhotoUnreadable`."""
    try:
        return open_photo(read_all(key_id=key_id, name=photo.file_name, limit=photo.size_bytes), photo.view)
    except VaultError as error:
        raise PhotoUnreadable(type(error).__name__) from error
    except ImageRejected as error:
        raise PhotoUnreadable(error.code) from error


def seal_all(images: Sequence[EncodedImage], key_id: UUID, folder: str) -> tuple[DerivedFile, ...]:
    """Derived pictures into the vault; on an exception those sealed so far are deleted."""
    sealed: list[DerivedFile] = []
    try:
        for image in images:
            sealed.append(_seal(image, key_id, folder))
    except BaseException:
        delete_images(sealed)
        raise
    return tuple(sealed)


def _seal(image: EncodedImage, key_id: UUID, folder: str) -> DerivedFile:
    stored: SealedFile = seal_file(key_id=key_id, source=io.BytesIO(image.data), folder=folder)
    return DerivedFile(image.kind.value, image.media_type, image.width_px, image.height_px, stored.name)
