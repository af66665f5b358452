"""A moment, master keys and sample models for the vault's tests; ``sealed_tables`` makes the models' tables."""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime
from typing import ClassVar

from django.db import models

from vault.fields import SealedDateField, SealedJSONField, SealedTextField

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def master_key(name: str, seed: int) -> str:
    """An ``id:base64`` entry whose secret depends only on ``seed``."""
    return f"{name}:" + base64.b64encode(bytes((seed * 41 + i * 7) % 256 for i in range(32))).decode()


class Person(models.Model):
    """A row as a patient's: its own key, a primary key made before the insert."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    sealing_key_id = models.UUIDField()
    given_name = SealedTextField(blank=True)
    family_name = SealedTextField(blank=True)
    nickname = SealedTextField(null=True)
    birth_date = SealedDateField(null=True)
    intake = SealedJSONField(null=True)
    city = models.TextField(blank=True)

    objects: ClassVar[models.Manager[Person]] = models.Manager()

    class Meta:
        app_label = "vault_samples"


class Note(models.Model):
    """A row whose key comes from its person, and whose primary key the database makes."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    text = SealedTextField()

    objects: ClassVar[models.Manager[Note]] = models.Manager()

    class Meta:
        app_label = "vault_samples"

    @property
    def sealing_key_id(self) -> uuid.UUID:
        """The person's key."""
        key_id: uuid.UUID = self.person.sealing_key_id
        return key_id
