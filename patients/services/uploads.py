"""Resumable uploads (tus 1.0): sealed parts, until the last byte makes them a photo or a reason.

No transaction is held while bytes arrive: a part is sealed first, then recorded if the offset is still the expected
one. A lost answer is harmless, because whoever asks next finds the recorded offset.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.http import UnreadablePostError
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import DomainError, Invalid, NotFound
from accounts.roles import Permission
from patients import photo_intake, selectors
from patients.errors import TooLarge, UploadGone
from patients.models import PhotoSession, Upload
from patients.services.locks import draft_for, locked_draft
from patients.services.photos import check_site, photos_folder, sealed_photo, store_photo
from patients.services.storage import delete_after_commit, delete_quietly, files_in, orphans_in
from vault import files
from vision.types import View

UPLOAD_LIFE: Final = timedelta(hours=24)
OUTCOME_LIFE: Final = timedelta(days=7)
ORPHAN_AGE: Final = timedelta(hours=1)
MAX_OPEN: Final = 50

logger = logging.getLogger(__name__)


@transaction.atomic
def create_upload(
    *,
    actor: Actor,
    session_id: UUID,
    view: View,
    site: str,
    length_bytes: int,
    claimed_type: str,
    claimed_extension: str,
    now: datetime,
) -> Upload:
    """Announce a file of ``length_bytes``. Raises TooLarge, Invalid ``empty``, DomainError ``session_not_open``."""
    actor.check(Permission.CAPTURE_SESSION)
    session = locked_draft(actor, session_id)
    check_site(view, site)
    if length_bytes <= 0:
        raise Invalid("empty", photo_intake.refusal("empty"))
    if length_bytes > settings.UPLOAD_MAX_BYTES:
        raise TooLarge("too_large", photo_intake.refusal("too_large"))
    if Upload.objects.filter(session=session, status=Upload.Status.RECEIVING, expires_at__gt=now).count() >= MAX_OPEN:
        raise DomainError("too_many_uploads", _("Too many uploads are under way. Let some of them finish first."))
    return Upload.objects.create(
        session=session,
        view=view.value,
        site=site,
        length_bytes=length_bytes,
        claimed_type=claimed_type[:40],
        claimed_extension=claimed_extension[:10],
        created_at=now,
        expires_at=now + UPLOAD_LIFE,
    )


def append_part(*, actor: Actor, upload_id: UUID, offset: int, source: BinaryIO, now: datetime) -> Upload:
    """Seal what arrives at ``offset`` and record it; on the last byte the photo is made, or the reason kept.

    Whatever arrived before a connection dropped is kept. Raises DomainError ``wrong_offset``, UploadGone, TooLarge.
    """
    actor.check(Permission.CAPTURE_SESSION)
    upload = receiving_upload(actor, upload_id, now)
    draft_for(actor, upload.session_id)
    _check_offset(upload, offset)
    remaining = upload.length_bytes - upload.offset_bytes
    if remaining:
        body = _Body(source, remaining)
        part = files.seal_file(
            key_id=upload.session.patient.key_id, source=cast(BinaryIO, body), folder=parts_folder(upload)
        )
        with files.kept_if_successful(part):
            if body.overrun:
                raise TooLarge("too_long", _("More bytes arrived than were announced. Please upload the photo again."))
            if part.size_plain:
                upload = _record_part(upload, part, now)
        if not part.size_plain:
            files.delete_file(part.name)
    if upload.offset_bytes == upload.length_bytes:
        return finish_upload(actor=actor, upload_id=upload.pk, now=now)
    return upload


def finish_upload(*, actor: Actor, upload_id: UUID, now: datetime) -> Upload:
    """Turn a complete upload into a photo, or into the code of the reason why not. Doing it again changes nothing."""
    upload = selectors.upload_for(actor, upload_id)
    if upload.status != Upload.Status.RECEIVING or upload.offset_bytes != upload.length_bytes:
        return upload
    claimed = photo_intake.claim_of(extension=upload.claimed_extension, media_type=upload.claimed_type)
    view = View(upload.view)
    try:
        session = draft_for(actor, upload.session_id)
        with (
            _assembled(upload) as whole,
            sealed_photo(session, view=view, site=upload.site, upload=whole, claimed=claimed) as sealed,
            transaction.atomic(),
        ):
            locked = _locked(upload.pk)
            if locked is None or locked.status != Upload.Status.RECEIVING:
                raise _AlreadyFinished
            photo = store_photo(
                actor, locked_draft(actor, upload.session_id), sealed, view=view, site=upload.site, now=now
            )
            _settle(locked, Upload.Status.ACCEPTED)
            locked.photo = photo
            locked.save(update_fields=["status", "parts", "photo"])
    except DomainError as refused:
        _reject(upload.pk, refused.code)
    except _AlreadyFinished:
        logger.info("upload %s was finished by another request", upload.pk)
    return selectors.upload_for(actor, upload_id)


@transaction.atomic
def cancel_upload(*, actor: Actor, upload_id: UUID, now: datetime) -> None:
    """End an upload that is not wanted any more, with its parts. A photo that was made of it stays."""
    actor.check(Permission.CAPTURE_SESSION)
    upload = selectors.upload_for(actor, upload_id)
    locked = _locked(upload.pk)
    if locked is not None:
        delete_after_commit(locked.parts)
        locked.delete()


def receiving_upload(actor: Actor, upload_id: UUID, now: datetime) -> Upload:
    """An upload that still takes bytes. Raises NotFound, and UploadGone when it expired."""
    upload = selectors.upload_for(actor, upload_id)
    if upload.status == Upload.Status.RECEIVING and upload.expires_at <= now:
        raise UploadGone(
            "upload_expired", _("This upload took longer than a day and was given up. Please start it again.")
        )
    return upload


def sweep_uploads(now: datetime) -> int:
    """Delete uploads that expired, with their parts, and outcomes nobody asks for any more. Returns how many."""
    expired = Upload.objects.filter(status=Upload.Status.RECEIVING, expires_at__lte=now)
    settled = Upload.objects.exclude(status=Upload.Status.RECEIVING).filter(created_at__lte=now - OUTCOME_LIFE)
    swept = 0
    for upload_id in [*expired.values_list("pk", flat=True), *settled.values_list("pk", flat=True)]:
        with transaction.atomic():
            upload = _locked(upload_id)
            if upload is None:
                continue
            delete_after_commit(files_in(parts_folder(upload)))
            upload.delete()
            swept += 1
    return swept


def sweep_orphans(now: datetime) -> int:
    """Delete files that a killed process sealed and never recorded. Returns how many.

    Looks where that can have happened of late: in sessions being prepared or just submitted, and uploads under way.
    """
    before = now - ORPHAN_AGE
    active = Q(status=PhotoSession.Status.DRAFT) | Q(submitted_at__gt=now - OUTCOME_LIFE)
    orphans = []
    for session in PhotoSession.objects.filter(active).prefetch_related("photos"):
        named = {name for photo in session.photos.all() for name in (photo.file_name, photo.thumbnail_name)}
        orphans += orphans_in(photos_folder(session), named, before=before)
    for upload in Upload.objects.filter(status=Upload.Status.RECEIVING):
        orphans += orphans_in(parts_folder(upload), upload.parts, before=before)
    for name in orphans:
        delete_quietly(name)
    return len(orphans)


def outcome_sentence(upload: Upload) -> str:
    """Why an upload was not taken, in words."""
    return photo_intake.refusal(upload.reason_code)


class _AlreadyFinished(Exception):
    """Another request finished the same upload first; what this one sealed is deleted again."""


class _Body(io.RawIOBase):
    """At most ``limit`` bytes of a request's body; a connection that drops simply ends it."""

    def __init__(self, source: BinaryIO, limit: int) -> None:
        self._source = source
        self._left = limit
        self.overrun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        target = memoryview(buffer).cast("B")
        if not target:
            return 0
        data = self._next(min(len(target), self._left) or 1)
        if self._left == 0 and data:
            self.overrun = True
            return 0
        self._left -= len(data)
        target[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        try:
            return self._source.read(size)
        except (UnreadablePostError, OSError):
            return b""


class _Assembled(io.RawIOBase):
    """The parts of an upload, one after the other, decrypted as they are read."""

    def __init__(self, upload: Upload) -> None:
        self._chunks = self._read(upload.session.patient.key_id, list(upload.parts))
        self._open = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        target = memoryview(buffer).cast("B")
        while not self._open:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._open = memoryview(chunk)
        count = min(len(target), len(self._open))
        target[:count] = self._open[:count]
        self._open = self._open[count:]
        return count

    @staticmethod
    def _read(key_id: UUID, names: list[str]) -> Iterator[bytes]:
        for name in names:
            yield from files.iter_chunks(key_id=key_id, name=name)


def _assembled(upload: Upload) -> io.BufferedReader:
    return io.BufferedReader(_Assembled(upload), buffer_size=files.CHUNK_BYTES)


def parts_folder(upload: Upload) -> str:
    """Where the parts of an upload lie."""
    return f"uploads/{upload.pk.hex}"


def _locked(upload_id: UUID) -> Upload | None:
    row: Upload | None = Upload.objects.select_for_update().filter(pk=upload_id).first()
    return row


def _check_offset(upload: Upload, offset: int) -> None:
    if upload.status != Upload.Status.RECEIVING:
        return
    if offset != upload.offset_bytes:
        raise DomainError(
            "wrong_offset", _("The upload continues at another place. Ask for its offset and go on there.")
        )


@transaction.atomic
def _record_part(upload: Upload, part: files.SealedFile, now: datetime) -> Upload:
    locked = _locked(upload.pk)
    if locked is None:
        raise NotFound
    _check_offset(locked, upload.offset_bytes)
    if locked.status != Upload.Status.RECEIVING:
        raise UploadGone("upload_finished", _("This upload is finished."))
    locked.parts = [*locked.parts, part.name]
    locked.offset_bytes += part.size_plain
    locked.save(update_fields=["parts", "offset_bytes"])
    return locked


def _settle(upload: Upload, status: Upload.Status) -> None:
    delete_after_commit(upload.parts)
    upload.parts = []
    upload.status = status


@transaction.atomic
def _reject(upload_id: UUID, code: str) -> None:
    upload = _locked(upload_id)
    if upload is None or upload.status != Upload.Status.RECEIVING:
        return
    _settle(upload, Upload.Status.REJECTED)
    upload.reason_code = code[:40]
    upload.save(update_fields=["status", "parts", "reason_code"])
