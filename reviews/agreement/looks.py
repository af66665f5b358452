"""What was signed or graded although a photograph had never been opened: there must be none. Counted from the looks
themselves, apart from the rule that forbids it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from patients.models import Photo
from reviews.models import FindingOpened, Opinion, PhotoLook, Read, Review


@dataclass(frozen=True, slots=True)
class Period:
    """From (included) to (excluded)."""

    start: datetime
    end: datetime


def photos_unseen(signed: list[UUID]) -> tuple[UUID, ...]:
    """Signed reviews with a photograph that the reviewer had never opened."""
    rows = Review.objects.filter(pk__in=signed).values_list("pk", "session_id", "decided_at", "closed_at")
    judged = {pk: (session_id, decided or closed) for pk, session_id, decided, closed in rows}
    photos = _photos({session_id for session_id, _at in judged.values()})
    looked = set(
        FindingOpened.objects.filter(review__in=signed, subject_kind="photo").values_list("review_id", "subject_id")
    )
    return tuple(
        sorted(
            pk
            for pk, (session_id, at) in judged.items()
            if any((pk, photo) not in looked for photo in _before(photos, session_id, at))
        )
    )


def graded_unseen(clinic_id: UUID, period: Period) -> tuple[UUID, ...]:
    """Grades and answers of asked colleagues, committed in the period although a photograph of the case had never been
    on the stage of whom gave them: independent readers and asked colleagues anywhere, a holder in their review."""
    given = Read.objects.filter(
        case__clinic_id=clinic_id, committed_at__gte=period.start, committed_at__lt=period.end
    ).values_list("pk", "case__session_id", "reader_id", "review_id", "committed_at")
    opinions = Opinion.objects.filter(
        clinic_id=clinic_id, answered_at__gte=period.start, answered_at__lt=period.end
    ).values_list("pk", "session_id", "answered_by_id", "answered_at")
    reads = [(pk, session, review or reader, at) for pk, session, reader, review, at in given]
    graded = [*reads, *opinions]
    photos = _photos({session_id for _pk, session_id, _who, _at in graded})
    looks = PhotoLook.objects.filter(photo__session__in=photos)
    holders = FindingOpened.objects.filter(review__session__in=photos, subject_kind="photo")
    looked = {*looks.values_list("member_id", "photo_id"), *holders.values_list("review_id", "subject_id")}
    return tuple(
        sorted(
            pk
            for pk, session_id, who, at in graded
            if any((who, photo) not in looked for photo in _before(photos, session_id, at))
        )
    )


def _photos(sessions: Iterable[UUID]) -> dict[UUID, list[tuple[UUID, datetime]]]:
    """Present first takes of each case, with when they came."""
    found: dict[UUID, list[tuple[UUID, datetime]]] = {}
    rows = Photo.objects.present().filter(session__in=list(sessions), repeat_of=None)
    for pk, session_id, at in rows.values_list("pk", "session_id", "created_at"):
        found.setdefault(session_id, []).append((pk, at))
    return found


def _before(photos: Mapping[UUID, list[tuple[UUID, datetime]]], session_id: UUID, at: datetime | None) -> list[UUID]:
    """Photographs that were there when somebody judged: what came later, after a retake, was judged anew."""
    return [pk for pk, came in photos.get(session_id, []) if at is None or came <= at]
