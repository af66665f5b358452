"""A photo in the size a screen needs: decoded at that size, never stored, and audited as the photo itself."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from PIL import Image

from accounts.actors import Actor
from accounts.errors import NotFound
from patients import selectors
from patients.services.reading import listed_recently, note_read
from vision.decode import decode_image

STEPS: Final = (1024, 2048)
"""Long edges (px) that may be asked for; larger needs are met by the photo itself."""

JPEG_QUALITY: Final = 88


@transaction.atomic
def read_rendition(*, actor: Actor, photo_id: UUID, edge_px: int, now: datetime) -> bytes:
    """A JPEG at most ``edge_px`` long, without metadata. Raises NotFound out of scope and for another size."""
    photo = selectors.photo_for(actor, photo_id)
    if edge_px not in STEPS:
        raise NotFound
    if not listed_recently(actor, photo, now):
        note_read(
            actor=actor,
            patient=photo.session.patient,
            action="photo.read",
            subject_kind="photo",
            subject_id=photo.pk,
            photos=[photo.pk],
            now=now,
        )
    with selectors.open_photo(photo) as source:
        pixels = decode_image(source.read(), max_long_edge=edge_px)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=JPEG_QUALITY)
    return target.getvalue()
