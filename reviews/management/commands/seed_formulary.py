"""Writes the formulary of the code into the database; running it again changes nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from reviews.formulary.seed import seed


class Command(BaseCommand):
    help = "Bring the formulary in the database up to date with reviews.formulary."

    def handle(self, *args: Any, **options: Any) -> None:
        done = seed()
        self.stdout.write(f"Formulary: {done.created} added, {done.changed} changed, {done.retired} switched off.")
