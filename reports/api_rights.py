"""The patient's rights over the API: export and erasure, and the administrator's side of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, page_of
from accounts.api_stepup import KEY_FIELD_HELP
from accounts.privacy import OnErasure
from patients.selectors import patient_label
from reports import presenters, selectors, services
from reports.models import ErasureRequest, ExportRequest
from reports.views.streaming import stream


class ExportOut(serializers.Serializer[Any]):
    """An archive that was asked for."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=ExportRequest.Status.choices)
    requested_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="of the archive; empty while it is being prepared")


class ErasureStepOut(serializers.Serializer[Any]):
    """One line of what an erasure does: erased, kept under the clinic's record key, or kept; and why."""

    what = serializers.CharField()
    count = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in OnErasure])
    reason = serializers.CharField()


class ErasureOut(serializers.Serializer[Any]):
    """A request for erasure, as the patient sees it."""

    id = serializers.UUIDField()
    patient_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=ErasureRequest.Status.choices)
    requested_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="when it has to be answered")
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField(help_text="why it was refused")


class ErasureCaseOut(ErasureOut):
    """A request for erasure, as an administrator sees it: the patient by initials and record number."""

    patient = serializers.SerializerMethodField()

    def get_patient(self, request: ErasureRequest) -> str:
        return patient_label(request.patient)


class ErasureDryRunOut(serializers.Serializer[Any]):
    """What carrying the request out would do now; no steps once it is decided."""

    request = ErasureCaseOut()
    legal_hold = serializers.CharField(help_text="the hold that stops it, or empty")
    steps = ErasureStepOut(many=True)


class CertificateOut(serializers.Serializer[Any]):
    """The certificate of an erasure: opaque ids, counts, hashes and times."""

    certificate = serializers.DictField()
    sha256 = serializers.CharField(source="certificate_hash")


class UnderstoodIn(serializers.Serializer[Any]):
    """That the person understood: it cannot be undone, and the account closes when it is carried out."""

    understood = serializers.BooleanField()

    def validate_understood(self, value: bool) -> bool:
        if not value:
            raise serializers.ValidationError(_("Say that you understood that this cannot be undone."))
        return value


class SecretIn(serializers.Serializer[Any]):
    """The password or a second-factor code, typed again for this one act, or the answer of a security key."""

    secret = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True, allow_blank=True, default="")
    key = serializers.DictField(allow_null=True, default=None, write_only=True, help_text=KEY_FIELD_HELP)


class ReasonIn(serializers.Serializer[Any]):
    """Why it is refused: the person who asked reads this."""

    reason = serializers.CharField(max_length=300)


# --- the patient -----------------------------------------------------------------------------------------------------


class PatientExports(APIView):
    """Archives of everything that the portal keeps about a person."""

    @extend_schema(
        operation_id="exports_list",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(ExportOut), **failures(404)},
        tags=["rights"],
    )
    def get(self, request: Request, patient_id: UUID) -> Response:
        """The newest twenty that were asked for."""
        return Page(request, selectors.exports_of(api_actor(request), patient_id)).answer(ExportOut)

    @extend_schema(
        operation_id="exports_request", request=None, responses={201: ExportOut, **failures(404)}, tags=["rights"]
    )
    def post(self, request: Request, patient_id: UUID) -> Response:
        """Ask for an archive; the one that is being prepared is returned instead of a second."""
        export = services.request_export(actor=api_actor(request), patient_id=patient_id, now=timezone.now())
        return Response(ExportOut(export).data, status=status.HTTP_201_CREATED)


class ExportArchive(APIView):
    """An archive itself."""

    @extend_schema(
        operation_id="exports_download",
        responses={(200, "application/zip"): OpenApiTypes.BINARY, **failures(404, 409)},
        tags=["rights"],
    )
    def get(self, request: Request, export_id: UUID) -> FileResponse:
        """The ZIP archive, until it expires; audited."""
        export, reader = services.open_export(actor=api_actor(request), export_id=export_id, now=timezone.now())
        name = f"trichora-{export.requested_at:%Y-%m-%d}.zip"
        return stream(reader, "application/zip", name=name, attachment=True, size_bytes=export.size_bytes)


class PatientErasures(APIView):
    """A person's requests for erasure."""

    @extend_schema(
        operation_id="erasures_list",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(ErasureOut), **failures(404)},
        tags=["rights"],
    )
    def get(self, request: Request, patient_id: UUID) -> Response:
        """Newest first."""
        return Page(request, selectors.erasures_of(api_actor(request), patient_id)).answer(ErasureOut)

    @extend_schema(
        operation_id="erasures_request",
        request=UnderstoodIn,
        responses={201: ErasureOut, **failures(400, 404)},
        tags=["rights"],
    )
    def post(self, request: Request, patient_id: UUID) -> Response:
        """Ask for erasure; the request that waits is returned instead of a second."""
        given = UnderstoodIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = services.request_erasure(actor=api_actor(request), patient_id=patient_id, now=timezone.now())
        return Response(ErasureOut(wanted).data, status=status.HTTP_201_CREATED)


class WithdrawErasure(APIView):
    """A change of mind."""

    @extend_schema(
        operation_id="erasures_withdraw",
        request=None,
        responses={200: ErasureOut, **failures(404, 409)},
        tags=["rights"],
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """Take the request back, until it is carried out."""
        withdrawn = services.withdraw_erasure(actor=api_actor(request), request_id=request_id, now=timezone.now())
        return Response(ErasureOut(withdrawn).data)


# --- the administrator -----------------------------------------------------------------------------------------------


class ErasureCases(APIView):
    """The clinic's requests for erasure."""

    @extend_schema(
        operation_id="erasure_cases_list",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(ErasureCaseOut), **failures()},
        tags=["administration"],
    )
    def get(self, request: Request) -> Response:
        """Those that wait first, by their deadline; then the answered."""
        return Page(request, selectors.privacy_requests(api_actor(request))).answer(ErasureCaseOut)


class OneErasureCase(APIView):
    """One request for erasure."""

    @extend_schema(
        operation_id="erasure_cases_dry_run",
        responses={200: ErasureDryRunOut, **failures(404)},
        tags=["administration"],
    )
    def get(self, request: Request, request_id: UUID) -> Response:
        """The dry run: what would go, what has to stay, and why."""
        page = presenters.decision_page(api_actor(request), request_id, now=timezone.now())
        body = {
            "request": page["erasure"],
            "legal_hold": page["hold"],
            "steps": [
                {"what": step.what, "count": step.count, "outcome": step.outcome.value, "reason": step.reason}
                for step in [*page["erased"], *page["kept"]]
            ],
        }
        return Response(ErasureDryRunOut(body).data)


class ExecuteErasure(APIView):
    """Carrying an erasure out."""

    @extend_schema(
        operation_id="erasure_cases_execute",
        request=SecretIn,
        responses={200: CertificateOut, **failures(400, 404, 409, 422)},
        tags=["administration"],
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """Erase, with a code of the second factor (the password of who has none) typed again. Answers with the
        certificate."""
        given = SecretIn(data=request.data)
        given.is_valid(raise_exception=True)
        done = services.execute_erasure(
            actor=api_actor(request),
            request_id=request_id,
            secret=given.validated_data["secret"],
            key=given.validated_data["key"],
            now=timezone.now(),
        )
        return Response(CertificateOut(done).data)


class RefuseErasure(APIView):
    """Refusing an erasure."""

    @extend_schema(
        operation_id="erasure_cases_refuse",
        request=ReasonIn,
        responses={200: ErasureCaseOut, **failures(400, 404, 409, 422)},
        tags=["administration"],
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """Refuse with a reason that the person reads."""
        given = ReasonIn(data=request.data)
        given.is_valid(raise_exception=True)
        refused = services.refuse_erasure(
            actor=api_actor(request),
            request_id=request_id,
            reason=given.validated_data["reason"],
            now=timezone.now(),
        )
        return Response(ErasureCaseOut(refused).data)


class ErasureCertificate(APIView):
    """The certificate of an erasure."""

    @extend_schema(
        operation_id="erasure_cases_certificate",
        responses={200: CertificateOut, **failures(404)},
        tags=["administration"],
    )
    def get(self, request: Request, request_id: UUID) -> Response:
        """The certificate with its hash; 404 before the erasure was carried out."""
        return Response(CertificateOut(selectors.certificate_for(api_actor(request), request_id)).data)
