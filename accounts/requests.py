"""From a request to an :class:`Actor`: the only place where the two meet."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from accounts.actors import Actor
from accounts.errors import NotAllowed
from accounts.models import User
from accounts.roles import Role
from accounts.standing import standing_of


def resolve_actor(user: User) -> Actor:
    """Staff act through their active membership; everybody else acts as a patient (scoped by ``PatientAccess``)."""
    membership = standing_of(user).membership
    if membership is None:
        return Actor(user_id=user.pk, role=Role.PATIENT, clinic_id=None)
    return Actor(
        user_id=user.pk,
        role=Role(membership.role),
        clinic_id=membership.clinic_id,
        membership_id=membership.pk,
        display_name=membership.display_name,
    )


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a signed-in request; :class:`NotAllowed` for an anonymous one."""
    actor = getattr(request, "actor", None)
    if actor is None:
        raise NotAllowed("Please sign in first.", code="sign_in_first")
    return cast(Actor, actor)


def user_of(request: HttpRequest) -> User:
    """The signed-in user; :class:`NotAllowed` for an anonymous request."""
    if not request.user.is_authenticated:
        raise NotAllowed("Please sign in first.", code="sign_in_first")
    return request.user
