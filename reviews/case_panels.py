"""What the rooms above show a clinician about a case's patient: each registers a panel, as each does on the home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.actors import Actor
from patients.models import Patient


@dataclass(frozen=True, slots=True)
class PatientPanel:
    """A template, and what it shows as ``panel.data``."""

    template: str
    data: Any


Builder = Callable[[Actor, Patient, datetime], PatientPanel]
_builders: list[Builder] = []


def register_case_panel(builder: Builder) -> None:
    """Called once per panel, from ``AppConfig.ready``."""
    if builder not in _builders:
        _builders.append(builder)


def panels(actor: Actor, patient: Patient, now: datetime) -> list[PatientPanel]:
    """The panels about one patient, in the order of registration. The caller has checked the scope."""
    return [builder(actor, patient, now) for builder in _builders]
