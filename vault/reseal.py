"""Re-sealing: what an erasure must leave moves under the clinic's record key before the patient's is destroyed."""

from __future__ import annotations

import uuid
from typing import Any, BinaryIO, cast

from django.db import models

from vault import files, sealing
from vault.fields import SealedFieldMixin


def reseal_token(token: str, *, context: str, to_key_id: uuid.UUID, to_context: str | None = None) -> str:
    """The same text under another key (and place, when ``to_context`` is given). Raises as ``sealing.open_text``."""
    return sealing.seal_text(to_key_id, sealing.open_text(token, context=context), context=to_context or context)


def reseal_row(instance: models.Model, **changes: Any) -> None:
    """Apply ``changes`` that give the row another ``sealing_key_id``, and save every sealed field under that key.

    ``save(update_fields=...)`` that names only the changes would leave the values under the old key. Raises
    ErasedValueSaved when the old key is destroyed already.
    """
    sealed = [field.name for field in instance._meta.concrete_fields if isinstance(field, SealedFieldMixin)]
    for name, value in changes.items():
        setattr(instance, name, value)
    instance.save(update_fields=[*changes, *sealed])


def reseal_file(*, name: str, key_id: uuid.UUID, to_key_id: uuid.UUID, folder: str) -> files.SealedFile:
    """A copy of a sealed file under another key and a new name; the caller deletes the old one once it is recorded."""
    with files.open_file(key_id=key_id, name=name) as reader:
        return files.seal_file(key_id=to_key_id, source=cast(BinaryIO, reader), folder=folder)
