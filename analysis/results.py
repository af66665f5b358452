"""What a worker hands over to be recorded: pure values, so that services can name them without loading a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DerivedFile:
    """A derived picture as it lies in the vault. ``kind`` is a ``vision.types.ImageKind``, sizes in px."""

    kind: str
    media_type: str
    width_px: int
    height_px: int
    file_name: str


@dataclass(frozen=True, slots=True)
class PhotoOutput:
    """One photo's analysis as ``vision.codec.photo_to_json`` writes it, and its pictures in the vault."""

    photo_id: UUID
    json: Mapping[str, Any]
    images: tuple[DerivedFile, ...]


@dataclass(frozen=True, slots=True)
class SessionResult:
    """Everything to record about one session; ``summary`` as ``vision.codec.session_to_json`` writes it."""

    photos: tuple[PhotoOutput, ...]
    summary: Mapping[str, Any]

    def images(self) -> Iterator[DerivedFile]:
        """Every picture of the result."""
        for photo in self.photos:
            yield from photo.images


@dataclass(frozen=True, slots=True)
class PairResult:
    """Everything to record about one comparison: ``json`` as ``vision.change_codec`` writes it, or why there is none.

    ``not_comparable`` is a ``vision.registration.ComparisonReason``, empty where the two could be compared.
    """

    json: Mapping[str, Any]
    not_comparable: str
    images: tuple[DerivedFile, ...]
