"""Signed reports over the API: the same services, the same permissions, one error envelope."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, page_of
from accounts.api_stepup import KEY_FIELD_HELP
from accounts.requests import user_of
from accounts.stepup import Asked, asked_of, has_key
from reports import selectors, services
from reports.models import Report
from reports.views.streaming import stream

PRIVATE = {"Cache-Control": "private, no-store"}


class ReportOut(serializers.Serializer[Any]):
    """A signed report without its content."""

    id = serializers.UUIDField()
    patient_id = serializers.UUIDField()
    session_id = serializers.UUIDField(allow_null=True)
    signed_at = serializers.DateTimeField()
    verification_code = serializers.CharField()
    content_hash = serializers.CharField()
    pdf_sha256 = serializers.CharField(help_text="Empty while the PDF is being rendered.")
    pdf_signer = serializers.CharField(help_text="The subject of the certificate that signed the PDF.")
    pdf_certificate = serializers.CharField(help_text="Its SHA-256 fingerprint.")
    pdf_profile = serializers.CharField(help_text="The PAdES baseline that the signature reaches.")
    supersedes_id = serializers.UUIDField(allow_null=True)
    superseded_by_id = serializers.SerializerMethodField()

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_superseded_by_id(self, report: Report) -> str | None:
        newer = selectors.superseded_by(report)
        return str(newer.pk) if newer else None


class ReportContentOut(ReportOut):
    """A signed report with its content, exactly as it was signed and hashed."""

    content = serializers.JSONField()


class SignIn(serializers.Serializer[Any]):
    """The signature: what ``step_up`` of the draft asks for, and the hash of the draft that was read."""

    secret = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True, allow_blank=True, default="")
    key = serializers.DictField(allow_null=True, default=None, write_only=True, help_text=KEY_FIELD_HELP)
    read_hash = serializers.CharField(min_length=64, max_length=64)


class DraftOut(serializers.Serializer[Any]):
    """The report as it would be signed now."""

    content = serializers.JSONField()
    read_hash = serializers.CharField()
    step_up = serializers.ChoiceField(
        choices=[asked.value for asked in Asked], help_text="what the caller types as ``secret`` to sign"
    )
    has_key = serializers.BooleanField(help_text="a security key may answer instead, see ``step-up/key/``")


class PatientReports(APIView):
    """A patient's signed reports."""

    @extend_schema(
        operation_id="reports_list",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(ReportOut), **failures(404)},
        tags=["reports"],
    )
    def get(self, request: Request, patient_id: UUID) -> Response:
        """Newest first, superseded ones included; the read is recorded."""
        reports = services.list_reports(actor=api_actor(request), patient_id=patient_id, now=timezone.now())
        page = Page(request, reports)
        response = page.answer(ReportOut)
        response["Cache-Control"] = PRIVATE["Cache-Control"]
        return response


class OneReport(APIView):
    """One signed report."""

    @extend_schema(operation_id="report_read", responses={200: ReportContentOut, **failures(404)}, tags=["reports"])
    def get(self, request: Request, report_id: UUID) -> Response:
        """The report with its content. Reading it is audited."""
        report = services.read_report(actor=api_actor(request), report_id=report_id, now=timezone.now())
        services.frozen_content(report)  # refuses content that is not what was signed
        return Response(ReportContentOut(report).data, headers=PRIVATE)


class ReportPdf(APIView):
    """The PDF of a signed report."""

    @extend_schema(
        operation_id="report_pdf",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, **failures(404, 409)},
        tags=["reports"],
    )
    def get(self, request: Request, report_id: UUID) -> FileResponse:
        """The file (PDF/A-3a); 409 while it is being rendered."""
        report, reader = services.read_pdf(actor=api_actor(request), report_id=report_id, now=timezone.now())
        response = stream(reader, "application/pdf", name=f"report-{report.verification_code[:5]}.pdf")
        response["Cache-Control"] = PRIVATE["Cache-Control"]
        return response


class SignReview(APIView):
    """Reading and signing a decided review."""

    @extend_schema(operation_id="review_draft", responses={200: DraftOut, **failures(404)}, tags=["reports"])
    def get(self, request: Request, review_id: UUID) -> Response:
        """The report as it would be signed now, and the hash to sign it with. Reading it is audited."""
        _review, draft = services.read_draft(actor=api_actor(request), review_id=review_id, now=timezone.now())
        shown = {
            "content": services.as_dict(draft),
            "read_hash": services.draft_hash(draft),
            "step_up": asked_of(user_of(request._request)),
            "has_key": has_key(user_of(request._request)),
        }
        return Response(DraftOut(shown).data, headers=PRIVATE)

    @extend_schema(
        operation_id="review_sign",
        request=SignIn,
        responses={201: ReportOut, **failures(400, 404, 409, 422)},
        tags=["reports"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """Sign and issue."""
        typed = SignIn(data=request.data)
        typed.is_valid(raise_exception=True)
        report = services.sign_and_issue(
            actor=api_actor(request),
            review_id=review_id,
            secret=typed.validated_data["secret"],
            key=typed.validated_data["key"],
            read_hash=typed.validated_data["read_hash"],
            now=timezone.now(),
        )
        place = {"Location": reverse("reports:report", args=[report.pk])}
        return Response(ReportOut(report).data, status=status.HTTP_201_CREATED, headers=place)
