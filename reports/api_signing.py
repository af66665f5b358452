"""The signatures under reports over the API, for administrators: the certificate in use, and what waits for it."""

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
from reports import services, signing_page


class CertificateInUseOut(serializers.Serializer[Any]):
    """The certificate that signs this clinic's reports."""

    subject = serializers.CharField()
    fingerprint = serializers.CharField(help_text="SHA-256, hexadecimal")
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    is_demo = serializers.BooleanField()


class WaitingReportOut(serializers.Serializer[Any]):
    """A signed report without a PDF."""

    id = serializers.UUIDField()
    verification_code = serializers.CharField()
    signed_at = serializers.DateTimeField()
    signed_by = serializers.CharField()
    attempts = serializers.IntegerField()
    failure = serializers.CharField(help_text="a code; empty while it is being prepared")
    why = serializers.CharField()
    given_up = serializers.BooleanField(help_text="it is not tried again by itself")


class ClinicSigningOut(serializers.Serializer[Any]):
    """Whether reports can be signed now; ``problem`` is empty when they can."""

    certificate = CertificateInUseOut(allow_null=True)
    problem = serializers.CharField()
    expires_soon = serializers.BooleanField()
    waiting = WaitingReportOut(many=True)


class Signing(APIView):
    """The clinic's signatures."""

    @extend_schema(
        operation_id="signing_read", responses={200: ClinicSigningOut, **failures()}, tags=["administration"]
    )
    def get(self, request: Request) -> Response:
        """The certificate in use, and reports that wait for their PDF."""
        return Response(ClinicSigningOut(signing_page.signing_page(api_actor(request), now=timezone.now())).data)


class RetrySigning(APIView):
    """One report whose PDF could not be signed."""

    @extend_schema(
        operation_id="signing_retry", request=None, responses={204: None, **failures(404, 409)}, tags=["administration"]
    )
    def post(self, request: Request, report_id: UUID) -> Response:
        """Try the PDF again; 409 while it is still tried by itself."""
        services.retry_pdf(actor=api_actor(request), report_id=report_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
