"""Patients of the browser tests beside the demo's: who changes much of a record takes one that nobody else looks at."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from accounts.models import Clinic
from config.demo_people import CLINIC, PATIENTS, register_drawn

CAMERA: Final = replace(PATIENTS[0], email="camera@browser.test")
CARD: Final = replace(PATIENTS[1], email="card@browser.test")


def ensure_cast(now: datetime) -> None:
    """Register them in the demo's clinic: accounts, records, consents and answers, no photographs."""
    clinic = Clinic.objects.get(name=CLINIC)
    for drawn in (CAMERA, CARD):
        register_drawn(clinic, drawn, now)
