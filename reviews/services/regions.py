"""Regions that the models missed: drawn, changed, merged and removed by the clinician; and scales set by hand."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import Invalid, NotFound
from accounts.roles import Permission
from patients.models import Photo
from patients.selectors import photos_of
from reviews.label_maps import photo_labels
from reviews.models import ManualScale, OwnRegion, Review
from reviews.outlines import fractions, merged, px_per_mm
from reviews.own_regions import RegionNow, manual_scales, own_regions
from reviews.payloads import own_region
from reviews.services.acts import acting_membership, append_region
from reviews.services.holding import graded_review
from reviews.turns import next_turn

Act = OwnRegion.Act
Polygon = Sequence[tuple[float, float]]

MAX_OWN_REGIONS = 40
"""Regions that one review may add; more is a hand that slipped."""


@transaction.atomic
def add_region(
    *, actor: Actor, review_id: UUID, photo_id: UUID, kind: str, polygon: Polygon, now: datetime, reason: str = ""
) -> RegionNow:
    """Add a region that the models missed. ``polygon`` in picture fractions; the reason may follow before deciding.

    Raises NotFound for a photograph of another case, Invalid for an outline that is no area, ``too_many_regions``.
    """
    review = _held(actor, review_id, now)
    photo = _photo(review, photo_id)
    if len(own_regions(review)) >= MAX_OWN_REGIONS:
        raise Invalid("too_many_regions", _("That is as many regions as one review can add. Remove one first."))
    payload = own_region(kind=kind, polygon=polygon, labels=photo_labels(review.analysis_id, photo))
    region_id = uuid.uuid4()
    append_region(
        review, photo, region_id, actor, now, act=Act.DRAWN, payload=payload, reason=reason.strip(),
        turn=next_turn(review),
    )  # fmt: skip
    return _region(review, region_id)


@transaction.atomic
def change_region(
    *,
    actor: Actor,
    review_id: UUID,
    region_id: UUID,
    now: datetime,
    kind: str | None = None,
    polygon: Polygon | None = None,
    reason: str | None = None,
) -> RegionNow:
    """Give an own region another outline, kind or reason; what is None stays. Raises NotFound, or as adding does."""
    review = _held(actor, review_id, now)
    stands = _region(review, region_id)
    payload = own_region(
        kind=kind or stands.kind,
        polygon=stands.polygon if polygon is None else polygon,
        labels=photo_labels(review.analysis_id, stands.photo),
    )
    append_region(
        review, stands.photo, region_id, actor, now, act=Act.CHANGED, payload=payload,
        reason=stands.reason if reason is None else reason.strip(), turn=next_turn(review),
    )  # fmt: skip
    return _region(review, region_id)


@transaction.atomic
def remove_region(*, actor: Actor, review_id: UUID, region_id: UUID, now: datetime) -> Review:
    """Take an own region out; the history keeps it, and undo brings it back."""
    review = _held(actor, review_id, now)
    stands = _region(review, region_id)
    append_region(review, stands.photo, region_id, actor, now, act=Act.REMOVED, turn=next_turn(review))
    return review


@transaction.atomic
def merge_regions(*, actor: Actor, review_id: UUID, region_id: UUID, other_id: UUID, now: datetime) -> RegionNow:
    """Make one region of two own ones that touch: the first takes the outline around both, the other is removed.

    Raises NotFound, Invalid ``not_touching``, ``not_together`` for regions of two photographs or of two kinds.
    """
    review = _held(actor, review_id, now)
    first, other = _region(review, region_id), _region(review, other_id)
    if region_id == other_id or first.photo.pk != other.photo.pk or first.kind != other.kind:
        raise Invalid("not_together", _("Only two regions of one kind on one photograph can be merged."))
    photo = first.photo
    around = merged([first.polygon, other.polygon], photo.width_px, photo.height_px)
    payload = own_region(kind=first.kind, polygon=around, labels=photo_labels(review.analysis_id, photo))
    reason = "; ".join(dict.fromkeys(text for text in (first.reason, other.reason) if text))
    turn = next_turn(review)
    append_region(review, photo, region_id, actor, now, act=Act.CHANGED, payload=payload, reason=reason, turn=turn)
    append_region(review, photo, other_id, actor, now, act=Act.REMOVED, turn=turn)
    return _region(review, region_id)


@transaction.atomic
def change_shape(
    *, actor: Actor, review_id: UUID, photo_id: UUID, region_id: UUID, polygon_px: Polygon, now: datetime
) -> RegionNow:
    """Keep the outline of an own region as it was drawn on the stage (pixels of the photograph)."""
    photo = _photo(_held(actor, review_id, now), photo_id)
    polygon = fractions(polygon_px, photo.width_px, photo.height_px)
    return change_region(actor=actor, review_id=review_id, region_id=region_id, polygon=polygon, now=now)


@transaction.atomic
def draw_shape(
    *, actor: Actor, review_id: UUID, photo_id: UUID, kind: str, polygon_px: Polygon, now: datetime
) -> RegionNow:
    """Add the region that was drawn on the stage (pixels of the photograph)."""
    photo = _photo(_held(actor, review_id, now), photo_id)
    polygon = fractions(polygon_px, photo.width_px, photo.height_px)
    return add_region(actor=actor, review_id=review_id, photo_id=photo_id, kind=kind, polygon=polygon, now=now)


@transaction.atomic
def set_scale(
    *, actor: Actor, review_id: UUID, photo_id: UUID, points: Polygon, length_mm: float, now: datetime
) -> ManualScale:
    """Keep the scale of a photograph from two points (picture fractions) ``length_mm`` apart; an earlier one ends.

    Raises NotFound, Invalid ``bad_points`` or ``bad_length``.
    """
    review = _held(actor, review_id, now)
    photo = _photo(review, photo_id)
    scale = px_per_mm(points, length_mm, photo.width_px, photo.height_px)
    ManualScale.objects.filter(photo=photo, removed_at=None).update(removed_at=now)
    row: ManualScale = ManualScale.objects.create(
        photo=photo,
        review=review,
        points=[[float(x), float(y)] for x, y in points],
        length_mm=length_mm,
        px_per_mm=scale,
        set_by_id=acting_membership(actor),
        set_at=now,
    )
    _audit_scale(review, actor, photo, "scale.set", now)
    return row


@transaction.atomic
def remove_scale(*, actor: Actor, review_id: UUID, photo_id: UUID, now: datetime) -> Review:
    """End the scale that was set by hand; the card's, if the picture shows one, counts again. NotFound without one."""
    review = _held(actor, review_id, now)
    photo = _photo(review, photo_id)
    if photo.pk not in manual_scales(review.session):
        raise NotFound
    ManualScale.objects.filter(photo=photo, removed_at=None).update(removed_at=now)
    _audit_scale(review, actor, photo, "scale.removed", now)
    return review


def _held(actor: Actor, review_id: UUID, now: datetime) -> Review:
    actor.check(Permission.REVIEW_FINDINGS)
    return graded_review(actor, review_id, now)


def _photo(review: Review, photo_id: UUID) -> Photo:
    photo = next((photo for photo in photos_of(review.session) if photo.pk == photo_id), None)
    if photo is None:
        raise NotFound
    return photo


def _region(review: Review, region_id: UUID) -> RegionNow:
    region = next((region for region in own_regions(review) if region.region_id == region_id), None)
    if region is None:
        raise NotFound
    return region


def _audit_scale(review: Review, actor: Actor, photo: Photo, action: str, now: datetime) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        patient_id=review.session.patient_id,
        subject_kind="photo",
        subject_id=photo.pk,
        detail={"review": str(review.pk), "photos": [str(photo.pk)]},
    )
