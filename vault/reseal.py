"""Re-sealing: what an erasure must leave moves under the clinic's record key before the patient's is destroyed."""

from __future__ import annotations

import uuid
from typing import BinaryIO, cast

from vault import files, sealing


def reseal_token(token: str, *, context: str, to_key_id: uuid.UUID, to_context: str | None = None) -> str:
    """The same text under another key (and place, when ``to_context`` is given). Raises as ``sealing.open_text``."""
    return sealing.seal_text(to_key_id, sealing.open_text(token, context=context), context=to_context or context)


def reseal_file(*, name: str, key_id: uuid.UUID, to_key_id: uuid.UUID, folder: str) -> files.SealedFile:
    """A copy of a sealed file under another key and a new name; the caller deletes the old one once it is recorded."""
    with files.open_file(key_id=key_id, name=name) as reader:
        return files.seal_file(key_id=to_key_id, source=cast(BinaryIO, reader), folder=folder)
