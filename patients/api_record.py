"""A person's own record over the API: registration by a clinic's link, answers about health, access log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, page_of
from accounts.errors import NotFound
from accounts.preferences import preferences_of, save_preferences
from accounts.requests import user_of
from accounts.roles import Permission
from accounts.selectors import clinic_by_join_code
from patients import access_csv, presenters, selectors, services
from patients.intake_form import (
    SCHEMA,
    Answers,
    Course,
    Duration,
    LossPattern,
    MedicalCondition,
    Pregnancy,
    Relative,
    SexAtBirth,
    Symptom,
)
from patients.models import PatientAccess, Sex

MAX_LINES = 40


def one_of(kind: Any) -> list[str]:
    """The values of an enumeration."""
    return [item.value for item in kind]


def several(kind: Any) -> serializers.ListField:
    """Any number of values of an enumeration."""
    return serializers.ListField(child=serializers.ChoiceField(choices=one_of(kind)), required=False, default=list)


def lines() -> serializers.ListField:
    """Short texts, one an entry."""
    return serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, default=list, max_length=MAX_LINES
    )


def text() -> serializers.CharField:
    """A longer text, as the person writes it."""
    return serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


SYMPTOMS = one_of(Symptom)

# --- registration ----------------------------------------------------------------------------------------------------


class RegistrationIn(serializers.Serializer[Any]):
    """Who the record is about. A guardian registers a child."""

    given_name = serializers.CharField(max_length=80)
    family_name = serializers.CharField(max_length=80)
    birth_date = serializers.DateField()
    sex = serializers.ChoiceField(choices=Sex.choices, required=False, default=Sex.UNDISCLOSED)
    phone = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    relation = serializers.ChoiceField(choices=PatientAccess.Relation.choices, required=False, default="self")


class RecordOut(serializers.Serializer[Any]):
    """A record that a person holds."""

    patient_id = serializers.UUIDField()
    name = serializers.CharField()
    clinic = serializers.CharField()
    record_number = serializers.CharField()
    is_own = serializers.BooleanField()


class ClinicOut(serializers.Serializer[Any]):
    """The clinic that a link belongs to."""

    name = serializers.CharField()
    address = serializers.CharField()
    phone = serializers.CharField()


class PersonOut(serializers.Serializer[Any]):
    """What the clinic knows about the person."""

    id = serializers.UUIDField()
    record_number = serializers.CharField()
    given_name = serializers.CharField()
    family_name = serializers.CharField()
    birth_date = serializers.DateField()
    sex = serializers.CharField()
    phone = serializers.CharField()
    is_minor_record = serializers.BooleanField()


class ContactIn(serializers.Serializer[Any]):
    """What people change themselves. Empty: none, or as the browser and the clinic have it."""

    phone = serializers.CharField(max_length=40, allow_blank=True)
    language = serializers.CharField(max_length=10, required=False, allow_blank=True)
    time_zone = serializers.CharField(max_length=64, required=False, allow_blank=True)


class RecordCorrectionIn(serializers.Serializer[Any]):
    """What the clinic corrects."""

    given_name = serializers.CharField(max_length=80)
    family_name = serializers.CharField(max_length=80)
    birth_date = serializers.DateField()


class JoinClinic(APIView):
    """A clinic's registration link."""

    @extend_schema(operation_id="registration_clinic", responses={200: ClinicOut, **failures(404)}, tags=["records"])
    def get(self, request: Request, code: str) -> Response:
        """Which clinic the link belongs to; 404 when it is unknown or closed."""
        return Response(ClinicOut(clinic_by_join_code(code)).data)

    @extend_schema(
        operation_id="registration",
        request=RegistrationIn,
        responses={201: PersonOut, **failures(400, 404, 409, 422)},
        tags=["records"],
    )
    def post(self, request: Request, code: str) -> Response:
        """Open a record of one's own, or a child's."""
        given = RegistrationIn(data=request.data)
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        relation = PatientAccess.Relation(data.pop("relation"))
        patient = services.register_patient(
            user=user_of(request._request),
            clinic=clinic_by_join_code(code),
            details=services.PatientDetails(**{**data, "sex": Sex(data["sex"])}),
            relation=relation,
            now=timezone.now(),
        )
        return Response(PersonOut(patient).data, status=status.HTTP_201_CREATED)


class Records(APIView):
    """The records that a person holds."""

    @extend_schema(
        operation_id="records_list",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(RecordOut), **failures()},
        tags=["records"],
    )
    def get(self, request: Request) -> Response:
        """One's own, and those one holds as a guardian."""
        actor = api_actor(request)
        actor.check(Permission.EDIT_OWN_RECORD)
        return Page(request, presenters.record_rows(selectors.records_of(actor))).answer(RecordOut)


class OneRecord(APIView):
    """One record."""

    @extend_schema(operation_id="records_read", responses={200: PersonOut, **failures(404)}, tags=["records"])
    def get(self, request: Request, patient_id: UUID) -> Response:
        """The personal details; the read is recorded."""
        actor = api_actor(request)
        actor.check(Permission.EDIT_OWN_RECORD)
        patient = services.read_patient(actor=actor, patient_id=patient_id, action="patient.read", now=timezone.now())
        return Response(PersonOut(patient).data)

    @extend_schema(
        operation_id="records_change",
        request=ContactIn,
        responses={200: PersonOut, **failures(400, 404, 422)},
        tags=["records"],
    )
    def put(self, request: Request, patient_id: UUID) -> Response:
        """Change the telephone, and the caller's own time zone and language."""
        actor = api_actor(request)
        actor.check(Permission.EDIT_OWN_RECORD)
        selectors.patient_for(actor, patient_id)
        given = ContactIn(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        patient = services.change_phone(actor=actor, patient_id=patient_id, phone=data["phone"], now=timezone.now())
        language, time_zone = preferences_of(actor.user_id)
        save_preferences(
            user_id=actor.user_id,
            language=data.get("language", language),
            time_zone=data.get("time_zone", time_zone),
        )
        return Response(PersonOut(patient).data)


class CorrectRecord(APIView):
    """Details that the clinic corrects."""

    @extend_schema(
        operation_id="records_correct",
        request=RecordCorrectionIn,
        responses={200: PersonOut, **failures(400, 404, 422)},
        tags=["records"],
    )
    def post(self, request: Request, patient_id: UUID) -> Response:
        """Name and date of birth, at the patient's wish. Signed reports keep what they said."""
        actor = api_actor(request)
        actor.check(Permission.CORRECT_DETAILS)
        selectors.patient_for(actor, patient_id)
        given = RecordCorrectionIn(data=request.data)
        given.is_valid(raise_exception=True)
        patient = services.correct_details(
            actor=actor, patient_id=patient_id, now=timezone.now(), **given.validated_data
        )
        return Response(PersonOut(patient).data)


# --- answers about health --------------------------------------------------------------------------------------------


class AnswersIn(serializers.Serializer[Any]):
    """One complete set of answers; a new set replaces the one before, which is kept."""

    sex_at_birth = serializers.ChoiceField(choices=one_of(SexAtBirth))
    duration = serializers.ChoiceField(choices=one_of(Duration))
    course = serializers.ChoiceField(choices=one_of(Course))
    pattern = several(LossPattern)
    family = several(Relative)
    symptoms = several(Symptom)
    medications = lines()
    allergies = lines()
    pregnancy = serializers.ChoiceField(choices=one_of(Pregnancy), required=False, default="not_applicable")
    conditions = several(MedicalCondition)
    concern = text()
    previous_treatment = text()
    other_history = text()

    def answers(self) -> Answers:
        """The answers of a valid body."""
        return Answers.from_dict({"schema": SCHEMA, **self.validated_data})


class IntakeOut(serializers.Serializer[Any]):
    """The newest answers."""

    version = serializers.IntegerField()
    submitted_at = serializers.DateTimeField()
    answers = serializers.JSONField()


class IntakeAnswers(APIView):
    """The answers about a person's health."""

    @extend_schema(operation_id="answers_read", responses={200: IntakeOut, **failures(404)}, tags=["records"])
    def get(self, request: Request, patient_id: UUID) -> Response:
        """The newest ones; 404 before the first. The read is recorded."""
        actor = api_actor(request)
        actor.check(Permission.EDIT_OWN_RECORD)
        services.read_patient(actor=actor, patient_id=patient_id, action="intake.read", now=timezone.now())
        newest = selectors.latest_intake(patient_id)
        if newest is None:
            raise NotFound
        return Response(IntakeOut(newest).data)

    @extend_schema(
        operation_id="answers_save",
        request=AnswersIn,
        responses={201: IntakeOut, **failures(400, 404)},
        tags=["records"],
    )
    def post(self, request: Request, patient_id: UUID) -> Response:
        """Save a new version; a session that is being prepared stands on it from now on."""
        given = AnswersIn(data=request.data)
        given.is_valid(raise_exception=True)
        intake = services.save_intake(
            actor=api_actor(request), patient_id=patient_id, answers=given.answers(), now=timezone.now()
        )
        return Response(IntakeOut(intake).data, status=status.HTTP_201_CREATED)


# --- access log ------------------------------------------------------------------------------------------------------


class AccessOut(serializers.Serializer[Any]):
    """One thing that was done with the record."""

    at = serializers.DateTimeField()
    who = serializers.CharField()
    role = serializers.CharField()
    what = serializers.CharField()
    is_own = serializers.BooleanField()


class AccessLog(APIView):
    """Who looked at a record, and what they did."""

    @extend_schema(
        operation_id="access_log",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(AccessOut), **failures(404)},
        tags=["records"],
    )
    def get(self, request: Request, patient_id: UUID) -> Response:
        """Newest first; that it was read is recorded too."""
        actor = api_actor(request)
        events = services.read_access_log(actor=actor, patient_id=patient_id, now=timezone.now())
        page: Page[Any] = Page(request, events)
        zone = selectors.patient_for(actor, patient_id).clinic.time_zone
        page.rows = [row for day in presenters.access_days(page.rows, actor, zone) for row in day.rows]
        return page.answer(AccessOut)


class AccessLogCsv(APIView):
    """The same as a table."""

    @extend_schema(
        operation_id="access_log_csv",
        responses={(200, "text/csv"): OpenApiTypes.STR, **failures(404)},
        tags=["records"],
    )
    def get(self, request: Request, patient_id: UUID) -> HttpResponse:
        """The whole log as CSV, for a spreadsheet."""
        actor = api_actor(request)
        events = services.read_access_log(actor=actor, patient_id=patient_id, now=timezone.now())
        zone = selectors.patient_for(actor, patient_id).clinic.time_zone
        days = presenters.access_days(events[: access_csv.LIMIT], actor, zone)
        response = HttpResponse(access_csv.access_csv(days), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{access_csv.FILE_NAME}"'
        return response
