"""What can go wrong in the vault. Messages carry ids only: never a plaintext, a key or a token."""

from __future__ import annotations


class VaultError(Exception):
    """Base of everything that the vault raises."""


class KeyMissing(VaultError):
    """No data key has this id (never made, or lost with an older copy of the key store)."""


class KeyDestroyed(VaultError):
    """The data key was destroyed by an erasure; what it sealed is gone for good."""


class WrongKey(VaultError):
    """Authentication failed: wrong key, altered data, or data taken from another field, row or file."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: wrong key or altered data")


class MasterKeyMissing(VaultError):
    """The master key is absent, malformed, refused (a demo key in production) or no longer among the readable ones."""


class IndexKeyMissing(VaultError):
    """The key of the blind index is absent, malformed or refused."""


class SealedFileMissing(VaultError):
    """The storage holds no sealed file of this name."""


class SealedFileCorrupt(VaultError):
    """The file is not a sealed file, or was cut short, extended, reordered or altered."""


class ErasedValueSaved(VaultError):
    """Something tried to store the placeholder of an erased value as if it were a value."""
