"""Background work whose row is the truth: claim, lease, attempts, failing, giving back, sweeping; one way for all.

A claim is a compare-and-set with a lease; computing happens outside any transaction, and a result is written only by
who still holds the lease. Consent is looked at again whenever a row is taken or written. What a dead worker left is
queued again by a sweep, and what failed too often is parked. Rows have the fields that analyses and comparisons share,
from ``status`` to ``finished_at``.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Model, Q, QuerySet

from accounts.background import Queue, enqueue
from analysis.storage import clear_attempt
from patients.models import Purpose
from patients.selectors import has_consent

log = logging.getLogger("trichora.analysis")

LOST_TASK_AFTER: Final = timedelta(minutes=3)
"""A task that was not taken up for so long is delivered again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to compute one row until the lease runs out."""

    row_id: UUID
    holder: UUID


def _nothing(row_id: UUID) -> None:
    """Nobody else has to know."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work. ``name`` stands in the log, ``task`` takes a row's id; ``patient`` is the way from a row to its
    patient.

    ``fresh`` is what a row starts an attempt with besides its lease; ``ended`` is told, in the same transaction, of a
    row that was cancelled or parked.
    """

    name: str
    model: type[Model]
    task: str
    patient: str
    fresh: Mapping[str, Any] = field(default_factory=dict)
    ended: Callable[[UUID], None] = _nothing

    def claim(self, row_id: UUID, now: datetime) -> Claim | None:
        """Take a row if nobody holds it; None when there is nothing (more) to do, or consent was withdrawn.

        One ``UPDATE … WHERE`` decides between workers.
        """
        holder = uuid.uuid4()
        dead = self._rows.filter(pk=row_id).values_list("holder", flat=True).first()
        free = Q(status=self._status.QUEUED) | Q(status=self._status.RUNNING, lease_until__lt=now)
        with transaction.atomic():
            changed = (
                self._rows.filter(free, pk=row_id, attempts__lt=settings.ANALYSIS_MAX_ATTEMPTS)
                .filter(**{f"{self.patient}__erased_at": None})
                .update(
                    status=self._status.RUNNING,
                    holder=holder,
                    lease_until=_lease_from(now),
                    attempts=F("attempts") + 1,
                    started_at=now,
                    **self.fresh,
                )
            )
            if not changed or not self._consented(row_id, now):
                return None
            if dead is not None:
                transaction.on_commit(partial(clear_attempt, dead), robust=True)
        return Claim(row_id, holder)

    def heartbeat(self, claim: Claim, now: datetime, **progress: int) -> bool:
        """Renew the lease and show progress. False: the lease is lost or the row cancelled; stop computing."""
        return bool(self._held(claim).update(lease_until=_lease_from(now), **progress))

    def locked(self, claim: Claim, now: datetime, *related: str) -> Any | None:
        """The row for writing its result, locked, with ``related`` rows; None when the lease is lost or consent is
        withdrawn. Inside a transaction."""
        row = self._held(claim).select_for_update(of=("self",)).select_related(*related).first()
        return row if row is not None and self._consented(row.pk, now) else None

    def finish(self, row: Any, now: datetime) -> None:
        """Mark a locked row as done and save it with its result."""
        row.status, row.holder, row.lease_until = self._status.DONE, None, None
        row.failure_code, row.finished_at = "", now
        row.save()

    @transaction.atomic
    def fail(self, claim: Claim, code: str, now: datetime, *, final: bool = False) -> None:
        """Give a row back after an error: queued again, or parked as failed when it was the last attempt."""
        row = self._held(claim).select_for_update(of=("self",)).first()
        if row is not None:
            self._requeue_or_park(row, code=code, now=now, final=final)

    @transaction.atomic
    def give_back(self, claim: Claim, now: datetime) -> bool:
        """Queue a claimed row again because its worker is asked to stop; this is no attempt."""
        changed = self._held(claim).update(
            status=self._status.QUEUED,
            holder=None,
            lease_until=None,
            attempts=F("attempts") - 1,
            queued_at=now,
            **self.fresh,
        )
        if changed:
            self.send(claim.row_id)
        return bool(changed)

    def sweep(self, now: datetime) -> int:
        """Requeue what a dead worker left, park what failed too often, deliver lost tasks again. Returns how many rows.

        Safe to run twice at once.
        """
        touched = 0
        lapsed = Q(status=self._status.RUNNING, lease_until__lt=now)
        lost = Q(status=self._status.QUEUED, queued_at__lt=now - LOST_TASK_AFTER)
        for row_id in list(self._rows.filter(lapsed).values_list("pk", flat=True)):
            with transaction.atomic():
                row = self._rows.select_for_update(of=("self",)).filter(lapsed, pk=row_id).first()
                if row is not None:
                    if row.holder is not None:
                        transaction.on_commit(partial(clear_attempt, row.holder), robust=True)
                    self._requeue_or_park(row, code="worker_lost", now=now, final=False)
                    touched += 1
        for row_id in list(self._rows.filter(lost).values_list("pk", flat=True)):
            with transaction.atomic():
                if self._rows.filter(lost, pk=row_id).update(queued_at=now):
                    self.send(row_id)
                    touched += 1
        return touched

    def cancel(self, rows: QuerySet[Any], now: datetime) -> int:
        """Cancel what is not finished yet; the holder notices at its next heartbeat."""
        return rows.filter(status__in=[self._status.QUEUED, self._status.RUNNING]).update(
            status=self._status.CANCELLED, holder=None, lease_until=None, finished_at=now
        )

    def send(self, row_id: UUID) -> None:
        """Have a worker take the row, once the transaction has committed."""
        enqueue(self.task, row_id, queue=Queue.GPU)

    @property
    def _rows(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.all()
        return rows

    @property
    def _status(self) -> Any:
        return self.model.Status  # type: ignore[attr-defined]

    def _held(self, claim: Claim) -> QuerySet[Any]:
        return self._rows.filter(pk=claim.row_id, holder=claim.holder, status=self._status.RUNNING)

    def _consented(self, row_id: UUID, now: datetime) -> bool:
        """Whether the patient still agrees; the row is cancelled where not."""
        patient_id = self._rows.values_list(f"{self.patient}_id", flat=True).get(pk=row_id)
        if has_consent(patient_id, Purpose.AI_ANALYSIS):
            return True
        self.cancel(self._rows.filter(pk=row_id), now)
        self.ended(row_id)
        return False

    def _requeue_or_park(self, row: Any, *, code: str, now: datetime, final: bool) -> None:
        parked = final or row.attempts >= settings.ANALYSIS_MAX_ATTEMPTS
        row.status = self._status.FAILED if parked else self._status.QUEUED
        row.failure_code = code[:40]
        row.holder, row.lease_until = None, None
        row.queued_at, row.finished_at = now, now if parked else None
        row.save(update_fields=["status", "failure_code", "holder", "lease_until", "queued_at", "finished_at"])
        log.warning("%s failed", self.name, extra={f"{self.name}_id": str(row.pk), "code": code})
        if parked:
            self.ended(row.pk)
        else:
            self.send(row.pk)


def _lease_from(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.ANALYSIS_LEASE_S)
