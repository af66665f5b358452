"""Start the portal's processes together, and stop them together: web, general worker, gpu worker.

Used by the demo; a clinic runs the same three commands under its own supervisor (README, "Deploying").
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
GRACE_S = 15
LOOK_EVERY_S = 0.3
LONGEST_PAUSE_S = 30


class WhenItEnds(Enum):
    """What the end of a service means for the others."""

    RESTART = "restart"
    STOP_ALL = "stop all"
    FINE = "fine"  # it had one thing to do


@dataclass(frozen=True, slots=True)
class Service:
    """One process, its command, and what to do when it ends by itself."""

    name: str
    command: tuple[str, ...]
    when_it_ends: WhenItEnds = WhenItEnds.RESTART


@dataclass(slots=True)
class _Running:
    """A started service. ``due_at`` is set while it waits to be started again."""

    service: Service
    process: subprocess.Popen[bytes]
    started_at: float
    quick_ends: int = 0
    due_at: float | None = None


@dataclass(slots=True)
class _Wish:
    """Whether somebody asked to stop."""

    stop: bool = False
    signals: tuple[int, ...] = field(default=(signal.SIGINT, signal.SIGTERM, signal.SIGHUP))

    def listen(self) -> None:
        for number in self.signals:
            signal.signal(number, self._heard)

    def _heard(self, _signal: int, _frame: FrameType | None) -> None:
        self.stop = True


def services(address: str, web_workers: int = 2) -> tuple[Service, ...]:
    """The portal's three processes, the web server bound to ``address`` (``host:port``)."""
    python = sys.executable
    return (
        Service(
            "web",
            (
                python, "-m", "gunicorn", "config.wsgi:application", "--bind", address, "--workers", str(web_workers),
                "--threads", "4", "--timeout", "120", "--graceful-timeout", "5", "--log-level", "warning",
            ),
            WhenItEnds.STOP_ALL,
        ),
        Service("worker", (python, "-m", "config.worker", "general")),
        Service("gpu worker", (python, "-m", "config.worker", "gpu")),
    )  # fmt: skip


def run(wanted: Sequence[Service], *, log_folder: Path | None = None, look: Callable[[], None] = lambda: None) -> int:
    """Run until interrupted (Ctrl-C, SIGTERM, the terminal closed) or the web process ends; the shell's exit status.

    What the services write goes to ``log_folder`` (one file each), or to this process's own output. ``look`` is called
    a few times a second and must answer soon. A service that keeps ending is started again after growing pauses.
    """
    wish = _Wish()
    wish.listen()
    running = [_Running(service, _start(service, log_folder), time.monotonic()) for service in wanted]
    status = 0
    try:
        while not wish.stop:
            time.sleep(LOOK_EVERY_S)
            look()
            for one in running:
                if _ended_for_all(one, log_folder):
                    wish.stop, status = True, 1
                    break
    finally:
        _stop([one.process for one in running])
    return status


def _ended_for_all(one: _Running, log_folder: Path | None) -> bool:
    """Look after one service; True when its end is the end of all."""
    if one.due_at is not None:
        if time.monotonic() >= one.due_at:
            one.process, one.started_at, one.due_at = _start(one.service, log_folder), time.monotonic(), None
        return False
    code = one.process.poll()
    if code is None:
        return False
    _clear(one.process)
    match one.service.when_it_ends:
        case WhenItEnds.STOP_ALL:
            sys.stderr.write(f"{one.service.name} stopped by itself (status {code})\n")
            return True
        case WhenItEnds.FINE:
            if code:
                sys.stderr.write(f"{one.service.name} failed (status {code})\n")
            one.due_at = float("inf")
        case WhenItEnds.RESTART:
            one.quick_ends = one.quick_ends + 1 if time.monotonic() - one.started_at < LONGEST_PAUSE_S else 0
            pause = min(2**one.quick_ends, LONGEST_PAUSE_S)
            sys.stderr.write(f"{one.service.name} stopped (status {code}); starting it again in {pause} s\n")
            one.due_at = time.monotonic() + pause
    return False


def _start(service: Service, log_folder: Path | None) -> subprocess.Popen[bytes]:
    # Each in its own group: Ctrl-C reaches this process alone, which then stops the others in order.
    if log_folder is None:
        return subprocess.Popen(service.command, cwd=ROOT, start_new_session=True)  # noqa: S603
    log_folder.mkdir(parents=True, exist_ok=True)
    with (log_folder / f"{service.name.replace(' ', '-')}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            service.command, cwd=ROOT, start_new_session=True, stdout=log, stderr=subprocess.STDOUT
        )


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + GRACE_S
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, deadline - time.monotonic()))
        _clear(process)
        process.wait()


def _clear(process: subprocess.Popen[bytes]) -> None:
    """End what a service left in its group: a killed master leaves its children behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
