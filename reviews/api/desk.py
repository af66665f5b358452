"""The desk over the API: handing cases to a colleague, named filters of the worklist, and everybody's workload."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from reviews import services
from reviews.queue_filters import QueueFilters
from reviews.workload import workloads


class HandOverIn(serializers.Serializer[Any]):
    """A colleague's membership, as the workload names it, and a note."""

    to = serializers.UUIDField()
    note = serializers.CharField(allow_blank=True, default="", max_length=1000)


class HandoverOut(serializers.Serializer[Any]):
    """A case that was handed to a colleague; past ``until`` it is everybody's again."""

    session_id = serializers.UUIDField()
    to = serializers.CharField(source="to_member.display_name")
    status = serializers.CharField()
    offered_at = serializers.DateTimeField()
    until = serializers.DateTimeField()


class SavedViewIO(serializers.Serializer[Any]):
    """Named filters: ``query`` is what follows the question mark in the worklist's address."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=60)
    query = serializers.CharField(max_length=400)
    shared = serializers.BooleanField(default=False)
    owner = serializers.CharField(source="owner.display_name", read_only=True)


class WorkloadOut(serializers.Serializer[Any]):
    """What one clinician has on the desk."""

    membership_id = serializers.UUIDField(source="member.pk")
    name = serializers.CharField(source="member.display_name")
    role = serializers.CharField(source="member.role")
    open = serializers.IntegerField()
    handed = serializers.IntegerField(help_text="handed over and not taken yet")
    signed_this_week = serializers.IntegerField()
    median_minutes = serializers.FloatField(
        allow_null=True, help_text="from claim to signature, over what was signed in the last 30 days"
    )


class HandOver(APIView):
    """Handing a case to a named colleague."""

    @extend_schema(
        operation_id="reviews_hand_over",
        request=HandOverIn,
        responses={201: HandoverOut, **failures(400, 404, 409, 422)},
        tags=["reviews"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """The colleague sees the case first; until they answer, or the offer lapses, nobody else can take it."""
        given = HandOverIn(data=request.data)
        given.is_valid(raise_exception=True)
        offer = services.hand_over(
            actor=api_actor(request),
            review_id=review_id,
            to_id=given.validated_data["to"],
            note=given.validated_data["note"],
            now=timezone.now(),
        )
        return Response(HandoverOut(offer).data, status=status.HTTP_201_CREATED)


class DeclineHandover(APIView):
    """Declining a case that was handed over."""

    @extend_schema(
        operation_id="reviews_decline_handover", request=None, responses={204: None, **failures(404)}, tags=["reviews"]
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Put the case back into the queue for everybody."""
        services.decline_handover(actor=api_actor(request), session_id=session_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SavedViews(APIView):
    """Named filters of the worklist."""

    @extend_schema(
        operation_id="reviews_views", responses={200: SavedViewIO(many=True), **failures()}, tags=["reviews"]
    )
    def get(self, request: Request) -> Response:
        """One's own and those that the clinic's clinicians share."""
        return Response(SavedViewIO(services.views_of(api_actor(request)), many=True).data)

    @extend_schema(
        operation_id="reviews_save_view",
        request=SavedViewIO,
        responses={201: SavedViewIO, **failures(400, 409, 422)},
        tags=["reviews"],
    )
    def post(self, request: Request) -> Response:
        """Keep filters under a name; the same name again replaces them."""
        given = SavedViewIO(data=request.data)
        given.is_valid(raise_exception=True)
        view = services.save_view(
            actor=api_actor(request),
            name=given.validated_data["name"],
            filters=QueueFilters.from_query(QueryDict(given.validated_data["query"])),
            shared=given.validated_data["shared"],
            now=timezone.now(),
        )
        return Response(SavedViewIO(view).data, status=status.HTTP_201_CREATED)


class OneSavedView(APIView):
    """One named set of filters."""

    @extend_schema(operation_id="reviews_remove_view", responses={204: None, **failures(404)}, tags=["reviews"])
    def delete(self, request: Request, view_id: UUID) -> Response:
        """Forget one's own view."""
        services.remove_view(actor=api_actor(request), view_id=view_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Workloads(APIView):
    """Everybody's workload."""

    @extend_schema(
        operation_id="reviews_workload", responses={200: WorkloadOut(many=True), **failures()}, tags=["reviews"]
    )
    def get(self, request: Request) -> Response:
        """The clinic's clinicians by name."""
        return Response(WorkloadOut(workloads(api_actor(request), now=timezone.now()), many=True).data)
