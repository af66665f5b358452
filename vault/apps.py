"""The vault as a Django application."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.signals import request_started


class VaultConfig(AppConfig):
    """Registers the checks, and makes each request look at the key store anew."""

    name = "vault"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect what must run in every process."""
        from vault import checks, keys  # noqa: F401 (importing registers the checks)

        request_started.connect(keys.expect_changes, dispatch_uid="vault.keys.expect_changes")
