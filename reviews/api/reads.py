"""Grades, second opinions, escalation and the reading policy over the API, with the portal's own services."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actors import Actor
from accounts.api import api_actor, failures
from reviews import second_reads, services
from reviews.grade import SEVERITY_HIGH, SEVERITY_LOW, Grade
from reviews.models import CaseReading, Escalation, Opinion
from reviews.policy import Demand, ReadingRules
from reviews.services.looks import photos_seen
from reviews.workflow import ReadState
from vision.types import Condition

DEMANDS = [demand.value for demand in Demand]
READ_STATES = [state.value for state in ReadState]


class GradeIO(serializers.Serializer[Any]):
    """A grade: condition, affected share of the scalp in percent, severity 1 to 10."""

    condition = serializers.ChoiceField(choices=[condition.value for condition in Condition])
    share_percent = serializers.IntegerField(min_value=0, max_value=100)
    severity = serializers.IntegerField(min_value=SEVERITY_LOW, max_value=SEVERITY_HIGH)


class CommitIn(GradeIO):
    """A grade to commit, once."""

    remark = serializers.CharField(allow_blank=True, default="", max_length=4000)


class ReadIn(CommitIn):
    """A second read or an adjudication."""

    due = serializers.ChoiceField(
        choices=["", ReadState.SECOND_DUE.value, ReadState.ADJUDICATION_DUE.value],
        default="",
        allow_blank=True,
        help_text="the status you read the case at; refused when a colleague has moved it on",
    )


class OpinionIn(GradeIO):
    """A second opinion with its grade."""

    answer = serializers.CharField(max_length=4000)


class AskIn(serializers.Serializer[Any]):
    """A question to a colleague; without ``asked_of`` to any dermatologist."""

    question = serializers.CharField(max_length=4000)
    asked_of = serializers.UUIDField(allow_null=True, default=None, help_text="a membership of the clinic")


class EscalateIn(serializers.Serializer[Any]):
    """Why a dermatologist has to take over, and how soon."""

    reason = serializers.CharField(max_length=1000)
    urgency = serializers.ChoiceField(choices=Escalation.Urgency.choices)


class WaiveIn(serializers.Serializer[Any]):
    """Why a case goes on without another read."""

    reason = serializers.CharField(max_length=500)


class OpinionOut(serializers.Serializer[Any]):
    """A question, and its answer once it is there."""

    id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    asked_by = serializers.CharField(source="asked_by.display_name")
    question = serializers.CharField()
    asked_at = serializers.DateTimeField()
    answer = serializers.CharField()
    grade = GradeIO(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class ReadingOut(serializers.Serializer[Any]):
    """How far the independent reading of a case is; no grades."""

    id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=READ_STATES)
    opened_at = serializers.DateTimeField()


class PhotoLookOut(serializers.Serializer[Any]):
    """A photograph of the case, and whether this reader has opened it."""

    id = serializers.UUIDField()
    view = serializers.CharField()
    site = serializers.CharField()
    opened = serializers.BooleanField()


class ReadingWithPhotosOut(ReadingOut):
    """The same with the photographs: each is opened before a grade can be committed. Made with the reader's looks."""

    photos = PhotoLookOut(many=True, source="looked")


class OpinionWithPhotosOut(OpinionOut):
    """The question with the photographs: each is opened before it can be answered."""

    photos = PhotoLookOut(many=True, source="looked")


class LookIn(serializers.Serializer[Any]):
    """A photograph of the case."""

    photo = serializers.UUIDField()


class WorkOut(serializers.Serializer[Any]):
    """What waits for this clinician."""

    reads = ReadingOut(many=True)
    opinions = OpinionOut(many=True)


class CommittedOut(serializers.Serializer[Any]):
    """A committed grade."""

    id = serializers.UUIDField()
    role = serializers.CharField()
    position = serializers.IntegerField()
    grade = GradeIO()
    remark = serializers.CharField()
    committed_at = serializers.DateTimeField()


class PolicyIO(serializers.Serializer[Any]):
    """What the clinic demands of its readers, from the next claim on."""

    blind_first = serializers.ChoiceField(choices=DEMANDS)
    blind_percent = serializers.IntegerField(min_value=0, max_value=100)
    double_read = serializers.ChoiceField(choices=DEMANDS)
    double_percent = serializers.IntegerField(min_value=0, max_value=100)
    severity_points = serializers.IntegerField(min_value=0, max_value=9)
    share_points = serializers.IntegerField(min_value=0, max_value=100)
    applying = serializers.BooleanField(read_only=True, help_text="The order of the queue still follows the change.")
    cases_done = serializers.IntegerField(read_only=True, help_text="Waiting cases that follow it already.")
    cases_total = serializers.IntegerField(read_only=True)


def _given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    data: dict[str, Any] = given.validated_data
    return data


def _grade(data: dict[str, Any]) -> Grade:
    return Grade.checked(condition=data["condition"], share_percent=data["share_percent"], severity=data["severity"])


def _with_photos(shape: type[serializers.Serializer[Any]], row: CaseReading | Opinion, actor: Actor) -> Any:
    """The row with the photographs of its case, and which of them this person has opened."""
    row.looked = photos_seen(row.session, actor)  # type: ignore[union-attr]  # for the serializer alone
    return shape(row).data


class MyReads(APIView):
    """Reads and opinions that wait for this clinician."""

    @extend_schema(operation_id="reads_list", responses={200: WorkOut, **failures()}, tags=["reads"])
    def get(self, request: Request) -> Response:
        """Cases to read independently, and questions of colleagues."""
        actor = api_actor(request)
        found, questions = second_reads.waiting_reads(actor), second_reads.open_questions(actor)
        sessions = [row.case.session_id for row in found] + [row.session_id for row in questions]
        services.read_queue(actor=actor, session_ids=sessions, now=timezone.now())
        return Response(WorkOut({"reads": [row.case for row in found], "opinions": questions}).data)


class OneRead(APIView):
    """The independent read of one case."""

    @extend_schema(
        operation_id="reads_open", responses={200: ReadingWithPhotosOut, **failures(404, 409)}, tags=["reads"]
    )
    def get(self, request: Request, case_id: UUID) -> Response:
        """How far it is, for who may read it; audited. Neither findings nor grades are in it."""
        actor = api_actor(request)
        case = services.open_read(actor=actor, case_id=case_id, now=timezone.now())
        return Response(_with_photos(ReadingWithPhotosOut, case, actor))

    @extend_schema(
        operation_id="reads_commit",
        request=ReadIn,
        responses={201: CommittedOut, **failures(400, 404, 409, 422)},
        tags=["reads"],
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Commit the second read, or the adjudication, once every photograph was opened; it cannot be changed."""
        data = _given(ReadIn, request)
        read = services.commit_read(
            actor=api_actor(request),
            case_id=case_id,
            grade=_grade(data),
            remark=data["remark"],
            due=data["due"],
            now=timezone.now(),
        )
        return Response(CommittedOut(read).data, status=status.HTTP_201_CREATED)


class ReadPhotos(APIView):
    """The photographs of one read."""

    @extend_schema(
        operation_id="reads_open_photo",
        request=LookIn,
        responses={200: ReadingWithPhotosOut, **failures(400, 404, 409)},
        tags=["reads"],
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Say that a photograph was opened, after it was fetched and shown; audited."""
        actor, photo_id = api_actor(request), _given(LookIn, request)["photo"]
        case = services.look_closer(actor=actor, case_id=case_id, photo_id=photo_id, now=timezone.now())
        return Response(_with_photos(ReadingWithPhotosOut, case, actor))


class ReviewGrade(APIView):
    """The holder's own grade."""

    @extend_schema(
        operation_id="reviews_commit_grade",
        request=CommitIn,
        responses={201: CommittedOut, **failures(400, 404, 409)},
        tags=["reads"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """Commit; the findings of a case that is read blind open after it."""
        data = _given(CommitIn, request)
        read = services.commit_grade(
            actor=api_actor(request),
            review_id=review_id,
            grade=_grade(data),
            remark=data["remark"],
            now=timezone.now(),
        )
        return Response(CommittedOut(read).data, status=status.HTTP_201_CREATED)


class AskOpinion(APIView):
    """Asking a colleague."""

    @extend_schema(
        operation_id="reviews_ask_opinion",
        request=AskIn,
        responses={201: OpinionOut, **failures(400, 404, 409, 422)},
        tags=["reads"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """Ask a named colleague or any dermatologist; the case stays with who asks."""
        data = _given(AskIn, request)
        opinion = services.ask_opinion(actor=api_actor(request), review_id=review_id, now=timezone.now(), **data)
        return Response(OpinionOut(opinion).data, status=status.HTTP_201_CREATED)


class OneOpinion(APIView):
    """A question to this clinician."""

    @extend_schema(operation_id="opinions_read", responses={200: OpinionWithPhotosOut, **failures(404)}, tags=["reads"])
    def get(self, request: Request, opinion_id: UUID) -> Response:
        """The question; audited."""
        actor = api_actor(request)
        opinion = services.read_opinion(actor=actor, opinion_id=opinion_id, now=timezone.now())
        return Response(_with_photos(OpinionWithPhotosOut, opinion, actor))

    @extend_schema(
        operation_id="opinions_give",
        request=OpinionIn,
        responses={200: OpinionOut, **failures(400, 404, 409, 422)},
        tags=["reads"],
    )
    def post(self, request: Request, opinion_id: UUID) -> Response:
        """Answer in writing, with a grade, once every photograph was opened."""
        data = _given(OpinionIn, request)
        opinion = services.give_opinion(
            actor=api_actor(request),
            opinion_id=opinion_id,
            answer=data["answer"],
            grade=_grade(data),
            now=timezone.now(),
        )
        return Response(OpinionOut(opinion).data)

    @extend_schema(
        operation_id="opinions_withdraw", request=None, responses={204: None, **failures(404, 409)}, tags=["reads"]
    )
    def delete(self, request: Request, opinion_id: UUID) -> Response:
        """Take an open question back, for whoever holds the case."""
        services.withdraw_opinion(actor=api_actor(request), opinion_id=opinion_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class OpinionPhotos(APIView):
    """The photographs of a question."""

    @extend_schema(
        operation_id="opinions_open_photo",
        request=LookIn,
        responses={200: OpinionWithPhotosOut, **failures(400, 404)},
        tags=["reads"],
    )
    def post(self, request: Request, opinion_id: UUID) -> Response:
        """Say that a photograph was opened, after it was fetched and shown; audited."""
        actor, photo_id = api_actor(request), _given(LookIn, request)["photo"]
        opinion = services.look_closer_for_opinion(
            actor=actor, opinion_id=opinion_id, photo_id=photo_id, now=timezone.now()
        )
        return Response(_with_photos(OpinionWithPhotosOut, opinion, actor))


class EscalateCase(APIView):
    """Handing a case up."""

    @extend_schema(
        operation_id="reviews_escalate",
        request=EscalateIn,
        responses={204: None, **failures(400, 404, 409, 422)},
        tags=["reads"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """To the dermatologists, with a reason and how soon."""
        data = _given(EscalateIn, request)
        services.escalate_case(actor=api_actor(request), review_id=review_id, now=timezone.now(), **data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ClinicReadingPolicy(APIView):
    """The clinic's reading policy."""

    @extend_schema(operation_id="reading_policy_read", responses={200: PolicyIO, **failures()}, tags=["reads"])
    def get(self, request: Request) -> Response:
        """What the clinic demands of its readers."""
        return Response(PolicyIO(services.read_reading_policy(actor=api_actor(request))).data)

    @extend_schema(
        operation_id="reading_policy_change",
        request=PolicyIO,
        responses={200: PolicyIO, **failures(400, 422)},
        tags=["reads"],
    )
    def put(self, request: Request) -> Response:
        """Change it; it holds from the next claim."""
        data = _given(PolicyIO, request)
        rules = ReadingRules(
            **{**data, "blind_first": Demand(data["blind_first"]), "double_read": Demand(data["double_read"])}
        )
        row = services.set_reading_policy(actor=api_actor(request), rules=rules, now=timezone.now())
        return Response(PolicyIO(row).data)


class WaiveReading(APIView):
    """Letting a case go on."""

    @extend_schema(
        operation_id="readings_waive",
        request=WaiveIn,
        responses={200: ReadingOut, **failures(400, 404, 409, 422)},
        tags=["reads"],
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Without the read it waits for, with a reason; for administrators."""
        data = _given(WaiveIn, request)
        case = services.waive_reading(
            actor=api_actor(request), case_id=case_id, reason=data["reason"], now=timezone.now()
        )
        return Response(ReadingOut(case).data)
