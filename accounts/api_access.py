"""Who may reach the API at all (apart from ``accounts.api``: the framework loads its default permission first)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class HasActor(BasePermission):
    """Signed-in people only; the services decide the rest."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return getattr(request._request, "actor", None) is not None
