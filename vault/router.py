"""The key store is its own database (alias ``keys``): nothing else lives there, and it lives nowhere else."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

KEY_STORE = "keys"
KEY_STORE_MODELS = frozenset({"datakey", "keyerasure"})


class KeyStoreRouter:
    """Sends DataKey and KeyErasure to ``keys`` and everything else away from it."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        """The alias to read ``model`` from; None leaves it to the next router."""
        return KEY_STORE if _in_key_store(model) else None

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        """The alias to write ``model`` to; None leaves it to the next router."""
        return KEY_STORE if _in_key_store(model) else None

    def allow_relation(self, obj1: type[Model] | Model, obj2: type[Model] | Model, **hints: Any) -> bool | None:
        """No relation crosses the border of the key store."""
        if _in_key_store(obj1) != _in_key_store(obj2):
            return False
        return None

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        """Only the key store's tables are made in ``keys``, and they are made only there."""
        ours = app_label == "vault" and model_name in KEY_STORE_MODELS
        if db == KEY_STORE:
            return ours
        return False if ours else None


def _in_key_store(model: type[Model] | Model) -> bool:
    return model._meta.app_label == "vault" and model._meta.model_name in KEY_STORE_MODELS
