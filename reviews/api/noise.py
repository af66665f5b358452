"""Measurement noise over the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from reviews.noise_page import api_rows
from vision.repeatability import NoiseSource


class IntervalOut(serializers.Serializer[Any]):
    """A figure with its 95 % interval."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class NoiseOut(serializers.Serializer[Any]):
    """One metric of one view. Figures of the clinic's pairs are null where there are fewer than ``pairs_needed``."""

    metric = serializers.CharField()
    view = serializers.CharField(help_text='"session" for a number of the whole session')
    pairs = serializers.IntegerField()
    people = serializers.IntegerField()
    in_proportion = serializers.BooleanField(help_text="differences are in % of the number, else in its own units")
    cv_percent = IntervalOut(allow_null=True)
    icc = IntervalOut(allow_null=True, help_text="ICC(1,1)")
    bias = IntervalOut(allow_null=True, help_text="second take against first")
    lower_limit = IntervalOut(allow_null=True)
    upper_limit = IntervalOut(allow_null=True)
    mdc95 = IntervalOut(allow_null=True, help_text="of these pairs alone: 1.96 · √2 · within-person standard deviation")
    detectable_fall = serializers.FloatField(
        allow_null=True, help_text="what a verdict uses for a patient without own repeats, from 100"
    )
    detectable_rise = serializers.FloatField(allow_null=True)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # the name of a field of every serializer field
        choices=[source.value for source in NoiseSource], allow_null=True
    )
    weights = serializers.DictField(child=serializers.FloatField())
    pairs_needed = serializers.IntegerField()


class ClinicNoise(APIView):
    """How much photographs vary by themselves in this clinic."""

    @extend_schema(operation_id="noise_read", responses={200: NoiseOut(many=True), **failures()}, tags=["reads"])
    def get(self, request: Request) -> Response:
        """Repeatability by metric and view from views taken twice, without patients."""
        return Response(NoiseOut(api_rows(api_actor(request)), many=True).data)
