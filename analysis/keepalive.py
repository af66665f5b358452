"""Holding a claim while computing: renewing its lease from a thread, waiting out a database that went away, stopping.

A photo may take longer than expected (networks loading, a busy machine), so the lease does not depend on a photo being
finished. A worker that is killed stops renewing; a task that hangs is killed by its time limit, and stops renewing too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.utils import timezone

log = logging.getLogger("trichora.worker")
Result = TypeVar("Result")
OUTAGE_PAUSE_S = 1.0

_stop_event: Event | None = None


class LeaseLost(Exception):
    """Somebody else holds the analysis now, or it was cancelled: stop at once."""


class Stopping(Exception):
    """The worker was asked to stop: give the analysis back."""


def stop_when(event: Event) -> None:
    """Let ``event``, shared with the process that starts the workers, end what this worker computes."""
    global _stop_event
    _stop_event = event


def stopping() -> bool:
    """Whether this worker was asked to stop."""
    return _stop_event is not None and _stop_event.is_set()


Beat = Callable[[int, datetime], bool]
"""Renews a lease and shows how far the work is; False when the lease is lost."""


class HeldLease(AbstractContextManager["HeldLease"]):
    """Renews a lease three times per lease while the block runs, on a connection of its own."""

    def __init__(self, beat: Beat) -> None:
        self._renewed = beat
        self._done = threading.Event()
        self._lost = threading.Event()
        self._photos_done = 0
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> HeldLease:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join(timeout=5)

    def photo_done(self, count: int) -> None:
        """Show progress. Raises :class:`LeaseLost` or :class:`Stopping` when computing on makes no sense."""
        self._photos_done = count
        if stopping():
            raise Stopping
        if self._lost.is_set() or not self._beat():
            raise LeaseLost

    def _beat(self) -> bool:
        """Renew now; True also while the database is away, because the claim may still be ours when it returns."""
        try:
            return self._renewed(self._photos_done, timezone.now())
        except (OperationalError, InterfaceError):
            forget_connections()
            return True

    def _renew(self) -> None:
        try:
            while not self._done.wait(settings.ANALYSIS_LEASE_S / 3):
                if not self._beat():
                    self._lost.set()
                    return
        except DatabaseError as error:
            log.warning("the lease is not renewed", extra={"code": type(error).__name__})
        finally:
            connections.close_all()


def through_outage(act: Callable[[], Result]) -> Result:
    """``act()``, tried again while the database is away; OperationalError when it does not return in time.

    Only for acts that look at the row first, so that doing them twice does no harm.
    """
    give_up = time.monotonic() + settings.ANALYSIS_OUTAGE_S
    while True:
        try:
            return act()
        except (OperationalError, InterfaceError) as error:
            forget_connections()
            if time.monotonic() > give_up:
                raise
            log.warning("waiting for the database", extra={"code": type(error).__name__})
            time.sleep(OUTAGE_PAUSE_S)


def forget_connections() -> None:
    """Close what may be broken, unless a transaction of a caller still needs it; the next query connects again."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
