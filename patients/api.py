"""Sessions and photos over the API: the same services, the same permissions, one error envelope."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, page_of
from patients import selectors, services
from patients.capture_protocol import ChecklistItem, WashInterval
from patients.models import Occasion, PhotoSession
from patients.services.reading import Rendition
from vision.types import View


class PhotoOut(serializers.Serializer[Any]):
    """A photo of a session; its bytes are read from ``content``."""

    id = serializers.UUIDField()
    view = serializers.ChoiceField(choices=[view.value for view in View])
    site = serializers.CharField()
    media_type = serializers.CharField()
    width_px = serializers.IntegerField()
    height_px = serializers.IntegerField()
    quality_passed = serializers.BooleanField()
    quality = serializers.JSONField()
    repeat_of = serializers.UUIDField(
        source="repeat_of_id", allow_null=True, help_text="the first take of which this is the second"
    )
    created_at = serializers.DateTimeField()


class SessionOut(serializers.Serializer[Any]):
    """A photo session with its present photos."""

    id = serializers.UUIDField()
    patient_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=PhotoSession.Status.choices)
    occasion = serializers.ChoiceField(choices=Occasion.choices)
    urgent = serializers.BooleanField()
    ai_consented = serializers.BooleanField()
    intake_confirmed_at = serializers.DateTimeField(allow_null=True)
    retake_views = serializers.JSONField()
    take_twice = serializers.BooleanField(help_text="each view is asked for twice in this sitting")
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    photos = serializers.SerializerMethodField()

    @extend_schema_field(PhotoOut(many=True))
    def get_photos(self, session: PhotoSession) -> Any:
        return PhotoOut(selectors.photos_of(session), many=True).data


class ChecklistIn(serializers.Serializer[Any]):
    """What was ticked before the photos (C4)."""

    done = serializers.ListField(child=serializers.ChoiceField(choices=[item.value for item in ChecklistItem]))
    wash = serializers.ChoiceField(choices=[interval.value for interval in WashInterval])


class TakesIn(serializers.Serializer[Any]):
    """How often each view is taken in this sitting."""

    twice = serializers.BooleanField()


class PhotoIn(serializers.Serializer[Any]):
    """One photograph: JPEG, PNG, WebP or HEIC."""

    view = serializers.ChoiceField(choices=[view.value for view in View])
    site = serializers.CharField(required=False, default="", allow_blank=True, max_length=40)
    file = serializers.FileField()


class PatientSessions(APIView):
    """A patient's sessions."""

    @extend_schema(
        operation_id="sessions_list",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(SessionOut), **failures(404)},
        tags=["sessions"],
    )
    def get(self, request: Request, patient_id: UUID) -> Response:
        """The sessions in the caller's scope, newest first; the read is recorded."""
        actor = api_actor(request)
        patient = selectors.patient_for(actor, patient_id)
        page = Page(request, selectors.visible_sessions(actor, patient.pk))
        services.note_read(
            actor=actor,
            patient=patient,
            action="record.sessions_read",
            subject_kind="patient",
            subject_id=patient.pk,
            photos=(),
            now=timezone.now(),
        )
        return page.answer(SessionOut)

    @extend_schema(
        operation_id="sessions_start",
        request=None,
        responses={201: SessionOut, **failures(404, 409)},
        tags=["sessions"],
    )
    def post(self, request: Request, patient_id: UUID) -> Response:
        """Start a session, or go on with the one that is being prepared."""
        session = services.start_session(actor=api_actor(request), patient_id=patient_id, now=timezone.now())
        return Response(SessionOut(session).data, status=status.HTTP_201_CREATED)


class OneSession(APIView):
    """One session."""

    @extend_schema(operation_id="sessions_read", responses={200: SessionOut, **failures(404)}, tags=["sessions"])
    def get(self, request: Request, session_id: UUID) -> Response:
        """The session and its photos; the read is recorded."""
        session = services.read_session(actor=api_actor(request), session_id=session_id, now=timezone.now())
        return Response(SessionOut(session).data)

    @extend_schema(operation_id="sessions_discard", responses={204: None, **failures(404, 409)}, tags=["sessions"])
    def delete(self, request: Request, session_id: UUID) -> Response:
        """Discard a session that was not sent."""
        services.discard_session(actor=api_actor(request), session_id=session_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SessionChecklist(APIView):
    """The checklist before the photos."""

    @extend_schema(
        operation_id="sessions_checklist",
        request=ChecklistIn,
        responses={200: SessionOut, **failures(400, 404, 409)},
        tags=["sessions"],
    )
    def put(self, request: Request, session_id: UUID) -> Response:
        """Keep what was ticked and what was not."""
        wanted = ChecklistIn(data=request.data)
        wanted.is_valid(raise_exception=True)
        session = services.save_checklist(
            actor=api_actor(request),
            session_id=session_id,
            done=[ChecklistItem(item) for item in wanted.validated_data["done"]],
            wash=WashInterval(wanted.validated_data["wash"]),
            now=timezone.now(),
        )
        return Response(SessionOut(session).data)


class SessionTakes(APIView):
    """Taking each view twice, so that the patient's own measurement noise is learnt."""

    @extend_schema(
        operation_id="sessions_takes",
        request=TakesIn,
        responses={200: SessionOut, **failures(400, 404, 409)},
        tags=["sessions"],
    )
    def put(self, request: Request, session_id: UUID) -> Response:
        """Each view twice, or once. A new photo of a view whose first take is good becomes its second take."""
        wanted = TakesIn(data=request.data)
        wanted.is_valid(raise_exception=True)
        session = services.choose_takes(
            actor=api_actor(request), session_id=session_id, now=timezone.now(), **wanted.validated_data
        )
        return Response(SessionOut(session).data)


class SessionIntake(APIView):
    """The confirmation that the answers about health still hold."""

    @extend_schema(
        operation_id="sessions_confirm_intake",
        request=None,
        responses={200: SessionOut, **failures(404, 409)},
        tags=["sessions"],
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Confirm medication, pregnancy and allergies for this session."""
        session = services.confirm_intake(actor=api_actor(request), session_id=session_id, now=timezone.now())
        return Response(SessionOut(session).data)


class SessionPhotos(APIView):
    """Photos of a session."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="photos_add",
        request={"multipart/form-data": PhotoIn},
        responses={201: PhotoOut, **failures(400, 404, 409, 422)},
        tags=["photos"],
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Add one photograph. One that fails the quality gate is kept, marked, and never measured."""
        wanted = PhotoIn(data=request.data)
        wanted.is_valid(raise_exception=True)
        file = wanted.validated_data["file"]
        photo = services.add_photo(
            actor=api_actor(request),
            session_id=session_id,
            view=View(wanted.validated_data["view"]),
            site=wanted.validated_data["site"],
            upload=file,
            claimed_type=file.content_type or "",
            claimed_extension=file.name.rpartition(".")[2].lower() if "." in file.name else "",
            now=timezone.now(),
        )
        return Response(PhotoOut(photo).data, status=status.HTTP_201_CREATED)


class OnePhoto(APIView):
    """One photo."""

    @extend_schema(operation_id="photos_read", responses={200: PhotoOut, **failures(404)}, tags=["photos"])
    def get(self, request: Request, photo_id: UUID) -> Response:
        """Facts about the photo, without its bytes."""
        return Response(PhotoOut(selectors.photo_for(api_actor(request), photo_id)).data)

    @extend_schema(operation_id="photos_remove", responses={204: None, **failures(404, 409)}, tags=["photos"])
    def delete(self, request: Request, photo_id: UUID) -> Response:
        """Take the photo out of a session that was not sent."""
        services.remove_photo(actor=api_actor(request), photo_id=photo_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class PhotoContent(APIView):
    """The picture itself."""

    @extend_schema(
        operation_id="photos_content",
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY, **failures(404)},
        tags=["photos"],
    )
    def get(self, request: Request, photo_id: UUID) -> StreamingHttpResponse:
        """Decrypted bytes; the read is recorded."""
        stream = services.read_photo(
            actor=api_actor(request), photo_id=photo_id, rendition=Rendition.ORIGINAL, now=timezone.now()
        )
        response = StreamingHttpResponse(stream.chunks, content_type=stream.media_type)
        response["Cache-Control"] = "private, no-store"
        return response
