"""Export (G3): asked for by the patient, built by a worker under a lease, fetched until it expires."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import BinaryIO, Final, cast
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, notify, webhooks
from accounts.actors import Actor
from accounts.background import enqueue
from accounts.errors import DomainError, NotFound
from accounts.roles import Permission
from patients.models import Patient
from patients.selectors import patient_for, users_of
from patients.services.storage import delete_after_commit
from reports.archive import Archive, ChunkReader
from reports.models import ExportRequest
from vault import files

FOLDER: Final = "exports"
LIFE: Final = timedelta(hours=72)
LEASE: Final = timedelta(seconds=120)
MAX_ATTEMPTS: Final = 3
_RENEW_EVERY_S: Final = 20.0
Status = ExportRequest.Status


class LostClaim(Exception):
    """Someone else took the export over; whatever was built here is thrown away."""


@transaction.atomic
def request_export(*, actor: Actor, patient_id: UUID, now: datetime) -> ExportRequest:
    """Ask for the archive of everything. The one that is being prepared is returned instead of a second."""
    actor.check(Permission.REQUEST_EXPORT)
    patient = patient_for(actor, patient_id)
    Patient.objects.select_for_update().get(pk=patient.pk)
    waiting: ExportRequest | None = ExportRequest.objects.filter(patient=patient, status=Status.QUEUED).first()
    if waiting is not None:
        return waiting
    export = ExportRequest.objects.create(patient=patient, requested_by_id=actor.user_id, requested_at=now)
    _audit(export, "export.requested", now, actor)
    enqueue("reports.tasks.build_export", export.pk)
    return export


def build_export(*, export_id: UUID, now: datetime) -> bool:
    """Claim, build, seal, finish. Returns whether this call made the archive ready.

    A second delivery finds the lease taken or the work done; a holder that lost its lease throws its archive away.
    """
    claim = _claim(export_id, now)
    if claim is None:
        return False
    export, holder = claim
    try:
        sealed = files.seal_file(
            key_id=export.patient.key_id,
            source=cast(BinaryIO, ChunkReader(_archive(export, holder, now))),
            folder=FOLDER,
        )
    except LostClaim:
        return False
    except Exception:
        _give_back(export, holder)
        raise
    if _finish(export, holder, sealed, now):
        return True
    files.delete_file(sealed.name)
    return False


def open_export(*, actor: Actor, export_id: UUID, now: datetime) -> tuple[ExportRequest, files.SealedReader]:
    """A reader over the archive for its download, audited. Raises NotFound, DomainError ``export_expired``."""
    actor.check(Permission.REQUEST_EXPORT)
    export: ExportRequest | None = (
        ExportRequest.objects.visible_to(actor).select_related("patient").filter(pk=export_id).first()
    )
    if export is None or export.status == Status.QUEUED:
        raise NotFound
    if export.status != Status.READY or export.expires_at is None or export.expires_at <= now:
        raise DomainError("export_expired", _("This archive has expired. Ask for a new one: it takes a few minutes."))
    reader = files.open_file(key_id=export.patient.key_id, name=export.file_name)
    _audit(export, "export.downloaded", now, actor)
    return export, reader


def sweep_exports(*, now: datetime) -> None:
    """Deliver lost exports again, park what failed three times, delete what expired."""
    lapsed = ExportRequest.objects.filter(status=Status.QUEUED).filter(Q(lease_until=None) | Q(lease_until__lt=now))
    lapsed.filter(attempts__gte=MAX_ATTEMPTS).update(status=Status.FAILED, holder=None, lease_until=None)
    late = lapsed.filter(attempts__lt=MAX_ATTEMPTS, requested_at__lt=now - LEASE)
    for export_id in list(late.values_list("pk", flat=True)[:20]):
        enqueue("reports.tasks.build_export", export_id)
    for export in ExportRequest.objects.filter(status=Status.READY, expires_at__lte=now)[:50]:
        _expire(export, now)


def _claim(export_id: UUID, now: datetime) -> tuple[ExportRequest, UUID] | None:
    holder = uuid.uuid4()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    claimed = ExportRequest.objects.filter(
        free, pk=export_id, status=Status.QUEUED, attempts__lt=MAX_ATTEMPTS, patient__erased_at=None
    ).update(holder=holder, lease_until=now + LEASE, attempts=F("attempts") + 1)
    if not claimed:
        return None
    return ExportRequest.objects.select_related("patient", "patient__clinic").get(pk=export_id), holder


def _archive(export: ExportRequest, holder: UUID, now: datetime) -> Iterator[bytes]:
    started = renewed = time.monotonic()

    def renew() -> None:
        nonlocal renewed
        current = time.monotonic()
        if current - renewed < _RENEW_EVERY_S:
            return
        renewed = current
        until = now + timedelta(seconds=current - started) + LEASE
        if not ExportRequest.objects.filter(pk=export.pk, holder=holder).update(lease_until=until):
            raise LostClaim(str(export.pk))

    return Archive(export.patient, now=now, pulse=renew).chunks()


@transaction.atomic
def _finish(export: ExportRequest, holder: UUID, sealed: files.SealedFile, now: datetime) -> bool:
    finished = ExportRequest.objects.filter(pk=export.pk, holder=holder, status=Status.QUEUED).update(
        status=Status.READY,
        file_name=sealed.name,
        size_bytes=sealed.size_plain,
        sha256=sealed.sha256_plain,
        ready_at=now,
        expires_at=now + LIFE,
        holder=None,
        lease_until=None,
    )
    if not finished:
        return False
    _audit(export, "export.ready", now)
    webhooks.announce(
        clinic_id=export.patient.clinic_id,
        event=webhooks.Event.EXPORT_READY,
        ids={"patient": export.patient_id, "export": export.pk},
        now=now,
    )
    notify.notify(
        recipients=users_of(export.patient_id),
        kind=notify.Kind.EXPORT_READY,
        clinic_id=export.patient.clinic_id,
        path=reverse("reports:exports", args=[export.patient_id]),
        dedupe_key=f"export:{export.pk}",
        now=now,
    )
    return True


def _give_back(export: ExportRequest, holder: UUID) -> None:
    """Free the claim after a failure: the sweep tries again, or parks it after the last attempt."""
    held = ExportRequest.objects.filter(pk=export.pk, holder=holder)
    held.filter(attempts__gte=MAX_ATTEMPTS).update(status=Status.FAILED, holder=None, lease_until=None)
    held.update(holder=None, lease_until=None)


@transaction.atomic
def _expire(export: ExportRequest, now: datetime) -> None:
    if ExportRequest.objects.filter(pk=export.pk, status=Status.READY).update(status=Status.EXPIRED, file_name=""):
        delete_after_commit([export.file_name])
        _audit(export, "export.expired", now)


def _audit(export: ExportRequest, action: str, now: datetime, actor: Actor | None = None) -> None:
    audit.record(
        action=action,
        now=now,
        actor=actor,
        clinic_id=export.patient.clinic_id,
        patient_id=export.patient_id,
        subject_kind="export",
        subject_id=export.pk,
    )
