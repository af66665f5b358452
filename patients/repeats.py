"""Taking each view twice in one sitting (C8): when the protocol asks for it, and which photograph is a second take.

A second take is asked for once the first has passed the quality gate, with the camera put down in between; whatever
comes next of that view is it. Nobody has to take any view twice: a session is complete without.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from accounts.models import Clinic
from patients.models import Patient, Photo, PhotoSession
from vision.types import View


class TakeState(StrEnum):
    """Where a view stands in a session that takes each twice."""

    FIRST = "first"  # no good photo yet
    SECOND = "second"  # the first is good: once more
    DONE = "done"


def asked_for(patient: Patient) -> bool:
    """Whether a session that begins now takes each view twice, by the clinic's setting."""
    match Clinic.Repeats(patient.clinic.repeat_captures):
        case Clinic.Repeats.NEVER:
            return False
        case Clinic.Repeats.ALWAYS:
            return True
        case Clinic.Repeats.BASELINE:
            return not PhotoSession.objects.filter(patient=patient, submitted_at__isnull=False).exists()


def first_take(session: PhotoSession, photos: Sequence[Photo], view: View, site: str = "") -> Photo | None:
    """The good photo of which a new one of this view (and site) would be the second take; None where it would be a
    first. ``photos``: the session's present ones. What is older than the clinic's request for a retake does not count.
    """
    if not session.take_twice:
        return None
    good = _good(session, photos, view, site)
    repeated = {photo.repeat_of_id for photo in good if photo.repeat_of_id}
    firsts = [photo for photo in good if photo.repeat_of_id is None]
    if any(photo.pk in repeated for photo in firsts):
        return None
    return max(firsts, key=lambda photo: photo.created_at, default=None)


def take_state(session: PhotoSession, photos: Sequence[Photo], view: View, site: str = "") -> TakeState:
    """What the page asks for next of this view, in a session that takes each twice."""
    if first_take(session, photos, view, site) is not None:
        return TakeState.SECOND
    return TakeState.DONE if _good(session, photos, view, site) else TakeState.FIRST


def _good(session: PhotoSession, photos: Sequence[Photo], view: View, site: str) -> list[Photo]:
    asked = [datetime.fromisoformat(wish["asked_at"]) for wish in session.retake_views if wish["view"] == view.value]
    return [
        photo
        for photo in photos
        if (photo.view, photo.site) == (view.value, site)
        and photo.quality_passed
        and all(photo.created_at > moment for moment in asked)
    ]
