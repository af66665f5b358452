"""The frame of every page: the navigation, with how much is unread. Counted only where a page shows it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts import context
from accounts.actors import Actor
from care.selectors import unread_count


def navigation(request: HttpRequest) -> dict[str, Any]:
    """As ``accounts.context.navigation``; the entry of the messages carries the number of unread conversations."""
    frame = context.navigation(request)
    actor: Actor | None = frame["actor"]
    if actor is None:
        return frame
    return {**frame, "nav_items": SimpleLazyObject(lambda: _with_badge(frame["nav_items"], actor))}


def _with_badge(items: list[dict[str, Any]], actor: Actor) -> list[dict[str, Any]]:
    inbox = reverse("care:inbox")
    return [{**item, "badge": unread_count(actor) or None} if item["url"] == inbox else item for item in items]
