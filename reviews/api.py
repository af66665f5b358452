"""Reviews over the API, for clinicians: the worklist, the claim, findings with decisions, the reading and the plan."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor
from analysis.selectors import State as AnalysisState
from patients.api import ErrorOut
from reviews import selectors, services
from reviews.diagnoses import Diagnosis
from reviews.models import FindingDecision, Review, ReviewStatus
from reviews.queue import SHOWS
from reviews.reading import PullTest, Reading
from reviews.services import Correction

FAILURE = OpenApiResponse(ErrorOut, description="What was wrong, and what to do.")
ERRORS = {403: FAILURE, 404: FAILURE, 409: FAILURE, 422: FAILURE}


class CaseOut(serializers.Serializer[Any]):
    """One case of the worklist, most pressing first."""

    session_id = serializers.UUIDField(source="session.pk")
    review_id = serializers.UUIDField(source="review.pk", allow_null=True, default=None)
    record_number = serializers.CharField(source="patient.record_number")
    submitted_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    overdue = serializers.BooleanField()
    urgent = serializers.BooleanField()
    red_flags = serializers.ListField(child=serializers.CharField(), source="flags")
    severity = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="value, low, high")
    missing_views = serializers.ListField(child=serializers.CharField())
    analysis = serializers.ChoiceField(choices=[state.value for state in AnalysisState], source="analysis.state")
    held_by = serializers.CharField(source="holder", help_text="empty when the case is free")
    mine = serializers.BooleanField()


class FinalFindingOut(serializers.Serializer[Any]):
    """A finding as it counts after the decisions, with what the model said beside it."""

    finding_id = serializers.UUIDField()
    photo_id = serializers.UUIDField(allow_null=True)
    kind = serializers.CharField()
    code = serializers.CharField()
    payload = serializers.JSONField()
    model_payload = serializers.JSONField()
    verdict = serializers.CharField(help_text="accepted, corrected, or empty for what was not measurable")
    reason = serializers.CharField()
    release = serializers.CharField()


class UnseenOut(serializers.Serializer[Any]):
    """What stands between a review and its decision."""

    photos = serializers.ListField(child=serializers.UUIDField())
    findings = serializers.ListField(child=serializers.UUIDField())
    unopened_findings = serializers.ListField(child=serializers.UUIDField())


class PlanItemOut(serializers.Serializer[Any]):
    """One treatment of a plan."""

    code = serializers.CharField(source="entry.code")
    name = serializers.CharField(source="entry.name")
    dose = serializers.CharField()
    duration = serializers.CharField()
    instructions = serializers.CharField()
    override_reason = serializers.CharField()


class PlanOut(serializers.Serializer[Any]):
    """The plan as it stands; nothing of it reaches the patient before it is signed."""

    summary = serializers.CharField()
    advice = serializers.CharField()
    follow_up_date = serializers.DateField(allow_null=True)
    items = PlanItemOut(many=True, source="items.all")


class ReadingIO(serializers.Serializer[Any]):
    """The clinician's own reading (R8)."""

    diagnosis_code = serializers.ChoiceField(choices=[code.value for code in Diagnosis], allow_blank=True, default="")
    diagnosis_text = serializers.CharField(allow_blank=True, default="", max_length=300)
    differential = serializers.ListField(
        child=serializers.ChoiceField(choices=[code.value for code in Diagnosis if code.is_medical]), default=list
    )
    pull_test = serializers.ChoiceField(choices=[test.value for test in PullTest], allow_blank=True, default="")
    dermoscopy = serializers.CharField(allow_blank=True, default="", max_length=4000)
    examination = serializers.CharField(allow_blank=True, default="", max_length=4000)
    tests_ordered = serializers.CharField(allow_blank=True, default="", max_length=4000)
    tests_received = serializers.CharField(allow_blank=True, default="", max_length=4000)
    reasoning = serializers.CharField(allow_blank=True, default="", max_length=4000)


class ReviewOut(serializers.Serializer[Any]):
    """A review with what counts, what is still unseen, the reading and the plan."""

    id = serializers.UUIDField()
    session_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=ReviewStatus.choices)
    outcome = serializers.CharField()
    reviewer = serializers.CharField(source="reviewer.display_name")
    lease_until = serializers.DateTimeField()
    findings = FinalFindingOut(many=True)
    unseen = UnseenOut()
    reading = ReadingIO()
    plan = PlanOut(allow_null=True)


class OpenedIn(serializers.Serializer[Any]):
    """What was looked at."""

    kind = serializers.ChoiceField(choices=["photo", "finding"])
    id = serializers.UUIDField()


class DecisionIn(serializers.Serializer[Any]):
    """A decision about a finding. Which correction counts depends on the finding's kind."""

    verdict = serializers.ChoiceField(
        choices=[FindingDecision.Verdict.ACCEPTED, FindingDecision.Verdict.CORRECTED, FindingDecision.Verdict.REJECTED]
    )
    reason = serializers.CharField(allow_blank=True, default="", max_length=500)
    value = serializers.FloatField(allow_null=True, default=None)
    condition = serializers.CharField(allow_blank=True, default="", max_length=20)
    region_kind = serializers.ChoiceField(choices=["", "bald", "thinning"], default="", allow_blank=True)
    polygon = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        allow_null=True,
        default=None,
        help_text="outline in fractions 0..1 of the picture",
    )


def _out(review: Review) -> Response:
    body = {
        "id": review.pk,
        "session_id": review.session_id,
        "status": review.status,
        "outcome": review.outcome,
        "reviewer": review.reviewer,
        "lease_until": review.lease_until,
        "findings": selectors.final_findings(review),
        "unseen": selectors.unseen(review),
        "reading": Reading.from_dict(review.reading).to_dict(),
        "plan": selectors.plan_of(review),
    }
    return Response(ReviewOut(body).data)


class Worklist(APIView):
    """Cases that wait for a clinician."""

    @extend_schema(
        operation_id="reviews_worklist",
        parameters=[
            OpenApiParameter("show", str, enum=list(SHOWS)),
            OpenApiParameter("urgent", str, enum=["1"]),
            OpenApiParameter("analysis", str, enum=[state.value for state in AnalysisState]),
        ],
        responses={200: CaseOut(many=True), 403: FAILURE},
        tags=["reviews"],
    )
    def get(self, request: Request) -> Response:
        """The worklist, filtered as in the portal."""
        actor, now = api_actor(request), timezone.now()
        rows, _counts = selectors.worklist(actor, selectors.QueueFilters.from_query(request.query_params), now=now)
        services.read_queue(actor=actor, session_ids=[row.session.pk for row in rows], now=now)
        return Response(CaseOut(rows, many=True).data)


class ClaimCase(APIView):
    """Taking a case."""

    @extend_schema(operation_id="reviews_claim", request=None, responses={201: ReviewOut, **ERRORS}, tags=["reviews"])
    def post(self, request: Request, session_id: UUID) -> Response:
        """Claim; of two who do so at once, one gets it."""
        actor = api_actor(request)
        review = services.claim_review(actor=actor, session_id=session_id, now=timezone.now())
        answer = _out(selectors.review_for(actor, review.pk))
        answer.status_code = status.HTTP_201_CREATED
        return answer


class OneReview(APIView):
    """One review."""

    @extend_schema(
        operation_id="reviews_read", responses={200: ReviewOut, 403: FAILURE, 404: FAILURE}, tags=["reviews"]
    )
    def get(self, request: Request, review_id: UUID) -> Response:
        """What counts, what is unseen, reading and plan; audited. It does not mark anything as looked at."""
        actor = api_actor(request)
        services.read_plan(actor=actor, review_id=review_id, now=timezone.now())
        return _out(selectors.review_for(actor, review_id))


class ReviewOpened(APIView):
    """That something was looked at."""

    @extend_schema(operation_id="reviews_opened", request=OpenedIn, responses={204: None, **ERRORS}, tags=["reviews"])
    def post(self, request: Request, review_id: UUID) -> Response:
        """Nothing can be decided unseen: a client says what it has shown."""
        given = OpenedIn(data=request.data)
        given.is_valid(raise_exception=True)
        services.mark_opened(
            actor=api_actor(request),
            review_id=review_id,
            kind=given.validated_data["kind"],
            subject_id=given.validated_data["id"],
            now=timezone.now(),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class FindingDecisionView(APIView):
    """A decision about one finding."""

    @extend_schema(
        operation_id="reviews_decide_finding",
        request=DecisionIn,
        responses={200: ReviewOut, **ERRORS},
        tags=["reviews"],
    )
    def post(self, request: Request, review_id: UUID, finding_id: UUID) -> Response:
        """Accept, correct or reject; a changed mind is a new decision."""
        given = DecisionIn(data=request.data)
        given.is_valid(raise_exception=True)
        data, actor = given.validated_data, api_actor(request)
        polygon = None if data["polygon"] is None else tuple((x, y) for x, y in data["polygon"])
        services.decide_finding(
            actor=actor,
            review_id=review_id,
            finding_id=finding_id,
            verdict=data["verdict"],
            reason=data["reason"],
            correction=Correction(data["value"], data["condition"], polygon, data["region_kind"]),
            now=timezone.now(),
        )
        return _out(selectors.review_for(actor, review_id))


class ReviewReading(APIView):
    """The clinician's own reading."""

    @extend_schema(
        operation_id="reviews_save_reading", request=ReadingIO, responses={200: ReviewOut, **ERRORS}, tags=["reviews"]
    )
    def put(self, request: Request, review_id: UUID) -> Response:
        """Replace the reading."""
        given = ReadingIO(data=request.data)
        given.is_valid(raise_exception=True)
        actor, reading = api_actor(request), Reading.from_dict(given.validated_data)
        services.save_reading(actor=actor, review_id=review_id, reading=reading, now=timezone.now())
        return _out(selectors.review_for(actor, review_id))


class DecideReview(APIView):
    """Approving or amending."""

    @extend_schema(operation_id="reviews_decide", request=None, responses={200: ReviewOut, **ERRORS}, tags=["reviews"])
    def post(self, request: Request, review_id: UUID) -> Response:
        """Approve, or amend when something was changed; refused while anything is unseen."""
        actor = api_actor(request)
        services.decide_review(actor=actor, review_id=review_id, now=timezone.now())
        return _out(selectors.review_for(actor, review_id))
