"""After a restore of either database: destroy again every key that a ledger says was destroyed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vault import keys
from vault.errors import VaultError


class Command(BaseCommand):
    """Replay of the ledgers of erasures."""

    help = "Run after restoring the key store or the portal's database, before the portal serves again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay and report."""
        try:
            replayed = keys.replay_erasures()
        except VaultError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{replayed} keys destroyed again")
