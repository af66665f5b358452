"""``make demo``: the working portal on one machine, with drawn people and photographs. Never for a clinic's data."""

from __future__ import annotations

import os
import socket
import sys

HOST = "127.0.0.1"


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


def main() -> int:
    """Prepare, say where and who, and serve until Ctrl-C."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    port = free_port(int(os.environ.get("TRICHORA_PORT", "8000")))
    os.environ["TRICHORA_ORIGIN"] = f"http://{HOST}:{port}"

    import django

    django.setup()
    from config.demo_people import PASSWORD, ensure_demo
    from config.start import run, services

    prepare()
    demo = ensure_demo()
    lines = [
        "",
        f"  Trichora is starting at http://{HOST}:{port}   (Ctrl-C stops it)",
        "",
        *(f"  {person.role:<14} {person.email:<32} password: {PASSWORD}" for person in demo.people),
        "",
        f"  Register a new patient: http://{HOST}:{port}/join/{demo.join_code}/   (mail lies in var/mail)",
        "  Demo photographs are drawn by the portal's own renderer. Research use; not a medical device.",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return run(services(f"{HOST}:{port}"))


if __name__ == "__main__":
    sys.exit(main())
