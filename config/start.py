"""Start the portal's processes together, and stop them together: web, general worker, gpu worker.

Used by the demo; a clinic runs the same three commands under its own supervisor (README, "Deploying").
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
GRACE_S = 15


@dataclass(frozen=True, slots=True)
class Service:
    """One long-running process. A worker that dies is started again; when the web process dies all stop."""

    name: str
    command: tuple[str, ...]
    restart: bool = True


def services(address: str, web_workers: int = 2) -> tuple[Service, ...]:
    """The portal's three processes, the web server bound to ``address`` (``host:port``)."""
    python = sys.executable
    return (
        Service(
            "web",
            (
                python, "-m", "gunicorn", "config.wsgi:application", "--bind", address, "--workers", str(web_workers),
                "--threads", "4", "--timeout", "120", "--log-level", "warning",
            ),
            restart=False,
        ),
        Service("worker", (python, "manage.py", "qcluster")),
        Service("gpu worker", (python, "manage.py", "qcluster", "--name", "gpu")),
    )  # fmt: skip


def run(wanted: Sequence[Service]) -> int:
    """Run until interrupted (Ctrl-C, SIGTERM) or the web process ends; returns the exit status for the shell."""
    stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    running = {service: _start(service) for service in wanted}
    status = 0
    while not stopping:
        time.sleep(0.3)
        for service, process in list(running.items()):
            if process.poll() is None:
                continue
            if not service.restart:
                sys.stderr.write(f"{service.name} stopped by itself (status {process.returncode})\n")
                stopping, status = True, 1
                break
            sys.stderr.write(f"{service.name} stopped (status {process.returncode}); starting it again\n")
            time.sleep(1)
            running[service] = _start(service)
    _stop(running)
    return status


def _start(service: Service) -> subprocess.Popen[bytes]:
    # Each in its own group: Ctrl-C reaches this process alone, which then stops the others in order.
    return subprocess.Popen(service.command, cwd=ROOT, env=os.environ.copy(), start_new_session=True)  # noqa: S603


def _stop(running: dict[Service, subprocess.Popen[bytes]]) -> None:
    for process in running.values():
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + GRACE_S
    for process in running.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
