"""What the rooms above add to the patient's home: each registers a panel, as each registers its privacy rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.actors import Actor
from patients.models import Patient
from reports.home import NextStep


@dataclass(frozen=True, slots=True)
class HomePanel:
    """A template, and what it shows as ``panel.data``."""

    template: str
    data: Any
    step: NextStep | None = None  # stands first on the home when what stood there can wait (``reports.home.WAITING``)


Builder = Callable[[Actor, Patient, datetime], HomePanel]
_builders: list[Builder] = []


def register_panel(builder: Builder) -> None:
    """Called once per panel, from ``AppConfig.ready``."""
    if builder not in _builders:
        _builders.append(builder)


def panels(actor: Actor, patient: Patient, now: datetime) -> list[HomePanel]:
    """The panels of one home, in the order of registration. The caller has checked the scope."""
    return [builder(actor, patient, now) for builder in _builders]
