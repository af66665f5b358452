"""Cases over the API: the worklist, the claim, what was looked at, decisions, the reading, and how a review ends."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from accounts.actors import Actor
from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, limit_of
from analysis.selectors import State as AnalysisState
from patients.capture_protocol import RetakeReason
from reviews import selectors, services
from reviews.api.shapes import (
    CaseOut,
    DecisionIn,
    HandBackIn,
    OpenedIn,
    ReadingIO,
    RejectIn,
    RetakeIn,
    ReviewOut,
    review_answer,
)
from reviews.queue_filters import SHOWS, URGENCIES
from reviews.reading import Reading
from reviews.services import Correction, RetakeWish
from vision.types import View

ACT: dict[Any, Any] = {200: ReviewOut, **failures(404, 409)}
ACT_WITH_BODY: dict[Any, Any] = {200: ReviewOut, **failures(400, 404, 409, 422)}


def _now_stands(actor: Actor, review_id: UUID) -> Response:
    return review_answer(actor, selectors.review_for(actor, review_id))


class Worklist(APIView):
    """Cases that wait for a clinician."""

    @extend_schema(
        operation_id="reviews_worklist",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("after", str, description="A place, as next names it."),
            OpenApiParameter("before", str, description="A place, as previous names it."),
            OpenApiParameter("show", str, enum=list(SHOWS)),
            OpenApiParameter("urgent", str, enum=list(URGENCIES)),
            OpenApiParameter("overdue", str, enum=["1"]),
            OpenApiParameter("waiting", int, description="At least so many hours since the submission."),
            OpenApiParameter("severity_from", float),
            OpenApiParameter("severity_to", float),
            OpenApiParameter("holder", UUID, description="A membership, as the workload names it."),
            OpenApiParameter("dermatologist", str, enum=["1"]),
            OpenApiParameter("analysis", str, enum=[state.value for state in AnalysisState]),
        ],
        responses={200: CaseOut(many=True), **failures()},
        tags=["reviews"],
    )
    def get(self, request: Request) -> Response:
        """The worklist, filtered as in the portal. Follow ``next``: its page begins where this one ends, whatever has
        left the list meanwhile; an offset counts from the top each time."""
        actor, now = api_actor(request), timezone.now()
        cases, _counts = selectors.worklist(actor, selectors.QueueFilters.from_query(request.query_params), now=now)
        if "offset" in request.query_params:
            cut = Page(request, cases)
            services.read_queue(actor=actor, session_ids=[row.session.pk for row in cut.rows], now=now)
            return cut.answer(CaseOut)
        page = cases.page(limit_of(request), **selectors.places(request.query_params))
        services.read_queue(actor=actor, session_ids=[row.session.pk for row in page.rows], now=now)
        links = {"next": _link(request, "after", page.following), "previous": _link(request, "before", page.previous)}
        return Response({"count": len(cases), **links, "results": CaseOut(page.rows, many=True).data})


def _link(request: Request, name: str, place: selectors.Place | None) -> str | None:
    """The address of a neighbouring page, with the filters of this one."""
    if place is None:
        return None
    address = request.build_absolute_uri()
    for old in ("after", "before"):
        address = remove_query_param(address, old)
    return str(replace_query_param(address, name, str(place)))


class ClaimCase(APIView):
    """Taking a case."""

    @extend_schema(
        operation_id="reviews_claim", request=None, responses={201: ReviewOut, **failures(404, 409)}, tags=["reviews"]
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Claim; of two who do so at once, one gets it."""
        actor = api_actor(request)
        review = services.claim_review(actor=actor, session_id=session_id, now=timezone.now())
        return review_answer(actor, selectors.review_for(actor, review.pk), status.HTTP_201_CREATED)


class OneReview(APIView):
    """One review."""

    @extend_schema(operation_id="reviews_read", responses={200: ReviewOut, **failures(404)}, tags=["reviews"])
    def get(self, request: Request, review_id: UUID) -> Response:
        """What counts, what is unseen, answers, reading and plan; audited. It marks nothing as looked at."""
        actor = api_actor(request)
        services.read_review(actor=actor, review_id=review_id, now=timezone.now())
        return _now_stands(actor, review_id)


class ReviewOpened(APIView):
    """That something was looked at."""

    @extend_schema(
        operation_id="reviews_opened",
        request=OpenedIn,
        responses={204: None, **failures(400, 404, 409)},
        tags=["reviews"],
    )
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
        responses=ACT_WITH_BODY,
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
            cause=data["cause"],
            correction=Correction(
                value=data["value"],
                condition=data["condition"],
                stage=data["stage"],
                polygon=polygon,
                region_kind=data["region_kind"],
            ),
            now=timezone.now(),
        )
        return _now_stands(actor, review_id)

    @extend_schema(operation_id="reviews_undo_decision", request=None, responses=ACT, tags=["reviews"])
    def delete(self, request: Request, review_id: UUID, finding_id: UUID) -> Response:
        """Take the last decision about the finding back; the history keeps both."""
        actor = api_actor(request)
        services.undo_decision(actor=actor, review_id=review_id, finding_id=finding_id, now=timezone.now())
        return _now_stands(actor, review_id)


class AcceptRest(APIView):
    """Accepting what is left."""

    @extend_schema(
        operation_id="reviews_accept_rest",
        request=None,
        responses={200: ReviewOut, **failures(404, 409, 422)},
        tags=["reviews"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """Accept every undecided finding, once every photograph and finding was looked at."""
        actor = api_actor(request)
        services.accept_opened(actor=actor, review_id=review_id, now=timezone.now())
        return _now_stands(actor, review_id)


class ReviewReading(APIView):
    """The clinician's own reading."""

    @extend_schema(operation_id="reviews_save_reading", request=ReadingIO, responses=ACT_WITH_BODY, tags=["reviews"])
    def put(self, request: Request, review_id: UUID) -> Response:
        """Replace the reading."""
        given = ReadingIO(data=request.data)
        given.is_valid(raise_exception=True)
        actor, reading = api_actor(request), Reading.from_dict(given.validated_data)
        services.save_reading(actor=actor, review_id=review_id, reading=reading, now=timezone.now())
        return _now_stands(actor, review_id)


class DecideReview(APIView):
    """Approving or amending."""

    @extend_schema(
        operation_id="reviews_decide",
        request=None,
        responses={200: ReviewOut, **failures(404, 409, 422)},
        tags=["reviews"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """Approve, or amend when something was changed; refused while anything is unseen."""
        actor = api_actor(request)
        services.decide_review(actor=actor, review_id=review_id, now=timezone.now())
        return _now_stands(actor, review_id)


class ReopenReview(APIView):
    """Taking a decision back."""

    @extend_schema(operation_id="reviews_reopen", request=None, responses=ACT, tags=["reviews"])
    def post(self, request: Request, review_id: UUID) -> Response:
        """Open a decided case again; the plan is kept."""
        actor = api_actor(request)
        services.reopen(actor=actor, review_id=review_id, now=timezone.now())
        return _now_stands(actor, review_id)


class ReviewLease(APIView):
    """Keeping a case."""

    @extend_schema(operation_id="reviews_renew_lease", request=None, responses=ACT, tags=["reviews"])
    def post(self, request: Request, review_id: UUID) -> Response:
        """Keep the case for another half hour; every act does the same."""
        actor = api_actor(request)
        services.renew_lease(actor=actor, review_id=review_id, now=timezone.now())
        return _now_stands(actor, review_id)


class HandBack(APIView):
    """Handing a case back."""

    @extend_schema(operation_id="reviews_hand_back", request=HandBackIn, responses=ACT_WITH_BODY, tags=["reviews"])
    def post(self, request: Request, review_id: UUID) -> Response:
        """Put the case back into the queue with a note; the work stays with it."""
        given = HandBackIn(data=request.data)
        given.is_valid(raise_exception=True)
        actor = api_actor(request)
        services.release_review(actor=actor, review_id=review_id, now=timezone.now(), **given.validated_data)
        return _now_stands(actor, review_id)


class AskForRetake(APIView):
    """Asking for new photographs."""

    @extend_schema(operation_id="reviews_retake", request=RetakeIn, responses=ACT_WITH_BODY, tags=["reviews"])
    def post(self, request: Request, review_id: UUID) -> Response:
        """Ask the patient for some views again; the patient sees which, why, and the message."""
        given = RetakeIn(data=request.data)
        given.is_valid(raise_exception=True)
        actor = api_actor(request)
        wishes = [
            RetakeWish(View(wish["view"]), RetakeReason(wish["reason"])) for wish in given.validated_data["wishes"]
        ]
        services.request_retake(
            actor=actor,
            review_id=review_id,
            wishes=wishes,
            message=given.validated_data["message"],
            now=timezone.now(),
        )
        return _now_stands(actor, review_id)


class RejectCase(APIView):
    """Closing a case without a plan."""

    @extend_schema(operation_id="reviews_reject", request=RejectIn, responses=ACT_WITH_BODY, tags=["reviews"])
    def post(self, request: Request, review_id: UUID) -> Response:
        """Close the case with a message to the patient."""
        given = RejectIn(data=request.data)
        given.is_valid(raise_exception=True)
        actor = api_actor(request)
        services.reject_case(
            actor=actor, review_id=review_id, message=given.validated_data["message"], now=timezone.now()
        )
        return _now_stands(actor, review_id)
