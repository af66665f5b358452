"""System checks: production keys must be present, random, long enough and no demo's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from vault import master


@register(Tags.security, deploy=True)
def check_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """``check --deploy`` refuses missing, short and demo keys, and settings that would accept them."""
    messages: list[CheckMessage] = [Error(problem, id="vault.E001") for problem in master.problems()]
    if getattr(settings, "VAULT_ALLOW_DEMO_KEYS", False):
        messages.append(Error("VAULT_ALLOW_DEMO_KEYS must be False in production", id="vault.E002"))
    return messages


@register(Tags.security)
def check_stores(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The key store is a database of its own, and sealed files have a storage of their own."""
    return store_problems(settings.DATABASES, settings.STORAGES)


def store_problems(databases: Mapping[str, Mapping[str, Any]], storages: Mapping[str, Any]) -> list[CheckMessage]:
    """What is wrong with where keys and files are kept."""
    messages: list[CheckMessage] = []
    if "keys" not in databases:
        messages.append(Error("DATABASES has no alias 'keys' for the key store", id="vault.E003"))
    elif _place(databases["keys"]) == _place(databases["default"]):
        messages.append(Error("the key store must not be the portal's own database", id="vault.E004"))
    if "sealed" not in storages:
        messages.append(Error("STORAGES has no alias 'sealed' for sealed files", id="vault.E005"))
    return messages


def _place(database: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(database.get(part) or "") for part in ("ENGINE", "HOST", "PORT", "NAME"))
