"""The supervisor's manners, on small programs: what is started again, what stops all, what is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from config.start import ROOT

SLEEPS = "import time; time.sleep(600)"


def supervise(folder: Path, *services: str) -> subprocess.Popen[str]:
    """A supervisor of ``name|what happens when it ends|program`` services; what they print goes to ``folder``."""
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from config.start import Service, WhenItEnds, run
        wanted = [text.split("|", 2) for text in sys.argv[2:]]
        services = [Service(name, (sys.executable, "-c", code), WhenItEnds(ends)) for name, ends, code in wanted]
        sys.exit(run(services, log_folder=Path(sys.argv[1])))
        """
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(folder), *services], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )


def wait_for_lines(path: Path, count: int) -> list[str]:
    give_up = time.monotonic() + 40
    while time.monotonic() < give_up:
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= count:
            return lines
        time.sleep(0.1)
    raise AssertionError(f"{path.name} did not reach {count} lines")


def test_what_dies_is_started_again_and_its_children_die_with_it(tmp_path: Path):
    child = "import os,subprocess,sys; p=subprocess.Popen([sys.executable,'-c','import time; time.sleep(600)']);"
    dies = f"{child} print(p.pid, flush=True); os.kill(os.getpid(), 9)"
    supervisor = supervise(tmp_path, f"worker|restart|{dies}", f"web|stop all|{SLEEPS}")
    orphans = [int(line) for line in wait_for_lines(tmp_path / "worker.log", 2)]
    assert len(set(orphans)) == 2
    supervisor.send_signal(signal.SIGTERM)
    _out, said = supervisor.communicate(timeout=30)
    assert supervisor.returncode == 0
    assert "worker stopped (status -9); starting it again" in said
    assert not any(alive(number) for number in orphans)


def test_a_program_with_one_thing_to_do_may_end(tmp_path: Path):
    supervisor = supervise(tmp_path, "cases|fine|print('drawn')", f"web|stop all|{SLEEPS}")
    assert wait_for_lines(tmp_path / "cases.log", 1) == ["drawn"]
    time.sleep(1)
    assert supervisor.poll() is None
    supervisor.send_signal(signal.SIGINT)
    _out, said = supervisor.communicate(timeout=30)
    assert (supervisor.returncode, said) == (0, "")


def test_everything_stops_when_the_web_process_ends(tmp_path: Path):
    told = "import os,time; print(os.getpid(), flush=True); time.sleep(600)"
    supervisor = supervise(tmp_path, f"worker|restart|{told}", "web|stop all|import time; time.sleep(3)")
    [number] = map(int, wait_for_lines(tmp_path / "worker.log", 1))
    _out, said = supervisor.communicate(timeout=30)
    assert supervisor.returncode == 1
    assert "web stopped by itself" in said
    assert not alive(number)


def alive(number: int) -> bool:
    """Whether a process runs (one that waits to be buried does not)."""
    try:
        os.kill(number, 0)
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
