"""The photographs as an independent reader or an asked colleague sees them: on the stage of the desk, one by one.

Made from photographs alone. No finding, derived picture, outline, scale or decision comes into this module, so that
none can reach somebody who has not graded yet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from patients.models import Photo, PhotoSession
from reviews.decisions import photos_in_order
from reviews.presenters.stage import SecondTake, picture_sources, second_take_beside
from reviews.services.looks import opened_by
from reviews.services.readings import photo_on_stage
from reviews.wording import short_place, view_name

PREVIOUS, NEXT = "[", "]"


@dataclass(frozen=True, slots=True)
class ReadTile:
    """One photograph of the strip. ``key`` brings it to the stage when it stands beside the one that is there;
    ``opened``: it has been there for this reader."""

    id: UUID
    name: str
    current: bool
    key: str
    opened: bool


@dataclass(frozen=True, slots=True)
class ReadStage:
    """The photograph in the middle of a reader's page, and the strip of all of them."""

    photo: Photo
    name: str
    url: str
    sources: list[dict[str, Any]]  # the same picture in rising sizes: {url, width, height}
    second_take: SecondTake | None
    tiles: tuple[ReadTile, ...]

    @property
    def sources_json(self) -> str:
        """The sizes for the script that loads them."""
        return json.dumps(self.sources)

    @property
    def first_url(self) -> str:
        """The smallest size: what shows until the stage is there."""
        return str(self.sources[0]["url"])

    @property
    def left(self) -> tuple[str, ...]:
        """Names of the photographs that this reader has not opened yet."""
        return tuple(tile.name for tile in self.tiles if not tile.opened)

    @property
    def label(self) -> str:
        """The name of the stage among the landmarks of the page."""
        return _("Photograph: %(view)s") % {"view": self.name}


def read_stage(session: PhotoSession, photo_id: UUID | None = None, reader: UUID | None = None) -> ReadStage | None:
    """The photograph that was asked for, or the first of the protocol; None when the patient removed all of them.

    ``reader``: the membership whose looks mark the strip.
    """
    photos = photos_in_order(session)
    photo = photo_on_stage(photos, photo_id)
    if photo is None:
        return None
    at = photos.index(photo)
    opened = opened_by(photos, reader)
    return ReadStage(
        photo=photo,
        name=view_name(photo.view, photo.site),
        url=reverse("patients:photo", args=[photo.pk]),
        sources=picture_sources(photo),
        second_take=second_take_beside(photo),
        tiles=tuple(
            ReadTile(
                id=one.pk,
                name=short_place(one.view, one.site),
                current=one.pk == photo.pk,
                key={at - 1: PREVIOUS, at + 1: NEXT}.get(number, ""),
                opened=one.pk in opened,
            )
            for number, one in enumerate(photos)
        ),
    )
