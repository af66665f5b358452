"""System checks: a portal in production can sign its reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from reports import certificates


@register(Tags.security, deploy=True)
def check_certificates(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """``check --deploy`` refuses a portal without a certificate, and one that would make its own."""
    messages: list[CheckMessage] = []
    if settings.SIGNING_DEMO_CERTIFICATES:
        messages.append(Error("SIGNING_DEMO_CERTIFICATES must be False in production", id="reports.E001"))
    if not certificates.installed():
        messages.append(
            Error(
                "no certificate to sign reports with",
                hint="Put default.p12 or <clinic id>.p12 into TRICHORA_SIGNING_FOLDER (docs/signing.md).",
                id="reports.E002",
            )
        )
    return messages
