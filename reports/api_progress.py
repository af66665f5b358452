"""Progress over the API: the same services and permissions as the pages, signed values only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from reports import services
from reports.api import PRIVATE
from reports.progress.content import to_dict
from reports.progress.reading import Progress
from reports.views.streaming import stream

SAID = ["improved", "no_detectable_change", "worse", "pending", "not_comparable", "not_known"]


class PointOut(serializers.Serializer[Any]):
    """One signed value."""

    day = serializers.DateField(help_text="Of the photographs.")
    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    takes = serializers.IntegerField(help_text="Of how many photographs of one sitting it is the mean.")
    corrected = serializers.BooleanField(help_text="Typed or drawn by the clinician.")
    report_id = serializers.UUIDField()


class ChangeOut(serializers.Serializer[Any]):
    """A change held against the noise of the patient's photographs."""

    since = serializers.DateField()
    said = serializers.ChoiceField(choices=SAID)
    why = serializers.CharField(help_text="Why there is no verdict; empty where there is one.")
    change = serializers.FloatField(allow_null=True)
    percent = serializers.FloatField(allow_null=True)
    detectable_fall = serializers.FloatField(allow_null=True)
    detectable_rise = serializers.FloatField(allow_null=True)


class SeriesOut(serializers.Serializer[Any]):
    """One metric of one view and site over time."""

    view = serializers.CharField(help_text="Empty: all photographs of the session together.")
    site = serializers.CharField()
    metric = serializers.CharField()
    unit = serializers.CharField()
    points = PointOut(many=True)
    since_first = ChangeOut(allow_null=True)
    since_last = ChangeOut(allow_null=True)


class ProgressOut(serializers.Serializer[Any]):
    """Everything signed about a patient, over time."""

    series = SeriesOut(many=True)


class ProgressDocumentOut(serializers.Serializer[Any]):
    """A delta report or summary that was asked for as PDF."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=["delta", "summary"])
    requested_at = serializers.DateTimeField()
    made_at = serializers.DateTimeField(allow_null=True, help_text="Null while the PDF is being made.")
    pdf_sha256 = serializers.CharField()


class ReleaseIn(serializers.Serializer[Any]):
    """Whether the patient sees map and figures of a comparison."""

    released = serializers.BooleanField()


class PatientProgress(APIView):
    """Signed values over time."""

    @extend_schema(operation_id="progress_read", responses={200: ProgressOut, **failures(404)}, tags=["progress"])
    def get(self, request: Request, patient_id: UUID) -> Response:
        """Every series with its verdicts since the first and since the last visit; the read is recorded."""
        progress = services.read_progress(actor=api_actor(request), patient_id=patient_id, now=timezone.now())
        return Response(ProgressOut({"series": _series(progress)}).data, headers=PRIVATE)


def _document_view(kind: str, first: str, last: str, about: str) -> type[APIView]:
    asked = [OpenApiParameter(first, str, description=about), OpenApiParameter(last, str, description=about)]

    class Document(APIView):
        @extend_schema(
            operation_id=f"progress_{kind}_read",
            parameters=asked,
            responses={200: OpenApiTypes.OBJECT, **failures(400, 404, 409)},
            tags=["progress"],
        )
        def get(self, request: Request, patient_id: UUID) -> Response:
            """The document as it would be made now; the read is recorded."""
            content = services.read_document_content(**self._asked(request, patient_id))
            return Response(to_dict(content), headers=PRIVATE)

        @extend_schema(
            operation_id=f"progress_{kind}_request",
            parameters=asked,
            request=None,
            responses={202: ProgressDocumentOut, **failures(400, 404, 409)},
            tags=["progress"],
        )
        def post(self, request: Request, patient_id: UUID) -> Response:
            """Have it made as PDF; asked for again, the same content is the same document."""
            made = services.request_document(**self._asked(request, patient_id))
            return Response(ProgressDocumentOut(made).data, status=status.HTTP_202_ACCEPTED)

        def _asked(self, request: Request, patient_id: UUID) -> dict[str, Any]:
            return {
                "actor": api_actor(request),
                "patient_id": patient_id,
                "kind": kind,
                "first": request.query_params.get(first, ""),
                "last": request.query_params.get(last, ""),
                "now": timezone.now(),
            }

    return Document


ProgressDelta = _document_view("delta", "then", "now", "Id of a signed report.")
ProgressSummary = _document_view("summary", "from", "to", "A day, ISO 8601.")


class OneProgressDocument(APIView):
    """A document that was asked for."""

    @extend_schema(
        operation_id="progress_document", responses={200: ProgressDocumentOut, **failures(404)}, tags=["progress"]
    )
    def get(self, request: Request, document_id: UUID) -> Response:
        """Whether its PDF is there."""
        found = services.document_in_scope(api_actor(request), document_id)
        return Response(ProgressDocumentOut(found).data, headers=PRIVATE)


class ProgressDocumentPdf(APIView):
    """The PDF of a document."""

    @extend_schema(
        operation_id="progress_document_pdf",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, **failures(404, 409)},
        tags=["progress"],
    )
    def get(self, request: Request, document_id: UUID) -> FileResponse:
        """The file (PDF/A-3a); 409 while it is being made."""
        found, reader = services.read_document(actor=api_actor(request), document_id=document_id, now=timezone.now())
        response = stream(reader, "application/pdf", name=f"{found.kind}-{found.requested_at:%Y-%m-%d}.pdf")
        response["Cache-Control"] = PRIVATE["Cache-Control"]
        return response


class ComparisonPicture(APIView):
    """A derived picture of a comparison."""

    @extend_schema(
        operation_id="comparison_picture",
        responses={(200, "image/*"): OpenApiTypes.BINARY, **failures(404)},
        tags=["progress"],
    )
    def get(self, request: Request, image_id: UUID) -> FileResponse:
        """The later photograph laid onto the earlier; the map of change once a clinician released it."""
        actor = api_actor(request)
        image, reader = services.read_comparison_image(actor=actor, image_id=image_id, now=timezone.now())
        return stream(reader, image.media_type)


class ReleaseComparison(APIView):
    """What a patient sees of a comparison."""

    @extend_schema(
        operation_id="comparison_release",
        request=ReleaseIn,
        responses={204: None, **failures(400, 404, 409)},
        tags=["progress"],
    )
    def post(self, request: Request, comparison_id: UUID) -> Response:
        """Let the patient see map and figures once the session is signed, or take that back."""
        given = ReleaseIn(data=request.data)
        given.is_valid(raise_exception=True)
        services.release_comparison(
            actor=api_actor(request),
            comparison_id=comparison_id,
            released=given.validated_data["released"],
            now=timezone.now(),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


def _series(progress: Progress) -> list[dict[str, Any]]:
    found = []
    for series in progress.series:
        points = series.points
        found.append(
            {
                "view": series.key.view,
                "site": series.key.site,
                "metric": series.key.metric,
                "unit": series.unit,
                "points": [
                    {
                        "day": point.day,
                        "value": point.value.value,
                        "low": point.value.low,
                        "high": point.value.high,
                        "takes": point.takes,
                        "corrected": point.corrected,
                        "report_id": progress.visits[point.visit].report_id,
                    }
                    for point in points
                ],
                "since_first": _change(progress, series, 0) if len(points) > 1 else None,
                "since_last": _change(progress, series, len(points) - 2) if len(points) > 2 else None,
            }
        )
    return found


def _change(progress: Progress, series: Any, since: int) -> dict[str, Any] | None:
    then = series.points[since]
    judged = progress.judgement(series, then.visit, series.points[-1].visit)
    if judged is None:
        return None
    return {
        "since": then.day,
        "said": judged.said.value,
        "why": judged.why,
        "change": judged.change,
        "percent": judged.percent,
        "detectable_fall": judged.fall,
        "detectable_rise": judged.rise,
    }
