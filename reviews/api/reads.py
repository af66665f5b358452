"""Grades and the reading policy over the API, with the portal's own services."""

from __future__ import annotations

import uuid
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
from reviews.blind_details import MOST_COUNTED, Details, DrawnRegion, HandCount
from reviews.grade import SEVERITY_HIGH, SEVERITY_LOW, Grade
from reviews.models import CaseReading, Opinion
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


class DrawnRegionIn(serializers.Serializer[Any]):
    """A region that the reader sees, in fractions of its photograph (0 to 1)."""

    photo = serializers.UUIDField()
    kind = serializers.CharField(max_length=10, help_text="bald or thinning")
    polygon = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2), min_length=3
    )


class HandCountIn(serializers.Serializer[Any]):
    """What the reader counted in the frame of a close-up (a tenth of each side is left out)."""

    photo = serializers.UUIDField()
    hairs = serializers.IntegerField(min_value=0, max_value=MOST_COUNTED, allow_null=True, default=None)
    units = serializers.IntegerField(min_value=0, max_value=MOST_COUNTED, allow_null=True, default=None)


class CommitIn(GradeIO):
    """A grade to commit, once; with what else was recorded, all of it optional."""

    stage = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=20,
        help_text="norwood-1 to 7, sinclair-1 to 5, not_gradable, or empty",
    )
    regions = DrawnRegionIn(many=True, default=list, help_text="without any, those drawn on the page count")
    none_seen = serializers.BooleanField(default=False, help_text="looked for regions and saw none")
    counts = HandCountIn(many=True, default=list)
    remark = serializers.CharField(allow_blank=True, default="", max_length=4000)


class ReadIn(CommitIn):
    """A second read or an adjudication."""

    due = serializers.ChoiceField(
        choices=["", ReadState.SECOND_DUE.value, ReadState.ADJUDICATION_DUE.value],
        default="",
        allow_blank=True,
        help_text="the status you read the case at; refused when a colleague has moved it on",
    )


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
    details = serializers.JSONField(help_text="stage, regions, none_seen and counts, as far as they were recorded")
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


def given_to(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body in this shape. Raises ValidationError."""
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    data: dict[str, Any] = given.validated_data
    return data


def grade_in(data: dict[str, Any]) -> Grade:
    """The grade of a body. Raises Invalid."""
    return Grade.checked(condition=data["condition"], share_percent=data["share_percent"], severity=data["severity"])


def _details(data: dict[str, Any]) -> Details:
    return Details(
        stage=data["stage"],
        regions=tuple(
            DrawnRegion(uuid.uuid4(), one["photo"], one["kind"], tuple((x, y) for x, y in one["polygon"]))
            for one in data["regions"]
        ),
        none_seen=data["none_seen"],
        counts=tuple(HandCount(one["photo"], one["hairs"], one["units"]) for one in data["counts"]),
    )


def with_photos(shape: type[serializers.Serializer[Any]], row: CaseReading | Opinion, actor: Actor) -> Any:
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
        return Response(with_photos(ReadingWithPhotosOut, case, actor))

    @extend_schema(
        operation_id="reads_commit",
        request=ReadIn,
        responses={201: CommittedOut, **failures(400, 404, 409, 422)},
        tags=["reads"],
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Commit the second read, or the adjudication, once every photograph was opened; it cannot be changed."""
        data = given_to(ReadIn, request)
        read = services.commit_read(
            actor=api_actor(request),
            case_id=case_id,
            grade=grade_in(data),
            remark=data["remark"],
            due=data["due"],
            details=_details(data),
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
        actor, photo_id = api_actor(request), given_to(LookIn, request)["photo"]
        case = services.look_closer(actor=actor, case_id=case_id, photo_id=photo_id, now=timezone.now())
        return Response(with_photos(ReadingWithPhotosOut, case, actor))


class ReviewGrade(APIView):
    """The holder's own grade."""

    @extend_schema(
        operation_id="reviews_commit_grade",
        request=CommitIn,
        responses={201: CommittedOut, **failures(400, 404, 409, 422)},
        tags=["reads"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """Commit; the findings of a case that is read blind open after it."""
        data = given_to(CommitIn, request)
        read = services.commit_grade(
            actor=api_actor(request),
            review_id=review_id,
            grade=grade_in(data),
            details=_details(data),
            remark=data["remark"],
            now=timezone.now(),
        )
        return Response(CommittedOut(read).data, status=status.HTTP_201_CREATED)


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
        data = given_to(PolicyIO, request)
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
        data = given_to(WaiveIn, request)
        case = services.waive_reading(
            actor=api_actor(request), case_id=case_id, reason=data["reason"], now=timezone.now()
        )
        return Response(ReadingOut(case).data)
