"""Make the releases on disk known to the portal. Run after each deployment; switches nothing on or off."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from analysis.releases import register_releases


class Command(BaseCommand):
    help = "Register the model releases found under vision/releases."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{register_releases(now=timezone.now())} new releases registered.")
