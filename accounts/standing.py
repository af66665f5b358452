"""As whom somebody who signed in stands there, read together with them: one statement for every request of the team."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.db.models import Exists, OuterRef

from accounts.models import Membership, User

_KEPT = "_standing"


@dataclass(frozen=True, slots=True)
class Standing:
    """The active membership, if there is one, and whether a second factor is set up."""

    membership: Membership | None
    second_factor: bool


class PortalBackend(AuthenticationBackend):  # type: ignore[misc]
    """Who a session belongs to, with their standing; of somebody without a membership the person alone."""

    def get_user(self, user_id: UUID) -> User | None:
        """The person, if they may sign in."""
        factors = Authenticator.objects.filter(user=OuterRef("user"))
        rows = Membership.objects.active().filter(user_id=user_id).select_related("user", "clinic")
        membership = rows.annotate(has_second_factor=Exists(factors)).first()
        if membership is None:
            user: User | None = super().get_user(user_id)
            return user
        user = membership.user
        setattr(user, _KEPT, Standing(membership, membership.has_second_factor))
        return user


def standing_of(user: User) -> Standing:
    """As read with this person at the beginning of the request, else as it is now."""
    known: Standing | None = getattr(user, _KEPT, None)
    if known is not None:
        return known
    membership = Membership.objects.active().filter(user=user).select_related("clinic").first()
    return Standing(membership, membership is not None and is_mfa_enabled(user))
