"""Looking a patient up over the API."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from care import services


class FindIn(serializers.Serializer[Any]):
    """Whom to look for; posted, so that no name stands in an address."""

    text = serializers.CharField(
        max_length=200, help_text="family name, full name, record number or phone number: equality, never a part"
    )


class FoundOut(serializers.Serializer[Any]):
    """A patient of the clinic."""

    id = serializers.UUIDField()
    given_name = serializers.CharField()
    family_name = serializers.CharField()
    record_number = serializers.CharField()


class FindPatients(APIView):
    """The clinic's patients, for its clinicians."""

    @extend_schema(
        operation_id="patients_find",
        request=FindIn,
        responses={200: FoundOut(many=True), **failures(400)},
        tags=["patients"],
    )
    def post(self, request: Request) -> Response:
        """At most twenty; each patient shown is an event of their access log."""
        given = FindIn(data=request.data)
        given.is_valid(raise_exception=True)
        found = services.find_patients(actor=api_actor(request), text=given.validated_data["text"], now=timezone.now())
        return Response(FoundOut(found, many=True).data)
