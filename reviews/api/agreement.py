"""How well readers and models agree, over the API."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from accounts.selectors import clinic_of
from reviews.agreement.page import period_of
from reviews.agreement.report import agreement_report
from reviews.agreement.table import BESIDE, BLIND, csv_rows


class FigureOut(serializers.Serializer[Any]):
    """One figure of the agreement page; ``value`` is empty where there are not enough cases."""

    section = serializers.CharField(
        help_text="readers, model_against_readers, conditions_against_readers, regions, numbers, stages, conditions, "
        "overrides, cases"
    )
    what = serializers.CharField()
    measure = serializers.CharField()
    n = serializers.IntegerField()
    value = serializers.CharField()
    low = serializers.CharField()
    high = serializers.CharField()
    basis = serializers.ChoiceField(
        choices=[BLIND, BESIDE],
        allow_blank=True,
        help_text="whether clinicians judged before they saw what the models say, or beside it; empty for counts",
    )


class ClinicAgreement(APIView):
    """How well readers and models agree."""

    @extend_schema(
        operation_id="agreement_read",
        parameters=[OpenApiParameter("from", OpenApiTypes.DATE), OpenApiParameter("to", OpenApiTypes.DATE)],
        responses={200: FigureOut(many=True), **failures()},
        tags=["reads"],
    )
    def get(self, request: Request) -> Response:
        """The figures of the clinic for a period (the last year), with 95 % intervals and without patients."""
        actor, asked = api_actor(request), request.query_params
        zone = clinic_of(actor).time_zone if actor.clinic_id else "UTC"
        period = period_of(asked.get("from", ""), asked.get("to", ""), now=timezone.now(), zone=zone)
        head, *rows = csv_rows(agreement_report(actor, period))
        return Response(FigureOut([dict(zip(head, row, strict=True)) for row in rows], many=True).data)
