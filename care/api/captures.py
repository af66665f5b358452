"""Plans of photographs over the API. The same services as the pages."""

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
from accounts.roles import Permission
from accounts.selectors import clinic_of
from care import selectors, services
from care.models import CapturePlan
from care.rhythm import LONGEST_PLAN, SHORTEST_PLAN, DueKind, Rhythm, Standing, StepState
from care.workflow import PlanAction
from patients.api import SessionOut
from patients.selectors import patient_for
from patients.services import present_session

RHYTHMS = [beat.value for beat in Rhythm]
ACTIONS = [action.value for action in PlanAction if action is not PlanAction.COMPLETE]


class PlanStepOut(serializers.Serializer[Any]):
    """One thing that the plan asks for, and the session that answers it."""

    day = serializers.IntegerField(source="due.day")
    kind = serializers.ChoiceField(source="due.kind.value", choices=[kind.value for kind in DueKind])
    due_on = serializers.DateField(source="due.on")
    opens_on = serializers.DateField()
    closes_on = serializers.DateField()
    state = serializers.ChoiceField(source="state.value", choices=[state.value for state in StepState])
    days_off = serializers.IntegerField(help_text="days from its day to the session: negative when it came early")
    session_id = serializers.UUIDField(source="capture.session_id", default=None, allow_null=True)


class CapturePlanOut(serializers.Serializer[Any]):
    """A plan and how it stands today, on the patient's wall clock."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=CapturePlan.Status.choices)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True, help_text="null while it is paused")
    day = serializers.IntegerField()
    days = serializers.IntegerField()
    answered = serializers.IntegerField()
    missed = serializers.IntegerField()
    steps = PlanStepOut(many=True)


class CapturePlanIn(serializers.Serializer[Any]):
    """A new plan. What is not given is as the clinic usually has it."""

    rhythm = serializers.ChoiceField(choices=RHYTHMS, required=False, default=None, allow_null=True)
    days = serializers.IntegerField(
        min_value=SHORTEST_PLAN, max_value=LONGEST_PLAN, required=False, default=None, allow_null=True
    )
    starts_on = serializers.DateField(required=False, default=None, allow_null=True)
    report_id = serializers.UUIDField(required=False, default=None, allow_null=True)


class PlanActIn(serializers.Serializer[Any]):
    """What is done with a plan; ``rhythm`` where it changes or goes on."""

    action = serializers.ChoiceField(choices=ACTIONS)
    rhythm = serializers.ChoiceField(choices=RHYTHMS, required=False, default=None, allow_null=True)


class RemindersShape(serializers.Serializer[Any]):
    """Whether this person is reminded by e-mail."""

    wanted = serializers.BooleanField()


class CaptureSettingsShape(serializers.Serializer[Any]):
    """What a new plan of the clinic begins with."""

    rhythm = serializers.ChoiceField(choices=RHYTHMS)
    days = serializers.IntegerField(min_value=SHORTEST_PLAN, max_value=LONGEST_PLAN)
    patients_start_plans = serializers.BooleanField()


def _plan(plan: CapturePlan, found: Standing) -> dict[str, Any]:
    data = {
        "id": plan.pk,
        "status": plan.status,
        "starts_on": plan.starts_on,
        "ends_on": found.ends_on,
        "day": found.day,
        "days": found.days,
        "answered": found.answered,
        "missed": found.missed,
        "steps": found.steps,
    }
    return dict(CapturePlanOut(data).data)


def _beat(value: str | None) -> Rhythm | None:
    return Rhythm(value) if value else None


class PatientCapturePlan(APIView):
    """The plan of one patient's photographs."""

    @extend_schema(operation_id="capture_plan", responses={200: CapturePlanOut, **failures(404)}, tags=["photo plans"])
    def get(self, request: Request, patient_id: UUID) -> Response:
        """The plan that runs, else the last one; 404 when there never was one."""
        found = services.read_plan(actor=api_actor(request), patient_id=patient_id, now=timezone.now())
        if found is None:
            raise NotFound
        return Response(_plan(*found))

    @extend_schema(
        operation_id="capture_plan_start",
        request=CapturePlanIn,
        responses={201: CapturePlanOut, **failures(400, 404, 409, 422)},
        tags=["photo plans"],
    )
    def post(self, request: Request, patient_id: UUID) -> Response:
        """Begin one: a clinician, or the patient where the clinic allows it."""
        actor, now = api_actor(request), timezone.now()
        patient_for(actor, patient_id)
        given = CapturePlanIn(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        plan = services.start_plan(
            actor=actor,
            patient_id=patient_id,
            beat=_beat(data["rhythm"]),
            days=data["days"],
            starts_on=data["starts_on"],
            report_id=data["report_id"],
            now=now,
        )
        return Response(_plan(plan, selectors.standing_of(plan, now)), status=status.HTTP_201_CREATED)


class OneCapturePlan(APIView):
    """A plan."""

    @extend_schema(
        operation_id="capture_plan_act",
        request=PlanActIn,
        responses={200: CapturePlanOut, **failures(400, 404, 409, 422)},
        tags=["photo plans"],
    )
    def post(self, request: Request, plan_id: UUID) -> Response:
        """Change its rhythm, pause it, take it up again, or end it."""
        actor, now = api_actor(request), timezone.now()
        selectors.plan_for(actor, plan_id)
        given = PlanActIn(data=request.data)
        given.is_valid(raise_exception=True)
        plan = services.steer_plan(
            actor=actor,
            plan_id=plan_id,
            action=PlanAction(given.validated_data["action"]),
            beat=_beat(given.validated_data["rhythm"]),
            now=now,
        )
        return Response(_plan(plan, selectors.standing_of(plan, now)))


class CaptureReminders(APIView):
    """One's own reminders of one patient's photographs."""

    @extend_schema(
        operation_id="capture_reminders",
        request=RemindersShape,
        responses={200: RemindersShape, **failures(400, 404)},
        tags=["photo plans"],
    )
    def put(self, request: Request, patient_id: UUID) -> Response:
        """Wanted, or not."""
        actor = api_actor(request)
        patient_for(actor, patient_id)
        given = RemindersShape(data=request.data)
        given.is_valid(raise_exception=True)
        services.choose_reminders(actor=actor, patient_id=patient_id, now=timezone.now(), **given.validated_data)
        return Response(given.data)


class PresentSession(APIView):
    """A kept session."""

    @extend_schema(
        operation_id="sessions_present",
        request=None,
        responses={200: SessionOut, **failures(404, 409)},
        tags=["photo plans"],
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Put it into the list of cases, to be answered like every case."""
        session = present_session(actor=api_actor(request), session_id=session_id, now=timezone.now())
        return Response(SessionOut(session).data)


class CaptureSettings(APIView):
    """What a new plan of the clinic begins with."""

    @extend_schema(
        operation_id="capture_settings", responses={200: CaptureSettingsShape, **failures()}, tags=["administration"]
    )
    def get(self, request: Request) -> Response:
        """The settings."""
        actor = api_actor(request)
        actor.check(Permission.MANAGE_CONSULTATIONS)
        row = selectors.settings_of(clinic_of(actor).pk)
        data = {
            "rhythm": row.capture_rhythm,
            "days": row.capture_days,
            "patients_start_plans": row.patients_start_plans,
        }
        return Response(CaptureSettingsShape(data).data)

    @extend_schema(
        operation_id="capture_settings_change",
        request=CaptureSettingsShape,
        responses={200: CaptureSettingsShape, **failures(400, 422)},
        tags=["administration"],
    )
    def put(self, request: Request) -> Response:
        """Change them; plans that run stay as they are."""
        given = CaptureSettingsShape(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        services.save_capture_settings(
            actor=api_actor(request),
            beat=Rhythm(data["rhythm"]),
            days=data["days"],
            patients_start_plans=data["patients_start_plans"],
            now=timezone.now(),
        )
        return Response(given.data)
