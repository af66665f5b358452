"""The audit (G6): rows written in the caller's own transaction, chained afterwards by the sealer.

A row holds opaque ids and codes only. The sealer gives committed rows of a clinic a gapless sequence and a hash over
the row and its predecessor; ``verify_chain`` finds the first row that was altered, removed or inserted later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from accounts.actors import Actor
from accounts.models import AuditEvent, Clinic

SEAL_BATCH = 500
GENESIS = "0" * 64


def record(
    *,
    action: str,
    now: datetime,
    actor: Actor | None = None,
    clinic_id: UUID | None = None,
    patient_id: UUID | None = None,
    subject_kind: str = "",
    subject_id: object = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append one event. ``actor`` None: the portal itself. ``detail`` carries ids, counts and codes, never content."""
    AuditEvent.objects.create(
        clinic_id=clinic_id or (actor.clinic_id if actor else None),
        actor_id=actor.user_id if actor else None,
        actor_role=actor.role.value if actor else "",
        action=action,
        patient_id=patient_id,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        detail=dict(detail or {}),
        at=now,
    )


def event_hash(event: AuditEvent, previous: str) -> str:
    """SHA-256 over the predecessor's hash and the row's canonical JSON (keys sorted, UTC times, no spaces)."""
    body = {
        "sequence": event.sequence,
        "clinic": str(event.clinic_id),
        "actor": str(event.actor_id),
        "role": event.actor_role,
        "action": event.action,
        "patient": str(event.patient_id),
        "subject": [event.subject_kind, event.subject_id],
        "detail": event.detail,
        "at": event.at.astimezone(UTC).isoformat(),
    }
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous.encode() + b"\n" + canonical.encode()).hexdigest()


def seal_clinic(clinic_id: UUID) -> int:
    """Chain the clinic's committed, unsealed rows. Returns how many. Serialised by the clinic's row lock."""
    with transaction.atomic():
        Clinic.objects.select_for_update().get(pk=clinic_id)
        sealed = AuditEvent.objects.filter(clinic_id=clinic_id, sequence__isnull=False)
        last = sealed.order_by("-sequence").first()
        sequence, previous = (last.sequence, last.chain_hash) if last else (0, GENESIS)
        batch = list(AuditEvent.objects.filter(clinic_id=clinic_id, sequence=None).order_by("id")[:SEAL_BATCH])
        for event in batch:
            sequence += 1
            event.sequence = sequence
            event.previous_hash = previous
            event.chain_hash = previous = event_hash(event, previous)
        AuditEvent.objects.bulk_update(batch, ["sequence", "previous_hash", "chain_hash"])
    return len(batch)


def verify_chain(clinic_id: UUID) -> int | None:
    """The first sequence number at which the chain breaks, or None when it holds from the first row to the last."""
    previous = GENESIS
    events = AuditEvent.objects.filter(clinic_id=clinic_id, sequence__isnull=False).order_by("sequence")
    for expected, event in enumerate(events.iterator(), start=1):
        intact = event.previous_hash == previous and event.chain_hash == event_hash(event, previous)
        if event.sequence != expected or not intact:
            return expected
        previous = event.chain_hash
    return None


def sealed_count(clinic_id: UUID) -> int:
    """How many rows of the clinic are chained."""
    return AuditEvent.objects.filter(clinic_id=clinic_id).aggregate(last=Max("sequence"))["last"] or 0
