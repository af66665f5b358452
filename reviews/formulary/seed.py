"""From the formulary's data to its rows. What left the data is switched off, never deleted: plans name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from reviews.formulary import BY_CODE, ENTRIES
from reviews.formulary.entry import Entry
from reviews.models import FormularyEntry


@dataclass(frozen=True, slots=True)
class Seeded:
    """How many rows a run touched."""

    created: int
    changed: int
    retired: int


def row_values(entry: Entry) -> dict[str, Any]:
    """The columns of an entry's row."""
    return {
        "category": entry.category,
        "name": entry.name,
        "usual_dose": entry.usual_dose,
        "usual_duration": entry.usual_duration,
        "evidence_grade": entry.grade,
        "source": entry.source,
        "indications": list(entry.indications),
        "prescription": entry.prescription,
        "contraindications": list(entry.contraindications),
        "monitoring": entry.monitoring,
        "patient_text": entry.patient_text,
    }


@transaction.atomic
def seed() -> Seeded:
    """Add what is new, bring what differs up to date, switch off what is gone. A clinic's own switch is respected."""
    created = changed = 0
    rows = {row.code: row for row in FormularyEntry.objects.select_for_update()}
    for entry in ENTRIES:
        values = row_values(entry)
        row = rows.get(entry.code)
        if row is None:
            FormularyEntry.objects.create(code=entry.code, **values)
            created += 1
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            row.save()
            changed += 1
    gone = FormularyEntry.objects.filter(active=True).exclude(code__in=BY_CODE)
    return Seeded(created, changed, gone.update(active=False))
