"""Trichoscopes over the API, for administrators: the same services as the pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import trichoscopes
from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, page_of
from accounts.trichoscopes import TrichoscopeDetails


class TrichoscopeIn(serializers.Serializer[Any]):
    """The scale with the width of its pictures, the length of its bar, or both."""

    name = serializers.CharField(max_length=60)
    px_per_mm = serializers.FloatField(min_value=20, max_value=2000, allow_null=True, default=None)
    width_px = serializers.IntegerField(min_value=300, max_value=20_000, allow_null=True, default=None)
    bar_mm = serializers.FloatField(
        min_value=0.05, max_value=20, allow_null=True, default=None, help_text="what is printed beside its scale bar"
    )

    def details(self) -> TrichoscopeDetails:
        """What a valid body tells."""
        return TrichoscopeDetails(**self.validated_data)


class TrichoscopeOut(TrichoscopeIn):
    """A trichoscope of the clinic."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()


class Trichoscopes(APIView):
    """The clinic's trichoscopes."""

    @extend_schema(
        operation_id="trichoscopes_list",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(TrichoscopeOut), **failures()},
        tags=["administration"],
    )
    def get(self, request: Request) -> Response:
        """All of them, by name."""
        return Page(request, trichoscopes.trichoscopes_of(api_actor(request))).answer(TrichoscopeOut)

    @extend_schema(
        operation_id="trichoscopes_add",
        request=TrichoscopeIn,
        responses={201: TrichoscopeOut, **failures(400, 409, 422)},
        tags=["administration"],
    )
    def post(self, request: Request) -> Response:
        """Add one. Close-ups of exactly its width that are added from then on get its scale."""
        given = TrichoscopeIn(data=request.data)
        given.is_valid(raise_exception=True)
        added = trichoscopes.add_trichoscope(actor=api_actor(request), details=given.details(), now=timezone.now())
        return Response(TrichoscopeOut(added).data, status=status.HTTP_201_CREATED)


class OneTrichoscope(APIView):
    """One trichoscope."""

    @extend_schema(
        operation_id="trichoscopes_read", responses={200: TrichoscopeOut, **failures(404)}, tags=["administration"]
    )
    def get(self, request: Request, trichoscope_id: UUID) -> Response:
        """Its details."""
        return Response(TrichoscopeOut(trichoscopes.trichoscope_for(api_actor(request), trichoscope_id)).data)

    @extend_schema(
        operation_id="trichoscopes_change",
        request=TrichoscopeIn,
        responses={200: TrichoscopeOut, **failures(400, 404, 422)},
        tags=["administration"],
    )
    def put(self, request: Request, trichoscope_id: UUID) -> Response:
        """Other details, for photographs added from then on."""
        given = TrichoscopeIn(data=request.data)
        given.is_valid(raise_exception=True)
        changed = trichoscopes.change_trichoscope(
            actor=api_actor(request), trichoscope_id=trichoscope_id, details=given.details(), now=timezone.now()
        )
        return Response(TrichoscopeOut(changed).data)

    @extend_schema(operation_id="trichoscopes_remove", responses={204: None, **failures(404)}, tags=["administration"])
    def delete(self, request: Request, trichoscope_id: UUID) -> Response:
        """Forget it; photographs keep the scale that they got from it."""
        trichoscopes.remove_trichoscope(actor=api_actor(request), trichoscope_id=trichoscope_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
