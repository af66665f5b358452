"""The calibration card over the API: its sheet, and the check of its print."""

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
from accounts.roles import Permission
from patients import selectors, services


class CardOut(serializers.Serializer[Any]):
    """The newest check of the printed card; both null while there is none."""

    ruler_mm = serializers.FloatField(allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True)


class CardIn(serializers.Serializer[Any]):
    """What the printed ruler of 100 mm measures."""

    ruler_mm = serializers.FloatField()


class Card(APIView):
    """The patient's printed calibration card."""

    @extend_schema(responses={200: CardOut, **failures(403, 404)})
    def get(self, request: Request, patient_id: UUID) -> Response:
        """The newest check of its print."""
        actor = api_actor(request)
        actor.check(Permission.EDIT_OWN_RECORD)
        card = selectors.printed_card(selectors.patient_for(actor, patient_id).pk)
        return Response({"ruler_mm": card.ruler_mm if card else None, "checked_at": card.checked_at if card else None})

    @extend_schema(request=CardIn, responses={200: CardOut, **failures(403, 404, 422)})
    def post(self, request: Request, patient_id: UUID) -> Response:
        """Record a check; photos of an open session get their scale from it."""
        given = CardIn(data=request.data)
        given.is_valid(raise_exception=True)
        card = services.check_card(
            actor=api_actor(request),
            patient_id=patient_id,
            ruler_mm=given.validated_data["ruler_mm"],
            now=timezone.now(),
        )
        return Response(CardOut(card).data)
