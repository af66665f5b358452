"""The stage over the API: regions that the models missed, scales, undo and redo, an earlier session beside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from reviews import selectors, services
from reviews.api.shapes import ReviewOut, review_answer
from reviews.views.fragments import id_of

ACT_WITH_BODY: dict[Any, Any] = {200: ReviewOut, **failures(400, 404, 409, 422)}


class RegionIn(serializers.Serializer[Any]):
    """A region that the models missed: an outline in picture fractions, its kind and why."""

    photo_id = serializers.UUIDField()
    kind = serializers.CharField(max_length=10, help_text="bald or thinning")
    polygon = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2), max_length=400
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")


class RegionChangeIn(serializers.Serializer[Any]):
    """What changes about an own region; what is left out stays."""

    kind = serializers.CharField(max_length=10, required=False, help_text="bald or thinning")
    polygon = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        max_length=400,
        required=False,
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


class MergeIn(serializers.Serializer[Any]):
    """The own region that is taken into this one."""

    other = serializers.UUIDField()


class ScaleIn(serializers.Serializer[Any]):
    """Two points in picture fractions and the distance between them."""

    points = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        min_length=2,
        max_length=2,
    )
    length_mm = serializers.FloatField(min_value=0.1, max_value=500)


class ValueRowOut(serializers.Serializer[Any]):
    """One statement then (signed) and now, in words."""

    name = serializers.CharField(source="label")
    then = serializers.CharField()
    then_range = serializers.CharField()
    now = serializers.CharField()
    now_range = serializers.CharField()


class EarlierOut(serializers.Serializer[Any]):
    """A session that the case may be laid beside."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    signed = serializers.BooleanField()
    has_view = serializers.BooleanField()
    chosen = serializers.BooleanField()


class ComparisonOut(serializers.Serializer[Any]):
    """The same view of two sessions. It judges no change: that takes registration and the error of measuring twice."""

    view = serializers.CharField()
    choices = EarlierOut(many=True)
    photo_now = serializers.UUIDField(source="now.photo_id")
    photo_then = serializers.UUIDField(source="then.photo_id", allow_null=True, default=None)
    signed_by = serializers.CharField(help_text="empty: the earlier session was not signed, and shows no number")
    signed_at = serializers.DateTimeField(allow_null=True)
    rows = ValueRowOut(many=True)


def _polygon(given: Any) -> tuple[tuple[float, float], ...] | None:
    return None if given is None else tuple((x, y) for x, y in given)


class Regions(APIView):
    """Regions that the models missed."""

    @extend_schema(
        operation_id="reviews_add_region",
        request=RegionIn,
        responses={201: ReviewOut, **failures(400, 404, 409, 422)},
        tags=["reviews"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """Add one: it counts at once, beside the models' findings, as the clinician's."""
        given = RegionIn(data=request.data)
        given.is_valid(raise_exception=True)
        data, actor = given.validated_data, api_actor(request)
        services.add_region(
            actor=actor,
            review_id=review_id,
            photo_id=data["photo_id"],
            kind=data["kind"],
            polygon=_polygon(data["polygon"]) or (),
            reason=data["reason"],
            now=timezone.now(),
        )
        return review_answer(actor, selectors.review_for(actor, review_id), status.HTTP_201_CREATED)


class OneRegion(APIView):
    """One region of the clinician."""

    @extend_schema(
        operation_id="reviews_change_region", request=RegionChangeIn, responses=ACT_WITH_BODY, tags=["reviews"]
    )
    def put(self, request: Request, review_id: UUID, region_id: UUID) -> Response:
        """Another outline, kind or reason."""
        given = RegionChangeIn(data=request.data)
        given.is_valid(raise_exception=True)
        data, actor = given.validated_data, api_actor(request)
        services.change_region(
            actor=actor,
            review_id=review_id,
            region_id=region_id,
            kind=data.get("kind"),
            polygon=_polygon(data.get("polygon")),
            reason=data.get("reason"),
            now=timezone.now(),
        )
        return review_answer(actor, selectors.review_for(actor, review_id))

    @extend_schema(
        operation_id="reviews_remove_region",
        request=None,
        responses={200: ReviewOut, **failures(404, 409)},
        tags=["reviews"],
    )
    def delete(self, request: Request, review_id: UUID, region_id: UUID) -> Response:
        """Take it out; undo brings it back."""
        actor = api_actor(request)
        services.remove_region(actor=actor, review_id=review_id, region_id=region_id, now=timezone.now())
        return review_answer(actor, selectors.review_for(actor, review_id))


class MergeRegion(APIView):
    """Two regions made one."""

    @extend_schema(operation_id="reviews_merge_regions", request=MergeIn, responses=ACT_WITH_BODY, tags=["reviews"])
    def post(self, request: Request, review_id: UUID, region_id: UUID) -> Response:
        """The region takes the outline around both; the other is removed."""
        given = MergeIn(data=request.data)
        given.is_valid(raise_exception=True)
        actor, other = api_actor(request), given.validated_data["other"]
        services.merge_regions(
            actor=actor, review_id=review_id, region_id=region_id, other_id=other, now=timezone.now()
        )
        return review_answer(actor, selectors.review_for(actor, review_id))


class PhotoScale(APIView):
    """The scale of a photograph."""

    @extend_schema(operation_id="reviews_set_scale", request=ScaleIn, responses=ACT_WITH_BODY, tags=["reviews"])
    def put(self, request: Request, review_id: UUID, photo_id: UUID) -> Response:
        """Two points at a known distance; kept with the photograph, with who and when."""
        given = ScaleIn(data=request.data)
        given.is_valid(raise_exception=True)
        data, actor = given.validated_data, api_actor(request)
        services.set_scale(
            actor=actor,
            review_id=review_id,
            photo_id=photo_id,
            points=_polygon(data["points"]) or (),
            length_mm=data["length_mm"],
            now=timezone.now(),
        )
        return review_answer(actor, selectors.review_for(actor, review_id))

    @extend_schema(
        operation_id="reviews_remove_scale",
        request=None,
        responses={200: ReviewOut, **failures(404, 409)},
        tags=["reviews"],
    )
    def delete(self, request: Request, review_id: UUID, photo_id: UUID) -> Response:
        """End the scale that was set by hand."""
        actor = api_actor(request)
        services.remove_scale(actor=actor, review_id=review_id, photo_id=photo_id, now=timezone.now())
        return review_answer(actor, selectors.review_for(actor, review_id))


class MeasureAgain(APIView):
    """Measuring the case again."""

    @extend_schema(
        operation_id="reviews_measure_again",
        request=None,
        responses={200: ReviewOut, **failures(404, 409)},
        tags=["reviews"],
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """With the scales set by hand: hairs are counted, widths given in mm. The review takes up what was found when
        it is read next; decisions about findings that came out the same stay."""
        actor = api_actor(request)
        services.measure_with_scales(actor=actor, review_id=review_id, now=timezone.now())
        return review_answer(actor, selectors.review_for(actor, review_id))


class UndoAct(APIView):
    """Taking the last act back."""

    @extend_schema(
        operation_id="reviews_undo", request=None, responses={200: ReviewOut, **failures(404, 409)}, tags=["reviews"]
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """The last decision or drawing of this review; the history keeps both."""
        actor = api_actor(request)
        services.undo(actor=actor, review_id=review_id, now=timezone.now())
        return review_answer(actor, selectors.review_for(actor, review_id))


class RedoAct(APIView):
    """Doing again what was taken back."""

    @extend_schema(
        operation_id="reviews_redo", request=None, responses={200: ReviewOut, **failures(404, 409)}, tags=["reviews"]
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        """As long as nothing was done since."""
        actor = api_actor(request)
        services.redo(actor=actor, review_id=review_id, now=timezone.now())
        return review_answer(actor, selectors.review_for(actor, review_id))


class PhotoComparison(APIView):
    """A photograph beside an earlier session's."""

    @extend_schema(
        operation_id="reviews_compare",
        parameters=[OpenApiParameter("session", str, description="an earlier session; else the newest with this view")],
        responses={200: ComparisonOut, **failures(404)},
        tags=["reviews"],
    )
    def get(self, request: Request, review_id: UUID, photo_id: UUID) -> Response:
        """Signed values then, values now; audited. No verdict on change."""
        found = services.compare_case(
            actor=api_actor(request),
            review_id=review_id,
            photo_id=photo_id,
            session_id=id_of(request.query_params.get("session")),
            now=timezone.now(),
        )
        return Response(ComparisonOut(found).data)
