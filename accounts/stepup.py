"""Step-up authentication: a secret typed again, right at the act it protects (R5).

Whoever has a second factor steps up with it: a password that was overheard or guessed neither signs nor erases. The
password counts for people without one only, where the portal does not demand one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.utils.translation import gettext as _

from accounts.errors import Invalid, TooMany
from accounts.models import User

MAX_FAILURES = 5
LOCK = timedelta(minutes=5)


class Method(StrEnum):
    PASSWORD = "password"  # noqa: S105 - the method's name, not a secret
    TOTP = "totp"
    RECOVERY = "recovery"


class Asked(StrEnum):
    """What somebody has to type for a step-up."""

    PASSWORD = "password"  # noqa: S105 - the name of what is typed, not a secret
    CODE = "code"  # of the authenticator app, or a recovery code
    RECOVERY_CODE = "recovery_code"  # their second factor is a security key, which cannot be typed


@dataclass(frozen=True, slots=True)
class StepUp:
    """Proof that the person typed a secret again: how, and when."""

    method: Method
    at: datetime


def asked_of(user: User) -> Asked:
    """What this person types: a code of their second factor, or the password when they have none."""
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    if Authenticator.Type.TOTP in kinds:
        return Asked.CODE
    return Asked.RECOVERY_CODE if Authenticator.Type.WEBAUTHN in kinds else Asked.PASSWORD


def verify(*, user: User, secret: str, now: datetime) -> StepUp:
    """Check ``secret``: a code of the user's second factor, or the password of somebody without one.

    Raises ``Invalid("step_up_failed")`` for a wrong secret (a right password is one, where a code is asked for) and
    ``TooMany("step_up_locked")`` after five wrong ones within five minutes.
    """
    counter = f"step-up:{user.pk}"
    if cache.get(counter, 0) >= MAX_FAILURES:
        raise TooMany(
            "step_up_locked",
            _("Too many wrong attempts. Wait five minutes, then try again."),
            retry_after_s=int(LOCK.total_seconds()),
        )
    asked = asked_of(user)
    method = _matching_method(user, secret.strip(), asked)
    if method is None:
        cache.add(counter, 0, LOCK.total_seconds())
        cache.incr(counter)
        raise Invalid("step_up_failed", _refusal(asked))
    cache.delete(counter)
    return StepUp(method=method, at=now)


def _refusal(asked: Asked) -> str:
    match asked:
        case Asked.PASSWORD:
            return _("That password is not right. Nothing was changed; type it again.")
        case Asked.CODE:
            return _(
                "That code is not right. Nothing was changed. Type the code that your app shows now, not your password."
            )
        case Asked.RECOVERY_CODE:
            return _("That recovery code is not right. Nothing was changed; type one that you have not used yet.")


def _matching_method(user: User, secret: str, asked: Asked) -> Method | None:
    if not secret:
        return None
    if asked is Asked.PASSWORD:
        return Method.PASSWORD if user.check_password(secret) else None
    for authenticator in Authenticator.objects.filter(user=user):
        if authenticator.type == Authenticator.Type.TOTP and TOTP(authenticator).validate_code(secret):
            return Method.TOTP
        if authenticator.type == Authenticator.Type.RECOVERY_CODES and RecoveryCodes(authenticator).validate_code(
            secret
        ):
            return Method.RECOVERY
    return None
