"""The photographs as an independent reader or an asked colleague sees them: on the stage of the desk, one by one.

Made from photographs and from what readers themselves drew. No finding, derived picture, outline of a model, scale or
decision comes into this module, so that none can reach somebody who has not graded yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from patients.models import Photo, PhotoSession
from reviews.blind_details import Details, DrawnRegion
from reviews.decisions import photos_in_order
from reviews.models import CaseReading, Read
from reviews.presenters.stage import SecondTake, picture_sources, second_take_beside
from reviews.services.looks import opened_by
from reviews.services.marks import marks_of
from reviews.services.readings import photo_on_stage
from reviews.wording import numbered, short_place, short_view, view_name
from vision.density import FRAME_INSET
from vision.types import View

PREVIOUS, NEXT = "[", "]"
REGION_NAMES: Final[Mapping[str, str | Promise]] = {"bald": gettext_lazy("Bald"), "thinning": gettext_lazy("Thinning")}


@dataclass(frozen=True, slots=True)
class ReadTile:
    """One photograph of the strip. ``key`` brings it to the stage when it stands beside the one that is there;
    ``opened``: it has been there for this reader."""

    id: UUID
    name: str
    place: str  # the same with the site of a close-up
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
    shapes: dict[str, Any] | None = None  # what readers drew and the frame to count in; None: a case nobody draws on
    marks_url: str = ""  # where this reader's strokes go; empty: the grade is committed
    readers: tuple[str, ...] = ()  # whose regions are shown, in the order of their colours

    @property
    def sources_json(self) -> str:
        """The sizes for the script that loads them."""
        return json.dumps(self.sources)

    @property
    def shapes_json(self) -> str:
        """The shapes for the script that draws them."""
        return json.dumps(self.shapes)

    @property
    def first_url(self) -> str:
        """The smallest size: what shows until the stage is there."""
        return str(self.sources[0]["url"])

    @property
    def left(self) -> tuple[str, ...]:
        """Names of the photographs that this reader has not opened yet."""
        return tuple(tile.place for tile in self.tiles if not tile.opened)

    @property
    def label(self) -> str:
        """The name of the stage among the landmarks of the page."""
        return _("Photograph: %(view)s") % {"view": self.name}


def read_stage(
    session: PhotoSession,
    photo_id: UUID | None = None,
    reader: UUID | None = None,
    *,
    case: CaseReading | None = None,
    shown: Sequence[Read] = (),
) -> ReadStage | None:
    """The photograph that was asked for, or the first of the protocol; None when the patient removed all of them.

    ``reader``: the membership whose looks mark the strip, and who draws on ``case``; ``shown``: committed reads that
    this person may see, whose regions are shown beside.
    """
    photos = photos_in_order(session)
    photo = photo_on_stage(photos, photo_id)
    if photo is None:
        return None
    at = photos.index(photo)
    opened = opened_by(photos, reader)
    committed = any(read.reader_id == reader for read in shown)
    return ReadStage(
        photo=photo,
        name=numbered(view_name(photo.view, photo.site), photo, photos),
        url=reverse("patients:photo", args=[photo.pk]),
        sources=picture_sources(photo),
        second_take=second_take_beside(photo),
        tiles=tuple(
            ReadTile(
                id=one.pk,
                name=numbered(short_view(one.view), one, photos, short=True),
                place=numbered(short_place(one.view, one.site), one, photos, short=True),
                current=one.pk == photo.pk,
                key={at - 1: PREVIOUS, at + 1: NEXT}.get(number, ""),
                opened=one.pk in opened,
            )
            for number, one in enumerate(photos)
        ),
        shapes=reader_shapes(photo, () if committed else marks_of(session, reader), shown) if case else None,
        marks_url=reverse("reviews:read_marks", args=[case.pk, photo.pk]) if case and not committed else "",
        readers=tuple(read.reader.display_name for read in shown if Details.from_dict(read.details).regions),
    )


def reader_shapes(photo: Photo, marks: Sequence[DrawnRegion], shown: Sequence[Read] = ()) -> dict[str, Any]:
    """What is drawn on a photograph that is read blind: the reader's own regions, those of committed reads that may be
    seen, and on a close-up the frame in which hairs are counted. Nothing of the models."""
    items = [_shape(photo, region, "own", str(REGION_NAMES[region.kind]), own=True) for region in marks]
    states = ("accepted", "corrected", "proposed")
    drew = [read for read in shown if Details.from_dict(read.details).regions]
    for state, read in zip(states, drew, strict=False):
        for region in Details.from_dict(read.details).regions:
            words = {"name": read.reader.display_name, "kind": REGION_NAMES[region.kind]}
            items.append(_shape(photo, region, state, _("%(name)s: %(kind)s") % words, own=False))
    found: list[dict[str, Any]] = [item for item in items if item]
    if not View(photo.view).is_global:
        width, height = photo.width_px, photo.height_px
        box = [FRAME_INSET * width, FRAME_INSET * height, (1 - 2 * FRAME_INSET) * width, (1 - 2 * FRAME_INSET) * height]
        found.append(
            {"id": "frame", "type": "box", "box": box, "state": "rejected", "label": _("Frame to count in"),
             "editable": False}
        )  # fmt: skip
    return {"width": photo.width_px, "height": photo.height_px, "items": found}


def _shape(photo: Photo, region: DrawnRegion, state: str, label: str, *, own: bool) -> dict[str, Any]:
    if region.photo != photo.pk:
        return {}
    return {
        "id": str(region.id),
        "type": "polygon",
        "polygon": [[x * photo.width_px, y * photo.height_px] for x, y in region.polygon],
        "state": state,
        "label": label,
        "editable": own,
        "own": own,
    }
