"""Which photographs a reader has had on the stage: nothing is graded unseen, by whoever grades it.

Independent readers and asked colleagues look as persons; the holder looks in the review that they hold, as for signing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import ngettext

from accounts.actors import Actor
from accounts.errors import Invalid
from patients.models import Photo, PhotoSession
from reviews.decisions import photos_in_order
from reviews.models import PhotoLook, Review
from reviews.wording import short_place


def note_look(session: PhotoSession, actor: Actor, photo: Photo | None, now: datetime) -> None:
    """The photograph came to this person's stage (once is enough); None: the session has none left."""
    if photo is not None and actor.membership_id is not None:
        PhotoLook.objects.get_or_create(photo=photo, member_id=actor.membership_id, defaults={"at": now})


def opened_by(photos: Iterable[Photo], member_id: UUID | None) -> frozenset[UUID]:
    """Which of these photographs a member has had on the stage."""
    rows = PhotoLook.objects.filter(photo__in=[photo.pk for photo in photos], member_id=member_id)
    return frozenset(rows.values_list("photo_id", flat=True))


def left_to_open(session: PhotoSession, actor: Actor) -> list[Photo]:
    """The photographs of the case that this person has not had on the stage yet, in the order of the protocol."""
    photos = photos_in_order(session)
    opened = opened_by(photos, actor.membership_id)
    return [photo for photo in photos if photo.pk not in opened]


def check_all_opened(session: PhotoSession, actor: Actor) -> None:
    """Raises Invalid ``photos_unopened``, naming them, while a photograph was not on this person's stage."""
    _refuse(left_to_open(session, actor))


def check_all_opened_in(review: Review) -> None:
    """The same for the holder's blind grade: every photograph was opened in the review they hold, as for signing."""
    opened = set(review.opened.filter(subject_kind="photo").values_list("subject_id", flat=True))
    _refuse([photo for photo in photos_in_order(review.session) if photo.pk not in opened])


def _refuse(left: Sequence[Photo]) -> None:
    if left:
        names = ", ".join(short_place(photo.view, photo.site) for photo in left)
        text = ngettext(
            "Not yet: look at this photograph first: %(names)s.",
            "Not yet: look at these photographs first: %(names)s.",
            len(left),
        )
        raise Invalid("photos_unopened", text % {"names": names})


@dataclass(frozen=True, slots=True)
class PhotoSeen:
    """A photograph of a case, and whether somebody has had it on the stage."""

    id: UUID
    view: str
    site: str
    opened: bool


def photos_seen(session: PhotoSession, actor: Actor) -> list[PhotoSeen]:
    """The photographs of the case in the order of the protocol, with what this person has opened."""
    photos = photos_in_order(session)
    opened = opened_by(photos, actor.membership_id)
    return [PhotoSeen(photo.pk, photo.view, photo.site, photo.pk in opened) for photo in photos]
