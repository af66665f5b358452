"""Step-up authentication: the password or a second-factor code typed again, right at the act it protects (R5)."""

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


@dataclass(frozen=True, slots=True)
class StepUp:
    """Proof that the person typed a secret again: how, and when."""

    method: Method
    at: datetime


def verify(*, user: User, secret: str, now: datetime) -> StepUp:
    """Check ``secret`` as the user's password or a code of their second factor.

    Raises ``Invalid("step_up_failed")`` for a wrong secret and ``TooMany("step_up_locked")`` after
    five wrong ones within five minutes.
    """
    counter = f"step-up:{user.pk}"
    if cache.get(counter, 0) >= MAX_FAILURES:
        raise TooMany(
            "step_up_locked",
            _("Too many wrong attempts. Wait five minutes, then try again."),
            retry_after_s=int(LOCK.total_seconds()),
        )
    method = _matching_method(user, secret.strip())
    if method is None:
        cache.add(counter, 0, LOCK.total_seconds())
        cache.incr(counter)
        raise Invalid("step_up_failed", _("That password or code is not right. Nothing was changed; type it again."))
    cache.delete(counter)
    return StepUp(method=method, at=now)


def _matching_method(user: User, secret: str) -> Method | None:
    if not secret:
        return None
    for authenticator in Authenticator.objects.filter(user=user):
        if authenticator.type == Authenticator.Type.TOTP and TOTP(authenticator).validate_code(secret):
            return Method.TOTP
        if authenticator.type == Authenticator.Type.RECOVERY_CODES and RecoveryCodes(authenticator).validate_code(
            secret
        ):
            return Method.RECOVERY
    return Method.PASSWORD if user.check_password(secret) else None
