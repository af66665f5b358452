"""Analyses over the API: state for the patient, findings for clinicians (G8)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from analysis import selectors, services
from analysis.models import Finding
from patients.api import SessionOut


class FindingOut(serializers.Serializer[Any]):
    """What a model said. A clinician's decision about it stands beside it, in the review."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Finding.Kind.choices)
    code = serializers.CharField()
    photo_id = serializers.UUIDField(allow_null=True)
    payload = serializers.JSONField()
    release = serializers.CharField()


class DerivedImageOut(serializers.Serializer[Any]):
    """A picture made of a photo: overlay, density map, attention, and others for display only."""

    id = serializers.UUIDField()
    photo_id = serializers.UUIDField(source="photo_result.photo_id")
    kind = serializers.CharField()
    media_type = serializers.CharField()
    width_px = serializers.IntegerField()
    height_px = serializers.IntegerField()


class AnalysisOut(serializers.Serializer[Any]):
    """Where the measuring stands. ``findings`` and ``images`` are empty for everybody but clinicians."""

    state = serializers.ChoiceField(choices=[(state.value, state.name) for state in selectors.State])
    photos_done = serializers.IntegerField()
    photos_total = serializers.IntegerField()
    findings = FindingOut(many=True)
    images = DerivedImageOut(many=True)


class SessionAnalysisView(APIView):
    """The analysis of one session."""

    @extend_schema(operation_id="analyses_read", responses={200: AnalysisOut, **failures(404)}, tags=["analyses"])
    def get(self, request: Request, session_id: UUID) -> Response:
        """State for everybody in scope; findings for clinicians, audited."""
        actor = api_actor(request)
        found, findings = services.read_findings(actor=actor, session_id=session_id, now=timezone.now())
        body = {
            "state": found.state.value,
            "photos_done": found.photos_done,
            "photos_total": found.photos_total,
            "findings": findings,
            "images": selectors.visible_images(actor, found.analysis_id),
        }
        return Response(AnalysisOut(body).data)


class DerivedImageContent(APIView):
    """A derived picture itself."""

    @extend_schema(
        operation_id="analyses_image",
        responses={(200, "image/png"): OpenApiTypes.BINARY, **failures(404)},
        tags=["analyses"],
    )
    def get(self, request: Request, image_id: UUID) -> StreamingHttpResponse:
        """Decrypted bytes, for clinicians; the read is recorded."""
        image = services.read_derived(actor=api_actor(request), image_id=image_id, now=timezone.now())
        return StreamingHttpResponse(selectors.open_derived(image), content_type=image.media_type)


class SubmitIn(serializers.Serializer[Any]):
    """How it is handed over. ``look_now``: a clinician is to look at it now, not at the next review."""

    look_now = serializers.BooleanField(required=False, default=False)


class SubmitSession(APIView):
    """Handing a session to the clinic."""

    @extend_schema(
        operation_id="sessions_submit",
        request=SubmitIn,
        responses={200: SessionOut, **failures(400, 404, 409, 422)},
        tags=["sessions"],
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Submit; consented photos are queued for measuring."""
        given = SubmitIn(data=request.data)
        given.is_valid(raise_exception=True)
        session = services.submit_session(
            actor=api_actor(request), session_id=session_id, now=timezone.now(), **given.validated_data
        )
        return Response(SessionOut(session).data)
