"""What ruff, mypy and import-linter cannot see: drift of migrations, schema and diagrams, and production's settings.

``python -m tools.check`` runs all; ``--write`` regenerates the committed files instead of comparing them.
"""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from vision.permissions_page import permissions_page

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "docs" / "api.yaml"
PERMISSIONS = ROOT / "docs" / "permissions.md"


def manage(*arguments: str, settings: str = "config.settings.test", **extra: str) -> None:
    """Run one management command; SystemExit with its output when it fails."""
    environment = {**os.environ, **extra, "DJANGO_SETTINGS_MODULE": settings}
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def production_settings() -> dict[str, str]:
    """An environment such as a clinic's, with keys made for this check alone."""
    return {
        "TRICHORA_SECRET_KEY": secrets.token_urlsafe(60),
        "TRICHORA_HOSTS": "portal.example.org",
        "TRICHORA_ORIGIN": "https://portal.example.org",
        "TRICHORA_DATABASE": "postgres://portal@db.example.org/portal",
        "TRICHORA_KEY_STORE": "postgres://keys@keys.example.org/keys",
        "TRICHORA_MASTER_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "TRICHORA_INDEX_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
    }


def schema(write: bool) -> None:
    """The API schema in docs/ is the one the code describes, without a warning."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "api.yaml"
        manage("spectacular", "--file", str(fresh), "--validate", "--fail-on-warn")
        if write:
            SCHEMA.write_text(fresh.read_text())
        elif not SCHEMA.exists() or SCHEMA.read_text() != fresh.read_text():
            raise SystemExit("docs/api.yaml is not what the code describes. Run: python -m tools.check --write")


def permissions(write: bool) -> None:
    """The permission matrix in docs/ is the table that every measurement asks."""
    fresh = permissions_page()
    if write:
        PERMISSIONS.write_text(fresh)
    elif not PERMISSIONS.exists() or PERMISSIONS.read_text() != fresh:
        raise SystemExit("docs/permissions.md is not what the table says. Run: python -m tools.check --write")


def main() -> None:
    write = "--write" in sys.argv
    manage("makemigrations", "--check", "--dry-run")
    schema(write)
    manage("states_diagram", *([] if write else ["--check"]))
    permissions(write)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "default.p12").touch()  # that there is one; whether it opens, its own page says
        manage(
            "check", "--deploy", "--fail-level", "WARNING", settings="config.settings.production",
            TRICHORA_SIGNING_FOLDER=folder, **production_settings(),
        )  # fmt: skip
    sys.stdout.write("migrations, API schema, states diagram, permission matrix and deploy settings: in order\n")


if __name__ == "__main__":
    main()
