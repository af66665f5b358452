"""The guide over the API: to read, to write the clinic's own words, and to approve."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from accounts.roles import Permission
from care import selectors, services
from care.guide import Page
from care.presenters import guide as shown

PAGES = [page.value for page in Page]


class GuideBlockOut(serializers.Serializer[Any]):
    """One part of a section; which fields are filled depends on its kind."""

    kind = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()
    items = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField())
    other = serializers.CharField()
    picture = serializers.CharField()
    other_picture = serializers.CharField()
    urgent = serializers.BooleanField()


class GuideSectionOut(serializers.Serializer[Any]):
    """A heading and what stands under it."""

    title = serializers.CharField()
    blocks = GuideBlockOut(many=True)


class GuidePageOut(serializers.Serializer[Any]):
    """A page as patients read it. Without ``approved_at`` no clinician of the clinic has approved it."""

    page = serializers.ChoiceField(choices=PAGES)
    title = serializers.CharField()
    lead = serializers.CharField()
    addition = serializers.CharField(help_text="the clinic's own words")
    version = serializers.IntegerField(source="number", allow_null=True)
    approved_by = serializers.CharField()
    approved_at = serializers.DateTimeField(allow_null=True)
    sections = GuideSectionOut(many=True)


class GuideStateOut(serializers.Serializer[Any]):
    """A page as staff see it. ``digest`` names what would be approved now."""

    page = serializers.ChoiceField(choices=PAGES)
    title = serializers.CharField()
    waits = serializers.BooleanField()
    addition = serializers.CharField()
    digest = serializers.CharField()


class GuideAdditionIn(serializers.Serializer[Any]):
    """The clinic's own words."""

    text = serializers.CharField(allow_blank=True, max_length=6000)


class GuideApprovalIn(serializers.Serializer[Any]):
    """What was read before it was approved."""

    digest = serializers.CharField(max_length=64)


class Guide(APIView):
    """One page of the guide."""

    @extend_schema(
        operation_id="guide_page",
        parameters=[OpenApiParameter("clinic", str, description="Which of one's clinics, where there are several.")],
        responses={200: GuidePageOut, **failures(404)},
        tags=["guide"],
    )
    def get(self, request: Request, page: str) -> Response:
        """The approved version; before the first approval the portal's own wording."""
        wanted = selectors.parse_page(page)
        field = serializers.UUIDField(required=False)
        clinic = request.query_params.get("clinic")
        clinic_id = field.run_validation(clinic) if clinic else None
        return Response(GuidePageOut(shown.guide_page(api_actor(request), wanted, clinic_id)).data)


class GuideStates(APIView):
    """All pages, for the clinic's staff."""

    @extend_schema(operation_id="guide_states", responses={200: GuideStateOut(many=True), **failures()}, tags=["guide"])
    def get(self, request: Request) -> Response:
        """What is approved and what waits."""
        return Response(GuideStateOut(shown.managed_pages(api_actor(request)), many=True).data)


class GuideAdditions(APIView):
    """The clinic's own words on one page."""

    @extend_schema(
        operation_id="guide_write",
        request=GuideAdditionIn,
        responses={200: GuideStateOut, **failures(400, 404, 422)},
        tags=["guide"],
    )
    def put(self, request: Request, page: str) -> Response:
        """Write them; patients read them once a clinician has approved them."""
        actor, wanted = api_actor(request), selectors.parse_page(page)
        actor.check(Permission.EDIT_GUIDE)
        given = GuideAdditionIn(data=request.data)
        given.is_valid(raise_exception=True)
        services.save_addition(actor=actor, page=wanted, text=given.validated_data["text"], now=timezone.now())
        return Response(GuideStateOut(shown.managed_page(actor, wanted)).data)


class GuideApproval(APIView):
    """The approval of one page."""

    @extend_schema(
        operation_id="guide_approve",
        request=GuideApprovalIn,
        responses={200: GuideStateOut, **failures(400, 404, 409)},
        tags=["guide"],
    )
    def post(self, request: Request, page: str) -> Response:
        """Approve what was read, as a clinician of the clinic."""
        actor, wanted = api_actor(request), selectors.parse_page(page)
        actor.check(Permission.APPROVE_GUIDE)
        given = GuideApprovalIn(data=request.data)
        given.is_valid(raise_exception=True)
        services.approve_page(actor=actor, page=wanted, digest=given.validated_data["digest"], now=timezone.now())
        return Response(GuideStateOut(shown.managed_page(actor, wanted)).data)
