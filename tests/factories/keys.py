"""A security key in software: registered with an account, it answers the portal's challenges with real signatures."""

from __future__ import annotations

import os
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from accounts.models import User

SITE = "testserver"  # Django's test client


class SoftKey:
    """One key of one person (WebAuthn, ES256, touched but without PIN)."""

    def __init__(self, site: str = SITE) -> None:
        self.site, self.origin = site, f"https://{site}"
        self.credential_id = os.urandom(16)
        self._private = ec.generate_private_key(ec.SECP256R1())

    def register(self, user: User) -> Authenticator:
        """The row that allauth keeps after the person has added the key."""
        public = ES256.from_cryptography_key(self._private.public_key())
        credential = AttestedCredentialData.create(Aaguid.NONE, self.credential_id, public)
        flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT
        data = AuthenticatorData.create(sha256(self.site.encode()), flags, 0, credential)
        client = CollectedClientData.create(type="webauthn.create", challenge=os.urandom(32), origin=self.origin)
        answer = {
            **self._name(),
            "response": {
                "clientDataJSON": websafe_encode(client),
                "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
            },
        }
        return Authenticator.objects.create(
            user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key ring", "credential": answer}
        )

    def answer(self, challenge: dict[str, Any]) -> dict[str, Any]:
        """What the browser hands on when the key was touched."""
        client = CollectedClientData.create(
            type="webauthn.get", challenge=challenge["publicKey"]["challenge"], origin=self.origin
        )
        data = AuthenticatorData.create(sha256(self.site.encode()), AuthenticatorData.FLAG.UP, 1)
        signature = self._private.sign(data + client.hash, ec.ECDSA(SHA256()))
        return {
            **self._name(),
            "response": {
                "clientDataJSON": websafe_encode(client),
                "authenticatorData": websafe_encode(data),
                "signature": websafe_encode(signature),
            },
        }

    def _name(self) -> dict[str, Any]:
        name = websafe_encode(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}}
