"""Run a command against a throw-away PostgreSQL cluster: ``python -m tools.with_postgres COMMAND...``.

Makes a cluster in a temporary folder with Debian's binaries, as a non-root user (PostgreSQL refuses root), on a free
port of the loopback; gives the command ``TRICHORA_TEST_POSTGRES``; stops and removes everything afterwards.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def binaries() -> Path:
    """The folder of the newest installed server; RuntimeError that names the package when there is none."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name.split(".")[0])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    raise RuntimeError("No PostgreSQL server found. Install it: apt-get install postgresql")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _unprivileged() -> dict[str, object]:
    """How to run as somebody who is not root; nothing when we are not root already."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            who = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": [], "cwd": "/"}
    raise RuntimeError("PostgreSQL refuses to run as root, and there is no user postgres or nobody.")


@contextmanager
def cluster() -> Iterator[str]:
    """A running cluster; yields its address without a database name, e.g. ``postgres://portal@127.0.0.1:41231``."""
    programs, port, as_whom = binaries(), free_port(), _unprivileged()
    with tempfile.TemporaryDirectory(prefix="trichora-pg-") as folder:
        home = Path(folder)
        if "user" in as_whom:
            os.chown(home, int(str(as_whom["user"])), int(str(as_whom["group"])))
        data, log = home / "data", home / "log"

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=False, **as_whom)  # type: ignore[call-overload]  # noqa: S603
            if done.returncode:
                written = log.read_text() if log.exists() else ""
                raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}{written}")

        run("initdb", "--pgdata", str(data), "--username=portal", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {home} -c fsync=off -c max_connections=200"
        run("pg_ctl", "--pgdata", str(data), "--log", str(log), "--wait", "--options", options, "start")
        try:
            for database in ("portal", "portal_keys"):
                run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "portal", database)
            yield f"postgres://portal@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "--pgdata", str(data), "--mode=immediate", "--wait", "stop")


def main() -> int:
    with cluster() as address:
        environment = {**os.environ, "TRICHORA_TEST_POSTGRES": address}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
