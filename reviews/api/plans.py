"""The treatment plan over the API: its words and date, its treatments, and the formulary held against the patient."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, page_of
from reviews import selectors, services
from reviews.api.cases import ACT, ACT_WITH_BODY
from reviews.api.shapes import EntryOut, PlanIn, PlanItemIn, PlanItemNew, ReviewOut, review_answer
from reviews.models import FormularyEntry
from reviews.plan_page import formulary_cards


class ReviewPlan(APIView):
    """The words and the date of the plan; the plan itself is read with its review."""

    @extend_schema(operation_id="plans_save", request=PlanIn, responses=ACT_WITH_BODY, tags=["plans"])
    def put(self, request: Request, review_id: UUID) -> Response:
        """Replace summary, advice and the date of the follow-up."""
        given = PlanIn(data=request.data)
        given.is_valid(raise_exception=True)
        actor = api_actor(request)
        services.save_plan(actor=actor, review_id=review_id, **given.validated_data, now=timezone.now())
        return review_answer(actor, selectors.review_for(actor, review_id))


class PlanDraft(APIView):
    """A first summary."""

    @extend_schema(operation_id="plans_draft", request=None, responses=ACT, tags=["plans"])
    def post(self, request: Request, review_id: UUID) -> Response:
        """Compose the summary anew from the accepted findings, for the clinician to edit."""
        actor = api_actor(request)
        services.draft_summary(actor=actor, review_id=review_id, now=timezone.now())
        return review_answer(actor, selectors.review_for(actor, review_id))


class PlanItems(APIView):
    """Treatments of a plan."""

    @extend_schema(
        operation_id="plans_add_item",
        request=PlanItemNew,
        responses={201: ReviewOut, **failures(400, 404, 409, 422)},
        tags=["plans"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """Put a treatment into the plan, with its usual dose, duration and text for the patient."""
        given = PlanItemNew(data=request.data)
        given.is_valid(raise_exception=True)
        actor = api_actor(request)
        services.add_item(
            actor=actor,
            review_id=review_id,
            entry_id=given.validated_data["entry"],
            override_reason=given.validated_data["override_reason"],
            now=timezone.now(),
        )
        return review_answer(actor, selectors.review_for(actor, review_id), status.HTTP_201_CREATED)


class OnePlanItem(APIView):
    """One treatment of a plan."""

    @extend_schema(operation_id="plans_change_item", request=PlanItemIn, responses=ACT_WITH_BODY, tags=["plans"])
    def put(self, request: Request, review_id: UUID, item_id: UUID) -> Response:
        """Replace what is written about the treatment."""
        given = PlanItemIn(data=request.data)
        given.is_valid(raise_exception=True)
        actor = api_actor(request)
        services.update_item(
            actor=actor, review_id=review_id, item_id=item_id, **given.validated_data, now=timezone.now()
        )
        return review_answer(actor, selectors.review_for(actor, review_id))

    @extend_schema(operation_id="plans_remove_item", responses=ACT, tags=["plans"])
    def delete(self, request: Request, review_id: UUID, item_id: UUID) -> Response:
        """Take the treatment out of the plan."""
        actor = api_actor(request)
        services.remove_item(actor=actor, review_id=review_id, item_id=item_id, now=timezone.now())
        return review_answer(actor, selectors.review_for(actor, review_id))


class Formulary(APIView):
    """Treatments that a plan may contain."""

    @extend_schema(
        operation_id="plans_formulary",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("q", str, description="Every word has to occur in name, code or text."),
            OpenApiParameter("category", str, enum=FormularyEntry.Category.values),
        ],
        responses={200: page_of(EntryOut), **failures(404)},
        tags=["plans"],
    )
    def get(self, request: Request, review_id: UUID) -> Response:
        """Search; every hit carries what speaks against it for this patient. Audited: it tells of the answers."""
        actor = api_actor(request)
        services.read_plan(actor=actor, review_id=review_id, now=timezone.now())
        asked = request.query_params
        cards = formulary_cards(
            selectors.review_for(actor, review_id), text=asked.get("q", ""), category=asked.get("category", "")
        )
        return Page(request, cards).answer(EntryOut)
