"""Step-up authentication: a secret typed again, right at the act it protects (R5).

Whoever has a second factor steps up with it: a password that was overheard or guessed neither signs nor erases. The
password counts for people without one only, where the portal does not demand one. A security key answers a challenge
that the portal keeps in the person's session: it is good for one step-up, there and nowhere else (allauth's WebAuthn).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.errors import Invalid, TooMany
from accounts.models import User

MAX_FAILURES = 5
LOCK = timedelta(minutes=5)


class Method(StrEnum):
    PASSWORD = "password"  # noqa: S105 - the method's name, not a secret
    TOTP = "totp"
    RECOVERY = "recovery"
    KEY = "security_key"


class Asked(StrEnum):
    """What somebody has to type for a step-up."""

    PASSWORD = "password"  # noqa: S105 - the name of what is typed, not a secret
    CODE = "code"  # of the authenticator app, or a recovery code
    RECOVERY_CODE = "recovery_code"  # their second factor is a security key: this is for when it is out of reach


@dataclass(frozen=True, slots=True)
class StepUp:
    """Proof that the person typed a secret again, or touched a security key: how, and when."""

    method: Method
    at: datetime


def asked_of(user: User) -> Asked:
    """What this person types: a code of their second factor, or the password when they have none."""
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    if Authenticator.Type.TOTP in kinds:
        return Asked.CODE
    return Asked.RECOVERY_CODE if Authenticator.Type.WEBAUTHN in kinds else Asked.PASSWORD


def has_key(user: User) -> bool:
    """Whether this person may answer with a security key instead of typing."""
    found: bool = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists()
    return found


def begin_key(user: User) -> dict[str, Any]:
    """A new challenge for this person's security keys, as the browser takes it (``{"publicKey": …}``).

    It stands in the session of the request at hand and replaces one that was not answered. Raises
    ``Invalid("no_security_key")``.
    """
    if not has_key(user):
        raise Invalid("no_security_key", _("You have not set up a security key. Type your code instead."))
    options: dict[str, Any] = webauthn.begin_authentication(user)
    return options


def verify(*, user: User, secret: str, now: datetime, key: Mapping[str, Any] | None = None) -> StepUp:
    """Check ``secret``: a code of the user's second factor, or the password of somebody without one.

    ``key`` counts instead when it is given: what a security key answered to the challenge of :func:`begin_key`, checked
    in the request of the session that it was made for. Raises ``Invalid("step_up_failed")`` for a wrong secret or
    answer (a right password is one, where a code is asked for) and ``TooMany("step_up_locked")`` after five wrong ones
    within five minutes.
    """
    counter = f"step-up:{user.pk}"
    if cache.get(counter, 0) >= MAX_FAILURES:
        raise TooMany(
            "step_up_locked",
            _("Too many wrong attempts. Wait five minutes, then try again."),
            retry_after_s=int(LOCK.total_seconds()),
        )
    asked = asked_of(user)
    method = _matching_method(user, secret.strip(), asked) if key is None else _matching_key(user, key)
    if method is None:
        cache.add(counter, 0, LOCK.total_seconds())
        cache.incr(counter)
        raise Invalid("step_up_failed", _refusal(asked) if key is None else _key_refusal())
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


def _key_refusal() -> str:
    return _("That security key did not confirm this. Nothing was changed; try again with a key of your own.")


def _matching_key(user: User, answer: Mapping[str, Any]) -> Method | None:
    """The answer of one of this person's keys to the challenge of this session, which is used up by it either way."""
    try:
        webauthn.parse_authentication_response(answer)
        authenticator = webauthn.complete_authentication(user, dict(answer))
    except (ValidationError, KeyError, AttributeError, TypeError):  # refused, or not an answer of a key at all
        return None
    finally:
        webauthn.clear_state()
    authenticator.record_usage()
    return Method.KEY


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
