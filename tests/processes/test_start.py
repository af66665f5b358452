"""Starting and stopping the portal as the demo does: web, general worker and gpu worker under one supervisor."""

from __future__ import annotations

import os
import signal

import pytest

from tests.processes.conftest import VIEWS
from tests.processes.portal import Portal, wait_for
from tools.with_postgres import free_port

START = "import sys; from config.start import run, services; sys.exit(run(services(sys.argv[1])))"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminate"])
def test_the_portal_starts_together_heals_and_stops_without_a_trace(portal: Portal, how: signal.Signals):
    seeded = portal.act("seed", *VIEWS)
    port = free_port()
    supervisor = portal.start("portal", "-c", START, f"127.0.0.1:{port}")
    wait_for("the web to answer", lambda: portal.answers(port) == 200)
    assert portal.answers(port, "/readyz") == 200
    wait_for("the gpu worker to compute", lambda: portal.analysis(seeded["analysis"])["photos_done"] >= 1)

    general = next(number for number in portal.processes() if b"config.worker\0general" in command_of(number))
    os.kill(min(number for number in portal.processes() if os.getpgid(number) == os.getpgid(general)), signal.SIGKILL)
    wait_for(
        "the worker to be started again", lambda: "worker stopped (status -9); starting it" in portal.log("portal")
    )
    wait_for(
        "a new general worker", lambda: any(b"config.worker\0general" in command_of(n) for n in portal.processes())
    )

    supervisor.send_signal(how)
    assert supervisor.wait(25) == 0
    assert not portal.processes(), "no process is left behind"
    assert portal.answers(port) == 0
    found = portal.analysis(seeded["analysis"])
    assert (found["status"], found["attempts"]) in {("queued", 0), ("done", 1)}


def test_all_stop_when_the_web_server_cannot_run(portal: Portal):
    taken = free_port()
    first = portal.start("holder", "-m", "http.server", "--bind", "127.0.0.1", str(taken))
    wait_for("the port to be taken", lambda: portal.answers(taken, "/"))
    supervisor = portal.start("portal", "-c", START, f"127.0.0.1:{taken}")
    assert supervisor.wait(60) == 1
    assert "web stopped by itself" in portal.log("portal")
    first.kill()
    first.wait()
    assert not portal.processes()


def group_of_the_general_worker(portal: Portal) -> int:
    """The number of its group, which is that of its first process; 0 when there is none."""
    found = [number for number in portal.processes() if b"config.worker\0general" in command_of(number)]
    return os.getpgid(found[0]) if found else 0


def command_of(number: int) -> bytes:
    try:
        with open(f"/proc/{number}/cmdline", "rb") as stream:
            return stream.read()
    except OSError:
        return b""
