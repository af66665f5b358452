"""Wrapped data keys and the ledgers of erasures.

``DataKey`` and ``KeyErasure`` live in the key store (alias ``keys``), ``ErasureLedger`` in the portal's own database: a
backup of either, put back later, is caught by the ledger in the other (``vault.keys.replay_erasures``).
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models


class SubjectKind(models.TextChoices):
    """Whose key it is."""

    PATIENT = "patient"
    CLINIC = "clinic"


class DataKey(models.Model):
    """One 256-bit data key, wrapped by a master key. A destroyed key keeps its row and loses its bytes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject_kind = models.CharField(max_length=16, choices=SubjectKind.choices)
    subject_id = models.UUIDField(db_index=True)
    wrapped = models.BinaryField(max_length=128)
    master_key_id = models.CharField(max_length=32, db_index=True)
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(subject_kind__in=SubjectKind.values), name="vault_datakey_subject_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(destroyed_at__isnull=True) | models.Q(wrapped=b""),
                name="vault_datakey_destroyed_is_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind} key {self.id}"


class Erasure(models.Model):
    """That a key was destroyed, when, and the hash of the certificate that says so."""

    key_id = models.UUIDField(primary_key=True)
    subject_kind = models.CharField(max_length=16, choices=SubjectKind.choices)
    subject_id = models.UUIDField()
    destroyed_at = models.DateTimeField()
    certificate_hash = models.CharField(max_length=128, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"erasure of {self.subject_kind} key {self.key_id}"


class KeyErasure(Erasure):
    """The ledger beside the keys."""


class ErasureLedger(Erasure):
    """The ledger in the portal's own database."""
