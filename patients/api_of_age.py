"""A child's record at 18 over the API: the clinic's list and invitation, and taking a record over."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, page_of
from accounts.requests import user_of
from accounts.selectors import clinic_of
from patients import presenters, services


class OfAgeOut(serializers.Serializer[Any]):
    """A record that passes on."""

    patient_id = serializers.UUIDField()
    patient = serializers.CharField()
    due_date = serializers.DateField()
    reached = serializers.BooleanField()
    invited_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class InvitedOut(serializers.Serializer[Any]):
    """The link of an invitation, told once."""

    link = serializers.CharField()
    expires_at = serializers.DateTimeField()


class TakeOverIn(serializers.Serializer[Any]):
    """What the person knows."""

    birth_date = serializers.DateField()


class TakenOverOut(serializers.Serializer[Any]):
    """The record that is theirs now."""

    patient_id = serializers.UUIDField()


class TakeOverClinicOut(serializers.Serializer[Any]):
    """Who invites."""

    clinic = serializers.CharField()


class OfAge(APIView):
    """Who comes of age."""

    @extend_schema(
        operation_id="of_age_list",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(OfAgeOut), **failures()},
        tags=["records"],
    )
    def get(self, request: Request) -> Response:
        """Records that pass on within 30 days, or wait for the person since their birthday."""
        actor, now = api_actor(request), timezone.now()
        rows = services.read_of_age(actor=actor, now=now)
        return Page(request, presenters.of_age_lines(rows, clinic_of(actor).day_of(now), now)).answer(OfAgeOut)


class TakeOverInvitation(APIView):
    """The invitation of one record."""

    @extend_schema(
        operation_id="of_age_invite",
        request=None,
        responses={201: InvitedOut, **failures(404, 409)},
        tags=["records"],
    )
    def post(self, request: Request, patient_id: UUID) -> Response:
        """A new link, told once; an earlier one no longer works."""
        row, token = services.invite_to_take_over(actor=api_actor(request), patient_id=patient_id, now=timezone.now())
        answer = {"link": presenters.take_over_link(token), "expires_at": row.expires_at}
        return Response(InvitedOut(answer).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="of_age_withdraw", request=None, responses={204: None, **failures(404, 409)}, tags=["records"]
    )
    def delete(self, request: Request, patient_id: UUID) -> Response:
        """Make the link worthless."""
        services.withdraw_take_over(actor=api_actor(request), patient_id=patient_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class TakeOver(APIView):
    """Where an invitation leads."""

    @extend_schema(
        operation_id="take_over_clinic", responses={200: TakeOverClinicOut, **failures(404)}, tags=["records"]
    )
    def get(self, request: Request, token: str) -> Response:
        """Which clinic invites; 404 when the link no longer works."""
        found = services.open_take_over(token, timezone.now())
        return Response(TakeOverClinicOut({"clinic": found.patient.clinic.name}).data)

    @extend_schema(
        operation_id="take_over",
        request=TakeOverIn,
        responses={200: TakenOverOut, **failures(400, 404, 409, 422)},
        tags=["records"],
    )
    def post(self, request: Request, token: str) -> Response:
        """Take the record over; every consent is asked anew."""
        given = TakeOverIn(data=request.data)
        given.is_valid(raise_exception=True)
        patient = services.take_over(
            user=user_of(request._request),
            token=token,
            birth_date=given.validated_data["birth_date"],
            now=timezone.now(),
        )
        return Response(TakenOverOut({"patient_id": patient.pk}).data)
