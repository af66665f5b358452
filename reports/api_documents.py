"""What belongs to a report over the API beside reading and signing: its pictures, its correction, the public check."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.http import FileResponse, HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from accounts.errors import NotFound
from reports import services, verification
from reports.views.streaming import stream
from reviews.api.shapes import ReviewOut, review_answer
from reviews.selectors import review_for


class CorrectionIn(serializers.Serializer[Any]):
    """Why the report is corrected: the reason stands in the new report, for the patient to read."""

    reason = serializers.CharField(max_length=500)


class VerdictOut(serializers.Serializer[Any]):
    """What a verification code proves, and nothing more."""

    state = serializers.ChoiceField(choices=["valid", "superseded", "erased"])
    clinic = serializers.CharField()
    day = serializers.DateField()
    content_hash = serializers.CharField()
    pdf_hash = serializers.CharField(help_text="SHA-256 of the PDF file; empty while it is being made")
    pdf_signer = serializers.CharField(help_text="the subject of the certificate that signed the PDF file")
    pdf_certificate = serializers.CharField(help_text="the certificate's SHA-256 fingerprint")
    pdf_profile = serializers.CharField(help_text="the PAdES baseline of the signature")


class ReportPicture(APIView):
    """One picture of a signed report, named in its content."""

    @extend_schema(
        operation_id="report_picture",
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY, **failures(404)},
        tags=["reports"],
    )
    def get(self, request: Request, image_id: UUID) -> FileResponse:
        """The picture as it was frozen at signing."""
        image, reader = services.read_image(actor=api_actor(request), image_id=image_id, now=timezone.now())
        return stream(reader, image.media_type)


class DraftPicture(APIView):
    """One picture of the draft of a report, named in its content."""

    @extend_schema(
        operation_id="review_draft_picture",
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY, **failures(404)},
        tags=["reports"],
    )
    def get(self, request: Request, review_id: UUID, picture_id: UUID) -> HttpResponse:
        """The picture as it would be frozen now."""
        jpeg = services.draft_picture(actor=api_actor(request), review_id=review_id, picture_id=picture_id)
        return HttpResponse(jpeg.data, content_type="image/jpeg")


class CorrectReport(APIView):
    """Correcting a signed report."""

    @extend_schema(
        operation_id="report_correct",
        request=CorrectionIn,
        responses={201: ReviewOut, **failures(400, 404, 409, 422)},
        tags=["reports"],
    )
    def post(self, request: Request, report_id: UUID) -> Response:
        """Open a review with the signed decisions, reading and plan; its report supersedes this one."""
        given = CorrectionIn(data=request.data)
        given.is_valid(raise_exception=True)
        actor = api_actor(request)
        review = services.amend_signed(
            actor=actor, report_id=report_id, reason=given.validated_data["reason"], now=timezone.now()
        )
        return review_answer(actor, review_for(actor, review.pk), status.HTTP_201_CREATED)


class VerifyCode(APIView):
    """The public check of a verification code."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="verify", auth=[], responses={200: VerdictOut, **failures(404, 429)}, tags=["verification"]
    )
    def get(self, request: Request, code: str) -> Response:
        """Valid, superseded, or a certificate of erasure. Few checks from one network in ten minutes."""
        verification.check_rate(get_adapter(request._request).get_client_ip(request._request))
        verdict = verification.look_up(code)
        if verdict is None:
            raise NotFound
        return Response(VerdictOut(verdict).data, headers={"Cache-Control": "no-store"})
