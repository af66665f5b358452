"""Step-up with a security key over the API: the challenge; the answer goes with the act that it confirms."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import stepup
from accounts.api import failures
from accounts.requests import user_of


class KeyChallengeOut(serializers.Serializer[Any]):
    """What ``navigator.credentials.get`` takes, its bytes in base64url."""

    publicKey = serializers.DictField(help_text="PublicKeyCredentialRequestOptionsJSON of WebAuthn Level 3")


class StepUpKey(APIView):
    """A challenge for the security keys of the person who is signed in."""

    @extend_schema(
        operation_id="step_up_key",
        request=None,
        responses={200: KeyChallengeOut, **failures(422)},
        tags=["account"],
    )
    def post(self, request: Request) -> Response:
        """A new challenge, kept in this session: the answer confirms one act, sent as its ``key``."""
        return Response(stepup.begin_key(user_of(request._request)), headers={"Cache-Control": "no-store"})


KEY_FIELD_HELP = "instead of ``secret``: what a security key answered to the challenge of ``step-up/key/``"
