"""The frame of every page: the navigation, with how much is unread. Counted only where a page shows it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts import context
from accounts.actors import Actor
from accounts.roles import Role
from accounts.zones import COOKIE, zone_of
from care.selectors import unread_count


def navigation(request: HttpRequest) -> dict[str, Any]:
    """As ``accounts.context.navigation``; the entry of the messages carries the number of unread conversations."""
    frame = context.navigation(request)
    actor: Actor | None = frame["actor"]
    if actor is None:
        return frame
    frame["reader_zone"] = reader_zone(request, "")
    return {**frame, "nav_items": SimpleLazyObject(lambda: _with_badge(frame["nav_items"], actor))}


def reader_zone(request: HttpRequest, clinic_zone: str) -> str:
    """In which time zone this person reads times: patients in their own, the team in the clinic's."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or actor.role is not Role.PATIENT or not request.user.is_authenticated:
        return clinic_zone
    return zone_of(request.user.time_zone or request.COOKIES.get(COOKIE), clinic_zone)


def _with_badge(items: list[dict[str, Any]], actor: Actor) -> list[dict[str, Any]]:
    inbox = reverse("care:inbox")
    return [{**item, "badge": unread_count(actor) or None} if item["url"] == inbox else item for item in items]
