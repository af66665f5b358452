"""Expected failures, in words that say what to do. Views and the API turn them into one envelope."""

from __future__ import annotations


class DomainError(Exception):
    """A rule said no. ``code`` is stable for machines; ``message`` is for the person and says what to do."""

    status = 409

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotAllowed(DomainError):
    """In scope, but this actor may not do this (403)."""

    status = 403

    def __init__(self, message: str, code: str = "not_allowed") -> None:
        super().__init__(code, message)


class NotFound(DomainError):
    """Out of scope or absent: both look the same (404)."""

    status = 404

    def __init__(self, message: str = "Not found.", code: str = "not_found") -> None:
        super().__init__(code, message)


class TooMany(DomainError):
    """Too many attempts (429). ``retry_after_s``: when the next one may be made."""

    status = 429

    def __init__(self, code: str, message: str, *, retry_after_s: int) -> None:
        super().__init__(code, message)
        self.retry_after_s = retry_after_s


class Invalid(DomainError):
    """The input cannot be used as it is (422)."""

    status = 422
