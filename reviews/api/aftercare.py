"""Versions and templates of plans, follow-ups and answers about side effects over the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, page_of
from accounts.roles import Permission
from accounts.selectors import clinic_of
from reviews import selectors, services
from reviews.aftercare import Answer
from reviews.models import FollowUpTask, PlanTemplate, SideEffectReport
from reviews.plan_versions import versions_of
from reviews.services.follow_up import SHOWS
from reviews.services.plan_templates import Template, TemplateItem


class DifferenceOut(serializers.Serializer[Any]):
    """One thing that a version changed."""

    what = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class PlanVersionOut(serializers.Serializer[Any]):
    """One version of a plan: who changed what."""

    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    who = serializers.CharField()
    change = serializers.CharField()
    differences = DifferenceOut(many=True)


class TemplateItemIO(serializers.Serializer[Any]):
    """One treatment of a template, by the code of its formulary entry."""

    code = serializers.CharField(max_length=60)
    dose = serializers.CharField(max_length=300)
    duration = serializers.CharField(max_length=200)
    instructions = serializers.CharField(allow_blank=True, default="", max_length=1500)


class PlanTemplateIO(serializers.Serializer[Any]):
    """A template of the clinic."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=80)
    advice = serializers.CharField(allow_blank=True, default="", max_length=4000)
    follow_up_days = serializers.IntegerField(allow_null=True, default=None, min_value=1, max_value=730)
    items = TemplateItemIO(many=True)


class PlanTemplateNew(serializers.Serializer[Any]):
    """The name under which a plan is kept."""

    name = serializers.CharField(max_length=80)


class ApplyIn(serializers.Serializer[Any]):
    """Which template."""

    template = serializers.UUIDField()


class LeftOutOut(serializers.Serializer[Any]):
    """A treatment of a template that does not fit this patient, and why."""

    name = serializers.CharField()
    reason = serializers.CharField()


class AppliedOut(serializers.Serializer[Any]):
    """What became of a template."""

    added = serializers.ListField(child=serializers.CharField())
    left_out = LeftOutOut(many=True)


class FollowUpOut(serializers.Serializer[Any]):
    """Something that a signed plan, or a patient's answer, asks for by a day."""

    id = serializers.UUIDField()
    record_number = serializers.CharField(source="patient.record_number")
    review_id = serializers.UUIDField()
    kind = serializers.CharField(help_text=", ".join(FollowUpTask.Kind.values))
    treatment = serializers.CharField(source="entry.code", default="", help_text="empty when it is about no single one")
    due_date = serializers.DateField()
    status = serializers.CharField(help_text=", ".join(FollowUpTask.Status.values))
    postponed = serializers.IntegerField()
    note = serializers.CharField()


class FollowUpAct(serializers.Serializer[Any]):
    """``until`` for postponing; a note, which a cancellation needs."""

    act = serializers.ChoiceField(choices=["done", "postpone", "cancel"])
    until = serializers.DateField(required=False)
    note = serializers.CharField(allow_blank=True, default="", max_length=1000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Postponing needs a day."""
        if attrs["act"] == "postpone" and "until" not in attrs:
            raise serializers.ValidationError({"until": "Needed for postponing."})
        return attrs


class AnswersIO(serializers.Serializer[Any]):
    """Answers by the code of the question."""

    id = serializers.UUIDField(read_only=True)
    answers = serializers.DictField(child=serializers.ChoiceField(choices=[answer.value for answer in Answer]))
    words = serializers.CharField(allow_blank=True, default="", max_length=2000)
    red = serializers.BooleanField(read_only=True)
    submitted_at = serializers.DateTimeField(read_only=True)
    seen_at = serializers.DateTimeField(read_only=True, allow_null=True)


class QuestionOut(serializers.Serializer[Any]):
    """One question of the checklist."""

    code = serializers.CharField()
    text = serializers.CharField()


class ChecklistOut(serializers.Serializer[Any]):
    """What the patient is asked now, and the answers so far."""

    treatments = serializers.ListField(child=serializers.CharField())
    questions = QuestionOut(many=True)
    reports = AnswersIO(many=True)


def _template(row: PlanTemplate) -> dict[str, Any]:
    return {"id": row.pk, "name": row.name, **row.content}


def _answers(row: SideEffectReport) -> dict[str, Any]:
    given = {"answers": row.answers["answers"], "words": row.answers["words"]}
    return {"id": row.pk, "red": row.red, "submitted_at": row.submitted_at, "seen_at": row.seen_at, **given}


class PlanVersions(APIView):
    """Versions of a plan."""

    @extend_schema(
        operation_id="plans_versions", responses={200: PlanVersionOut(many=True), **failures(404)}, tags=["plans"]
    )
    def get(self, request: Request, review_id: UUID) -> Response:
        """Newest first; audited."""
        actor = api_actor(request)
        services.read_plan(actor=actor, review_id=review_id, now=timezone.now())
        return Response(PlanVersionOut(versions_of(actor, selectors.review_for(actor, review_id)), many=True).data)


class ReviewTemplates(APIView):
    """Keeping a plan as a template, and applying one."""

    @extend_schema(
        operation_id="plans_make_template",
        request=PlanTemplateNew,
        responses={201: PlanTemplateIO, **failures(400, 404, 409, 422)},
        tags=["plans"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """Keep treatments, advice and the time to the follow-up; the summary is the patient's own and stays out."""
        given = PlanTemplateNew(data=request.data)
        given.is_valid(raise_exception=True)
        row = services.make_template(
            actor=api_actor(request), review_id=review_id, name=given.validated_data["name"], now=timezone.now()
        )
        return Response(PlanTemplateIO(_template(row)).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="plans_apply_template",
        request=ApplyIn,
        responses={200: AppliedOut, **failures(400, 404, 409)},
        tags=["plans"],
    )
    def put(self, request: Request, review_id: UUID) -> Response:
        """Add what nothing speaks against for this patient; the rest is named with its reason."""
        given = ApplyIn(data=request.data)
        given.is_valid(raise_exception=True)
        applied = services.apply_template(
            actor=api_actor(request),
            review_id=review_id,
            template_id=given.validated_data["template"],
            now=timezone.now(),
        )
        left_out = [{"name": name, "reason": reason} for name, reason in applied.left_out]
        return Response(AppliedOut({"added": applied.added, "left_out": left_out}).data)


class PlanTemplates(APIView):
    """The clinic's templates."""

    @extend_schema(
        operation_id="plans_templates", responses={200: PlanTemplateIO(many=True), **failures()}, tags=["plans"]
    )
    def get(self, request: Request) -> Response:
        """By name."""
        rows = services.templates_of(api_actor(request))
        return Response(PlanTemplateIO([_template(row) for row in rows], many=True).data)


class OnePlanTemplate(APIView):
    """One template."""

    @extend_schema(
        operation_id="plans_save_template",
        request=PlanTemplateIO,
        responses={200: PlanTemplateIO, **failures(400, 404, 409, 422)},
        tags=["plans"],
    )
    def put(self, request: Request, template_id: UUID) -> Response:
        """Replace it."""
        given = PlanTemplateIO(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        items = tuple(TemplateItem(**item) for item in data["items"])
        row = services.save_template(
            actor=api_actor(request),
            template_id=template_id,
            name=data["name"],
            content=Template(data["advice"], data["follow_up_days"], items),
            now=timezone.now(),
        )
        return Response(PlanTemplateIO(_template(row)).data)

    @extend_schema(operation_id="plans_remove_template", responses={204: None, **failures(404)}, tags=["plans"])
    def delete(self, request: Request, template_id: UUID) -> Response:
        """Take it away; plans keep what they have."""
        services.remove_template(actor=api_actor(request), template_id=template_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class FollowUps(APIView):
    """The list of follow-ups."""

    @extend_schema(
        operation_id="follow_ups",
        parameters=[*PAGE_PARAMETERS, OpenApiParameter("show", str, enum=list(SHOWS))],
        responses={200: page_of(FollowUpOut), **failures()},
        tags=["plans"],
    )
    def get(self, request: Request) -> Response:
        """Urgent answers first, then by day; audited."""
        actor, now = api_actor(request), timezone.now()
        actor.check(Permission.READ_CASES)
        show = request.query_params.get("show", "due")
        rows = services.tasks(actor, show=show if show in SHOWS else "due", today=clinic_of(actor).day_of(now))
        page = Page(request, rows)
        services.read_tasks(actor=actor, shown=page.rows, now=now)
        return page.answer(FollowUpOut)


class OneFollowUp(APIView):
    """One follow-up."""

    @extend_schema(
        operation_id="follow_up_act",
        request=FollowUpAct,
        responses={200: FollowUpOut, **failures(400, 404, 409, 422)},
        tags=["plans"],
    )
    def post(self, request: Request, task_id: UUID) -> Response:
        """Done, postponed or cancelled."""
        given = FollowUpAct(data=request.data)
        given.is_valid(raise_exception=True)
        data, actor, now = given.validated_data, api_actor(request), timezone.now()
        match data["act"]:
            case "done":
                task = services.complete_task(actor=actor, task_id=task_id, note=data["note"], now=now)
            case "cancel":
                task = services.cancel_task(actor=actor, task_id=task_id, note=data["note"], now=now)
            case _:
                task = services.postpone_task(
                    actor=actor, task_id=task_id, until=data["until"], note=data["note"], now=now
                )
        return Response(FollowUpOut(task).data)


class SideEffects(APIView):
    """Questions and answers about side effects."""

    @extend_schema(operation_id="side_effects", responses={200: ChecklistOut, **failures(404)}, tags=["plans"])
    def get(self, request: Request, patient_id: UUID) -> Response:
        """What the patient is asked now, and the answers so far."""
        actor = api_actor(request)
        checklist = services.checklist_of(actor, patient_id)
        reports = [_answers(row) for row in services.answers_of_patient(actor, patient_id)]
        body = {"treatments": checklist.treatments, "questions": checklist.questions, "reports": reports}
        return Response(ChecklistOut(body).data)

    @extend_schema(
        operation_id="side_effects_answer",
        request=AnswersIO,
        responses={201: AnswersIO, **failures(400, 404, 409, 422)},
        tags=["plans"],
    )
    def post(self, request: Request, patient_id: UUID) -> Response:
        """Answer every question; a red answer is put before the clinicians at once."""
        given = AnswersIO(data=request.data)
        given.is_valid(raise_exception=True)
        row = services.answer_side_effects(
            actor=api_actor(request),
            patient_id=patient_id,
            answers=given.validated_data["answers"],
            words=given.validated_data["words"],
            now=timezone.now(),
        )
        return Response(AnswersIO(_answers(row)).data, status=status.HTTP_201_CREATED)


class OneSideEffectReport(APIView):
    """One set of answers."""

    @extend_schema(operation_id="side_effects_read", responses={200: AnswersIO, **failures(404)}, tags=["plans"])
    def get(self, request: Request, report_id: UUID) -> Response:
        """Audited; counts as seen when a clinician reads it."""
        row = services.read_answers(actor=api_actor(request), report_id=report_id, now=timezone.now())
        return Response(AnswersIO(_answers(row)).data)
