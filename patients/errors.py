"""Expected refusals that only this room knows."""

from __future__ import annotations

from accounts.errors import DomainError


class TooLarge(DomainError):
    """More bytes than are taken (413)."""

    status = 413


class UploadGone(DomainError):
    """The upload expired or was finished (410): the client starts a new one."""

    status = 410
