"""Model releases over the API, for administrators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from analysis import releases, selectors


class ReleaseOut(serializers.Serializer[Any]):
    """A network. ``problem`` says why it cannot be used; empty: it can."""

    id = serializers.UUIDField(source="row.pk")
    task = serializers.CharField(source="row.task")
    name = serializers.CharField(source="row.name")
    version = serializers.CharField(source="row.version")
    enabled = serializers.BooleanField(source="row.enabled")
    in_use = serializers.BooleanField()
    problem = serializers.CharField()
    changed_at = serializers.DateTimeField(source="row.changed_at", allow_null=True)


class EnabledIn(serializers.Serializer[Any]):
    """On or off."""

    enabled = serializers.BooleanField()


class Releases(APIView):
    """The networks that measure."""

    @extend_schema(
        operation_id="releases_list", responses={200: ReleaseOut(many=True), **failures()}, tags=["administration"]
    )
    def get(self, request: Request) -> Response:
        """Every known release."""
        return Response(ReleaseOut(selectors.releases(api_actor(request)), many=True).data)


class OneRelease(APIView):
    """One network."""

    @extend_schema(operation_id="releases_read", responses={200: ReleaseOut, **failures(404)}, tags=["administration"])
    def get(self, request: Request, release_id: UUID) -> Response:
        """The release and its state."""
        return Response(ReleaseOut(selectors.release_card(api_actor(request), release_id)).data)

    @extend_schema(
        operation_id="releases_switch",
        request=EnabledIn,
        responses={200: ReleaseOut, **failures(400, 404)},
        tags=["administration"],
    )
    def put(self, request: Request, release_id: UUID) -> Response:
        """Switch it on or off; analyses that run finish with what they began with."""
        given = EnabledIn(data=request.data)
        given.is_valid(raise_exception=True)
        actor = api_actor(request)
        releases.switch_release(
            actor=actor, release_id=release_id, enabled=given.validated_data["enabled"], now=timezone.now()
        )
        return Response(ReleaseOut(selectors.release_card(actor, release_id)).data)
