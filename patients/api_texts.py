"""Consent texts over the API, for administrators."""

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
from accounts.errors import NotFound
from patients import selectors, services
from patients.models import Purpose


class ConsentTextIn(serializers.Serializer[Any]):
    """A wording."""

    title = serializers.CharField(max_length=120)
    body = serializers.CharField(max_length=20_000)


class ConsentTextOut(ConsentTextIn):
    """One version of a purpose's wording; unpublished while it is a draft."""

    id = serializers.UUIDField()
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    version = serializers.IntegerField()
    published_at = serializers.DateTimeField(allow_null=True)


class ConsentTexts(APIView):
    """The clinic's wordings."""

    @extend_schema(
        operation_id="consent_texts_list",
        responses={200: ConsentTextOut(many=True), **failures()},
        tags=["administration"],
    )
    def get(self, request: Request) -> Response:
        """Every version of every purpose, newest first."""
        versions = selectors.consent_texts(api_actor(request))
        return Response(ConsentTextOut([text for texts in versions.values() for text in texts], many=True).data)


class ConsentTextDraft(APIView):
    """The draft of one purpose."""

    @extend_schema(
        operation_id="consent_texts_write",
        request=ConsentTextIn,
        responses={200: ConsentTextOut, **failures(400, 404, 422)},
        tags=["administration"],
    )
    def put(self, request: Request, purpose: str) -> Response:
        """Write the next version; patients see it once it is published."""
        if purpose not in Purpose.values:
            raise NotFound
        given = ConsentTextIn(data=request.data)
        given.is_valid(raise_exception=True)
        text = services.save_consent_text(
            actor=api_actor(request), purpose=Purpose(purpose), now=timezone.now(), **given.validated_data
        )
        return Response(ConsentTextOut(text).data)


class PublishConsentText(APIView):
    """A draft."""

    @extend_schema(
        operation_id="consent_texts_publish",
        request=None,
        responses={200: ConsentTextOut, **failures(404, 409)},
        tags=["administration"],
    )
    def post(self, request: Request, text_id: UUID) -> Response:
        """Put it in force."""
        text = services.publish_consent_text(actor=api_actor(request), text_id=text_id, now=timezone.now())
        return Response(ConsentTextOut(text).data, status=status.HTTP_200_OK)
