"""Print a new master key (or the blind index's key) for the environment; nothing is stored."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from vault import master
from vault.errors import MasterKeyMissing


class Command(BaseCommand):
    """``vault_newkey`` for TRICHORA_MASTER_KEYS, ``vault_newkey --index`` for TRICHORA_INDEX_KEY."""

    help = "Print a new key. To rotate, put it first in TRICHORA_MASTER_KEYS, keep the old ones, run vault_rotate."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The id, and which key."""
        parser.add_argument("--id", help="id of the master key (default: k and today's date)")
        parser.add_argument("--index", action="store_true", help="a key for the blind index instead")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line."""
        if options["index"]:
            self.stdout.write(master.generate_index_key())
            return
        try:
            self.stdout.write(master.generate_master_key(options["id"] or f"k{timezone.now():%Y%m%d}"))
        except MasterKeyMissing as error:
            raise CommandError(str(error)) from error
