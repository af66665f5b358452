"""The one way to hand work to a worker: after commit, ids only."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from uuid import UUID

from django.db import transaction
from django_q.tasks import async_task


class Queue(StrEnum):
    """``GPU`` runs networks; ``GENERAL`` renders, mails and sweeps. Each is a django-q2 cluster of that name."""

    GPU = "gpu"
    GENERAL = "general"


def enqueue(task: str, row_id: UUID | str, *, queue: Queue = Queue.GENERAL) -> None:
    """Deliver ``task(row_id)`` at least once, after the current transaction commits.

    ``task`` is a dotted path such as ``"analysis.tasks.run_analysis"``. The row is the truth: a task looks at it, and a
    second delivery finds nothing to do.
    """
    options = {"cluster": queue.value} if queue is not Queue.GENERAL else {}
    transaction.on_commit(partial(async_task, task, str(row_id), **options))
