"""Wrap all data keys with the current master key; may be stopped, repeated and run beside a serving portal."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vault import keys
from vault.errors import VaultError


class Command(BaseCommand):
    """Rotation of the master key."""

    help = "Rewrap every data key with the first key of TRICHORA_MASTER_KEYS; afterwards the others can be removed."

    def add_arguments(self, parser: CommandParser) -> None:
        """How many keys are read at once."""
        parser.add_argument("--batch", type=int, default=200)

    def handle(self, *args: Any, **options: Any) -> None:
        """Rewrap and report."""
        try:
            done = keys.rewrap_all(batch=options["batch"])
        except VaultError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done} data keys rewrapped; all living keys are under the current master key")
