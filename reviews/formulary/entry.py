"""One treatment as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """``contraindications``: rule codes of :mod:`reviews.contraindications`; ``indications``: ICD-10 codes (none: any).

    ``patient_text`` is what the patient reads; all other words are for the clinician.
    """

    code: str
    category: str  # a FormularyEntry.Category value
    name: str
    usual_dose: str
    usual_duration: str
    grade: str
    source: str
    patient_text: str
    indications: tuple[str, ...] = ()
    prescription: bool = False
    contraindications: tuple[str, ...] = ()
    monitoring: str = ""
