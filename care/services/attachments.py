"""Files of a message: examined and sealed before any row names them, opened again under the reader's scope."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import Invalid, NotFound
from care import attachment_intake, selectors
from care.models import Attachment, Message
from care.services.noting import note
from patients.models import Patient
from patients.services.storage import delete_quietly, orphans_in
from vault import files

FOLDER = "messages"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as it arrives: the stream, and what its sender says about it."""

    source: BinaryIO
    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class SealedUpload:
    """A file that lies sealed in the store while no row names it yet."""

    original: files.SealedFile
    thumbnail: files.SealedFile | None
    clean: attachment_intake.Clean


@dataclass(frozen=True, slots=True)
class AttachmentStream:
    """Decrypted bytes on their way; ``name`` is made by the portal."""

    chunks: Iterator[bytes]
    media_type: str
    size_bytes: int | None
    name: str
    as_download: bool


@contextmanager
def sealed_uploads(patient: Patient, uploads: Sequence[Upload]) -> Iterator[list[SealedUpload]]:
    """Examine and seal outside any transaction; everything is deleted again when the block fails. Raises Invalid."""
    if len(uploads) > attachment_intake.MAX_FILES:
        raise Invalid("too_many_files", _("Attach at most %(count)d files.") % {"count": attachment_intake.MAX_FILES})
    with ExitStack() as kept:
        yield [_seal(patient, upload, kept) for upload in uploads]


def _seal(patient: Patient, upload: Upload, kept: ExitStack) -> SealedUpload:
    try:
        clean = attachment_intake.examine(
            upload.source,
            name=upload.name,
            media_type=upload.media_type,
            max_bytes=settings.ATTACHMENT_MAX_BYTES,
            max_pixels=settings.UPLOAD_MAX_PIXELS,
        )
    except attachment_intake.AttachmentRefused as refused:
        raise Invalid(refused.code, refused.message) from refused
    original = files.seal_file(key_id=patient.key_id, source=io.BytesIO(clean.data), folder=FOLDER)
    kept.enter_context(files.kept_if_successful(original))
    thumbnail = None
    if clean.thumbnail_webp:
        thumbnail = files.seal_file(key_id=patient.key_id, source=io.BytesIO(clean.thumbnail_webp), folder=FOLDER)
        kept.enter_context(files.kept_if_successful(thumbnail))
    return SealedUpload(original, thumbnail, clean)


def attach(message: Message, sealed: Sequence[SealedUpload]) -> None:
    """Record sealed files with their message, inside the caller's transaction."""
    for position, upload in enumerate(sealed, start=1):
        Attachment.objects.create(
            message=message,
            position=position,
            title=upload.clean.title,
            file_name=upload.original.name,
            thumbnail_name=upload.thumbnail.name if upload.thumbnail else "",
            media_type=upload.clean.media_type,
            size_bytes=upload.original.size_plain,
        )


@transaction.atomic
def open_attachment(*, actor: Actor, attachment_id: UUID, now: datetime) -> AttachmentStream:
    """The file itself; every time it is opened is an event. Raises NotFound."""
    attachment = selectors.attachment_for(actor, attachment_id)
    thread = attachment.message.thread
    note(thread.patient, "attachment.read", now, actor, kind="attachment", subject_id=attachment.pk)
    chunks = files.iter_chunks(key_id=attachment.sealing_key_id, name=attachment.file_name)
    ending = {"application/pdf": "pdf", "image/jpeg": "jpg"}.get(attachment.media_type)
    ending = ending or attachment.media_type.rpartition("/")[2]
    name = f"{thread.last_message_at:%Y-%m-%d}-{attachment.pk.hex[:8]}.{ending}"
    return AttachmentStream(chunks, attachment.media_type, attachment.size_bytes, name, not attachment.is_picture)


def open_thumbnail(*, actor: Actor, attachment_id: UUID) -> AttachmentStream:
    """The small picture; the event of the thread that shows it stands for it. Raises NotFound."""
    attachment = selectors.attachment_for(actor, attachment_id)
    if not attachment.thumbnail_name:
        raise NotFound
    chunks = files.iter_chunks(key_id=attachment.sealing_key_id, name=attachment.thumbnail_name)
    return AttachmentStream(chunks, "image/webp", None, f"{attachment.pk.hex[:8]}.webp", False)


def file_names(patient_id: UUID) -> list[str]:
    """The sealed files of a patient's messages."""
    rows = Attachment.objects.filter(message__thread__patient_id=patient_id)
    return [name for pair in rows.values_list("file_name", "thumbnail_name") for name in pair if name]


def sweep_files(*, now: datetime) -> int:
    """Delete files that a killed process left without a row. Returns how many."""
    pairs = Attachment.objects.values_list("file_name", "thumbnail_name")
    named = {name for pair in pairs for name in pair if name}
    orphans = orphans_in(FOLDER, named, before=now - timedelta(days=1))
    for name in orphans:
        delete_quietly(name)
    return len(orphans)
