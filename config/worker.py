"""One worker: ``python -m config.worker general`` or ``gpu``, a django-q2 cluster of that queue.

What it does beyond ``manage.py qcluster``:

- it serves the queue it is named after (django-q2 reads the name on its first import, so ``--name`` comes too late);
- it takes a task when a worker process is free, so that what it cannot do yet is left to the others (django-q2 fetches
  two or three ahead, and one cluster sits on sessions while the next is idle);
- the networks are loaded before the first analysis is taken;
- asked to stop, it gives the running analysis back instead of finishing it;
- a worker process that was killed takes the cluster with it, because the dead may hold a queue's lock for ever and
  nobody would be served again. Whoever supervises starts it afresh (``config.start``, or systemd with
  ``Restart=on-failure``).
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

QUEUES = ("general", "gpu")
STOPPED_BY_ITSELF = 70

log = logging.getLogger("trichora.worker")


def main(arguments: list[str]) -> int:
    """Serve the queue named in ``arguments`` until told to stop; the exit status for the supervisor."""
    if len(arguments) != 1 or arguments[0] not in QUEUES:
        sys.stderr.write(f"usage: python -m config.worker {'|'.join(QUEUES)}\n")
        return 2
    queue = arguments[0]
    os.environ["Q_CLUSTER_NAME"] = queue
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

    import django

    django.setup()
    from django_q import cluster as django_q

    cluster_class, sentinel_class = _classes()
    django_q.Sentinel = sentinel_class
    if queue == "gpu":
        from django_q.signals import post_spawn

        post_spawn.connect(_warm, weak=False)
    cluster = cluster_class()
    cluster.start()
    while cluster.sentinel.is_alive():
        time.sleep(0.2)
    return 0 if cluster.asked_to_stop.is_set() else STOPPED_BY_ITSELF


def _warm(**_signal: Any) -> None:
    """In a fresh worker process, before it takes a task. Whatever is wrong shows again, with a row, at the analysis."""
    from analysis.tasks import warm_networks

    began = time.monotonic()
    try:
        warm_networks()
    except Exception as error:
        log.warning("the networks could not be loaded yet", extra={"code": type(error).__name__})
    else:
        log.info("networks loaded", extra={"duration_ms": round((time.monotonic() - began) * 1000)})


def _classes() -> tuple[Any, Any]:
    """django-q2's cluster and sentinel with our manners. Built here because django-q2 needs settings on import."""
    from django_q.cluster import Cluster, Sentinel
    from django_q.conf import Conf
    from django_q.pusher import pusher
    from django_q.signals import post_execute_in_worker

    from analysis.keepalive import stop_when

    in_hand = multiprocessing.get_context("fork").Value("i", 0)  # tasks fetched and not finished

    def finished(**_signal: Any) -> None:
        with in_hand.get_lock():
            in_hand.value = max(0, in_hand.value - 1)

    post_execute_in_worker.connect(finished, weak=False)

    class FreeHands:
        """The broker as the pusher sees it: nothing to fetch while every worker process is busy."""

        def __init__(self, broker: Any) -> None:
            self.broker, self.list_key = broker, broker.list_key

        def dequeue(self) -> Any:
            if in_hand.value >= Conf.WORKERS:
                time.sleep(Conf.POLL)
                return None
            fetched = self.broker.dequeue()
            with in_hand.get_lock():
                in_hand.value += len(fetched or ())
            return fetched

        def fail(self, task_id: Any) -> None:
            finished()
            self.broker.fail(task_id)

    class PortalCluster(Cluster):  # type: ignore[misc]
        """Tells the workers at once when it is asked to stop."""

        def __init__(self) -> None:
            self.asked_to_stop = multiprocessing.get_context("fork").Event()
            stop_when(self.asked_to_stop)  # inherited by every process forked from here
            super().__init__()

        def sig_handler(self, signum: int, frame: FrameType | None) -> None:
            self.asked_to_stop.set()
            super().sig_handler(signum, frame)

    class PortalSentinel(Sentinel):  # type: ignore[misc]
        """Ends itself when one of its processes was killed, once the other workers have finished what they do."""

        def spawn_pusher(self) -> Any:
            return self.spawn_process(pusher, self.task_queue, self.event_out, FreeHands(self.broker))

        def reincarnate(self, process: BaseProcess) -> None:
            timed_out = process in self.pool and process.timer.value == 0  # type: ignore[attr-defined]
            if timed_out and process.is_alive():
                finished()  # it hangs and will not say so itself
            if timed_out or (process.exitcode or 0) >= 0:
                super().reincarnate(process)
                return
            log.critical("a process of the cluster was killed; starting over", extra={"code": "worker_killed"})
            self.event_out.set()
            give_up = time.monotonic() + self.timeout
            while any(p.is_alive() and p.timer.value > 0 for p in self.pool) and time.monotonic() < give_up:
                time.sleep(0.2)
            self.task_queue.cancel_join_thread()
            self.result_queue.cancel_join_thread()
            raise SystemExit(STOPPED_BY_ITSELF)

    return PortalCluster, PortalSentinel


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
