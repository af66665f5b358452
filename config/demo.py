"""``make demo``: the working portal on one machine, with drawn people and photographs. Never for a clinic's data."""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.demo_people import Demo

HOST = "127.0.0.1"
PATIENCE_S = 60


def prepare() -> None:
    """Migrate both databases, write schedules, register releases, and make demo people where there are none."""
    from django.core.management import call_command

    from config.schedules import write_schedules

    call_command("migrate", interactive=False, verbosity=0)
    call_command("migrate", database="keys", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("register_releases", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115
    call_command("seed_formulary", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115
    write_schedules()


def free_port(wanted: int) -> int:
    """``wanted`` when nothing listens there, else the next free one."""
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise SystemExit(f"No free port between {wanted} and {wanted + 49}. Stop another demo, or set TRICHORA_PORT.")


def main(arguments: list[str]) -> int:
    """Prepare, say where and who, and serve until Ctrl-C; ``cases`` instead sends the drawn photographs and ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    if arguments == ["cases"]:
        return _send_cases()
    port = free_port(int(os.environ.get("TRICHORA_PORT", "8000")))
    address = f"{HOST}:{port}"
    os.environ["TRICHORA_ORIGIN"] = f"http://{address}"
    _say(f"  Preparing the portal at http://{address} ...")

    import django

    django.setup()
    from django.conf import settings

    from config.demo_people import cases_missing, ensure_people
    from config.demo_progress import ensure_followed, progress_missing
    from config.start import Service, WhenItEnds, run, services

    prepare()
    demo = ensure_followed(ensure_people())
    wanted = services(address)
    missing = cases_missing()
    if missing or progress_missing():
        command = (sys.executable, "-m", "config.demo", "cases")
        wanted = (*wanted, Service("drawn cases", command, WhenItEnds.FINE))

    log_folder = settings.VAR_DIR / "log"
    welcome = _welcome(demo, address, drawing=sum(len(drawn.views) for drawn in missing))
    return run(wanted, log_folder=log_folder, look=_Greeting(port, welcome, log_folder).look)


def _send_cases() -> int:
    import django

    django.setup()
    from django.utils import timezone

    from config.demo_people import ensure_cases
    from config.demo_progress import ensure_progress

    ensure_cases()
    ensure_progress(timezone.now)
    return 0


class _Greeting:
    """Says once that the portal answers, or where to look when it does not."""

    def __init__(self, port: int, welcome: str, log_folder: Path) -> None:
        self.port, self.welcome, self.log_folder = port, welcome, log_folder
        self.worried_at = time.monotonic() + PATIENCE_S
        self.greeted = False

    def look(self) -> None:
        """Ask the web process; called again and again."""
        if self.greeted:
            return
        if _answers(self.port):
            self.greeted = True
            _say(self.welcome)
        elif time.monotonic() > self.worried_at:
            self.worried_at = float("inf")
            _say(f"  No answer yet. What the web process says is in {self.log_folder / 'web.log'}")


def _answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=2)
    with suppress(OSError, HTTPException), closing(connection):
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    return False


def _welcome(demo: Demo, address: str, *, drawing: int) -> str:
    from config.demo_people import PASSWORD

    lines = [
        "",
        f"  Trichora runs at http://{address}   (Ctrl-C stops it)",
        "",
        *(f"  {person.role:<14} {person.email:<32} password: {PASSWORD}" for person in demo.people),
        "",
        f"  Register a new patient: http://{address}/join/{demo.join_code}/   (mail lies in var/mail, logs in var/log)",
        "  Demo photographs are drawn by the portal's own renderer. Research use; not a medical device.",
    ]
    if drawing:
        lines.append(f"  {drawing} of them are being drawn and measured now; the cases appear within a minute.")
    return "\n".join([*lines, ""])


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
