"""Second opinions and escalation over the API, with the portal's own services."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from reviews import services
from reviews.api.reads import GradeIO, LookIn, OpinionOut, OpinionWithPhotosOut, given_to, grade_in, with_photos
from reviews.models import Escalation


class OpinionIn(GradeIO):
    """A second opinion with its grade."""

    answer = serializers.CharField(max_length=4000)


class AskIn(serializers.Serializer[Any]):
    """A question to a colleague; without ``asked_of`` to any dermatologist."""

    question = serializers.CharField(max_length=4000)
    asked_of = serializers.UUIDField(allow_null=True, default=None, help_text="a membership of the clinic")


class EscalateIn(serializers.Serializer[Any]):
    """Why a dermatologist has to take over, and how soon."""

    reason = serializers.CharField(max_length=1000)
    urgency = serializers.ChoiceField(choices=Escalation.Urgency.choices)


class AskOpinion(APIView):
    """Asking a colleague."""

    @extend_schema(
        operation_id="reviews_ask_opinion",
        request=AskIn,
        responses={201: OpinionOut, **failures(400, 404, 409, 422)},
        tags=["reads"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """Ask a named colleague or any dermatologist; the case stays with who asks."""
        data = given_to(AskIn, request)
        opinion = services.ask_opinion(actor=api_actor(request), review_id=review_id, now=timezone.now(), **data)
        return Response(OpinionOut(opinion).data, status=status.HTTP_201_CREATED)


class OneOpinion(APIView):
    """A question to this clinician."""

    @extend_schema(operation_id="opinions_read", responses={200: OpinionWithPhotosOut, **failures(404)}, tags=["reads"])
    def get(self, request: Request, opinion_id: UUID) -> Response:
        """The question; audited."""
        actor = api_actor(request)
        opinion = services.read_opinion(actor=actor, opinion_id=opinion_id, now=timezone.now())
        return Response(with_photos(OpinionWithPhotosOut, opinion, actor))

    @extend_schema(
        operation_id="opinions_give",
        request=OpinionIn,
        responses={200: OpinionOut, **failures(400, 404, 409, 422)},
        tags=["reads"],
    )
    def post(self, request: Request, opinion_id: UUID) -> Response:
        """Answer in writing, with a grade, once every photograph was opened."""
        data = given_to(OpinionIn, request)
        opinion = services.give_opinion(
            actor=api_actor(request),
            opinion_id=opinion_id,
            answer=data["answer"],
            grade=grade_in(data),
            now=timezone.now(),
        )
        return Response(OpinionOut(opinion).data)

    @extend_schema(
        operation_id="opinions_withdraw", request=None, responses={204: None, **failures(404, 409)}, tags=["reads"]
    )
    def delete(self, request: Request, opinion_id: UUID) -> Response:
        """Take an open question back, for whoever holds the case."""
        services.withdraw_opinion(actor=api_actor(request), opinion_id=opinion_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class OpinionPhotos(APIView):
    """The photographs of a question."""

    @extend_schema(
        operation_id="opinions_open_photo",
        request=LookIn,
        responses={200: OpinionWithPhotosOut, **failures(400, 404)},
        tags=["reads"],
    )
    def post(self, request: Request, opinion_id: UUID) -> Response:
        """Say that a photograph was opened, after it was fetched and shown; audited."""
        actor, photo_id = api_actor(request), given_to(LookIn, request)["photo"]
        opinion = services.look_closer_for_opinion(
            actor=actor, opinion_id=opinion_id, photo_id=photo_id, now=timezone.now()
        )
        return Response(with_photos(OpinionWithPhotosOut, opinion, actor))


class EscalateCase(APIView):
    """Handing a case up."""

    @extend_schema(
        operation_id="reviews_escalate",
        request=EscalateIn,
        responses={204: None, **failures(400, 404, 409, 422)},
        tags=["reads"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """To the dermatologists, with a reason and how soon."""
        data = given_to(EscalateIn, request)
        services.escalate_case(actor=api_actor(request), review_id=review_id, now=timezone.now(), **data)
        return Response(status=status.HTTP_204_NO_CONTENT)
