"""Regions that a blind reader draws before committing: kept stroke by stroke, and frozen with the grade."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotAllowed, NotFound
from accounts.roles import Permission
from patients.models import PhotoSession
from reviews.blind_details import MOST_REGIONS, Details, DrawnRegion, check
from reviews.decisions import photos_in_order
from reviews.models import ReadMarks
from reviews.outlines import fractions
from reviews.payloads import own_region
from reviews.services.holding import held_review
from reviews.services.reader_rules import check_reader, locked_reading
from reviews.visibility import findings_hidden
from reviews.workflow import State
from vision.types import View


@dataclass(frozen=True, slots=True)
class Stroke:
    """One change on the stage: "create", "update", "delete" or "restore"; the outline in pixels of the photograph."""

    action: str
    region_id: UUID | None
    kind: str
    polygon_px: Sequence[tuple[float, float]]


@transaction.atomic
def mark_for_read(*, actor: Actor, case_id: UUID, photo_id: UUID, stroke: Stroke, now: datetime) -> UUID:
    """Draw, change or remove a region of one's own as the second or third reader. Returns its id.

    Raises as committing a read does; NotFound for another case's photograph or region; Invalid for a bad outline.
    """
    actor.check(Permission.COMMIT_READ)
    case = locked_reading(actor, case_id)
    check_reader(case, actor)
    return _keep(case.session, actor, photo_id, stroke, now)


@transaction.atomic
def mark_for_grade(*, actor: Actor, review_id: UUID, photo_id: UUID, stroke: Stroke, now: datetime) -> UUID:
    """The same as the holder of a case whose findings are closed until the grade. Raises DomainError ``graded``."""
    actor.check(Permission.COMMIT_READ)
    review = held_review(actor, review_id, now, states=(State.CLAIMED,))
    if not findings_hidden(actor, review.session):
        raise DomainError("graded", _("The findings are open: regions that the models missed are drawn beside them."))
    return _keep(review.session, actor, photo_id, stroke, now)


def marks_of(session: PhotoSession, member_id: UUID | None) -> tuple[DrawnRegion, ...]:
    """What a reader has drawn so far, on present photographs."""
    row = ReadMarks.objects.filter(session=session, member_id=member_id).select_related("session__patient").first()
    present = {photo.pk for photo in photos_in_order(session)}
    regions = (DrawnRegion.from_dict(stored) for stored in (row.regions if row else ()))
    return tuple(region for region in regions if region.photo in present)


def freeze(session: PhotoSession, member_id: UUID, given: Details | None) -> Details:
    """The details of a grade as it is committed: what was given, and the regions drawn on the stage where none were
    given. What was drawn is now part of the grade. Raises as :func:`reviews.blind_details.check`."""
    details = given or Details()
    if not details.regions:
        details = replace(details, regions=marks_of(session, member_id))
    if details.regions:
        details = replace(details, none_seen=False)
    regions = tuple(replace(region, polygon=_checked(region)) for region in details.regions)
    details = replace(details, regions=regions)
    photos = photos_in_order(session)
    closeups = [photo.pk for photo in photos if not View(photo.view).is_global]
    check(details, photos=[photo.pk for photo in photos], closeups=closeups)
    ReadMarks.objects.filter(session=session, member_id=member_id).delete()
    return details


def _keep(session: PhotoSession, actor: Actor, photo_id: UUID, stroke: Stroke, now: datetime) -> UUID:
    photo = next((photo for photo in photos_in_order(session) if photo.pk == photo_id), None)
    if photo is None:
        raise NotFound
    if stroke.action not in ("create", "update", "delete", "restore"):
        raise Invalid("bad_outline", _("The outline cannot be read. Draw it again."))
    if actor.membership_id is None:
        raise NotAllowed(_("Only staff of the clinic review cases."))
    row, _new = ReadMarks.objects.select_for_update(of=("self",)).get_or_create(
        session=session, member_id=actor.membership_id, defaults={"changed_at": now}
    )
    regions = {UUID(stored["id"]): DrawnRegion.from_dict(stored) for stored in row.regions}
    stands = regions.get(stroke.region_id) if stroke.region_id else None
    if stroke.action in ("update", "delete") and (stands is None or stands.photo != photo_id):
        raise NotFound
    if stroke.action == "delete" and stands is not None:
        del regions[stands.id]
        region_id = stands.id
    else:
        if stands is None and len(regions) >= MOST_REGIONS:
            raise Invalid("too_many_regions", _("That is as many regions as one reader can draw. Remove one first."))
        region_id = stands.id if stands else uuid.uuid4()
        points = fractions(stroke.polygon_px, photo.width_px, photo.height_px)
        drawn = DrawnRegion(region_id, photo_id, stands.kind if stands else stroke.kind, points)
        regions[region_id] = replace(drawn, polygon=_checked(drawn))
    row.regions = [region.to_dict() for region in regions.values()]
    row.changed_at = now
    row.save(update_fields=["regions", "changed_at"])
    return region_id


def _checked(region: DrawnRegion) -> tuple[tuple[float, float], ...]:
    """The part of the outline that lies in the picture. Raises Invalid for what is no area or of no known kind."""
    payload = own_region(kind=region.kind, polygon=region.polygon, labels=None)
    return tuple((float(x), float(y)) for x, y in payload["polygon"])
