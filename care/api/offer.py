"""What consultations are booked from, over the API: kinds, limits, hours and the days that differ."""

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
from accounts.models import Membership
from accounts.roles import Permission
from accounts.selectors import clinic_of
from care import selectors, services
from care.models import ConsultationKind, HoursException
from care.models.booking import Mode
from care.services.hours import Grid, KindDetails, member_for
from care.slots import Hours


class KindShape(serializers.Serializer[Any]):
    """A kind of consultation."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=80)
    minutes = serializers.IntegerField(min_value=5, max_value=240)
    mode = serializers.ChoiceField(choices=Mode.choices)
    by_patients = serializers.BooleanField(default=True)
    offered_by = serializers.ListField(child=serializers.UUIDField())


class CareSettingsShape(serializers.Serializer[Any]):
    """A clinic's limits, reminders and video address."""

    video_template = serializers.CharField(max_length=200, allow_blank=True)
    change_until_hours = serializers.IntegerField(min_value=0, max_value=336)
    reminder_hours = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=336), max_length=5)


class StretchShape(serializers.Serializer[Any]):
    """Hours of one weekday (0: Monday) on the clinic's wall clock."""

    weekday = serializers.IntegerField(min_value=0, max_value=6)
    starts = serializers.TimeField()
    ends = serializers.TimeField()


class HoursShape(serializers.Serializer[Any]):
    """A clinician's week, and how it is given out."""

    step_minutes = serializers.IntegerField(min_value=5, max_value=240)
    buffer_minutes = serializers.IntegerField(min_value=0, max_value=120)
    lead_hours = serializers.IntegerField(min_value=0, max_value=336)
    horizon_days = serializers.IntegerField(min_value=1, max_value=365)
    week = StretchShape(many=True)


class HoursExceptionShape(serializers.Serializer[Any]):
    """Days that differ: closed when no hours are given; of the whole clinic when no clinician is named."""

    id = serializers.UUIDField(read_only=True)
    membership_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    first_date = serializers.DateField()
    last_date = serializers.DateField()
    starts = serializers.TimeField(required=False, allow_null=True, default=None)
    ends = serializers.TimeField(required=False, allow_null=True, default=None)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=80)


def _kind(kind: ConsultationKind) -> dict[str, Any]:
    return {
        "id": kind.pk,
        "name": kind.name,
        "minutes": kind.minutes,
        "mode": kind.mode,
        "by_patients": kind.by_patients,
        "offered_by": [member.pk for member in kind.offered_by.all()],
    }


def _details(data: Any) -> KindDetails:
    given = KindShape(data=data)
    given.is_valid(raise_exception=True)
    asked = given.validated_data
    return KindDetails(
        asked["name"], asked["minutes"], Mode(asked["mode"]), asked["by_patients"], tuple(asked["offered_by"])
    )


class Kinds(APIView):
    """What the clinic offers."""

    @extend_schema(
        operation_id="consultation_kinds_list",
        responses={200: KindShape(many=True), **failures()},
        tags=["consultations"],
    )
    def get(self, request: Request) -> Response:
        """All kinds that are offered now."""
        rows = selectors.kinds_of_clinic(api_actor(request))
        return Response(KindShape([_kind(row) for row in rows], many=True).data)

    @extend_schema(
        operation_id="consultation_kinds_add",
        request=KindShape,
        responses={201: KindShape, **failures(400, 422)},
        tags=["consultations"],
    )
    def post(self, request: Request) -> Response:
        """A new kind."""
        actor = api_actor(request)
        actor.check(Permission.MANAGE_CONSULTATIONS)
        kind = services.save_kind(actor=actor, details=_details(request.data), now=timezone.now())
        return Response(KindShape(_kind(kind)).data, status=status.HTTP_201_CREATED)


class OneKind(APIView):
    """One kind."""

    @extend_schema(
        operation_id="consultation_kinds_change",
        request=KindShape,
        responses={200: KindShape, **failures(400, 404, 422)},
        tags=["consultations"],
    )
    def put(self, request: Request, kind_id: UUID) -> Response:
        """Changed, it gets a new id: what is booked keeps the old one."""
        actor = api_actor(request)
        if kind_id not in {row.pk for row in selectors.kinds_of_clinic(actor)}:
            raise NotFound
        kind = services.save_kind(actor=actor, details=_details(request.data), kind_id=kind_id, now=timezone.now())
        return Response(KindShape(_kind(kind)).data)

    @extend_schema(
        operation_id="consultation_kinds_retire", responses={204: None, **failures(404)}, tags=["consultations"]
    )
    def delete(self, request: Request, kind_id: UUID) -> Response:
        """Offer it no longer."""
        services.retire_kind(actor=api_actor(request), kind_id=kind_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class Settings(APIView):
    """The clinic's limits, reminders and video address."""

    @extend_schema(
        operation_id="care_settings_read", responses={200: CareSettingsShape, **failures()}, tags=["consultations"]
    )
    def get(self, request: Request) -> Response:
        """As they are."""
        actor = api_actor(request)
        actor.check(Permission.MANAGE_CONSULTATIONS)
        return Response(CareSettingsShape(selectors.settings_of(clinic_of(actor).pk)).data)

    @extend_schema(
        operation_id="care_settings_save",
        request=CareSettingsShape,
        responses={200: CareSettingsShape, **failures(400, 422)},
        tags=["consultations"],
    )
    def put(self, request: Request) -> Response:
        """Changed."""
        actor = api_actor(request)
        actor.check(Permission.MANAGE_CONSULTATIONS)
        given = CareSettingsShape(data=request.data)
        given.is_valid(raise_exception=True)
        saved = services.save_settings(actor=actor, now=timezone.now(), **given.validated_data)
        return Response(CareSettingsShape(saved).data)


class ClinicianHours(APIView):
    """A clinician's week."""

    @extend_schema(operation_id="hours_read", responses={200: HoursShape, **failures(404)}, tags=["consultations"])
    def get(self, request: Request, membership_id: UUID) -> Response:
        """One's own, or for an administrator anybody's of the clinic."""
        return Response(_hours(member_for(api_actor(request), membership_id)))

    @extend_schema(
        operation_id="hours_save",
        request=HoursShape,
        responses={200: HoursShape, **failures(400, 404, 422)},
        tags=["consultations"],
    )
    def put(self, request: Request, membership_id: UUID) -> Response:
        """The whole week at once; what is booked stays booked."""
        actor = api_actor(request)
        member = member_for(actor, membership_id)
        given = HoursShape(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        week: dict[int, list[Hours]] = {}
        for stretch in asked["week"]:
            week.setdefault(stretch["weekday"], []).append(Hours(stretch["starts"], stretch["ends"]))
        grid = Grid(asked["step_minutes"], asked["buffer_minutes"], asked["lead_hours"], asked["horizon_days"])
        services.save_hours(actor=actor, membership_id=member.pk, grid=grid, week=week, now=timezone.now())
        return Response(_hours(member))


class Exceptions(APIView):
    """Days that differ from the week."""

    @extend_schema(
        operation_id="hours_exceptions_add",
        request=HoursExceptionShape,
        responses={201: HoursExceptionShape, **failures(400, 404, 422)},
        tags=["consultations"],
    )
    def post(self, request: Request) -> Response:
        """Add days off, or with other hours."""
        actor = api_actor(request)
        if not actor.can(Permission.MANAGE_CONSULTATIONS):
            actor.check(Permission.SET_OWN_HOURS)
        given = HoursExceptionShape(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        both = asked["starts"] and asked["ends"]
        row = services.add_exception(
            actor=actor,
            membership_id=asked["membership_id"],
            first_date=asked["first_date"],
            last_date=asked["last_date"],
            hours=Hours(asked["starts"], asked["ends"]) if both else None,
            note=asked["note"],
            now=timezone.now(),
        )
        return Response(HoursExceptionShape(_exception(row)).data, status=status.HTTP_201_CREATED)


class OneException(APIView):
    """One stretch of days that differ."""

    @extend_schema(
        operation_id="hours_exceptions_remove", responses={204: None, **failures(404)}, tags=["consultations"]
    )
    def delete(self, request: Request, exception_id: UUID) -> Response:
        """The week holds again."""
        services.remove_exception(actor=api_actor(request), exception_id=exception_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _hours(member: Membership) -> dict[str, Any]:
    schedule, weekly = selectors.schedule_of(member)
    body = {
        "step_minutes": schedule.step_minutes,
        "buffer_minutes": schedule.buffer_minutes,
        "lead_hours": schedule.lead_hours,
        "horizon_days": schedule.horizon_days,
        "week": [{"weekday": one.weekday, "starts": one.starts, "ends": one.ends} for one in weekly],
    }
    return dict(HoursShape(body).data)


def _exception(row: HoursException) -> dict[str, Any]:
    return {
        "id": row.pk,
        "membership_id": row.schedule_id,
        "first_date": row.first_date,
        "last_date": row.last_date,
        "starts": row.starts,
        "ends": row.ends,
        "note": row.note,
    }
