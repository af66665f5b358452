"""Consultations over the API. All times are instants; ``zone`` says on which wall clock the clinic works."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from accounts.roles import Permission
from accounts.selectors import clinic_of
from care import selectors, services
from care.models import Consultation
from care.models.booking import Mode
from care.presenters.booking import first_day
from care.workflow import ConsultationAction
from patients.selectors import patient_for


class ConsultationOut(serializers.Serializer[Any]):
    """A consultation. The video room is read from ``consultations/{id}/video/`` while it is open."""

    id = serializers.UUIDField()
    patient_id = serializers.UUIDField()
    kind = serializers.CharField(source="kind.name")
    kind_id = serializers.UUIDField()
    mode = serializers.ChoiceField(choices=Mode.choices)
    membership_id = serializers.UUIDField()
    clinician = serializers.CharField(source="membership.display_name")
    status = serializers.ChoiceField(choices=Consultation.Status.choices)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    zone = serializers.CharField(source="clinic.time_zone")
    sequence = serializers.IntegerField()
    reason = serializers.CharField()


class OfferedKindOut(serializers.Serializer[Any]):
    """What may be booked."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    minutes = serializers.IntegerField()
    mode = serializers.ChoiceField(choices=Mode.choices)


class SlotOut(serializers.Serializer[Any]):
    """A free time with one clinician."""

    starts_at = serializers.DateTimeField()
    membership_id = serializers.UUIDField()
    clinician = serializers.CharField(source="who")


class SlotsAsked(serializers.Serializer[Any]):
    """Which free times."""

    kind_id = serializers.UUIDField(required=False)
    membership_id = serializers.UUIDField(required=False)
    first = serializers.DateField(required=False)
    days = serializers.IntegerField(required=False, min_value=1, max_value=31, default=7)


class BookingIn(serializers.Serializer[Any]):
    """A free slot. ``send_key``: sent twice with the same one, it books once."""

    kind_id = serializers.UUIDField()
    membership_id = serializers.UUIDField()
    starts_at = serializers.DateTimeField()
    send_key = serializers.UUIDField(required=False)


class MoveIn(serializers.Serializer[Any]):
    """Another free slot of the same kind."""

    membership_id = serializers.UUIDField()
    starts_at = serializers.DateTimeField()


class CancelIn(serializers.Serializer[Any]):
    """Why, if the one who cancels wants to say."""

    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=500)


class OutcomeIn(serializers.Serializer[Any]):
    """Whether it took place."""

    outcome = serializers.ChoiceField(choices=["held", "missed"])


class AgendaAsked(serializers.Serializer[Any]):
    """Which days, and whose."""

    first = serializers.DateField(required=False)
    days = serializers.IntegerField(required=False, min_value=1, max_value=31, default=7)
    membership_id = serializers.UUIDField(required=False)


class Slots(APIView):
    """What may be booked for a patient, and when."""

    @extend_schema(
        operation_id="slots_list",
        parameters=[
            OpenApiParameter("kind_id", OpenApiTypes.UUID),
            OpenApiParameter("membership_id", OpenApiTypes.UUID),
            OpenApiParameter("first", OpenApiTypes.DATE, description="a day of the clinic; today when absent"),
            OpenApiParameter("days", int, description="1 to 31, 7 when absent"),
        ],
        responses={
            200: inline_serializer(
                "Slots",
                {
                    "zone": serializers.CharField(),
                    "kinds": OfferedKindOut(many=True),
                    "slots": SlotOut(many=True),
                },
            ),
            **failures(400, 404),
        },
        tags=["consultations"],
    )
    def get(self, request: Request, patient_id: UUID) -> Response:
        """The kinds; with ``kind_id`` also its free times."""
        actor, now = api_actor(request), timezone.now()
        actor.check(Permission.BOOK_CONSULTATIONS)
        patient = patient_for(actor, patient_id)
        given = SlotsAsked(data=request.query_params)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        found: list[selectors.Slot] = []
        if "kind_id" in asked:
            kind = selectors.kind_for(actor, patient, asked["kind_id"])
            members = [
                member
                for member in selectors.offering(kind).select_related("clinic")
                if asked.get("membership_id") in (None, member.pk)
            ]
            first = asked.get("first") or first_day(None, patient.clinic, week=False, now=now)
            last = first + timedelta(days=asked["days"] - 1)
            found = selectors.free_slots(actor, kind, members, first=first, last=last, now=now)
        return Response(
            {
                "zone": patient.clinic.time_zone,
                "kinds": OfferedKindOut(selectors.kinds_for(actor, patient), many=True).data,
                "slots": SlotOut(found, many=True).data,
            }
        )


class PatientConsultations(APIView):
    """A patient's consultations."""

    @extend_schema(
        operation_id="consultations_list",
        responses={
            200: inline_serializer(
                "PatientConsultations",
                {"coming": ConsultationOut(many=True), "past": ConsultationOut(many=True)},
            ),
            **failures(404),
        },
        tags=["consultations"],
    )
    def get(self, request: Request, patient_id: UUID) -> Response:
        """What comes, soonest first, and what was, newest first."""
        actor = api_actor(request)
        actor.check(Permission.BOOK_CONSULTATIONS)
        patient = patient_for(actor, patient_id)
        coming, past = selectors.consultations_of(actor, [patient.pk], now=timezone.now())
        return Response(
            {"coming": ConsultationOut(coming, many=True).data, "past": ConsultationOut(past, many=True).data}
        )

    @extend_schema(
        operation_id="consultations_book",
        request=BookingIn,
        responses={201: ConsultationOut, **failures(400, 404, 409)},
        tags=["consultations"],
    )
    def post(self, request: Request, patient_id: UUID) -> Response:
        """Book a free slot."""
        actor = api_actor(request)
        actor.check(Permission.BOOK_CONSULTATIONS)
        patient_for(actor, patient_id)
        given = BookingIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        booked = services.book(
            actor=actor,
            patient_id=patient_id,
            kind_id=asked["kind_id"],
            membership_id=asked["membership_id"],
            starts_at=asked["starts_at"],
            send_key=asked.get("send_key") or uuid4(),
            now=timezone.now(),
        )
        return Response(ConsultationOut(booked).data, status=status.HTTP_201_CREATED)


class OneConsultation(APIView):
    """One consultation."""

    @extend_schema(
        operation_id="consultations_read", responses={200: ConsultationOut, **failures(404)}, tags=["consultations"]
    )
    def get(self, request: Request, consultation_id: UUID) -> Response:
        """When, with whom and where; a read by staff is recorded."""
        found = services.read_consultation(
            actor=api_actor(request), consultation_id=consultation_id, now=timezone.now()
        )
        return Response(ConsultationOut(found).data)


class Move(APIView):
    """Another time."""

    @extend_schema(
        operation_id="consultations_move",
        request=MoveIn,
        responses={200: ConsultationOut, **failures(400, 404, 409)},
        tags=["consultations"],
    )
    def post(self, request: Request, consultation_id: UUID) -> Response:
        """Move to a free slot, until the clinic's limit for patients."""
        actor = api_actor(request)
        selectors.consultation_for(actor, consultation_id)
        given = MoveIn(data=request.data)
        given.is_valid(raise_exception=True)
        moved = services.move(actor=actor, consultation_id=consultation_id, now=timezone.now(), **given.validated_data)
        return Response(ConsultationOut(moved).data)


class Cancel(APIView):
    """Cancelling."""

    @extend_schema(
        operation_id="consultations_cancel",
        request=CancelIn,
        responses={200: ConsultationOut, **failures(400, 404, 409)},
        tags=["consultations"],
    )
    def post(self, request: Request, consultation_id: UUID) -> Response:
        """Cancel, until the clinic's limit for patients."""
        given = CancelIn(data=request.data)
        given.is_valid(raise_exception=True)
        cancelled = services.cancel(
            actor=api_actor(request),
            consultation_id=consultation_id,
            reason=given.validated_data["reason"],
            now=timezone.now(),
        )
        return Response(ConsultationOut(cancelled).data)


class Outcome(APIView):
    """Whether a consultation took place."""

    @extend_schema(
        operation_id="consultations_outcome",
        request=OutcomeIn,
        responses={200: ConsultationOut, **failures(400, 404, 409)},
        tags=["consultations"],
    )
    def post(self, request: Request, consultation_id: UUID) -> Response:
        """Mark it held or missed, once it has begun."""
        given = OutcomeIn(data=request.data)
        given.is_valid(raise_exception=True)
        missed = given.validated_data["outcome"] == "missed"
        marked = services.mark_outcome(
            actor=api_actor(request),
            consultation_id=consultation_id,
            action=ConsultationAction.MARK_MISSED if missed else ConsultationAction.MARK_HELD,
            now=timezone.now(),
        )
        return Response(ConsultationOut(marked).data)


class CalendarFile(APIView):
    """The calendar file of a consultation."""

    @extend_schema(
        operation_id="consultations_calendar",
        responses={(200, "text/calendar"): OpenApiTypes.STR, **failures(404)},
        tags=["consultations"],
    )
    def get(self, request: Request, consultation_id: UUID) -> HttpResponse:
        """RFC 5545, without medical content."""
        data = services.calendar_of(actor=api_actor(request), consultation_id=consultation_id, now=timezone.now())
        return HttpResponse(data, content_type="text/calendar; charset=utf-8")


class Video(APIView):
    """The video room of a consultation."""

    @extend_schema(
        operation_id="consultations_video",
        responses={
            200: inline_serializer("VideoRoom", {"address": serializers.URLField()}),
            **failures(404, 409),
        },
        tags=["consultations"],
    )
    def get(self, request: Request, consultation_id: UUID) -> Response:
        """Its address, for the two sides, from 15 minutes before the start to the end."""
        address = services.video_address(actor=api_actor(request), consultation_id=consultation_id, now=timezone.now())
        return Response({"address": address})


class Agenda(APIView):
    """The clinic's agenda."""

    @extend_schema(
        operation_id="agenda_read",
        parameters=[
            OpenApiParameter("first", OpenApiTypes.DATE, description="a day of the clinic; today when absent"),
            OpenApiParameter("days", int, description="1 to 31, 7 when absent"),
            OpenApiParameter("membership_id", OpenApiTypes.UUID),
        ],
        responses={200: ConsultationOut(many=True), **failures(400)},
        tags=["consultations"],
    )
    def get(self, request: Request) -> Response:
        """Consultations in order of time, cancelled ones left out; the read is recorded."""
        actor, now = api_actor(request), timezone.now()
        actor.check(Permission.RUN_CONSULTATIONS)
        given = AgendaAsked(data=request.query_params)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        first = asked.get("first") or first_day(None, clinic_of(actor), week=False, now=now)
        rows = services.read_agenda(
            actor=actor,
            membership_id=asked.get("membership_id"),
            first=first,
            last=first + timedelta(days=asked["days"] - 1),
            now=now,
        )
        return Response(ConsultationOut(rows, many=True).data)


class Feed(APIView):
    """The clinician's own private calendar address."""

    @extend_schema(
        operation_id="calendar_feed_make",
        request=None,
        responses={201: inline_serializer("CalendarAddress", {"address": serializers.URLField()}), **failures()},
        tags=["consultations"],
    )
    def post(self, request: Request) -> Response:
        """A new address, given once; an older one stops working."""
        token = services.make_feed(actor=api_actor(request), now=timezone.now())
        address = settings.PORTAL_ORIGIN + reverse("care:feed", args=[token])
        return Response({"address": address}, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="calendar_feed_revoke", responses={204: None, **failures()}, tags=["consultations"])
    def delete(self, request: Request) -> Response:
        """Make the address useless."""
        services.revoke_feed(actor=api_actor(request), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
