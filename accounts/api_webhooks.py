"""Webhooks over the API, for administrators: the same services as the pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import webhooks
from accounts.api import PAGE_PARAMETERS, Page, api_actor, failures, page_of
from accounts.webhook_models import WebhookDelivery, WebhookEndpoint

EVENTS = [(event.value, event.name) for event in webhooks.Event]


class EventsIn(serializers.Serializer[Any]):
    """What is told."""

    events = serializers.ListField(child=serializers.ChoiceField(choices=EVENTS), min_length=1)
    description = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")

    def wanted(self) -> list[webhooks.Event]:
        """The chosen events of a valid body."""
        return [webhooks.Event(value) for value in self.validated_data["events"]]


class EndpointIn(EventsIn):
    """A new address: https, on the public internet."""

    url = serializers.URLField(max_length=500)


class SwitchIn(serializers.Serializer[Any]):
    """On or off."""

    on = serializers.BooleanField()


class EndpointOut(serializers.Serializer[Any]):
    """An address that is told about events."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    description = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    off = serializers.ChoiceField(choices=WebhookEndpoint.Off.choices, help_text="empty: in use")
    failing_since = serializers.DateTimeField(allow_null=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewEndpointOut(EndpointOut):
    """An address with its secret, which is shown this once."""

    secret = serializers.SerializerMethodField()

    def get_secret(self, endpoint: WebhookEndpoint) -> str:
        return str(self.context["secret"])


class DeliveryOut(serializers.Serializer[Any]):
    """One event for one address."""

    id = serializers.UUIDField()
    event = serializers.CharField()
    status = serializers.ChoiceField(choices=WebhookDelivery.Status.choices)
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField()
    last_status_code = serializers.IntegerField(allow_null=True)
    last_error = serializers.CharField()
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)


class Webhooks(APIView):
    """The clinic's addresses."""

    @extend_schema(
        operation_id="webhooks_list",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(EndpointOut), **failures()},
        tags=["webhooks"],
    )
    def get(self, request: Request) -> Response:
        """All of them, oldest first."""
        return Page(request, webhooks.endpoints_of(api_actor(request))).answer(EndpointOut)

    @extend_schema(
        operation_id="webhooks_register",
        request=EndpointIn,
        responses={201: NewEndpointOut, **failures(400, 409, 422)},
        tags=["webhooks"],
    )
    def post(self, request: Request) -> Response:
        """Register an address. Private and local ones are refused, now and at every delivery."""
        given = EndpointIn(data=request.data)
        given.is_valid(raise_exception=True)
        endpoint, secret = webhooks.register_endpoint(
            actor=api_actor(request),
            url=given.validated_data["url"],
            events=given.wanted(),
            description=given.validated_data["description"],
            now=timezone.now(),
        )
        return Response(NewEndpointOut(endpoint, context={"secret": secret}).data, status=status.HTTP_201_CREATED)


class OneWebhook(APIView):
    """One address."""

    @extend_schema(operation_id="webhooks_read", responses={200: EndpointOut, **failures(404)}, tags=["webhooks"])
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        """The address and its state."""
        return Response(EndpointOut(webhooks.endpoint_for(api_actor(request), endpoint_id)).data)

    @extend_schema(
        operation_id="webhooks_change",
        request=EventsIn,
        responses={200: EndpointOut, **failures(400, 404, 422)},
        tags=["webhooks"],
    )
    def put(self, request: Request, endpoint_id: UUID) -> Response:
        """Choose other events."""
        given = EventsIn(data=request.data)
        given.is_valid(raise_exception=True)
        endpoint = webhooks.change_endpoint(
            actor=api_actor(request),
            endpoint_id=endpoint_id,
            events=given.wanted(),
            description=given.validated_data["description"],
            now=timezone.now(),
        )
        return Response(EndpointOut(endpoint).data)

    @extend_schema(operation_id="webhooks_delete", responses={204: None, **failures(404)}, tags=["webhooks"])
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        """Remove it with its log."""
        webhooks.delete_endpoint(actor=api_actor(request), endpoint_id=endpoint_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SwitchWebhook(APIView):
    """Whether an address is in use."""

    @extend_schema(
        operation_id="webhooks_switch",
        request=SwitchIn,
        responses={200: EndpointOut, **failures(400, 404)},
        tags=["webhooks"],
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Switch it on or off."""
        given = SwitchIn(data=request.data)
        given.is_valid(raise_exception=True)
        endpoint = webhooks.switch_endpoint(
            actor=api_actor(request), endpoint_id=endpoint_id, on=given.validated_data["on"], now=timezone.now()
        )
        return Response(EndpointOut(endpoint).data)


class WebhookSecret(APIView):
    """The secret of an address."""

    @extend_schema(
        operation_id="webhooks_renew_secret",
        request=None,
        responses={200: NewEndpointOut, **failures(404)},
        tags=["webhooks"],
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """A new one, shown this once; the old one signs nothing more."""
        endpoint, secret = webhooks.renew_secret(actor=api_actor(request), endpoint_id=endpoint_id, now=timezone.now())
        return Response(NewEndpointOut(endpoint, context={"secret": secret}).data)


class PingWebhook(APIView):
    """A test of an address."""

    @extend_schema(
        operation_id="webhooks_ping",
        request=None,
        responses={202: DeliveryOut, **failures(404, 409)},
        tags=["webhooks"],
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Queue an event that tells nothing."""
        row = webhooks.send_ping(actor=api_actor(request), endpoint_id=endpoint_id, now=timezone.now())
        return Response(DeliveryOut(row).data, status=status.HTTP_202_ACCEPTED)


class WebhookDeliveries(APIView):
    """The log of an address."""

    @extend_schema(
        operation_id="webhooks_deliveries",
        parameters=PAGE_PARAMETERS,
        responses={200: page_of(DeliveryOut), **failures(404)},
        tags=["webhooks"],
    )
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        """What was sent in the last thirty days, newest first."""
        endpoint = webhooks.endpoint_for(api_actor(request), endpoint_id)
        return Page(request, webhooks.deliveries_of(endpoint)).answer(DeliveryOut)
