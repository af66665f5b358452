"""Verification codes: 128 random bits in groups a person can type. Pure apart from the system's random source."""

from __future__ import annotations

import base64
import secrets

_BYTES = 16
_GROUP = 5
_CHARACTERS = 26  # ceil(128 / 5), padding dropped
_LOOKALIKES = str.maketrans({"0": "O", "1": "I", "8": "B"})  # base32 has no 0, 1, 8


def new_code() -> str:
    """A fresh code such as ``K7QXM-…``: 26 base32 characters in groups of five."""
    return grouped(base64.b32encode(secrets.token_bytes(_BYTES)).decode().rstrip("="))


def grouped(characters: str) -> str:
    """Characters in groups of five, joined by hyphens."""
    return "-".join(characters[start : start + _GROUP] for start in range(0, len(characters), _GROUP))


def normalise(typed: str) -> str:
    """What a person meant: case, spaces and hyphens do not matter. Empty when it cannot be a code."""
    characters = "".join(c for c in typed[:100].upper() if c.isascii() and c.isalnum()).translate(_LOOKALIKES)
    return grouped(characters) if len(characters) == _CHARACTERS else ""
