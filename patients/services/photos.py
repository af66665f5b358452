"""Photos: taken in, judged, sealed, replaced and removed. Nothing stays half-stored."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.errors import DomainError, Invalid
from accounts.roles import Permission
from patients import photo_intake, repeats, selectors
from patients.capture_protocol import TrichoscopySite
from patients.models import Photo, PhotoSession
from patients.services.locks import draft_for, locked_draft
from patients.services.scales import scale_of
from patients.services.storage import delete_after_commit
from vault import files
from vision.decode import ImageRejected
from vision.types import View

MAX_PHOTOS: Final = 40
"""Present photos of one session."""


@dataclass(frozen=True, slots=True)
class SealedPhoto:
    """A photo whose files lie sealed in the store while no row names them yet."""

    original: files.SealedFile
    thumbnail: files.SealedFile
    index: str
    incoming: photo_intake.IncomingPhoto


def add_photo(
    *,
    actor: Actor,
    session_id: UUID,
    view: View,
    site: str,
    upload: BinaryIO,
    claimed_type: str,
    claimed_extension: str,
    now: datetime,
) -> Photo:
    """Take one photograph into a session being prepared. One that fails the gate is kept, marked, never measured.

    Raises NotFound, DomainError (``session_not_open``, ``duplicate_photo``, ``photo_used_before``,
    ``too_many_photos``), Invalid (``site_needed``, or a code of ``vision.decode.RejectionCode``).
    """
    actor.check(Permission.CAPTURE_SESSION)
    session = draft_for(actor, session_id)
    claimed = photo_intake.claim_of(extension=claimed_extension, media_type=claimed_type)
    with sealed_photo(session, view=view, site=site, upload=upload, claimed=claimed) as sealed, transaction.atomic():
        return store_photo(actor, locked_draft(actor, session_id), sealed, view=view, site=site, now=now)


@contextmanager
def sealed_photo(
    session: PhotoSession, *, view: View, site: str, upload: BinaryIO, claimed: str | None
) -> Iterator[SealedPhoto]:
    """Examine and seal an upload outside any transaction; the files are deleted again when the block fails."""
    check_site(view, site)
    try:
        data = photo_intake.read_upload(upload, max_bytes=settings.UPLOAD_MAX_BYTES)
        index = selectors.photo_index(session.patient_id, photo_intake.digest(data))
        check_new(session, index)
        incoming = photo_intake.examine(data, view=view, claimed=claimed, max_pixels=settings.UPLOAD_MAX_PIXELS)
    except ImageRejected as refused:
        raise Invalid(str(refused.code), photo_intake.refusal(refused.code)) from refused
    del data
    key_id = session.patient.key_id
    folder = photos_folder(session)
    original = files.seal_file(key_id=key_id, source=io.BytesIO(incoming.clean.data), folder=folder)
    with files.kept_if_successful(original):
        thumbnail = files.seal_file(key_id=key_id, source=io.BytesIO(incoming.thumbnail_webp), folder=folder)
        with files.kept_if_successful(thumbnail):
            yield SealedPhoto(original, thumbnail, index, incoming)


def store_photo(
    actor: Actor, session: PhotoSession, sealed: SealedPhoto, *, view: View, site: str, now: datetime
) -> Photo:
    """Record a sealed photo in its locked session, inside the caller's transaction."""
    check_new(session, sealed.index)
    if Photo.objects.present().filter(session=session).count() >= MAX_PHOTOS:
        raise DomainError("too_many_photos", photo_intake.refusal("too_many_photos"))
    clean = sealed.incoming.clean
    card, bar = photo_intake.card_dict(sealed.incoming.card), photo_intake.bar_dict(sealed.incoming.bar)
    scale = scale_of(session, view, clean.width_px, card, bar)
    photo = Photo(
        id=uuid.uuid4(),
        session=session,
        view=view.value,
        site=site,
        file_name=sealed.original.name,
        thumbnail_name=sealed.thumbnail.name,
        media_type=clean.media_type.value,
        sha256=sealed.index,
        width_px=clean.width_px,
        height_px=clean.height_px,
        size_bytes=sealed.original.size_plain,
        capture=photo_intake.facts_dict(sealed.incoming.facts)
        | ({"card": card} if card else {})
        | ({"bar": bar} if bar else {})
        | ({"scale": scale.told_by} if scale else {}),
        px_per_mm=scale.px_per_mm if scale else None,
        repeat_of=repeats.first_take(session, selectors.photos_of(session), view, site),
        quality=photo_intake.quality_dict(sealed.incoming.quality),
        quality_passed=sealed.incoming.quality.passed,
        created_at=now,
    )
    try:
        with transaction.atomic():
            photo.save(force_insert=True)
    except IntegrityError as clash:
        raise DomainError("duplicate_photo", photo_intake.refusal("duplicate_photo")) from clash
    _retire_replaced(photo, now)
    detail = {"view": photo.view, "quality_passed": photo.quality_passed} | ({"take": 2} if photo.take == 2 else {})
    _audit(actor, photo, "photo.added", now, detail)
    return photo


@transaction.atomic
def remove_photo(*, actor: Actor, photo_id: UUID, now: datetime) -> PhotoSession:
    """Take a photo out of a session being prepared. What no clinician has seen is deleted; the rest only leaves."""
    actor.check(Permission.CAPTURE_SESSION)
    session = locked_draft(actor, selectors.photo_for(actor, photo_id).session_id)
    photo = Photo.objects.present().select_for_update().filter(pk=photo_id).first()
    if photo is None:
        return session
    photo.session = session
    _audit(actor, photo, "photo.removed", now, {"view": photo.view})
    if session.submitted_at is None or photo.created_at > session.submitted_at:
        delete_after_commit([photo.file_name, photo.thumbnail_name])
        photo.delete()
    else:
        photo.removed_at = now
        photo.save(update_fields=["removed_at"])
        photo.repeats.update(repeat_of=None)  # its second take is the first now; a deleted photo's becomes it by itself
    return session


def check_site(view: View, site: str) -> None:
    """A close-up names its site, an overview none. Raises Invalid ``site_needed``."""
    if view is View.TRICHOSCOPY and site not in set(TrichoscopySite):
        raise Invalid("site_needed", _("Choose the site of the close-up first: only the same site can be compared."))
    if view.is_global and site:
        raise Invalid("site_needed", _("Only a close-up has a site. Choose the view again."))


def check_new(session: PhotoSession, index: str) -> None:
    """DomainError when this very photo is in the session already, or was used in an earlier one."""
    same = Photo.objects.filter(session__patient_id=session.patient_id, sha256=index)
    if same.present().filter(session=session).exists():
        raise DomainError("duplicate_photo", photo_intake.refusal("duplicate_photo"))
    if same.exists():
        raise DomainError("photo_used_before", photo_intake.refusal("photo_used_before"))


def photos_folder(session: PhotoSession) -> str:
    """Where the files of a session's photos lie."""
    return f"photos/{session.pk.hex}"


def _retire_replaced(photo: Photo, now: datetime) -> None:
    """A good photo that answers a retake request takes the place of what the clinician did not accept."""
    if not photo.quality_passed:
        return
    for wish in photo.session.retake_views:
        if selectors.answers_retake(photo, wish):
            asked_at = datetime.fromisoformat(wish["asked_at"])
            older = Photo.objects.present().filter(session=photo.session, view=photo.view, created_at__lte=asked_at)
            older.update(removed_at=now)


def _audit(actor: Actor, photo: Photo, action: str, now: datetime, detail: dict[str, Any]) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=photo.session.patient.clinic_id,
        patient_id=photo.session.patient_id,
        subject_kind="photo",
        subject_id=photo.pk,
        detail={**detail, "session": str(photo.session_id)},
    )
