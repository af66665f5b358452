"""A person's consents over the API: what holds, deciding, taking back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import api_actor, failures
from accounts.errors import NotFound
from accounts.roles import Permission
from patients import selectors, services
from patients.models import Purpose


class ConsentOut(serializers.Serializer[Any]):
    """What holds for one purpose, and the wording that a decision now would be about."""

    purpose = serializers.ChoiceField(choices=Purpose.choices)
    granted = serializers.BooleanField()
    decided_at = serializers.DateTimeField(source="consent.decided_at", allow_null=True, default=None)
    wording_changed = serializers.BooleanField()
    title = serializers.CharField(source="current_text.title")
    body = serializers.CharField(source="current_text.body")
    version = serializers.IntegerField(source="current_text.version")


class DecisionsIn(serializers.Serializer[Any]):
    """Purposes granted (true) or refused (false)."""

    decisions = serializers.DictField(child=serializers.BooleanField(), allow_empty=False)

    def validate_decisions(self, value: dict[str, bool]) -> dict[Purpose, bool]:
        unknown = set(value) - set(Purpose.values)
        if unknown:
            raise serializers.ValidationError(f"Unknown purpose: {sorted(unknown)[0]}.")
        return {Purpose(name): granted for name, granted in value.items()}


class Consents(APIView):
    """The consents of a record."""

    @extend_schema(
        operation_id="consents_read", responses={200: ConsentOut(many=True), **failures(404)}, tags=["records"]
    )
    def get(self, request: Request, patient_id: UUID) -> Response:
        """Every purpose that is open to this person, with its wording; the read is recorded."""
        actor = api_actor(request)
        actor.check(Permission.GIVE_CONSENT)
        services.read_patient(actor=actor, patient_id=patient_id, action="consent.read", now=timezone.now())
        return Response(_consents(request, patient_id))

    @extend_schema(
        operation_id="consents_decide",
        request=DecisionsIn,
        responses={200: ConsentOut(many=True), **failures(400, 404, 409, 422)},
        tags=["records"],
    )
    def post(self, request: Request, patient_id: UUID) -> Response:
        """Decide about one or more purposes; each decision is kept."""
        given = DecisionsIn(data=request.data)
        given.is_valid(raise_exception=True)
        services.record_consents(
            actor=api_actor(request),
            patient_id=patient_id,
            decisions=given.validated_data["decisions"],
            now=timezone.now(),
        )
        return Response(_consents(request, patient_id))


class WithdrawConsent(APIView):
    """One consent."""

    @extend_schema(
        operation_id="consents_withdraw",
        request=None,
        responses={200: ConsentOut(many=True), **failures(404, 409)},
        tags=["records"],
    )
    def post(self, request: Request, patient_id: UUID, purpose: str) -> Response:
        """Take it back: nothing new begins on it."""
        if purpose not in Purpose.values:
            raise NotFound
        services.withdraw_consent(
            actor=api_actor(request), patient_id=patient_id, purpose=Purpose(purpose), now=timezone.now()
        )
        return Response(_consents(request, patient_id))


def _consents(request: Request, patient_id: UUID) -> Any:
    patient = selectors.patient_for(api_actor(request), patient_id)
    states = selectors.consent_state(patient.pk)
    shown = [states[purpose] for purpose in selectors.purposes_open_to(patient, patient.clinic.day_of(timezone.now()))]
    return ConsentOut([state for state in shown if state.current_text is not None], many=True).data
